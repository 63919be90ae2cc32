"""Subjects of several stages: an input is followed through the topics that the subject hands it on through."""

from collections.abc import Callable
from pathlib import Path

import pytest

from streamproof.checks import judge
from tests.checks.histories import STEP
from tests.checks.hops import MID, SIDE, STAGE, Hopping, hand_on, hopping, past
from tests.checks.scenes import evidence, witnesses


def test_an_input_that_was_handed_on_is_not_committed_ahead(tmp_path: Path) -> None:
    """Each stage commits after it has written: what is owed lies in the hop until it is done."""
    scene = hopping("a", "b")
    scene.hops("ab")
    scene.commit(2)
    scene.effects("ab")
    scene.finish(2)
    assert witnesses(scene, tmp_path) == {}


def test_a_hop_whose_records_are_gone_is_a_gap_in_the_record(tmp_path: Path) -> None:
    """Its batches were read with them; without the records nobody knows what was handed on."""
    scene = hopping("a")
    scene.hop("a")
    scene.commit(1)
    scene.effects("a")
    scene.finish(1)
    found = witnesses(scene.drop("hop"), tmp_path, "topic", "part", "found")
    assert found["record-gap"] == [(MID, 0, "has batches of a hop, and no record of it")]


@pytest.mark.parametrize("timed", [True, False])
def test_a_transaction_hands_on_and_commits_at_once(tmp_path: Path, *, timed: bool) -> None:
    """As Kafka Streams does, whose own topics have its records' times, and not the brokers'."""
    scene = hopping("a", "b")
    hand_on(scene, scene.transaction().offsets(2), "ab").commit()
    past(scene.transaction().effects("ab"), 2).commit()
    if not timed:
        scene.alter("hop", lambda _: True, t_append=None)
    assert witnesses(scene, tmp_path) == {}


def test_a_first_stage_that_commits_before_it_hands_on_is_ahead(tmp_path: Path) -> None:
    """A crash between the two would lose it: it lay nowhere."""
    scene = hopping("a", "b")
    scene.hop("a")
    scene.commit(2)
    scene.hop("b")
    scene.effects("ab")
    scene.finish(2)
    found = witnesses(scene, tmp_path, "id", "channel", "topic", "off", "commit_off")
    assert found == {"commit-ahead": [("b", "alpha", "in", 1, 2), ("b", "beta", "in", 1, 2)]}


def test_a_first_stage_that_commits_inside_its_transaction_is_ahead(tmp_path: Path) -> None:
    """The record in the hop is not to be read before its transaction is decided, whatever its time."""
    scene = hopping("a")
    first = hand_on(scene, scene.transaction(), "a")
    scene.commit(1)
    first.commit()
    past(scene.transaction().effects("a"), 1).commit()
    assert witnesses(scene, tmp_path, "topic", "channel") == {"commit-ahead": [("in", "alpha"), ("in", "beta")]}


def test_a_second_stage_that_commits_before_its_effects_is_ahead(tmp_path: Path) -> None:
    """The witness is the place where the input lay last."""
    scene = hopping("a", "b")
    scene.hops("ab")
    scene.commit(2)
    scene.effects("a")
    scene.effect("b", "alpha")
    scene.finish(2)
    scene.effect("b", "beta")
    found = witnesses(scene, tmp_path, "id", "channel", "topic", "off", "commit_off")
    assert found == {"commit-ahead": [("b", "beta", MID, 1, 2)]}


def test_of_two_hops_the_first_may_be_committed_ahead(tmp_path: Path) -> None:
    """Through `mid`, then `side`: the input is followed from each to the next."""

    def through(*steps: str) -> Hopping:
        scene = hopping("a")
        does: dict[str, Callable[[], object]] = {
            "mid": lambda: scene.hop("a"),
            "in": lambda: scene.commit(1),
            "side": lambda: scene.hop("a", SIDE),
            "past mid": lambda: scene.finish(1),
            "effects": lambda: scene.effects("a"),
            "past side": lambda: scene.finish(1, SIDE),
        }
        for step in steps:
            does[step]()
        return scene

    right = through("mid", "in", "side", "past mid", "effects", "past side")
    assert witnesses(right, tmp_path / "right") == {}
    wrong = through("mid", "in", "past mid", "side", "effects", "past side")
    assert witnesses(wrong, tmp_path / "middle", "topic") == {"commit-ahead": [(MID,), (MID,)]}
    wrong = through("mid", "in", "side", "past mid", "past side", "effects")
    assert witnesses(wrong, tmp_path / "last", "topic") == {"commit-ahead": [(SIDE,), (SIDE,)]}


