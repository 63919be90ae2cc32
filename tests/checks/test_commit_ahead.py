"""Commit-ahead on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

import pytest

from streamproof.checks import judge
from tests.checks.cases import Case
from tests.checks.histories import STEP, Scene
from tests.checks.scenes import evidence, small, witnesses
from tests.checks.shares import shared


def only_last_commits(scene: Scene) -> None:
    scene.drop("offset_commit", lambda row: row["off"] < 60)


def untimed_effects(scene: Scene) -> None:
    scene.alter("effect", lambda _: True, t_append=None)


def wrong(scene: Scene) -> None:
    scene.alter("effect", lambda row: row["source_id"] == "x005", t_append=scene.wait())


CASE = Case(
    evidence={
        "commits while inputs were in flight": (2, only_last_commits),
        "effects whose time is known": (240, untimed_effects),
    },
    wrong=wrong,
)


def test_a_commit_before_the_first_effect_is_ahead(tmp_path: Path) -> None:
    """B was committed past before its effect on beta; its effect on alpha was there by then."""
    scene = small("exactly-once", "a", "b")
    scene.effects(["a"])
    scene.effect("b", "alpha")
    scene.commit(2)
    committed = scene.now
    scene.effect("b", "beta")
    assert witnesses(scene, tmp_path, "id", "channel", "commit_off", "committed_at", "appeared_at") == {
        "commit-ahead": [("b", "beta", 2, committed, committed + STEP)]
    }


def test_what_need_not_appear_cannot_be_ahead(tmp_path: Path) -> None:
    """Its subject died without an answer: the effect may come late, or never."""
    scene = small("exactly-once", "a")
    scene.rows["expected"] = [
        {"id": "a", "grp": scene.promise.grp, "channel": channel, "at_least": 0, "at_most": 1}
        for channel in ("alpha", "beta", "dead")
    ]
    scene.rows["expected"] += [row | {"grp": "others", "at_least": 1} for row in scene.rows["expected"]]
    scene.commit(1)
    scene.effects(["a"])
    assert witnesses(scene, tmp_path) == {}
    scene.alter("expected", lambda row: row["channel"] == "beta", at_least=1)
    assert witnesses(scene, tmp_path / "due", "id", "channel") == {"commit-ahead": [("a", "beta")]}


def test_the_same_time_is_not_ahead(tmp_path: Path) -> None:
    """Brokers stamp milliseconds: what is equal has no order; nor has what lies within the clocks' error."""
    scene = small("exactly-once", "a")
    scene.commit(1)
    scene.effects(["a"])
    scene.alter("effect", lambda _: True, t_append=scene.rows["offset_commit"][0]["t_append"])
    assert witnesses(scene, tmp_path) == {}


def test_within_the_clocks_error_nothing_is_ahead(tmp_path: Path) -> None:
    """Brokers on several machines have clocks of their own."""
    scene = small("exactly-once", "a")
    scene.commit(1)
    scene.effects(["a"])
    scene.clock_error_us = 2 * STEP
    assert witnesses(scene, tmp_path) == {}


def test_one_transaction_is_never_ahead_of_itself(tmp_path: Path) -> None:
    """Offsets sent before the records of the same transaction take effect with them."""
    scene = small("exactly-once", "a")
    scene.transaction().offsets(1).effects(["a"]).commit()
    assert witnesses(scene, tmp_path) == {}


