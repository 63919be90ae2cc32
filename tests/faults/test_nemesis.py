"""The nemesis: faults take turns or overlap, each is recorded, and all is undone come what may."""

import itertools
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from streamproof.cluster import Cluster
from streamproof.errors import UsageError
from streamproof.faults import (
    After,
    During,
    Elapsed,
    Evidence,
    Fault,
    InFlight,
    Instance,
    Plan,
    Progress,
    System,
)
from streamproof.faults.nemesis import AHEAD, FIRST_TRY
from streamproof.faults.triggers import Trigger
from streamproof.guardian import Guardian
from tests.faults.conftest import Heard, busy, log_of, nemesis_of, system_of, with_progress


def test_a_fault_that_this_run_cannot_have_is_told_and_not_recorded(
    embedded_cluster: Cluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """A test that breaks something by itself reads the sentence where it does so."""
    nemesis = nemesis_of(system_of(embedded_cluster, session_guardian, tmp_path))
    with pytest.raises(UsageError, match="fault pause-broker: there is no broker"):
        nemesis.inject(Fault.of("pause-broker", "broker:9"))
    assert not nemesis.rows


def test_faults_with_a_mark_take_turns(unmade: System, tick: Any) -> None:
    """The second waits until the first is over, in the order of their marks."""
    plan = Plan(
        (Fault(tick(lasts_ms=0), Instance(2), Progress(0.6)), Fault(tick(lasts_ms=0), Instance(1), Progress(0.3)))
    )
    nemesis = nemesis_of(busy(unmade), 100)
    nemesis.carry_out(plan)
    assert log_of(tick) == ["begin 1", "end 1", "begin 2", "end 2"]
    assert [row["moment"] for row in nemesis.rows] == ["progress 0.30", "progress 0.60"]
    assert nemesis.gate == 1.0


def test_what_was_seen_of_each_fault_comes_back_in_the_order_of_the_plan(unmade: System, tick: Any) -> None:
    """Whatever order they took place in, and also of a fault that was not done."""
    plan = Plan(
        (
            Fault(tick(lasts_ms=0), Instance(2), Progress(0.6)),
            Fault(tick(lasts_ms=0), Instance(1), Progress(0.3), name="first"),
            Fault(tick(lasts_ms=0), Instance(2), During("first", after_ms=60_000)),
        )
    )
    became = nemesis_of(busy(unmade), 100).carry_out(plan)
    assert [evidence.effective for evidence in became] == [True, True, False]
    assert became[2].sentence == "not done: its moment never came: during first, after 60000 ms"


@pytest.mark.parametrize("when", [During("first"), InFlight(During("first")), After("other"), InFlight(After("other"))])
def test_a_fault_that_waits_for_another_is_refused_alone(unmade: System, tick: Any, when: Trigger) -> None:
    """Its moment is past, or will never come."""
    nemesis = nemesis_of(busy(unmade), 100)
    nemesis.inject(Fault(tick(lasts_ms=0), Instance(1), Progress(0.3), name="first"))
    with pytest.raises(UsageError, match="is there to wait for; put both into a plan"):
        nemesis.inject(Fault(tick(lasts_ms=0), Instance(1), when))
    assert len(nemesis.rows) == 1


def test_a_fault_during_another_overlaps_with_it(unmade: System, tick: Any) -> None:
    """It begins while the other is in effect, and the other lasts on."""
    tick.release[1] = threading.Event()

    def then(word: str, fault: Fault) -> None:
        if word == "effective" and fault.on == Instance(2):
            tick.release[1].set()

    plan = Plan(
        (
            Fault(tick(lasts_ms=0), Instance(1), Progress(0.3), name="first"),
            Fault(tick(lasts_ms=0), Instance(2), During("first")),
        )
    )
    nemesis = nemesis_of(busy(unmade), 100, Heard(then))
    nemesis.carry_out(plan)
    assert log_of(tick) == ["begin 1", "begin 2", "end 2", "end 1"]
    first, second = sorted(nemesis.rows, key=lambda row: row["instance"])
    assert first["t_effect"] <= second["t_effect"] <= second["t_to"] <= first["t_to"]


def test_a_fault_meets_a_subject_that_is_at_work(unmade: System, tick: Any) -> None:
    """Input that was just let in is on its way: the fault begins once the subject has done some of it."""
    looks = itertools.count()
    idle = with_progress(unmade, committed=lambda: 30 if next(looks) < 20 else 100)
    begun: list[int] = []
    heard = Heard(lambda word, _: begun.append(next(looks)) if word == "began" else None)
    nemesis_of(idle, 100, heard).carry_out(Plan((Fault(tick(lasts_ms=0), Instance(1), Progress(0.3)),)))
    assert begun[0] > 20


def test_a_fault_that_waits_for_another_waits_for_its_second_try(
    unmade: System, tick: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try showed nothing, and is not the end of it, however long the group takes to recover."""
    shown, looks = iter([False, True, True]), itertools.count()
    slow = with_progress(
        unmade, committed=lambda: 100, is_whole=lambda _: log_of(tick).count("end 1") != 1 or next(looks) > 5
    )
    monkeypatch.setattr(tick, "evidence", lambda *_: Evidence("looked", effective=next(shown)))
    plan = Plan(
        (
            Fault(tick(lasts_ms=0), Instance(1), Progress(0.3), name="first"),
            Fault(tick(lasts_ms=0), Instance(2), After("first")),
        )
    )
    nemesis_of(slow, 100).carry_out(plan)
    assert log_of(tick) == ["begin 1", "end 1", "begin 1", "end 1", "begin 2", "end 2"]


def test_a_fault_after_another_waits_for_its_end(unmade: System, tick: Any) -> None:
    """It takes no turn of its own."""
    plan = Plan(
        (
            Fault(tick(lasts_ms=0), Instance(1), Progress(0.3), name="first"),
            Fault(tick(lasts_ms=0), Instance(2), After("first", after_ms=1)),
            Fault(tick(lasts_ms=0), Instance(3), Elapsed(0.0), name="at once"),
        )
    )
    nemesis_of(with_progress(unmade, committed=lambda: 99), 100).carry_out(plan)
    log = log_of(tick)
    assert log.index("end 1") < log.index("begin 2")
    assert {"begin 3", "end 3"} <= set(log)


def test_a_moment_that_cannot_come_any_more_is_not_waited_for(unmade: System, tick: Any) -> None:
    """The fault that it depends on was over before; the record says that it was not done, and why."""
    plan = Plan(
        (
            Fault(tick(lasts_ms=0), Instance(1), Progress(0.3), name="first"),
            Fault(tick(lasts_ms=0), Instance(2), During("first", after_ms=60_000)),
        )
    )
    nemesis = nemesis_of(busy(unmade), 100)
    nemesis.carry_out(plan)
    assert log_of(tick) == ["begin 1", "end 1"]
    (late,) = [row for row in nemesis.rows if row["target"] == "instance:2"]
    assert (late["effective"], late["t_effect"]) == (False, None)
    assert late["evidence"] == "not done: its moment never came: during first, after 60000 ms"


def test_what_was_never_done_is_not_waited_for(unmade: System, tick: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault during another whose instance was never seen inside its cycle has no moment, and the run goes on."""
    monkeypatch.setattr(InFlight, "seize", lambda *_: False)
    plan = Plan(
        (
            Fault(tick(lasts_ms=0), Instance(1), InFlight(Progress(0.3)), name="first"),
            Fault(tick(lasts_ms=0), Instance(2), During("first")),
        )
    )
    nemesis = nemesis_of(busy(unmade), 100)
    nemesis.carry_out(plan)
    assert log_of(tick) == []
    assert "not done: its moment never came: during first" in {row["evidence"] for row in nemesis.rows}


def test_a_time_that_lies_beyond_the_workload_is_not_waited_for(unmade: System, tick: Any) -> None:
    """A run does not stand still for an hour because a plan says so."""
    nemesis = nemesis_of(busy(unmade), 100)
    nemesis.carry_out(Plan((Fault(tick(), Instance(1), Elapsed(3600.0)),)))
    assert log_of(tick) == []
    assert nemesis.rows[0]["evidence"] == "not done: its moment never came: after 3600 s"


def test_a_time_is_not_waited_for_while_the_subject_stands_still(
    unmade: System, tick: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With work left that it never does, the run would not end before the time had come."""
    monkeypatch.setattr("streamproof.faults.nemesis.RECOVERY_S", 0.3)
    nemesis = nemesis_of(with_progress(unmade, committed=lambda: 90, fed_for=lambda: 1.0), 100)
    nemesis.carry_out(Plan((Fault(tick(), Instance(1), Elapsed(3600.0)),)))
    assert nemesis.rows[0]["evidence"] == "not done: its moment never came: after 3600 s"


def test_a_time_is_counted_from_the_first_input(unmade: System, tick: Any) -> None:
    """However long the subject was waited for before: the fault lets input flow, and begins as long after its start."""
    asked: list[float] = []

    def fed_for() -> float | None:
        asked.append(nemesis.gate)
        assert tick.log == []
        return {1: None, 2: 2.9}.get(len(asked), 3.0)

    nemesis = nemesis_of(with_progress(unmade, fed_for=fed_for), 100)
    assert nemesis.inject(Fault(tick(lasts_ms=0), Instance(1), Elapsed(3.0))).effective
    assert asked == [1.0] * 4  # and once more as it begins


def test_a_fault_of_ones_own_waits_for_none_that_never_was(noted: System) -> None:
    """Nobody would ever name it."""
    with pytest.raises(UsageError, match='fault kill: no fault named "first" is there to wait for; put both into a'):
        nemesis_of(noted).inject(Fault.of("kill", "instance:1", at=None, during="first"))


def test_an_error_beside_the_turns_is_raised_when_all_is_undone(unmade: System, tick: Any) -> None:
    """A thread that failed in silence would look like a fault that took effect."""
    plan = Plan(
        (
            Fault(tick(lasts_ms=0), Instance(1), Progress(0.3), name="first"),
            Fault(tick(lasts_ms=0, fails=True), Instance(2), After("first")),
        )
    )
    with pytest.raises(RuntimeError, match="no evidence"):
        nemesis_of(busy(unmade), 100).carry_out(plan)
    assert log_of(tick)[-2:] == ["begin 2", "end 2"]


def test_a_run_that_ends_early_leaves_nothing_broken(unmade: System, tick: Any) -> None:
    """What is under way is undone at once, and what waits for its moment does not begin."""
    tick.release[1] = threading.Event()  # which nobody sets
    began = threading.Event()
    plan = Plan(
        (
            Fault(tick(lasts_ms=60_000), Instance(1), Progress(0.3), name="first"),
            Fault(tick(lasts_ms=0), Instance(2), During("first", after_ms=60_000)),
        )
    )
    nemesis = nemesis_of(busy(unmade), 100, Heard(lambda *_: began.set()))
    thread = threading.Thread(target=nemesis.carry_out, args=(plan,))
    thread.start()
    assert began.wait(10)
    nemesis.close()
    thread.join(10)
    assert not thread.is_alive()
    assert [step for step in log_of(tick) if "2" in step] == []
    assert log_of(tick) in (["begin 1", "end 1"], [])


def test_the_record_says_whom_a_fault_met_and_how(unmade: System, tick: Any) -> None:
    """Name, instance, parameters, and from when it was in effect."""
    nemesis = nemesis_of(busy(unmade), 100)
    nemesis.carry_out(Plan((Fault(tick(lasts_ms=3), Instance(2), Progress(0.3), name="mine"),)))
    (row,) = nemesis.rows
    assert (row["name"], row["kind"], row["target"], row["node"], row["instance"]) == (
        "mine",
        "tick",
        "instance:2",
        None,
        2,
    )
    assert row["parameters"] == '{"lasts_ms": 3, "fails": false}'
    assert row["t_from"] <= row["t_effect"] <= row["t_to"]
    assert row["t_to"] - row["t_effect"] >= 2_500


def test_each_look_at_an_instance_has_a_little_more_input(noted: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once, it would have been worked off after some looks, and the rest would see a subject at rest."""
    monkeypatch.setattr(System, "wait", lambda *_: None)
    monkeypatch.setattr("streamproof.faults.actions.Kill.prepare", lambda *_: None)
    gates: set[float] = set()

    def looked() -> frozenset[tuple[int, int]]:
        gates.add(nemesis.gate)
        return frozenset()

    nemesis = nemesis_of(with_progress(noted, in_flight=looked, committed=lambda: 100), 100)
    evidence = nemesis.inject(Fault.of("kill-in-flight", "instance:1", at=0.2), following=0.4)
    assert not evidence.effective
    assert evidence.sentence == "at the second try, instance 1 was never seen inside its cycle in 60 looks"
    steps = [after - before for before, after in pairwise(sorted(gates))]
    first, second = 0.2 * FIRST_TRY / 59, 0.2 * (1 - FIRST_TRY) / 59
    assert steps == pytest.approx([first] * 59 + [second] * 59)
    assert max(gates) == nemesis.gate == pytest.approx(0.4 + AHEAD)


@pytest.mark.parametrize(("fails", "repeatable", "tries"), [(0, True, 1), (1, True, 2), (2, True, 2), (1, False, 1)])
def test_a_fault_without_effect_is_tried_once_more(
    unmade: System, tick: Any, monkeypatch: pytest.MonkeyPatch, *, fails: int, repeatable: bool, tries: int
) -> None:
    """Some input is kept for that. The record has a row of each try, and the last is what counts."""
    monkeypatch.setattr(tick, "repeatable", repeatable)
    gates: list[float] = []

    def evidence(*_: object) -> Evidence:
        gates.append(nemesis.gate)
        return Evidence("looked", effective=len(gates) > fails)

    monkeypatch.setattr(tick, "evidence", evidence)
    nemesis = nemesis_of(busy(unmade), 100)
    last = nemesis.inject(Fault(tick(lasts_ms=0), Instance(1), Progress(0.2)), following=0.4)
    said = ["looked", "at the second try, looked"][:tries]
    assert [row["evidence"] for row in nemesis.rows] == said
    assert [row["tried_again"] for row in nemesis.rows] == [True, False][-tries:]
    assert last == Evidence(said[-1], effective=fails < tries)
    assert gates == pytest.approx([0.35 + 0.2 * FIRST_TRY, 0.4 + AHEAD][:tries])
    assert nemesis.gate == pytest.approx(0.4 + AHEAD)


def test_a_mark_that_is_not_reached_leaves_nothing_to_recover_from(
    noted: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands still is not broken, nor waited for once more; a subject that has done nothing is given up."""
    for patience in ("IDLE_S", "RECOVERY_S"):
        monkeypatch.setattr(f"streamproof.faults.nemesis.{patience}", 0.1)
    standing = with_progress(noted, committed=lambda: 5, is_whole=lambda _: pytest.fail("waited for"))
    fault = Fault.of("kill", "instance:1", at=0.2)
    evidence = nemesis_of(standing, 100).inject(fault)
    assert (evidence.sentence, evidence.effective) == ("not done: the subject did not reach 20% of the workload", False)
    with pytest.raises(pytest.fail.Exception, match="given up"):
        nemesis_of(with_progress(standing, committed=lambda: 0), 100).inject(fault)


def test_a_fault_is_told_of_before_it_is_waited_for_and_when_it_is_over(noted: System) -> None:
    """Its mark may be a while off: that its trigger is met is told apart."""
    heard = Heard()
    system = with_progress(replace(noted, group=None), unanswered=lambda _: 7, committed=lambda: 1)
    nemesis_of(system, 0, heard).inject(Fault.of("kill", "instance:1", at=0.0, lasts_ms=0))
    assert heard.all == [(word, "kill instance:1") for word in ("awaited", "began", "effective")]