def test_a_branch_that_owes_nothing_is_done_when_it_is_done(tmp_path: Path) -> None:
    """Handed on to both hops; of `side` nothing comes but state, so its commit says nothing of the effects."""
    scene = hopping("a")
    scene.hop("a")
    scene.hop("a", SIDE)
    scene.commit(1)
    scene.finish(1, SIDE)
    scene.effects("a")
    scene.finish(1)
    assert witnesses(scene, tmp_path) == {}


def test_what_lies_twice_in_a_hop_covers_nothing_once_both_are_committed_past(tmp_path: Path) -> None:
    """By the same commit, before any effect."""
    scene = hopping("a")
    scene.hops("aa")
    scene.commit(1)
    scene.finish(2)
    scene.effects("a")
    assert witnesses(scene, tmp_path, "topic", "off") == {"commit-ahead": [(MID, 1), (MID, 1)]}


def test_a_handing_on_within_the_clocks_error_is_in_time(tmp_path: Path) -> None:
    """The hop's record and the commit are timed by brokers of several machines."""
    scene = hopping("a")
    scene.commit(1)
    scene.wait()
    scene.hop("a")
    scene.wait(9)
    scene.effects("a")
    scene.finish(1)
    scene.clock_error_us = 2 * STEP
    assert witnesses(scene, tmp_path / "within") == {}
    scene.clock_error_us = STEP
    assert witnesses(scene, tmp_path / "beyond", "topic") == {"commit-ahead": [("in",), ("in",)]}


def test_commits_of_groups_that_are_not_the_subjects_take_nothing_out_of_a_hop(tmp_path: Path) -> None:
    """Who looks on commits when it likes."""
    scene = hopping("a")
    scene.hop("a")
    scene.commit(1)
    scene.finish(1, grp="lookers-on")
    scene.effects("a")
    assert witnesses(scene, tmp_path / "alone", "id", "topic") == {"late": [("a", MID)]}
    scene.finish(1)
    assert witnesses(scene, tmp_path / "beside") == {}


def test_of_several_stages_that_read_a_hop_each_must_be_done(tmp_path: Path) -> None:
    """Which of them owes the effects is not known."""
    scene = hopping("a")
    scene.promise = scene.promise.model_copy(update={"stages": (STAGE, "others")})
    scene.hop("a")
    scene.commit(1)
    scene.finish(1, grp="others")
    scene.finish(0)
    scene.effects("a")
    scene.finish(1)
    assert witnesses(scene, tmp_path / "right") == {}
    scene.finish(0, grp="others")
    found = witnesses(scene, tmp_path / "behind", "grp", "committed")
    assert found == {"late": [(None, 0)], "commit-regression": [("others", None)]}


def test_a_stage_is_ahead_also_where_another_was_before_it(tmp_path: Path) -> None:
    """What one group has committed takes nothing from what the other commits."""
    scene = hopping("a")
    scene.promise = scene.promise.model_copy(update={"stages": (STAGE, "others")})
    scene.hop("a")
    scene.commit(1)
    scene.finish(1, grp="others")
    scene.finish(1)
    scene.effects("a")
    assert set(witnesses(scene, tmp_path, "topic")["commit-ahead"]) == {(MID,)}


@pytest.mark.parametrize("named", [0, 1])
def test_where_records_name_no_input_nobody_is_called_ahead(tmp_path: Path, named: int) -> None:
    """What is not judged says where, and how many records name an input."""
    scene = hopping("a", "b")
    scene.hops(["a", None] if named else [None, None])
    scene.commit(2)
    scene.finish(2)
    scene.effects("ba")
    verdict = judge(scene.write(tmp_path))
    for anomaly in ("commit-ahead", "reordered"):
        finding = verdict.finding(anomaly)
        assert finding.witnesses == 0
        assert finding.reason is not None
        assert finding.reason.endswith(f": no way to follow through mid, where {named} of 2 records name an input")


def test_what_lies_in_a_hop_is_late_and_not_lost(tmp_path: Path) -> None:
    """It may still have its effects; when it is committed past, without them, it is lost."""
    scene = hopping("a", "b")
    scene.hops("ab")
    scene.commit(2)
    scene.effects("a")
    scene.finish(1)
    found = witnesses(scene, tmp_path / "late", "id", "topic", "off", "committed")
    assert found == {"late": [("b", MID, 1, 1)]}
    scene.finish(2)
    found = witnesses(scene, tmp_path / "lost", "id", "topic", "off")
    assert found == {"lost": [("b", "in", 1), ("b", "in", 1)]}


def test_a_record_without_a_name_in_a_hop_may_be_any_input(tmp_path: Path) -> None:
    """While it is not committed past nothing is lost; the witness says that it is nameless."""
    scene = hopping("a")
    scene.hop(None)
    scene.commit(1)
    (told,) = judge(scene.write(tmp_path / "late")).finding("late").told
    nameless = "mid[0]@0, which names no input and may be of any, was never committed past"
    assert told == f"{nameless}: no group has committed there"
    assert list(witnesses(scene, tmp_path / "again")) == ["late"]
    scene.finish(1)
    assert list(witnesses(scene, tmp_path / "lost")) == ["lost"]


