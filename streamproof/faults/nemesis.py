"""Carries faults out: each when its trigger is met, each recorded with its evidence, each undone come what may."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn, Protocol

from streamproof.clock import now_us
from streamproof.errors import ClusterError, StreamproofError, SubjectError, UsageError
from streamproof.faults.fault import Fault
from streamproof.faults.plan import Plan, Surroundings, check_fault
from streamproof.faults.roles import find_asked, find_target
from streamproof.faults.system import Evidence, Scene, System
from streamproof.faults.targets import BrokerRole, Met, overlap

IDLE_S = 30.0  # of a subject that has not done anything yet
RECOVERY_S = 60.0  # a group may wait for a dead member's session to run out: 45 s, unless it is told otherwise
FIRST_TRY = 2 / 3  # share of the input of a fault's turn; what is left is for a second try, should the first fail
AHEAD = 0.15  # share of the workload that is fed beyond a fault's mark, so that it meets work in flight
DONE = 0.01  # share of the workload that may still be on its way to a commit
AT_WORK_S = 1.0  # of a subject that commits as it goes; what commits seldom is not waited for
LOOK_S = 0.02


class Listener(Protocol):
    """Is told how each fault goes: awaited, begun unless its moment never comes, ended."""

    def awaited(self, fault: Fault) -> None:
        """The nemesis waits until the trigger is met."""

    def began(self, fault: Fault) -> None:
        """The trigger is met."""

    def ended(self, fault: Fault, evidence: Evidence) -> None:
        """The fault is undone, or was never done."""


class NotUndoneError(ClusterError):
    """A fault that could not be undone: all that comes after would meet it. `evidence`: what was seen of it before."""

    def __init__(self, fault: Fault, evidence: Evidence, error: StreamproofError) -> None:
        super().__init__(f"fault {fault} could not be undone: {error}")
        self.evidence = evidence


@dataclass
class _Course:
    """What became of a try of a fault. `t_…` are microseconds since the epoch; the rest is the monotonic clock's.

    `again`: it is the second; `tried_again`: a second followed; `over`: no other will be made.
    """

    fault: Fault
    scene: Scene
    again: bool = False
    tried_again: bool = False
    over: bool = False
    t_from: int = field(default_factory=now_us)
    effect: float | None = None
    t_effect: int | None = None
    end: float | None = None
    t_to: int | None = None
    t_recovered: int | None = None
    evidence: Evidence = field(default_factory=lambda: Evidence("not done", effective=False))

    def row(self) -> dict[str, Any]:
        """The row of the `fault` table."""
        return {
            "name": self.fault.name or None,
            "kind": self.fault.action.kind,
            "target": str(self.fault.on),
            "node": self.scene.node,
            "instance": self.scene.instance,
            "parameters": json.dumps(self.fault.action.model_dump()),
            "moment": str(self.fault.when),
            "t_from": self.t_from,
            "t_effect": self.t_effect,
            "t_to": self.t_to,
            "t_recovered": self.t_recovered,
            "evidence": self.evidence.sentence,
            "effective": self.evidence.effective,
            "tried_again": self.tried_again,
            "held": list(self.evidence.held),
            "given_up": list(self.evidence.given_up),
        }


class Nemesis:
    """Breaks things in one running system.

    Faults that take turns follow one another, each once the subject has recovered from the fault before it; one that
    took no effect is tried once more. All others have a thread each, and may overlap, though never in one target.
    `give_up` is called, and raises, when the subject has done nothing by the first mark.

    `gate` is the share of the workload that may be fed so far: it holds input back until the next fault's mark is
    reached, so that no fault meets an idle subject, however fast the machine.
    """

    def __init__(self, system: System, total: int, listener: Listener, give_up: Callable[[], NoReturn]) -> None:
        self.system = system
        self.gate = 0.0
        self._total, self._listener, self._give_up = total, listener, give_up
        self._courses: list[_Course] = []
        self._in_hand: list[tuple[Met, Fault]] = []
        self._lock = threading.Lock()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Rows of the `fault` table, for each fault that is over."""
        return [course.row() for course in self._courses if course.end is not None]

    @property
    def last_effect_us(self) -> int:
        """Until when a fault was in effect, in microseconds since the epoch: 0 for never, now while one is."""
        ends = [course.t_to or now_us() for course in self._courses if course.t_effect is not None]
        return max(ends, default=0)

    def open(self) -> None:
        """Let all input flow."""
        self.gate = 1.0

    def close(self) -> None:
        """Let nothing wait any more; faults that are under way are undone in their threads."""
        self.system.stopping.set()
        self.open()

    def carry_out(self, plan: Plan) -> tuple[Evidence, ...]:
        """All faults of a plan, which was checked; what was seen of each, in the plan's order.

        Returns when the subject has recovered from the last. What a fault raises, such as that it could not be undone,
        ends all of them, and is raised here.
        """
        errors: list[BaseException] = []

        def beside(fault: Fault) -> None:
            try:
                self._when_met(fault)
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for this thread
                errors.append(error)
                self.close()

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
        became = {id(course.fault): course.evidence for course in self._courses}
        return tuple(became[id(fault)] for fault in plan.faults)

    def inject(self, fault: Fault, following: float = 1.0) -> Evidence:
        """One fault, when its trigger is met; input flows until shortly after the `following` mark.

        Returns when the fault is undone. Errors are those of `check_fault`, at once; UsageError for a fault that waits
        for a fault that never was, or that is no more.
        """
        other = fault.when.waits_for
        if other is not None and (self._course(other) is None or fault.when.overlaps):
            raise UsageError(
                f'fault {fault.action.kind}: no fault named "{other}" is there to wait for; put both into a plan'
            )
        supervisor = self.system.supervisor
        there = Surroundings.of(supervisor.spec, self.system.cluster, proxied=self.system.wire is not None)
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
        course = self._course(fault)
        if course is None or course.effect is None or course.end is not None:
            return None
        return time.monotonic() - course.effect

    def since_end(self, fault: str) -> float | None:
        course = self._course(fault)
        if course is None or course.effect is None or course.end is None or not course.over:
            return None
        return time.monotonic() - course.end

    def is_over(self, fault: str) -> bool:
        course = self._course(fault)
        return course is not None and course.over

    def _course(self, name: str) -> _Course | None:
        return next((course for course in reversed(self._courses) if course.fault.name == name), None)

    # faults that take turns

    def _take_turn(self, fault: Fault, following: float) -> Evidence:
        system, mark = self.system, fault.when.mark or 0.0
        self._listener.awaited(fault)
        self.gate = max(self.gate, min(1.0, mark + AHEAD))
        begun = mark == 0 or system.wait_until(lambda: system.progress.committed() > 0, IDLE_S)
        if not (begun or system.stopping.is_set()):
            self._give_up()
        if not self._is_reached(fault):
            return self._not_done(fault, f"the subject did not reach {mark:.0%} of the workload")
        fed = self.gate

        def feed(share: float) -> None:
            self.gate = max(self.gate, fed + share * (min(1.0, following + AHEAD) - fed))

        course = self._try(fault, lambda share: feed(share * FIRST_TRY))
        if not course.evidence.effective and fault.action.repeatable and not system.stopping.is_set():
            course.tried_again = True
            course = self._try(fault, lambda share: feed(FIRST_TRY + share * (1 - FIRST_TRY)), again=True)
        feed(1.0)
        return course.evidence

    def _try(self, fault: Fault, feed: Callable[[float], None], *, again: bool = False) -> _Course:
        """Once, from an unbroken group to its recovery."""
        system = self.system
        before, feeds = system.progress.committed(), fault.action.feeds or fault.when.feeds
        if not feeds:
            feed(1.0)  # work goes on arriving while the fault acts
        system.wait_until(self._whole, RECOVERY_S)  # a member that is just coming back would hide that another goes
        if not feeds:
            system.wait_until(lambda: self._is_at_work(before), AT_WORK_S)  # what is let in takes a moment to arrive
        course = self._act(fault, feed, again=again)
        feed(1.0)
        before = system.progress.committed()
        if system.wait_until(lambda: self._is_at_work(before) and self._whole(), RECOVERY_S):
            course.t_recovered = now_us()
        return course

    def _is_reached(self, fault: Fault) -> bool:
        """Wait until the trigger is met: as long as the subject goes on, but not while it stands still."""
        committed = -1
        while committed != (committed := self.system.progress.committed()):
            if self.system.wait_until(lambda: fault.when.met(self), RECOVERY_S):
                return True
        return False

    def _is_at_work(self, before: int) -> bool:
        """Whether the subject has moved since before, or has done all that was let in, or as good as all.

        A zombie's commit may move it back.
        """
        committed = self.system.progress.committed()
        return committed != before or committed >= (self.gate - DONE) * self._total

    def _whole(self) -> bool:
        """Whether all instances that run take part again."""
        running = sum(1 for instance in self.system.supervisor.current_all() if instance.running)
        try:
            return self.system.progress.is_whole(running)
        except StreamproofError:
            return False

    # faults that happen when they happen

    def _when_met(self, fault: Fault) -> Evidence:
        self._listener.awaited(fault)
        committed, moved = -1, time.monotonic()
        while not fault.when.met(self):
            if committed != (committed := self.system.progress.committed()) or self.gate < 1:
                moved = time.monotonic()
            stands = time.monotonic() - moved > RECOVERY_S  # though all that is left was let in
            if stands or fault.when.hopeless(self) or self.system.stopping.wait(LOOK_S):
                return self._not_done(fault, f"its moment never came: {fault.when}")
        return self._act(fault, lambda _: None).evidence

    # one fault

    def _act(self, fault: Fault, feed: Callable[[float], None], *, again: bool = False) -> _Course:
        """Begin, look for evidence, let the fault last, undo it. An error on the way is evidence of no effect.

        NotUndoneError, once all is noted, for a fault that could not be undone.
        """
        self._listener.began(fault)
        course = self._begin(fault, feed, again=again)
        not_undone = None
        try:
            course.evidence = self._go_through(course)
        except NotUndoneError as error:
            course.evidence, not_undone = error.evidence, error
        except StreamproofError as error:
            course.evidence = Evidence(f"not done: {error}", effective=False)
        finally:
            self._let_go(fault)
            once = again or not fault.action.repeatable or fault.when.mark is None
            self._finish(course, over=once or course.evidence.effective)
        if not_undone:
            raise not_undone
        return course

    def _meet(self, fault: Fault, scene: Scene, found: Met) -> None:
        """Keep other faults from what a fault has found. SubjectError when another has it in hand."""
        with self._lock:
            for met, other in self._in_hand:
                if overlap(met, found):
                    raise SubjectError(f"{found} was in the hands of {other}")
            self._in_hand.append((found, fault))
        scene.met = found

    def _let_go(self, fault: Fault) -> None:
        with self._lock:
            self._in_hand = [(met, other) for met, other in self._in_hand if other is not fault]

    def _go_through(self, course: _Course) -> Evidence:
        fault, action, scene = course.fault, course.fault.action, course.scene
        is_told = fault.on is BrokerRole.ASKED  # whom it meets is told by its moment
        if not is_told:
            self._meet(fault, scene, find_target(self.system, fault.on))
        action.prepare(scene)
        if not fault.when.seize(scene):
            return Evidence(fault.when.never(scene), effective=False)
        if not fault.when.met(self):  # getting ready took its time
            fault.when.release(scene)
            return Evidence(f"not done: its moment had passed: {fault.when}", effective=False)
        try:
            if is_told:
                self._meet(fault, scene, find_asked(scene))
            if fault.when.disturbs:  # else a member that was asked to stop would be taken for one that was given up
                action.prepare(scene)
            state = action.begin(scene)
        except BaseException:
            with suppress(StreamproofError):
                fault.when.release(scene)
            raise
        # what was met inside its cycle has been broken since it was stopped
        scene.began, course.t_effect = time.monotonic(), scene.stopped_us or now_us()
        course.effect = scene.began
        fault.when.begun(scene)
        try:
            evidence = fault.when.told(scene, action.evidence(scene, state))
            self.system.wait_since(scene.began, action.lasts_ms)
        except StreamproofError as error:
            evidence = Evidence(f"begun, but nothing could be seen of it: {error}", effective=False)
        except BaseException:
            action.end(scene, state)
            fault.when.over(scene)
            raise
        self._undo(course, state, evidence)
        fault.when.over(scene)
        if not action.back:
            return evidence
        back = f", {action.back} after {time.monotonic() - scene.began:.1f} s"
        return replace(evidence, sentence=evidence.sentence + back)

    def _undo(self, course: _Course, state: Any, evidence: Evidence) -> None:
        """Twice, if need be: whatever stays broken would spoil the rest. NotUndoneError when that fails."""
        action, scene = course.fault.action, course.scene
        try:
            action.end(scene, state)
        except StreamproofError:
            try:
                action.end(scene, state)
            except StreamproofError as error:
                left = replace(evidence, sentence=f"{evidence.sentence}, and not undone: {error}")
                raise NotUndoneError(course.fault, left, error) from error

    def _not_done(self, fault: Fault, why: str) -> Evidence:
        course = self._begin(fault)
        course.evidence = Evidence(f"not done: {why}", effective=False)
        self._finish(course, over=True)
        return course.evidence

    def _begin(self, fault: Fault, feed: Callable[[float], None] = lambda _: None, *, again: bool = False) -> _Course:
        course = _Course(fault, Scene(self.system, fault.on, feed=feed), again)
        self._courses.append(course)
        return course

    def _finish(self, course: _Course, *, over: bool) -> None:
        course.end, course.t_to, course.over = time.monotonic(), now_us(), over
        if course.again:
            course.evidence = replace(course.evidence, sentence=f"at the second try, {course.evidence.sentence}")
        self._listener.ended(course.fault, course.evidence)
