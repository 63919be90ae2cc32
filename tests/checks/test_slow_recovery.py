"""Slow-recovery on hand-written histories, those that show it and that nearly do; on random ones as a loop does."""

from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checks.cases import Case, no_fault
from tests.checks.groups import thoroughly, witnesses_of
from tests.checks.histories import STEP, Scene
from tests.checks.scenes import clean, evidence, small, witnesses

PROMISED_MS = 50


def wrong(scene: Scene) -> None:
    scene.promise = scene.promise.model_copy(update={"recovery_ms": 5})


CASE = Case(evidence={"faults that were over with inputs to be done": (1, no_fault)}, wrong=wrong)


def healed(takes_ms: int | None, promise_ms: int | None = PROMISED_MS) -> Scene:
    """Of four inputs two are done when a fault is over; the group goes on after that time, or, `None`, never."""
    scene = small("at-least-once", *"abcd")
    scene.promise = scene.promise.model_copy(update={"recovery_ms": promise_ms})
    scene.effects("abcd")
    scene.commit(2)
    scene.fault(lasts_ms=3)
    scene.wait(3)
    if takes_ms is not None:
        scene.wait(takes_ms - 1)
        scene.commit(4)
    return scene


@pytest.mark.parametrize(
    ("takes_ms", "promise_ms", "slow"),
    [(PROMISED_MS, PROMISED_MS, False), (PROMISED_MS + 1, PROMISED_MS, True), (1_000, None, False)],
)
def test_a_partition_goes_on_in_the_time_that_is_promised(
    tmp_path: Path, *, takes_ms: int, promise_ms: int | None, slow: bool
) -> None:
    """From when the fault was over to the next commit; nothing is promised, nothing is too slow."""
    found = witnesses(healed(takes_ms, promise_ms), tmp_path, "part", "off", "target")
    assert found == ({"slow-recovery": [(0, 2, "instance:1")]} if slow else {})


def test_the_clocks_error_is_allowed_for(tmp_path: Path) -> None:
    """The commit is timed by a broker, the fault by this machine."""
    scene = healed(PROMISED_MS + 10)
    scene.clock_error_us = 10 * STEP
    assert witnesses(scene, tmp_path) == {}


def test_what_never_goes_on_is_slow_when_the_time_is_over(tmp_path: Path) -> None:
    """And late; not if the work ended, or the next fault began, before that."""
    for wait_ms, slow in ((PROMISED_MS, False), (PROMISED_MS + 2, True)):
        stopped, broken = healed(None), healed(None)
        for scene in (stopped, broken):
            scene.wait(wait_ms - 1)
        stopped.process_stops()
        stopped.wait(1_000)
        broken.fault("broker:leader")
        broken.commit(4)
        for name, scene in {"stopped": stopped, "broken": broken}.items():
            assert ("slow-recovery" in witnesses(scene, tmp_path / f"{name}-{wait_ms}")) is slow


def test_a_fault_within_another_is_not_judged(tmp_path: Path) -> None:
    """It is over, and something is broken still; the other is judged when it is over."""
    scene = healed(PROMISED_MS + 20)
    scene.rows["fault"].append(scene.rows["fault"][0] | {"kind": "pause", "t_to": scene.now - 10 * STEP})
    assert witnesses(scene, tmp_path) == {}


def test_who_has_nothing_to_do_need_not_go_on(tmp_path: Path) -> None:
    """All that there was when the fault was over had been committed past, or the fault took no effect."""
    done, harmless = healed(PROMISED_MS + 20), healed(PROMISED_MS + 20)
    done.alter("offset_commit", lambda row: row["off"] == 4, t_append=done.rows["fault"][0]["t_effect"] + STEP)
    harmless.alter("fault", lambda _: True, effective=False)
    for number, scene in enumerate((done, harmless)):
        assert witnesses(scene, tmp_path / str(number)) == {}
    assert evidence(done, tmp_path / "shown", "slow-recovery") == [(0, None)]


def test_where_nothing_is_promised_nothing_is_judged(tmp_path: Path) -> None:
    """Whatever was broken."""
    scene = clean()
    scene.promise = scene.promise.model_copy(update={"recovery_ms": None})
    assert evidence(scene, tmp_path, "slow-recovery") == [(1, None)]


@thoroughly
@given(st.data())
def test_a_slow_loop_finds_the_same(data: st.DataObject) -> None:
    """Inputs, commits and faults at any times, of two partitions."""
    scene = Scene("at-least-once")
    scene.promise = scene.promise.model_copy(update={"recovery_ms": 8})
    for step in data.draw(st.lists(st.sampled_from(["input", "commit", "fault", "wait"]), min_size=5, max_size=20)):
        part = data.draw(st.integers(0, 1))
        if step == "input":
            scene.input(f"i{len(scene.rows['input'])}", key=None, part=part)
        elif step == "commit":
            scene.commit(data.draw(st.integers(0, 4)), part=part)
        elif step == "fault":
            scene.fault(lasts_ms=data.draw(st.integers(1, 6)))
        else:
            scene.wait(6)
    over = scene.now + STEP
    assert set(witnesses_of("slow-recovery", scene, "part", "t_to")) == set(by_hand(scene, over))


def by_hand(scene: Scene, over: int) -> list[tuple[int, int]]:
    found, faults = [], scene.rows["fault"]
    for fault in faults:
        healed_at = fault["t_to"]
        if any(other["t_from"] <= healed_at < other["t_to"] for other in faults):
            continue
        known = min([over, *(other["t_from"] for other in faults if other["t_from"] > healed_at)])
        rows = sorted(scene.rows["input"], key=lambda row: (row["part"], row["off"]))
        for part, inputs in groupby(rows, key=lambda row: row["part"]):
            commits = [row for row in scene.rows["offset_commit"] if row["part"] == part]
            stood = max((row["off"] for row in commits if row["t_append"] <= healed_at), default=0)
            if any(row["off"] >= stood and row["t_append"] <= healed_at for row in inputs):
                further = [row["t_append"] for row in commits if row["off"] > stood and row["t_append"] > healed_at]
                if min([known, *further]) > healed_at + 8 * STEP:
                    found.append((part, healed_at))
    return found