@pytest.mark.parametrize("other", [True, False])
def test_only_inputs_that_went_the_same_way_have_an_order(tmp_path: Path, *, other: bool) -> None:
    """Keyed anew in the hop, inputs of one key part; those that stay together keep their order."""
    scene = hopping("a", "b")
    scene.hop("a", part=int(other))
    scene.hop("b")
    scene.commit(2)
    scene.effects("ba")
    scene.finish(2 - other)
    scene.finish(1, part=1)
    assert witnesses(scene, tmp_path, "id") == ({} if other else {"reordered": [("a",), ("a",)]})


@pytest.mark.parametrize("moved", ["between", "after", "in the input", "of others"])
def test_a_change_of_owner_in_a_hop_tests_order_and_interrupts(tmp_path: Path, moved: str) -> None:
    """Between an effect and its commit in the hop; of what was handed on, also before the commit of the input."""
    scene = hopping("a", "b", "c")
    scene.rebalance(parts=[0])
    scene.own(grp="lookers-on" if moved == "of others" else STAGE)
    scene.hops("abc")
    if moved == "in the input":
        scene.rebalance(parts=[0])
    scene.commit(3)
    scene.effects("a")
    if moved in {"between", "of others"}:
        scene.own(grp="lookers-on" if moved == "of others" else STAGE)
    scene.effects("bc")
    scene.finish(3)
    if moved == "after":
        scene.own()
    (_, _, (interruptions, _)) = evidence(scene, tmp_path / "duplicated", "duplicated")
    assert interruptions == (moved in {"between", "in the input"})
    (_, (pairs, _)) = evidence(scene, tmp_path / "reordered", "reordered")
    assert pairs == (2 if moved == "between" else 0)


def test_a_fault_meets_inputs_that_lie_in_a_hop(tmp_path: Path) -> None:
    """Handed on and committed past in the input, they are in flight until they are committed past in the hop."""
    scene = hopping("a")
    scene.hop("a", t_append=None)
    scene.commit(1)
    scene.wait(5_000)
    scene.fault()
    scene.finish(1)
    scene.wait(5_000)
    scene.fault()
    assert evidence(scene, tmp_path, "lost")[0] == (1, True)


def test_an_open_transaction_in_a_hop_hangs(tmp_path: Path) -> None:
    """Also if no coordinator knows it; and if one does, it is the subject's by what it wrote there."""
    scene = hopping("a")
    scene.hop("a")
    scene.commit(1)
    scene.effects("a")
    scene.finish(1)
    scene.rows["ends"] = [{"topic": MID, "part": 0, "begin": 0, "lso": 1, "hw": 2}]
    assert witnesses(scene, tmp_path / "unknown", "topic", "found") == {
        "hanging-transaction": [(MID, "unknown to its coordinator")]
    }
    hand_on(scene, scene.transaction(), "a")
    assert witnesses(scene, tmp_path / "known", "tid", "found") == {
        "hanging-transaction": [("mover-7", "open at the end")]
    }


def test_an_aborted_handing_on_is_an_interruption(tmp_path: Path) -> None:
    """What comes of it is duplicated if the next stage reads what was aborted."""
    scene = hopping("a")
    hand_on(scene, scene.transaction(), "a").abort()
    hand_on(scene, scene.transaction(), "a").commit()
    (_, _, (interruptions, _)) = evidence(scene, tmp_path, "duplicated")
    assert interruptions == 1


def test_a_story_tells_of_the_stage_that_went_wrong(tmp_path: Path) -> None:
    """Where the input was handed on to, who owned that, and who committed past it there, ahead of the effect."""
    scene = hopping("a")
    scene.rebalance()
    scene.own()
    scene.hop("a")
    scene.commit(1)
    scene.finish(1)
    scene.effects("a")
    story = judge(scene.write(tmp_path)).finding("commit-ahead").story
    assert story is not None
    assert [moment.text for moment in story.moments] == [
        "sent to in[0]@0, acknowledged",
        "mid[0] is owned by instance 1, since 14:13:20.003",
        "handed on to mid[0]@0",
        "the group committed mid[0] to 1",
        "effect at alpha[0]@0",
        "effect at beta[0]@0",
    ]


def test_a_verdict_counts_the_hops(tmp_path: Path) -> None:
    """Those that records went through, of those that there may be."""
    scene = hopping("a")
    scene.hops("a")
    assert judge(scene.write(tmp_path)).seen["hops"] == 1
