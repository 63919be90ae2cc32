"""Excess-replay on hand-written histories, those that show it and that nearly do; on random ones as a loop does."""

from pathlib import Path

import pytest
from hypothesis import given

from tests.checks.cases import Case, disturbed_before_and_after, same_owner
from tests.checks.groups import INPUTS, effects_of, group_scenes, tenures, thoroughly, witnesses_of
from tests.checks.histories import Row, Scene
from tests.checks.scenes import clean, evidence, names, witnesses


def wrong(scene: Scene) -> None:
    scene.effects(names(5, 8), pid=8)


CASE = Case(
    evidence={"partitions that moved while they were worked on": (2, same_owner, disturbed_before_and_after)},
    wrong=wrong,
)


def moved(promise: str = "exactly-once", **second: int) -> Scene:
    """Of four inputs two are done and committed past, and two only done, when the partition goes to another."""
    scene = Scene(promise)
    scene.rebalance()
    scene.inputs("abcd")
    scene.effects("ab", channels=["alpha"], pid=1)
    scene.commit(2)
    scene.effects("cd", channels=["alpha"], pid=1)
    scene.rebalance()
    scene.effects("bc", channels=["alpha"], **{"pid": 2} | second)
    return scene


def replayed(scene: Scene, directory: Path) -> list[tuple[str, int, str]]:
    return witnesses(scene, directory, "id", "committed", "member").get("excess-replay", [])


def test_what_was_committed_past_is_not_to_be_done_again(tmp_path: Path) -> None:
    """What was done and not committed past is: that is what at-least-once allows."""
    assert replayed(moved(), tmp_path) == [("b", 2, "member-2")]


@pytest.mark.parametrize("second", [{"pid": 1}, {"pid": -1}, {"pid": 2, "visible": False}])
def test_who_is_no_new_owner_or_is_not_known_replays_nothing(tmp_path: Path, second: Row) -> None:
    """Who had the partition before may have slept with it in hand; what is taken back was never done."""
    assert replayed(moved(**second), tmp_path) == []


def test_what_was_never_done_is_done_late_and_not_again(tmp_path: Path) -> None:
    """Its input was committed past before it was done."""
    scene = moved()
    scene.drop("effect", lambda row: row["source_id"] == "b" and row["pid"] == 1)
    assert replayed(scene, tmp_path) == []


def test_the_first_owner_and_who_comes_after_replay_nothing(tmp_path: Path) -> None:
    """Nobody had done anything before the first; what is done in somebody's time is held against nobody else."""
    first, later = moved(), moved()
    first.drop("owner", lambda row: row["generation"] == 1)
    later.drop("owner", lambda row: row["generation"] == 2)
    later.rebalance()
    for number, scene in enumerate((first, later)):
        assert replayed(scene, tmp_path / str(number)) == []


def test_effects_must_tell_their_producer(tmp_path: Path) -> None:
    """Where none does, nobody knows who did what again."""
    scene = clean()
    scene.alter("effect", lambda _: True, pid=None)
    assert evidence(scene, tmp_path, "excess-replay") == [(2, None)]


@thoroughly
@given(group_scenes())
def test_a_slow_loop_finds_the_same(scene: Scene) -> None:
    """Whoever owned, wrote or committed what, in whichever order."""
    found = [
        (off, row["t_append"])
        for off in range(INPUTS)
        for done in [[row for row in effects_of(scene, off) if row["visible"]]]
        for row in done[1:]
        for tenure in list(tenures(scene))[1:]
        if tenure.holds(row["t_append"]) and off < tenure.committed and done[0]["t_append"] < tenure.t_from
        if not any(other["pid"] == row["pid"] and other["t_append"] < tenure.t_from for other in scene.rows["effect"])
    ]
    assert witnesses_of("excess-replay", scene, "off", "t") == found
