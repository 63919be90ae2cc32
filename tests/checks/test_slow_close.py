"""Slow-close on hand-written histories, those that show it and that nearly do; on random ones as a loop does."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checks.cases import Case
from tests.checks.groups import thoroughly, witnesses_of
from tests.checks.histories import STEP, Scene
from tests.checks.scenes import clean, evidence, small, witnesses


def nobody_asked(scene: Scene) -> None:
    scene.alter("process", lambda _: True, t_stop=None)


def wrong(scene: Scene) -> None:
    scene.process_stops(takes_ms=10_001)


CASE = Case(evidence={"instances that were asked to stop": (1, nobody_asked)}, wrong=wrong)


@pytest.mark.parametrize(("takes_ms", "slow"), [(10_000, False), (10_001, True)])
def test_an_instance_ends_in_the_time_that_is_promised(tmp_path: Path, *, takes_ms: int, slow: bool) -> None:
    """From the signal to its end."""
    scene = small("at-least-once", "a")
    scene.effects("a")
    scene.commit(1)
    scene.process_stops(takes_ms=takes_ms)
    assert witnesses(scene, tmp_path, "instance", "pid") == ({"slow-close": [(1, 4001)]} if slow else {})


def test_who_was_killed_before_its_time_was_over_had_not_its_time(tmp_path: Path) -> None:
    """And who ended without being asked took none."""
    scene = small("at-least-once", "a")
    scene.effects("a")
    scene.commit(1)
    scene.process_stops(takes_ms=9_000)
    scene.process_ends("exited")
    scene.alter("process", lambda row: row["cause"] == "stopped", cause="killed")
    assert witnesses(scene, tmp_path) == {}


def test_where_nothing_is_promised_nothing_is_judged(tmp_path: Path) -> None:
    """However long it takes."""
    scene = clean()
    wrong(scene)
    scene.promise = scene.promise.model_copy(update={"close_ms": None})
    assert witnesses(scene, tmp_path / "found") == {}
    assert evidence(scene, tmp_path / "shown", "slow-close") == [(2, None)]


@thoroughly
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 20_000)), max_size=6))
def test_a_slow_loop_finds_the_same(ends: list[tuple[bool, int]]) -> None:
    """Some asked, some not."""
    scene = Scene()
    for asked, takes_ms in ends:
        if asked:
            scene.process_stops(takes_ms=takes_ms)
        else:
            scene.process_ends()
    slow = [
        row["pid"]
        for row in scene.rows["process"]
        if row["t_stop"] is not None and row["t_end"] - row["t_stop"] > 10_000 * STEP
    ]
    assert [pid for (pid,) in witnesses_of("slow-close", scene, "pid")] == slow
