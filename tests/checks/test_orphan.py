"""Orphan on hand-written histories: those that show it and nearly do; on random ones, as a loop finds it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checks.cases import Case, same_owner
from tests.checks.groups import NEVER, thoroughly, witnesses_of
from tests.checks.histories import REBALANCE_MS, STEP, Scene
from tests.checks.scenes import witnesses

BOUND_MS = 2 * REBALANCE_MS


def own(scene: Scene, owners: dict[int, str]) -> None:
    """A generation in which these members have these partitions; who keeps a partition has it on."""
    scene.rebalance(parts=[])
    for row in scene.rows["owner"]:
        if row["t_to"] == scene.now and owners.get(row["part"]) == row["member"]:
            row["t_to"] = None
            del owners[row["part"]]
    for part, member in owners.items():
        row = {
            "grp": scene.promise.grp,
            "generation": len(scene.rows["generation"]),
            "member": member,
            "instance": None,
        }
        scene.rows["owner"].append(row | {"topic": "in", "part": part, "t_from": scene.now, "t_to": None})


def wrong(scene: Scene) -> None:
    own(scene, {0: "member-2"})
    scene.wait(BOUND_MS + 1)


CASE = Case(evidence={"partitions that went to another owner": (2, same_owner)}, wrong=wrong)


def forgotten(ms: int) -> Scene:
    """Of two members one goes, and for so long its partition has no owner."""
    scene = Scene()
    own(scene, {0: "first", 1: "second"})
    own(scene, {0: "first"})
    scene.wait(ms)
    own(scene, {0: "first", 1: "first"})
    return scene


Rows = list[tuple[Any, ...]]


def found(scene: Scene, directory: Path) -> Rows:
    return witnesses(scene, directory, "topic", "part", "member", "other").get("orphan", [])


@pytest.mark.parametrize(("ms", "expected"), [(BOUND_MS, [("in", 1, "second", "first")]), (BOUND_MS - 1, [])])
def test_a_partition_that_nobody_is_given_is_an_orphan(
    tmp_path: Path, ms: int, expected: list[tuple[Any, ...]]
) -> None:
    """Once that is longer than members may take to give up what they have."""
    assert found(forgotten(ms), tmp_path) == expected


def test_who_is_forgotten_to_the_end_is_an_orphan(tmp_path: Path) -> None:
    """The run may end before it has an owner again."""
    scene = Scene()
    own(scene, {0: "first", 1: "second"})
    wrong(scene)
    scene.alter("owner", lambda row: row["part"] == 0, member="first")
    assert found(scene, tmp_path) == [("in", 1, "second", "first")]


@pytest.mark.parametrize(
    "change",
    [
        lambda scene: scene.alter("owner", lambda row: row["part"] == 0, topic="other"),
        lambda scene: scene.alter("owner", lambda row: row["member"] == "second", instance="static"),
        lambda scene: scene.drop("owner", lambda row: row["member"] == "second"),
        lambda scene: scene.alter("owner", lambda row: row["part"] == 0, t_to=scene.now - BOUND_MS * STEP),
        lambda scene: scene.fault(lasts_ms=0) or scene.alter("fault", lambda _: True, t_to=scene.now - 5 * STEP),
        lambda scene: scene.alter("generation", lambda _: True, rebalance_ms=None),
    ],
    ids=["another topic", "a static member's", "never owned", "nobody there", "a fault", "no time-out"],
)
def test_what_a_right_group_may_do_is_no_orphan(tmp_path: Path, change: Any) -> None:
    """Nobody reads the topic; a static member comes back; a new partition; no member; something was broken."""
    scene = forgotten(BOUND_MS + 9)
    change(scene)
    assert found(scene, tmp_path) == []


@st.composite
def owned(draw: st.DrawFn) -> Scene:
    """Two partitions that members are given, or nobody, in one generation after the other."""
    scene = Scene()
    for _ in range(draw(st.integers(2, 6))):
        given_to = {part: draw(st.sampled_from(["first", "second", None])) for part in (0, 1)}
        own(scene, {part: member for part, member in given_to.items() if member})
        scene.wait(draw(st.sampled_from([1, BOUND_MS // 2, BOUND_MS + 2])))
    return scene


@thoroughly
@given(owned())
def test_a_slow_loop_finds_the_same(scene: Scene) -> None:
    """Each end of an owner's time, what follows it there, and how long who had the other partition had it meanwhile."""
    wrong = set()
    rows, end = scene.rows["owner"], scene.now + STEP  # the run's
    for row in (row for row in rows if row["t_to"] is not None):
        later = [other["t_from"] for other in rows if other["part"] == row["part"] and other["t_from"] >= row["t_to"]]
        for other in (other for other in rows if other["part"] != row["part"]):
            both_end = min(*later, end, other["t_to"] or NEVER)
            if both_end - max(row["t_to"], other["t_from"]) > BOUND_MS * STEP:
                wrong.add((row["part"], row["t_to"]))
    assert set(witnesses_of("orphan", scene, "part", "t_lost")) == wrong
