"""Carries faults out: each when its trigger is met, each recorded with its evidence, each undone come what may."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from streamproof.clock import now_us
from streamproof.errors import StreamproofError, UsageError
from streamproof.faults.fault import Fault
from streamproof.faults.plan import Plan, Surroundings, check_fault
from streamproof.faults.system import Evidence, Scene, System
from streamproof.faults.targets import Instance
from streamproof.faults.triggers import InFlight

IDLE_S = 30.0  # of a subject that has not done anything yet
RECOVERY_S = 60.0  # a group may wait for a dead member's session to run out: 45 s, unless it is told otherwise
AHEAD = 0.15  # share of the workload that is fed beyond a fault's mark, so that it meets work in flight
DONE = 0.01  # share of the workload that may still be on its way to a commit
LOOK_S = 0.02

Tell = Callable[[Fault, Evidence | None], None]


@dataclass
class _Course:
    """What became of a fault so far, on the monotonic clock; `t_effect` in microseconds since the epoch."""

    effect: float | None = None
    t_effect: int | None = None
    end: float | None = None


class Nemesis:
    """Breaks things in one running system.

    Faults that take turns follow one another, each once the subject has recovered from the one before it. All others
    have a thread each, and may overlap. `tell` is given each fault before its trigger is met, with None, and then with
    its evidence; `give_up` is called, and raises, when the subject has done nothing by the first mark.

    `gate` is the share of the workload that may be fed so far: it holds input back until the next fault's mark is
    reached, so that no fault meets an idle subject, however fast the machine. `rows` are those of the `fault` table.
    """

    def __init__(self, system: System, total: int, tell: Tell, give_up: Callable[[], NoReturn]) -> None:
        self.system = system
        self.gate = 0.0
        self.rows: list[dict[str, Any]] = []
        self._total, self._tell, self._give_up = total, tell, give_up
        self._courses: dict[str, _Course] = {}
        self._lock = threading.Lock()

    def open(self) -> None:
        """Let all input flow."""
        self.gate = 1.0

    def close(self) -> None:
        """Let nothing wait any more; faults that are under way are undone in their threads."""
        self.system.stopping.set()
        self.open()

    def carry_out(self, plan: Plan) -> None:
        """All faults of a plan, which was checked; returns when the subject has recovered from the last."""
        errors: list[BaseException] = []

        def beside(fault: Fault) -> None:
            try:
                self._when_met(fault)
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for this one
                errors.append(error)

        threads = [threading.Thread(target=beside, args=(fault,), daemon=True) for fault in plan.beside()]
        for thread in threads:
            thread.start()
        turns = plan.in_turn()
        marks = [*(fault.when.mark or 0.0 for fault in turns), 1.0]
        try:
            for fault, following in zip(turns, marks[1:], strict=True):
                self._take_turn(fault, following)
            self.open()
        except BaseException:
            self.close()
            raise
        finally:
            for thread in threads:
                thread.join()
        for error in errors:
            raise error

    def inject(self, fault: Fault, following: float = 1.0) -> Evidence:
        """One fault, when its trigger is met; input flows until shortly after the `following` mark.

        Errors are those of `check_fault`, at once; UsageError for a fault that waits for one that never was.
        """
        if fault.when.waits_for is not None and fault.when.waits_for not in self._courses:
            raise UsageError(
                f'fault {fault.action.kind}: no fault named "{fault.when.waits_for}" was carried out before; put both '
                "into a plan"
            )
        supervisor = self.system.supervisor
        there = Surroundings.of(supervisor.spec, self.system.cluster)
        check_fault(fault, replace(there, instances=len(supervisor.current_all())))
        if fault.when.mark is not None:
            return self._take_turn(fault, following)
        self.gate = max(self.gate, min(1.0, following + AHEAD))  # its moment comes only while input flows
        return self._when_met(fault)

    # what a trigger may ask

    def share(self) -> float:
        return self.system.progress.committed() / self._total if self._total else 1.0

    def seconds(self) -> float | None:
        return self.system.progress.fed_for()

    def since_effect(self, fault: str) -> float | None:
        course = self._courses.get(fault, _Course())
        return time.monotonic() - course.effect if course.effect is not None and course.end is None else None

    def since_end(self, fault: str) -> float | None:
        end = self._courses.get(fault, _Course()).end
        return None if end is None else time.monotonic() - end

    # faults that take turns

    def _take_turn(self, fault: Fault, following: float) -> Evidence:
        system, mark = self.system, fault.when.mark or 0.0
        self._tell(fault, None)
        self.gate = max(self.gate, min(1.0, mark + AHEAD))
        if mark > 0 and not system.wait_until(lambda: system.progress.committed() > 0, IDLE_S):
            self._give_up()
        reached = system.wait_until(lambda: fault.when.met(self), RECOVERY_S)
        fed = self.gate

        def feed(share: float) -> None:
            self.gate = max(self.gate, fed + share * (min(1.0, following + AHEAD) - fed))

        if not (reached and (fault.action.feeds or isinstance(fault.when, InFlight))):
            feed(1.0)  # work goes on arriving while the fault acts
        if reached:
            evidence = self._act(fault, feed)
        else:
            evidence = self._not_done(fault, f"the group did not reach {mark:.0%} of the workload")
        feed(1.0)
        before = system.progress.committed()
        if reached:
            system.wait_until(
                lambda: (system.progress.committed() > before or self._idle()) and self._whole(), RECOVERY_S
            )
        return evidence

    def _idle(self) -> bool:
        """Whether the group has done all that the gate has let through, or as good as all."""
        return self.system.progress.committed() >= (self.gate - DONE) * self._total

    def _whole(self) -> bool:
        """Whether all instances that run take part again."""
        running = sum(1 for instance in self.system.supervisor.current_all() if instance.running)
        try:
            return self.system.progress.is_whole(running)
        except StreamproofError:
            return False

    # faults that happen when they happen

    def _when_met(self, fault: Fault) -> Evidence:
        while not fault.when.met(self):
            if fault.when.hopeless(self) or self.system.stopping.wait(LOOK_S):
                return self._not_done(fault, f"its moment never came: {fault.when}")
        self._tell(fault, None)
        return self._act(fault, lambda _: None)

    # one fault

    def _act(self, fault: Fault, feed: Callable[[float], None]) -> Evidence:
        """Begin, look for evidence, let the fault last, undo it; an error of the system's is evidence of no effect."""
        course = self._courses[fault.name] = _Course()
        scene = Scene(self.system, fault.on, feed, instance=fault.on.number if isinstance(fault.on, Instance) else None)
        began = now_us()
        try:
            evidence = self._go_through(fault, scene, course)
        except StreamproofError as error:
            evidence = Evidence(f"not done: {error}", effective=False)
        finally:
            course.end = time.monotonic()
        return self._record(fault, scene, began, evidence, course.t_effect)

    def _go_through(self, fault: Fault, scene: Scene, course: _Course) -> Evidence:
        action = fault.action
        action.prepare(scene)
        if not fault.when.seize(scene):
            never = f"instance {scene.instance} was never seen inside its cycle in {scene.looks} looks"
            return Evidence(never, effective=False)
        scene.began = time.monotonic()
        try:
            state = action.begin(scene)
        except BaseException:
            self._let_go(scene)
            raise
        course.effect, course.t_effect = time.monotonic(), now_us()
        try:
            evidence = action.evidence(scene, state)
            self.system.wait_since(scene.began, action.lasts_ms)
        finally:
            action.end(scene, state)
        if not action.back:
            return evidence
        back = f", {action.back} after {time.monotonic() - scene.began:.1f} s"
        return Evidence(evidence.sentence + back, evidence.effective)

    def _let_go(self, scene: Scene) -> None:
        """The trigger holds the instance stopped, and nobody will wake it."""
        if (scene.held or scene.locks) and scene.instance is not None:
            with suppress(StreamproofError):
                self.system.supervisor.resume(scene.instance)

    def _not_done(self, fault: Fault, why: str) -> Evidence:
        self._courses[fault.name] = _Course(end=time.monotonic())
        evidence = Evidence(f"not done: {why}", effective=False)
        return self._record(fault, Scene(self.system, fault.on), now_us(), evidence)

    def _record(
        self, fault: Fault, scene: Scene, began: int, evidence: Evidence, effect: int | None = None
    ) -> Evidence:
        with self._lock:
            self.rows.append(
                {
                    "name": fault.name or None,
                    "kind": fault.action.kind,
                    "target": str(fault.on),
                    "node": scene.node,
                    "instance": scene.instance,
                    "parameters": json.dumps(fault.action.model_dump()),
                    "moment": str(fault.when),
                    "t_from": began,
                    "t_effect": effect,
                    "t_to": now_us(),
                    "evidence": evidence.sentence,
                    "effective": evidence.effective,
                }
            )
        self._tell(fault, evidence)
        return evidence
