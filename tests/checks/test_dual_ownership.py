"""Dual-ownership on hand-written histories: those that show it and nearly do; on random ones, as a loop finds it."""

from pathlib import Path

import pytest
from hypothesis import given

from tests.checks.cases import Case, disturbed_before_and_after, same_owner
from tests.checks.groups import INPUTS, effects_of, group_scenes, tenures, thoroughly, witnesses_of
from tests.checks.histories import Scene
from tests.checks.scenes import witnesses


def wrong(scene: Scene) -> None:
    scene.effects(["x030"], channels=["alpha"], pid=9, t_append=scene.rows["owner"][0]["t_from"])
    for pid in (8, 9):
        scene.effects(["x050"], channels=["alpha"], pid=pid)


CASE = Case(
    evidence={"partitions that moved while they were worked on": (2, same_owner, disturbed_before_and_after)},
    wrong=wrong,
)


def zombie(*, pid: int = 2, epoch: int = 0, wakes: str = "after") -> Scene:
    """Producer 1 loses a partition with its second input in hand, and writes that before or after its heir."""
    scene = Scene("exactly-once")
    scene.rebalance()
    scene.inputs("ab", key=None)
    scene.effects("a", channels=["alpha"], pid=1, epoch=0)
    scene.commit(1)
    scene.rebalance()
    for heir in (False, True) if wakes == "before" else (True, False):
        scene.effects("b", channels=["alpha"], pid=pid if heir else 1, epoch=epoch if heir else 0)
    scene.commit(2)
    return scene


def owners(scene: Scene, directory: Path) -> list[tuple[str, int, int, str]]:
    return witnesses(scene, directory, "id", "pid", "other_pid", "member").get("dual-ownership", [])


@pytest.mark.parametrize("wakes", ["before", "after"])
def test_two_producers_do_an_input_in_the_time_of_one_owner(tmp_path: Path, wakes: str) -> None:
    """Who had the partition before is the witness' first, whoever was quicker."""
    assert owners(zombie(wakes=wakes), tmp_path) == [("b", 1, 2, "member-2")]


def test_a_transaction_counts_from_its_commit(tmp_path: Path) -> None:
    """What was written before the partition went to another, and is committed afterwards, comes late."""
    scene = Scene("exactly-once")
    scene.rebalance()
    scene.inputs("ab", key=None)
    slept = scene.transaction(pid=1).effects("ab")
    scene.rebalance()
    scene.transaction(pid=2).effects("ab").offsets(2).commit()
    slept.commit()
    assert owners(scene, tmp_path)[0] == ("a", 1, 2, "member-2")
    in_time = Scene("exactly-once")
    in_time.rebalance()
    in_time.inputs("ab", key=None)
    in_time.transaction(pid=1).effects("ab").commit()
    in_time.rebalance()
    in_time.transaction(pid=2).effects("ab").offsets(2).commit()
    assert witnesses(in_time, tmp_path / "in_time").keys() == {"duplicated"}


@pytest.mark.parametrize(("pid", "epoch"), [(1, 0), (1, 1), (-1, -1)])
def test_what_may_be_one_producers_is_no_two_owners(tmp_path: Path, pid: int, epoch: int) -> None:
    """The same, or the same started again, or one that has no id."""
    assert owners(zombie(pid=pid, epoch=epoch), tmp_path) == []


def test_who_both_had_the_partition_before_are_not_told_apart(tmp_path: Path) -> None:
    """The one may have got it back."""
    scene = zombie()
    scene.effects("a", channels=["alpha"], pid=2, epoch=0, t_append=scene.rows["owner"][0]["t_from"])
    assert owners(scene, tmp_path) == []


def test_what_an_owner_did_in_its_own_time_is_no_others(tmp_path: Path) -> None:
    """Done by the one, and then, after it had lost the partition, by the other: duplicated alone."""
    scene = Scene("exactly-once")
    scene.rebalance()
    scene.inputs("ab", key=None)
    scene.effects("ab", channels=["alpha"], pid=1)
    scene.rebalance()
    scene.effects("ab", channels=["alpha"], pid=2)
    scene.commit(2)
    assert "dual-ownership" not in witnesses(scene, tmp_path)


@thoroughly
@given(group_scenes("exactly-once"))
def test_a_slow_loop_finds_the_same(scene: Scene) -> None:
    """Whoever owned, wrote or committed what, in whichever order."""
    found = set()
    for off in range(INPUTS):
        for tenure in tenures(scene):
            done = {row["pid"] for row in effects_of(scene, off) if row["visible"] and tenure.holds(row["t_append"])}
            before = {row["pid"] for row in scene.rows["effect"] if row["t_append"] < tenure.t_from}
            found |= {(off, pid, tenure.t_from) for pid in done & before if done - before}
    assert set(witnesses_of("dual-ownership", scene, "off", "pid", "t_from")) == found
