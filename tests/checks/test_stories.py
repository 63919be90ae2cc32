"""The story of a witness: its moments, and the fault that was between, or none."""

from pathlib import Path

import pytest

from streamproof.checks import What
from tests.checks.histories import START, Scene
from tests.checks.scenes import clean_plain, names, small
from tests.checks.stories import (
    FIRST,
    SECOND,
    faults,
    is_taken_up,
    kill,
    lost_in_a_crash,
    own,
    process,
    story,
    two_in_turn,
    two_instances,
)


def test_what_was_lost_is_told_from_its_sending_to_what_never_came(tmp_path: Path) -> None:
    """Who owned it and which process of it that was; what was done before it and after it; who committed past it."""
    told = story(lost_in_a_crash(1), tmp_path, "lost").lines()
    assert [line[12:].strip() for line in told] == [
        "sent to in[0]@5, acknowledged",
        "in[0] is owned by instance 1 (its 1st process), since 14:13:20.001",
        "last effect of an input before it, in[0]@4",
        "the group committed in[0] to 7",
        "seen (fault: kill@instance:1)",
        "in[0] goes to instance 1 (its 2nd process)",
        "first effect of an input after it, in[0]@7",
        "an effect on alpha: 0 of 1 are there",
    ]
    assert told[0].startswith("14:13:20.007")
    assert told[-1].startswith("never")


def test_the_death_of_another_instance_is_not_named(tmp_path: Path) -> None:
    """At the same moment, where the partition was not its own."""
    found = story(lost_in_a_crash(2), tmp_path, "lost")
    assert faults(found) == []
    assert found.calm


@pytest.mark.parametrize("late", [False, True])
def test_a_skipped_input_is_not_blamed_on_a_fault_before_or_after(tmp_path: Path, late: bool) -> None:
    """A filter passes over an input while those around it are done; its owner, and a broker, die at another time."""
    scene = Scene("at-least-once")
    two_instances(scene)
    scene.inputs(names(0, 10))
    scene.effects(names(0, 5))
    if late:
        scene.effects(names(6, 8))
        scene.commit(8)
    kill(scene, 1)
    scene.fault("broker:2")
    scene.wait(9)
    is_taken_up(scene, 1)
    scene.effects(names(8, 10) if late else ["x005", *names(7, 10)])
    scene.commit(10)
    found = story(scene, tmp_path, "lost")
    assert f"in[0]@{5 if late else 6}" in found.lines()[0]
    assert faults(found) == []
    assert found.calm


@pytest.mark.parametrize(("instance", "ended"), [(1, ["instance 1 ended by itself"]), (2, [])])
def test_the_owner_that_ended_by_itself_is_told(tmp_path: Path, instance: int, ended: list[str]) -> None:
    """Between the effect before and the effect after; another that ended at the same time is not."""
    scene = Scene("at-least-once")
    two_in_turn(scene)
    scene.inputs("abc")
    scene.effects("a")
    end = scene.wait()
    scene.alter("process", lambda row: row["instance"] == instance, t_end=end, cause="exited", exit=1)
    scene.effects("c")
    scene.commit(3)
    moments = story(scene, tmp_path, "lost").moments
    assert [moment.text for moment in moments if moment.what is What.GONE] == ended


def test_what_was_lost_at_the_end_is_told_with_the_end_of_the_subject(tmp_path: Path) -> None:
    """It was asked to stop after it had committed past the input; not so where it started again."""
    scene = Scene("at-least-once")
    two_in_turn(scene)
    scene.inputs("ab")
    scene.effects("a")
    scene.commit(2)
    scene.alter("process", lambda _: True, t_end=scene.wait(), cause="stopped", exit=0)
    scene.wait()
    moments = story(scene, tmp_path / "end", "lost").moments
    assert [moment.text for moment in moments if moment.what is What.GONE] == [
        "the subject was asked to stop, and ended"
    ]
    process(scene, 1, 2, scene.wait())
    process(scene, 2, 2, scene.now)
    scene.drop("expected", lambda _: True)  # written anew
    moments = story(scene, tmp_path / "on the way", "lost").moments
    assert [moment for moment in moments if moment.what is What.GONE] == []


def test_a_rebalance_that_moved_nothing_is_told_too(tmp_path: Path) -> None:
    """What the owner had in its hands may have been given up all the same."""
    scene = small("exactly-once", "a")
    two_in_turn(scene)
    scene.input("b")
    own(scene, {0: FIRST, 1: SECOND})
    scene.effects("b")
    scene.commit(2)
    told = [moment.text for moment in story(scene, tmp_path, "lost").moments]
    assert "the group assigns its partitions anew; instance 1 keeps in[0]" in told


def test_the_second_effect_comes_after_the_crash(tmp_path: Path) -> None:
    """The fault that began between the two effects; not that which was over before the first."""
    scene = clean_plain()
    found = story(scene, tmp_path / "crash", "duplicated")
    assert faults(found) == ["seen (fault: kill@instance:1)"]
    scene.alter("fault", lambda _: True, t_from=START, t_effect=START, t_to=START + 1)
    assert story(scene, tmp_path / "before", "duplicated").calm


def test_an_input_that_was_overtaken_is_told_with_that_which_overtook_it(tmp_path: Path) -> None:
    """A broker was broken between the two effects; a broker that was broken before is not named."""
    scene = small("exactly-once", "a", "b")
    scene.fault("broker:1")
    scene.wait(9)
    scene.effects("b")
    scene.fault("broker:2")
    scene.wait(9)
    scene.effects("a")
    found = story(scene, tmp_path, "reordered")
    assert faults(found) == ["seen (fault: kill@broker:2)"]
    assert "effect of the later input in[0]@1" in [moment.text for moment in found.moments]


