"""Commit-regression on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

import pytest

from tests.checks.cases import Case, disturbed_before_and_after, same_owner
from tests.checks.histories import START, STEP, Row, Scene, clean, evidence, small, witnesses


def wrong(scene: Scene) -> None:
    scene.commit(3)


CASE = Case(
    evidence={"partitions committed before and after a change of owner": (2, same_owner, disturbed_before_and_after)},
    wrong=wrong,
)

CHANGED = START + 9 * STEP


def test_a_commit_below_the_one_before_is_a_regression(tmp_path: Path) -> None:
    """3 1 2 3: only the step down is a witness."""
    scene = small("exactly-once", *"abc")
    scene.effects("abc")
    for off in (3, 1, 2, 3):
        scene.commit(off)
    assert witnesses(scene, tmp_path, "part", "off", "before") == {"commit-regression": [(0, 1, 3)]}


def test_neither_aborted_nor_deleted_nor_others_commits_regress(tmp_path: Path) -> None:
    """A commit that was aborted, after a deletion, of another partition or group, or the same again is in order."""
    scene = small("exactly-once", *"ab")
    scene.input("c", part=1)
    scene.effects("abc")
    scene.commit(2)
    scene.transaction().offsets(1).abort()
    scene.commit(2)
    scene.commit(1, part=1)
    scene.commit(1, topic="other")
    for off in (3, 1):
        scene.commit(off, grp="others")
    scene.commit(None)
    scene.commit(1)
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {}


def test_without_a_group_no_position_needs_a_rebalance_to_go_back(tmp_path: Path) -> None:
    """Whoever is told on standard input is in none; a group whose partitions stay where they are shows nothing."""
    told, unmoved = clean(), clean()
    told.drop("generation")
    for table in ("generation", "owner"):
        unmoved.drop(table, lambda row: row["generation"] > 1)
    unmoved.alter("owner", lambda _: True, t_to=None)
    for scene, enough in ((told, None), (unmoved, False)):
        [shown] = evidence(scene, tmp_path / str(enough), "commit-regression")
        assert shown[1] is enough


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        ({}, {}, 1),
        (None, {}, 0),
        ({}, None, 0),
        ({"grp": "others"}, {}, 0),
        ({"visible": False}, {}, 0),
        ({"off": None}, {}, 0),
        ({"part": 5}, {"part": 5}, 0),
        ({"topic": "other"}, {"topic": "other"}, 0),
        ({"t_append": CHANGED}, {}, 0),
        ({}, {"t_append": CHANGED}, 0),
    ],
)
def test_evidence_is_a_change_of_owner_between_two_commits(
    tmp_path: Path, before: Row | None, after: Row | None, seen: int
) -> None:
    """Both visible, of the subject's group and of the partition that changed hands, and neither at the same time."""
    scene = Scene()
    scene.rebalance()
    if before is not None:
        scene.commit(**{"off": 1} | before)
    scene.now = CHANGED - STEP
    scene.rebalance()
    if after is not None:
        scene.commit(**{"off": 1} | after)
    assert evidence(scene, tmp_path, "commit-regression") == [(seen, seen > 0)]
