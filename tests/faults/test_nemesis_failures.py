"""The nemesis when something fails, comes too late, or is in the way: nothing hangs, and nothing stays broken."""

import itertools
import threading
from typing import Any

import pytest

from streamproof.errors import ClusterError
from streamproof.faults import (
    After,
    AllInstances,
    During,
    Elapsed,
    Evidence,
    Fault,
    Instance,
    Plan,
    Progress,
    Scene,
    System,
)
from tests.faults.conftest import Deeds, Heard, act, busy, log_of, nemesis_of, with_progress


def test_what_a_trigger_holds_is_let_go_when_the_action_cannot_begin(
    noted: System, deeds: Deeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance that nobody wakes would sleep to the end of the run."""

    def refuse(*_: object) -> None:
        raise ClusterError("no such process")

    monkeypatch.setattr("streamproof.faults.actions.Kill.prepare", lambda *_: None)
    monkeypatch.setattr(deeds, "kill", refuse)
    system = with_progress(noted, in_flight=lambda: frozenset({(0, 7)}))
    evidence = act(system, Fault.of("kill-in-flight", "instance:1"))
    assert evidence == Evidence("not done: no such process", effective=False)
    assert deeds.done == ["pause 1", "resume 1"]


@pytest.mark.parametrize("other", [Instance(1), AllInstances()])
def test_two_faults_are_never_in_one_target(unmade: System, tick: Any, other: Instance | AllInstances) -> None:
    """The second would undo what the first still needs, and take the other's deeds for its own."""
    tick.release[1] = threading.Event()

    def then(word: str, _: Fault) -> None:
        if word.startswith("not done"):
            tick.release[1].set()

    first = Fault(tick(lasts_ms=0), Instance(1), Progress(0.3), name="first")
    nemesis = nemesis_of(busy(unmade), 100, Heard(then))
    nemesis.carry_out(Plan((first, Fault(tick(lasts_ms=0), other, During("first")))))
    assert log_of(tick) == ["begin 1", "end 1"]
    assert sorted((row["evidence"], row["effective"]) for row in nemesis.rows) == [
        (f"not done: {other} was in the hands of tick instance:1", False),
        ("ticked 1", True),
    ]
    assert nemesis.inject(first).effective, "it is in nobody's hands afterwards"


@pytest.mark.parametrize("times", [1, 2])
def test_what_cannot_be_undone_ends_the_plan_and_keeps_its_evidence(
    unmade: System, tick: Any, monkeypatch: pytest.MonkeyPatch, *, times: int
) -> None:
    """It is tried twice; then all that follows would meet a system that is broken."""
    failing = iter([ClusterError("it did not start again")] * times)

    def end(*_: object) -> None:
        for error in failing:
            raise error

    monkeypatch.setattr(tick, "end", end)
    follows = Fault(tick(lasts_ms=0), Instance(2), After("first"))
    plan = Plan((Fault(tick(lasts_ms=0), Instance(1), Elapsed(0.0), name="first"), follows))
    nemesis = nemesis_of(busy(unmade), 100)
    if times == 1:
        nemesis.carry_out(plan)
        assert [row["evidence"] for row in nemesis.rows] == ["ticked 1", "ticked 2"]
        return
    with pytest.raises(ClusterError, match="fault tick instance:1 could not be undone: it did not start again"):
        nemesis.carry_out(plan)
    row = min(nemesis.rows, key=lambda row: row["t_from"])
    assert (row["evidence"], row["effective"]) == ("ticked 1, and not undone: it did not start again", True)
    assert row["t_effect"] is not None


def test_evidence_that_cannot_be_had_is_not_a_fault_that_was_not_done(
    unmade: System, tick: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record says from when the fault was in effect, and the fault is undone."""

    def evidence(*_: object) -> Evidence:
        raise ClusterError("nobody answers")

    monkeypatch.setattr(tick, "evidence", evidence)
    monkeypatch.setattr(tick, "repeatable", False)
    nemesis = nemesis_of(busy(unmade), 100)
    assert not nemesis.inject(Fault(tick(lasts_ms=0), Instance(1), Progress(0.3))).effective
    (row,) = nemesis.rows
    assert row["evidence"] == "begun, but nothing could be seen of it: nobody answers"
    assert row["t_effect"] is not None
    assert log_of(tick) == ["begin 1", "end 1"]


def test_after_a_fault_that_was_not_done_nothing_comes(unmade: System, tick: Any) -> None:
    """`After` waits for what was mended: nothing was broken."""
    plan = Plan(
        (
            Fault(tick(lasts_ms=0), Instance(1), Elapsed(99.0), name="never"),
            Fault(tick(lasts_ms=0), Instance(2), After("never")),
        )
    )
    nemesis = nemesis_of(with_progress(unmade, committed=lambda: 100), 100)
    nemesis.carry_out(plan)
    assert [row["evidence"] for row in nemesis.rows] == [
        "not done: its moment never came: after 99 s",
        "not done: its moment never came: after never",
    ]


def test_an_error_in_a_thread_ends_those_that_wait(unmade: System, tick: Any) -> None:
    """Nobody waits for the end of a fault whose thread is gone."""
    plan = Plan(
        (
            Fault(tick(lasts_ms=0, fails=True), Instance(1), Elapsed(0.0)),
            Fault(tick(lasts_ms=0), Instance(2), Elapsed(99.0)),
        )
    )
    with pytest.raises(RuntimeError, match="no evidence"):
        nemesis_of(with_progress(unmade, committed=lambda: 1), 100).carry_out(plan)
    assert log_of(tick) == ["begin 1", "end 1"]


def test_a_subject_that_goes_on_slowly_is_waited_for(
    unmade: System, tick: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only standing still is bounded, not how long a mark takes."""
    monkeypatch.setattr("streamproof.faults.nemesis.RECOVERY_S", 0.02)
    done = itertools.count(1)
    slow = with_progress(unmade, committed=lambda: min(100, next(done)))
    assert nemesis_of(slow, 100).inject(Fault(tick(lasts_ms=0), Instance(1), Progress(0.3))).effective


def test_the_record_says_when_the_subject_had_recovered(unmade: System, tick: Any) -> None:
    """Null where it never did."""
    fault = Fault(tick(lasts_ms=0), Instance(1), Progress(0.3))
    recovered = nemesis_of(busy(unmade), 100)
    recovered.inject(fault)
    assert recovered.rows[0]["t_recovered"] >= recovered.rows[0]["t_to"]
    system = busy(unmade)

    def missing(_: int) -> bool:
        system.stopping.set()
        return False

    broken = nemesis_of(with_progress(system, is_whole=missing), 100)
    broken.inject(fault)
    assert broken.rows[0]["t_recovered"] is None


def test_a_fault_that_was_ready_too_late_is_not_done(
    unmade: System, tick: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To look at a group takes time: the fault that it should fall into may be over by then."""
    late = threading.Event()
    tick.release[1] = threading.Event()

    def prepare(action: Any, scene: Scene) -> None:
        if scene.instance == 2:
            tick.release[1].set()
            assert late.wait(10)

    def then(word: str, fault: Fault) -> None:
        if word == "effective" and fault.on == Instance(1):
            late.set()

    monkeypatch.setattr(tick, "prepare", prepare)
    first = Fault(tick(lasts_ms=0), Instance(1), Progress(0.3), name="first")
    nemesis = nemesis_of(busy(unmade), 100, Heard(then))
    nemesis.carry_out(Plan((first, Fault(tick(lasts_ms=0), Instance(2), During("first")))))
    assert log_of(tick) == ["begin 1", "end 1"]
    assert nemesis.rows[1]["evidence"] == "not done: its moment had passed: during first"
    assert nemesis.rows[1]["t_effect"] is None


def test_a_fault_lasts_from_when_it_took_hold(unmade: System, tick: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not from when it began to be made: a broker is asked for first, and that may take seconds."""
    begin, waited = tick.begin, []

    def slow(action: Any, scene: Scene) -> int:
        scene.began -= 5.0
        number: int = begin(action, scene)
        return number

    monkeypatch.setattr(tick, "begin", slow)
    monkeypatch.setattr(System, "wait", lambda _, seconds: waited.append(seconds))
    nemesis_of(busy(unmade), 100).inject(Fault(tick(lasts_ms=3_000), Instance(1), Progress(0.3)))
    assert waited == [pytest.approx(3.0, abs=0.5)]