def test_a_commit_that_went_back_is_told_with_the_commit_before_it(tmp_path: Path) -> None:
    """And with who owned the partition; what was over before the first was not between."""
    scene = small("exactly-once", "a", "b")
    two_in_turn(scene)
    scene.fault("instance:1")
    scene.wait(9)
    scene.commit(2)
    scene.fault("instance:1")
    scene.fault("instance:2", lasts_ms=0)
    own(scene, {0: SECOND, 1: FIRST})
    scene.commit(1)
    assert [line[14:] for line in story(scene, tmp_path, "commit-regression").lines()] == [
        "in[0] is owned by instance 1, since 14:13:20.003",
        "the group committed in[0] to 2",
        "seen (fault: kill@instance:1)",
        "in[0] goes to instance 2",
        "the group went back to 1 of in[0]",
    ]


def test_what_broke_before_an_input_was_sent_is_not_named(tmp_path: Path) -> None:
    """Though it was after the last effect before it."""
    scene = small("at-least-once", "a")
    scene.effects("a")
    scene.fault("broker:1")
    scene.wait(9)
    scene.inputs("bc")
    scene.effects("c")
    scene.commit(3)
    assert story(scene, tmp_path, "lost").calm


def test_a_database_that_other_effects_are_in_has_no_part(tmp_path: Path) -> None:
    """Both were locked between the effect before and the effect after; what was lost is of one of them."""
    scene = small("at-least-once", "a", "b", "c")
    scene.effects("a")
    for channel in ("alpha", "beta"):
        scene.fault(f"database:{channel}")
    scene.wait(9)
    scene.effects("bc", ["beta"])
    scene.effects("c", ["alpha"])
    scene.commit(3)
    assert faults(story(scene, tmp_path, "lost")) == ["seen (fault: kill@database:alpha)"]


def test_of_what_never_came_the_first_fault_is_named(tmp_path: Path) -> None:
    """An input that is late to the end: nothing tells which of the faults that follow had a part in it."""
    scene = Scene()
    scene.inputs("ab")
    scene.effects("a")
    scene.commit(1)
    for broker in (1, 2):
        scene.fault(f"broker:{broker}")
        scene.wait(9)
    found = story(scene, tmp_path, "late")
    assert faults(found) == ["seen (fault: kill@broker:1)"]
    assert found.lines()[-1] == "never         committed past: the group is at 1 of in[0]"


def test_a_transaction_that_hangs_is_told_from_its_beginning(tmp_path: Path) -> None:
    """By its producer, to the end that it never had."""
    scene = small("exactly-once", "a")
    scene.transaction().effects("a")
    found = story(scene, tmp_path, "hanging-transaction")
    assert [(moment.clock, moment.text) for moment in found.moments] == [
        ("14:13:20.002", "transaction mover-7 begun by producer 7"),
        ("never", "it ended"),
    ]
    assert found.lines()[-1] == "No fault was between."


def test_an_aborted_input_is_told_with_its_abort(tmp_path: Path) -> None:
    """It was aborted, and has an effect; faults are no part of that, and not a word is said of them."""
    scene = Scene()
    scene.aborted_input("a")
    scene.fault("broker:1")
    scene.effects("a")
    found = story(scene, tmp_path, "aborted-read")
    assert [moment.what for moment in found.moments] == [What.SENT, What.ABORTED, What.EFFECT, What.EFFECT]
    assert found.calm is None


def test_a_torn_transaction_is_told_by_its_decision_and_its_marker(tmp_path: Path) -> None:
    """The marker is another than was decided; the broker that was broken between is named."""
    scene = small("exactly-once", "a")
    torn = scene.transaction().effects("a").offsets(1)
    torn.state("PrepareCommit")
    scene.fault("broker:1")
    for topic, control in (("alpha", "commit"), ("beta", "abort"), ("__consumer_offsets", "commit")):
        scene.append(topic, 0, pid=7, epoch=0, transactional=True, control=control)
    torn.state("CompleteCommit")
    found = story(scene, tmp_path, "torn")
    assert [moment.what for moment in found.moments] == [What.DECIDED, What.FAULT, What.MARKER]


def test_an_effect_of_nothing_is_told_by_its_place(tmp_path: Path) -> None:
    """There is nothing else to tell."""
    scene = small("exactly-once", "a")
    scene.effect(None)
    assert [moment.text for moment in story(scene, tmp_path, "phantom").moments] == ["effect at alpha[0]@0"]


def test_of_a_long_story_the_middle_is_left_out(tmp_path: Path) -> None:
    """Its beginning and its end are told, and how much is not."""
    scene = small("exactly-once", "a")
    scene.effects("a" * 20)
    lines = story(scene, tmp_path, "duplicated").lines()
    assert len(lines) == 16
    assert lines[10] == "…             28 more"


def test_a_commit_ahead_of_its_effect_names_what_died_between(tmp_path: Path) -> None:
    """The kill lies between the commit and the effect; without it, nothing was between."""
    for instance, found in ((1, ["seen (fault: kill@instance:1)"]), (2, [])):
        scene = Scene("at-least-once")
        two_instances(scene)
        scene.inputs(names(0, 2))
        scene.commit(2)
        kill(scene, instance)
        is_taken_up(scene, instance)
        scene.effects(names(0, 2))
        assert faults(story(scene, tmp_path / str(instance), "commit-ahead")) == found


def test_without_commits_nothing_is_said_of_them(tmp_path: Path) -> None:
    """An input that was done twice is not told to be committed past by nobody, where no commit was recorded."""
    scene = small("exactly-once", "a")
    scene.effects("aa")
    told = [moment.what for moment in story(scene.absent("offset_commit"), tmp_path, "duplicated").moments]
    assert told == [What.SENT, *[What.EFFECT] * 4]