@pytest.mark.parametrize(("pid", "epoch"), [(8, 0), (7, 1)])
def test_a_second_effect_of_another_producer_is_not_the_first(tmp_path: Path, pid: int, epoch: int) -> None:
    """Who wrote the first effect, and when, decides: what came again later is duplicated only."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.transaction(pid, epoch).effects(["a"]).commit()
    assert list(witnesses(scene, tmp_path)) == ["duplicated"]


def test_an_effect_that_is_first_in_the_log_may_be_seen_last(tmp_path: Path) -> None:
    """A zombie wakes and commits what it had written: another had done the work by then, and committed past it."""
    scene = small("exactly-once", "a")
    zombie = scene.transaction(pid=8).effects(["a"])
    scene.transaction().effects(["a"]).offsets(1).commit()
    zombie.commit()
    assert list(witnesses(scene, tmp_path)) == ["duplicated"]


def test_of_several_effects_the_first_that_came_is_told(tmp_path: Path) -> None:
    """All came after the commit: the first of them did not lie first in the log."""
    scene = small("exactly-once", "a")
    zombie = scene.transaction(pid=8).effects(["a"])
    scene.commit(1)
    scene.effect("a", "alpha")
    came = scene.now
    zombie.commit()
    verdict = judge(scene.write(tmp_path))
    told = {row["channel"]: row["appeared_at"] for row in verdict.finding("commit-ahead").sample}
    assert told.keys() == {"alpha", "beta"}
    assert told["alpha"] == came < told["beta"]


def test_a_commit_in_the_transaction_before_is_ahead(tmp_path: Path) -> None:
    """The same producer and epoch, but the offsets went with an earlier transaction than the effects."""
    scene = small("exactly-once", "a")
    scene.transaction().offsets(1).commit()
    scene.transaction().effects(["a"]).commit()
    assert witnesses(scene, tmp_path, "id", "channel") == {"commit-ahead": [("a", "alpha"), ("a", "beta")]}


def test_an_effect_counts_from_its_transactions_marker(tmp_path: Path) -> None:
    """The consumer commits while the effects are written but not decided: a crash would lose them."""
    scene = small("exactly-once", "a")
    transaction = scene.transaction().effects(["a"])
    scene.commit(1)
    transaction.commit()
    assert witnesses(scene, tmp_path, "id", "channel") == {"commit-ahead": [("a", "alpha"), ("a", "beta")]}


def test_an_effect_written_after_the_commit_is_one_witness(tmp_path: Path) -> None:
    """Behind by its record's time and by its transaction's: when that was decided is given, once."""
    scene = small("exactly-once", "a")
    scene.commit(1)
    scene.transaction().effects(["a"], channels=["alpha"]).commit()
    scene.effect("a", "beta", t_append=scene.rows["offset_commit"][0]["t_append"])
    decided = next(row["t_append"] for row in scene.rows["txn"] if row["state"] == "PrepareCommit")
    assert witnesses(scene, tmp_path, "channel", "appeared_at") == {"commit-ahead": [("alpha", decided)]}


def test_a_commit_between_the_decision_and_its_markers_is_in_time(tmp_path: Path) -> None:
    """The client is told of the decision, and commits; that the markers are written later changes nothing."""
    scene = small("exactly-once", "a")
    transaction = scene.transaction().effects(["a"])
    transaction.state("PrepareCommit")
    scene.commit(1)
    transaction.commit()
    assert witnesses(scene, tmp_path) == {}


def test_a_commit_after_the_transaction_is_in_time(tmp_path: Path) -> None:
    """The consumer commits once the effects' transaction is decided: duplicates may come of it, no loss."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).commit()
    scene.commit(1)
    assert witnesses(scene, tmp_path) == {}


def test_an_aborted_commit_is_not_ahead(tmp_path: Path) -> None:
    """Offsets of a transaction that was aborted were never committed."""
    scene = small("exactly-once", "a")
    scene.transaction().offsets(1).abort()
    scene.transaction().effects(["a"]).offsets(1).commit()
    assert witnesses(scene, tmp_path) == {}


def test_an_aborted_commit_does_not_ride_on_a_later_transaction(tmp_path: Path) -> None:
    """The same producer commits something else in between."""
    scene = small("exactly-once", "a")
    scene.input("z", part=1)
    scene.transaction().offsets(1).abort()
    scene.transaction().effects(["z"], part=1).offsets(1, part=1).commit()
    scene.transaction().effects(["a"]).offsets(1).commit()
    assert witnesses(scene, tmp_path) == {}


