"""Evidence that work was interrupted: who owned a partition, what was in flight then, and what a fault found."""

from pathlib import Path

import pytest

from tests.checks.histories import START, STEP, Row, Scene
from tests.checks.scenes import evidence, small

CHANGED = START + 9 * STEP
# commits that leave the input at offset 0 in flight
BESIDE = [{"off": 0}, {"off": None}, {"visible": False}, {"grp": "others"}, {"topic": "other"}, {"part": 1}]


@pytest.mark.parametrize(
    ("commit", "effect", "owner", "seen"),
    [
        (None, {}, {}, 1),
        (None, {"t_append": CHANGED}, {}, 1),
        (None, {"visible": False}, {}, 1),
        (None, {"t_append": CHANGED + STEP}, {}, 0),
        (None, {"source_id": "b"}, {}, 0),
        (None, {"topic": None}, {}, 0),
        (None, {}, {"topic": "other"}, 0),
        (None, {}, {"part": 1}, 0),
        (None, {}, {"grp": "others"}, 0),
        ({}, {}, {}, 0),
        ({"t_append": CHANGED}, {}, {}, 0),
        ({"t_append": CHANGED + STEP}, {}, {}, 1),
        *((commit, {}, {}, 1) for commit in BESIDE),
    ],
)
def test_an_owner_is_interrupted_between_an_effect_and_its_commit(
    tmp_path: Path, commit: Row | None, effect: Row, owner: Row, seen: int
) -> None:
    """The partition changes hands after the effect of an input that the subject's group has not committed past."""
    scene = Scene()
    scene.rebalance(parts=(0,))
    scene.input("a")
    scene.effect("a", **effect)
    if commit is not None:
        scene.commit(**{"off": 1} | commit)
    scene.now = CHANGED - STEP
    scene.rebalance(parts=(0,))
    scene.alter("owner", lambda _: True, **owner)
    assert evidence(scene, tmp_path, "duplicated")[-1] == (seen, seen > 0)


def test_an_input_that_came_after_the_change_was_not_interrupted(tmp_path: Path) -> None:
    """Where commits come first, an input that came at the same time was."""
    for late_ms, seen in ((0, 1), (1, 0)):
        scene = Scene("at-most-once")
        scene.rebalance()
        scene.rebalance()
        scene.input("a", t_append=scene.now + late_ms * STEP)
        assert evidence(scene, tmp_path / str(seen), "duplicated")[-1] == (seen, seen > 0)


def test_a_partition_is_kept_over_generations_and_may_come_back(tmp_path: Path) -> None:
    """The first keeps it at a rebalance, loses it with an effect in flight, and has it again when all is committed."""
    scene = Scene()
    scene.rebalance(member="first")
    scene.rebalance(member="first")
    scene.input("a")
    scene.effect("a")
    scene.rebalance(member="second")
    scene.commit(1)
    scene.rebalance(member="first")
    assert evidence(scene, tmp_path, "duplicated")[-1] == (1, True)


@pytest.mark.parametrize(("gap_ms", "seen"), [(0, 0), (1, 1)])
def test_a_partition_that_was_nobodys_for_a_while_was_taken_away(tmp_path: Path, gap_ms: int, seen: int) -> None:
    """The same member has it again, but what it had in flight it begins again."""
    scene = Scene()
    scene.rebalance(member="the only", parts=(0,))
    scene.input("a")
    scene.effect("a")
    scene.wait(5)
    scene.rebalance(member="the only", parts=(0,))
    scene.alter("owner", lambda row: row["generation"] == 1, t_to=scene.now - gap_ms * STEP)
    assert evidence(scene, tmp_path, "duplicated")[-1] == (seen, seen > 0)


@pytest.mark.parametrize(
    ("commit", "arrived", "fault", "seen"),
    [
        (None, {}, {}, 1),
        (None, {}, {"effective": False}, 0),
        (None, {"t_append": CHANGED + 3 * STEP}, {}, 1),
        (None, {"t_append": CHANGED + 4 * STEP}, {}, 0),
        (None, {"t_append": CHANGED + 4 * STEP}, {"t_to": None}, 1),
        ({}, {}, {}, 0),
        ({"t_append": CHANGED}, {}, {}, 1),
        *((commit, {}, {}, 1) for commit in BESIDE),
    ],
)
def test_a_fault_finds_an_input_in_flight_before_its_commit(
    tmp_path: Path, commit: Row | None, arrived: Row, fault: Row, seen: int
) -> None:
    """In the log before the fault ended, and not committed past, by the subject's group, when it began."""
    scene = Scene()
    scene.input("a", **arrived)
    if commit is not None:
        scene.commit(**{"off": 1} | commit)
    scene.now = CHANGED - STEP
    scene.fault()
    scene.alter("fault", lambda _: True, **fault)
    scene.wait(9)
    assert evidence(scene, tmp_path, "lost")[0] == (seen, seen > 0)


@pytest.mark.parametrize("other", [{}, {"kind": "freeze"}, {"target": "broker:1"}])
def test_each_fault_is_held_against_the_commits_before_itself(tmp_path: Path, other: Row) -> None:
    """A fault began before the commit and another after it, whatever they did to whom."""
    scene = small("exactly-once", "a")
    scene.fault()
    scene.commit(1)
    scene.fault()
    scene.rows["fault"][-1] |= other
    assert evidence(scene, tmp_path / "other", "lost")[0] == (1, True)
    scene.alter("fault", lambda _: True, t_from=scene.rows["fault"][0]["t_from"])
    assert evidence(scene, tmp_path / "together", "lost")[0] == (1 + bool(other), True)
