"""Commit-regression on hand-written histories: those that show it and those that nearly do."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.checks.cases import Case, disturbed_before_and_after, same_owner
from tests.checks.histories import START, STEP, Row, Scene
from tests.checks.scenes import clean, evidence, small, witnesses


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


def again(scene: Scene, before: Iterable[int], after: Iterable[int], **changes: Any) -> None:
    """What a first coordinator took, and what the second."""
    for leader_epoch, offs in enumerate((before, after)):
        for off in offs:
            scene.commit(off, leader_epoch=leader_epoch, **changes)


@pytest.mark.parametrize(
    ("before", "after", "changes", "regressed"),
    [
        ([1, 2], [3, 2, 2, 3], {}, []),  # 2 had no answer when the first was lost; 3, made meanwhile, came first
        ([1, 3, 2, 3], [], {}, [2]),
        ([1], [3, 2], {}, [2]),
        ([1], [3, 1, 2], {}, [1]),
        ([1], [3, 2, 3], {"transactional": True}, [2]),
    ],
)
def test_what_is_sent_again_to_a_new_coordinator_and_made_up_for_is_no_regression(
    tmp_path: Path, *, before: list[int], after: list[int], changes: Row, regressed: list[int]
) -> None:
    """Nobody reads it meanwhile. It is, where the client never makes up for it, or had no reason to send it again."""
    assert steps_back(tmp_path, lambda scene: again(scene, before, after, **changes)) == regressed


def made_up_for_in_a_much_later_generation(scene: Scene) -> None:
    again(scene, [1], [3, 2])
    scene.wait(10_000)
    scene.rebalance(member="member-1")
    again(scene, [], [3])


def of_the_owner_before(scene: Scene) -> None:
    again(scene, [1], [])
    scene.rebalance(member="other", parts=[1])
    again(scene, [1], [], part=1)
    again(scene, [], [3])
    scene.rebalance(member="other")
    again(scene, [], [2, 3])


def long_after_the_loss(scene: Scene) -> None:
    again(scene, [1], [3])
    scene.wait(10_000)
    again(scene, [], [2, 3])


def of_a_partition_that_was_quiet_since_the_loss(scene: Scene) -> None:
    again(scene, [1, 3], [])
    scene.rebalance(parts=[1])
    again(scene, [], [1], part=1)
    scene.wait(10_000)
    again(scene, [], [2, 3])


def of_who_has_lost_the_partition(scene: Scene) -> None:
    again(scene, [1], [3])
    scene.alter("owner", lambda _: True, t_to=scene.now)
    again(scene, [], [2, 3])


def of_who_seeks_back_and_loses_the_partition(scene: Scene) -> None:
    again(scene, [1], [3, 2])
    scene.effects("c")
    scene.rebalance(member="other")


def of_who_seeks_back(scene: Scene) -> None:
    again(scene, [1], [3, 2])
    scene.effects("c")
    again(scene, [], [3])


def of_a_member_that_knew_no_other_coordinator(scene: Scene) -> None:
    again(scene, [1], [])
    scene.rebalance()
    again(scene, [], [3, 2, 3])


@pytest.mark.parametrize(
    "commits",
    [
        made_up_for_in_a_much_later_generation,
        of_the_owner_before,
        long_after_the_loss,
        of_a_partition_that_was_quiet_since_the_loss,
        of_who_has_lost_the_partition,
        of_who_seeks_back,
        of_who_seeks_back_and_loses_the_partition,
        of_a_member_that_knew_no_other_coordinator,
    ],
)
def test_what_cannot_have_waited_for_the_new_coordinator_or_was_read_is_a_regression(
    tmp_path: Path, commits: Callable[[Scene], None]
) -> None:
    """Another member's, or another generation's, or one of a later time."""
    assert steps_back(tmp_path, commits) == [2]


def steps_back(directory: Path, commits: Callable[[Scene], None]) -> list[int]:
    scene = Scene("at-least-once")
    scene.inputs("abc")
    scene.rebalance()
    scene.effects("abc")
    commits(scene)
    return [off for (off,) in witnesses(scene, directory, "off").get("commit-regression", [])]


@pytest.mark.parametrize("member", ["member-1", "other"])
def test_who_loses_the_partition_first_cannot_make_up_for_it(tmp_path: Path, member: str) -> None:
    """What the next owner does again is allowed to an at-least-once pipeline, and has a name of its own."""

    def commits(scene: Scene) -> None:
        again(scene, [1], [3, 2])
        scene.rebalance(member=member)
        scene.effects("c")
        again(scene, [], [3])

    assert steps_back(tmp_path, commits) == []


def test_without_owners_each_step_back_is_a_regression(tmp_path: Path) -> None:
    """Who committed is then not known."""
    scene = small("at-least-once", *"abc")
    scene.effects("abc")
    again(scene, [1, 2], [3, 2, 3])
    assert witnesses(scene.absent("owner"), tmp_path, "off") == {"commit-regression": [(2,)]}


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