def test_a_commit_repeated_is_one_witness(tmp_path: Path) -> None:
    """The first of them was ahead; the same offset once more adds nothing."""
    scene = small("exactly-once", "a")
    scene.commit(1)
    scene.commit(1)
    scene.effects(["a"])
    verdict = judge(scene.write(tmp_path), threads=1)
    assert verdict.finding("commit-ahead").witnesses == 2


def test_an_id_in_two_partitions_is_ahead_of_nothing(tmp_path: Path) -> None:
    """Which of its effects is whose cannot be told."""
    scene = small("exactly-once", "z", "a")
    scene.input("a", part=1)
    scene.effects(["z"])
    scene.commit(1)
    scene.effects(["a", "a"])
    scene.commit(2)
    scene.commit(1, part=1)
    assert witnesses(scene, tmp_path) == {}


def test_an_effect_that_came_again_in_another_partition_came_the_first_time(tmp_path: Path) -> None:
    """Committed past once it was there; what is done again later, at a lower offset elsewhere, is duplicated alone."""
    scene = small("exactly-once", "a", "b")
    scene.transaction().effects(["b"], part=1).commit()
    scene.transaction().effects(["a"], part=1).commit()
    scene.commit(2)
    scene.transaction().effects(["a"], part=0).commit()
    assert list(witnesses(scene, tmp_path)) == ["duplicated"]


def test_an_effect_counts_from_its_own_transactions_decision(tmp_path: Path) -> None:
    """Not from what else is in its transaction, nor from others before it, elsewhere, or of another producer there."""
    scene = Scene()
    scene.inputs("abcdefg", key=None)
    scene.transaction().effects("bcd", ["beta"]).effects("bcd", ["alpha"], part=1).effects("e").commit()
    transaction = scene.transaction().effects("ag", ["alpha"])
    scene.effects("ag", ["beta"])
    scene.transaction(pid=8).effects("f").commit()
    scene.commit(1)
    transaction.commit()
    scene.commit(7)
    assert witnesses(scene, tmp_path, "id", "channel") == {"commit-ahead": [("a", "alpha")]}


@pytest.mark.parametrize(("topic", "part"), [("alpha", 1), ("beta", 0)])
def test_a_decision_is_of_the_marker_in_its_own_partition(tmp_path: Path, topic: str, part: int) -> None:
    """At the same offset of another partition is the marker of an earlier transaction."""
    scene = Scene()
    scene.inputs("ab", key=None)
    scene.transaction().effects("b", [topic], part=part).commit()
    transaction = scene.transaction().effects("a", ["alpha"])
    scene.effects("a", ["beta"], part=2)
    scene.effects("b", [channel for channel in ("alpha", "beta") if channel != topic], part=2)
    scene.commit(2)
    transaction.commit()
    assert witnesses(scene, tmp_path, "id", "channel") == {"commit-ahead": [("a", "alpha")]}


def test_a_decision_within_the_clocks_error_is_in_time(tmp_path: Path) -> None:
    """The coordinator's clock is another broker's, too."""
    scene = small("exactly-once", "a")
    transaction = scene.transaction().effects(["a"])
    scene.commit(1)
    transaction.commit()
    scene.clock_error_us = STEP
    assert witnesses(scene, tmp_path) == {}


def test_what_its_producer_does_later_makes_nothing_late(tmp_path: Path) -> None:
    """A commit after each transaction is in time for all that were before it."""
    scene = small("exactly-once", "a", "b")
    for off, name in enumerate("ab", 1):
        scene.transaction().effects(name).commit()
        scene.commit(off)
    assert witnesses(scene, tmp_path) == {}


def test_a_marker_without_a_recorded_decision_counts_from_its_own_time(tmp_path: Path) -> None:
    """Its coordinator's log does not reach so far back; that of the producer's next transaction does."""
    scene = small("exactly-once", "a", "b")
    transaction = scene.transaction().effects(["a"])
    scene.commit(1)
    transaction.commit()
    scene.drop("txn")
    scene.transaction(pid=8).effects(["b"]).offsets(2).commit()
    assert witnesses(scene, tmp_path, "id", "channel") == {"commit-ahead": [("a", "alpha"), ("a", "beta")]}


def test_evidence_is_of_commits_before_the_last_input(tmp_path: Path) -> None:
    """At it, but not beyond it; in its own topic and partition; and timed, which a commit without its marker is not."""
    scene = small("exactly-once", "a", "b")
    scene.effects(["a"], channels=["alpha"])
    for part in (0, 1):
        scene.transaction().offsets(1, part=part).commit()
    scene.commit(1, topic="other")
    scene.commit(2)
    assert evidence(scene, tmp_path / "marked", "commit-ahead") == [(1, True), (1, True)]
    scene.drop("batch", lambda row: row["control"] == "commit")
    assert evidence(scene, tmp_path / "unmarked", "commit-ahead") == [(0, False), (1, True)]


def test_a_commit_counts_from_its_own_transactions_marker(tmp_path: Path) -> None:
    """Not from what its producer writes before it, nor from another producer's marker."""
    scene = small("exactly-once", "a", "b", "c")
    transaction = scene.transaction().offsets(1).effects(["b"])
    scene.transaction(pid=8).effects(["c"], part=1).commit()
    scene.effects(["a"], part=2)
    transaction.commit()
    scene.commit(3)
    assert witnesses(scene, tmp_path) == {}


def test_commits_of_others_and_elsewhere_are_not_the_inputs_own(tmp_path: Path) -> None:
    """At the same offset of another group, topic or partition they are before its effect, and its own is after."""
    scene = small("exactly-once", "a")
    scene.input("b", part=1)
    scene.effects(["b"])
    scene.commit(1, part=1)
    scene.commit(1, topic="other")
    scene.commit(1, grp="others")
    scene.effects(["a"])
    scene.commit(1)
    assert witnesses(scene, tmp_path) == {}


def test_commits_of_others_and_elsewhere_hide_none(tmp_path: Path) -> None:
    """They went further before; of its own partition the first was ahead."""
    scene = small("exactly-once", "a", "b")
    for off in (1, 9):
        scene.commit(off, part=1)
        scene.commit(off, topic="other")
        scene.commit(off, grp="others")
    scene.commit(2)
    scene.effects("ab", channels=["alpha"])
    assert witnesses(scene, tmp_path, "id", "channel")["commit-ahead"] == [("a", "alpha"), ("b", "alpha")]


def test_the_first_commit_beyond_an_input_counts_though_the_group_goes_back(tmp_path: Path) -> None:
    """Committed past after others, before its effect; what the group commits once it has gone back comes too late."""
    scene = small("exactly-once", *"abc")
    scene.effects("a")
    scene.commit(1)
    scene.commit(3)
    scene.effects("bc", channels=["alpha"])
    scene.commit(2)
    scene.commit(3)
    assert witnesses(scene, tmp_path, "id")["commit-ahead"] == [("b",), ("c",)]


def test_an_acknowledgement_before_the_first_effect_is_ahead(tmp_path: Path) -> None:
    """Of the very record, wherever the start of its partition is."""
    scene = shared("a", "b", "c", effects="a")
    scene.become("acknowledged", [1])
    acknowledged = scene.now
    scene.effects("bc")
    scene.become("acknowledged", [0, 2])
    assert witnesses(scene, tmp_path, "id", "channel", "commit_off", "committed_at") == {
        "commit-ahead": [("b", "alpha", None, acknowledged), ("b", "beta", None, acknowledged)]
    }


def test_an_acknowledgement_after_its_effect_is_in_time_though_others_are_late(tmp_path: Path) -> None:
    """A start that goes past it says nothing: what is archived was never acknowledged."""
    scene = shared("a", "b", effects="a")
    scene.become("archived", [1])
    scene.become("acknowledged", [0])
    scene.effects("b")
    assert witnesses(scene, tmp_path) == {}
