"""Carries faults out: each at its progress mark, one after the other, each recorded with its evidence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from streamproof.clock import now_us
from streamproof.errors import StreamproofError
from streamproof.faults.check import check_fault, check_plan
from streamproof.faults.kinds import KINDS
from streamproof.faults.plan import Fault, Plan
from streamproof.faults.world import Evidence, World

IDLE_S = 30.0  # of a subject that has not done anything yet
RECOVERY_S = 60.0  # a group may wait for a dead member's session to run out: 45 s, unless it is told otherwise
AHEAD = 0.15  # share of the workload that is fed beyond a fault's mark, so that it meets work in flight
DONE = 0.01  # share of the workload that may still be on its way to a commit


class Nemesis:
    """Breaks things in one running system.

    `tell` is given each fault before its mark, with None, and then with its evidence; `give_up` is called, and raises,
    when the subject has done nothing by the first mark: there is nothing to break.
    `gate` is the share of the workload that may be fed so far: it holds input back until the next fault's mark is
    reached, so that no fault meets an idle subject, however fast the machine.
    """

    def __init__(
        self, world: World, total: int, tell: Callable[[Fault, Evidence | None], None], give_up: Callable[[], NoReturn]
    ) -> None:
        self.world = world
        self._total = total
        self._tell = tell
        self._give_up = give_up
        self.gate = 0.0
        self.rows: list[dict[str, Any]] = []

    def open(self) -> None:
        """Let all input flow."""
        self.gate = 1.0

    def carry_out(self, plan: Plan) -> None:
        """All faults of a plan, in the order of their marks; returns when the group has recovered from the last.

        Errors are those of `check_plan`, before anything is broken.
        """
        check_plan(plan, self.world.supervisor.spec, self.world.cluster)
        faults = sorted(plan.faults, key=lambda one: one.at)
        marks = [*(one.at for one in faults), 1.0]
        for one, following in zip(faults, marks[1:], strict=True):
            self._inject(one, following)
        self.open()

    def inject(self, one: Fault, following: float = 1.0) -> Evidence:
        """One fault, when its mark is reached; input then flows until shortly after the `following` mark.

        Errors are those of `check_plan`, at once.
        """
        supervisor = self.world.supervisor
        check_fault(
            one, [f"instance:{it.number}" for it in supervisor.current_all()], supervisor.spec, self.world.cluster
        )
        return self._inject(one, following)

    def _inject(self, one: Fault, following: float) -> Evidence:
        world = self.world
        self._tell(one, None)
        self.gate = max(self.gate, min(1.0, one.at + AHEAD))
        if one.at > 0 and not world.wait_until(lambda: world.committed() > 0, IDLE_S):
            self._give_up()
        reached = world.wait_until(lambda: world.committed() >= one.at * self._total, RECOVERY_S)
        fed = self.gate

        def feed(share: float) -> None:
            self.gate = max(self.gate, fed + share * (min(1.0, following + AHEAD) - fed))

        kind = KINDS[one.kind]
        if not (reached and kind.feeds):
            feed(1.0)  # work goes on arriving while the fault acts
        began = now_us()
        if not reached:
            evidence = Evidence(f"not done: the group did not reach {one.at:.0%} of the workload", effective=False)
        else:
            try:
                evidence = kind.inject(replace(world, feed=feed), one)
            except StreamproofError as error:
                evidence = Evidence(f"not done: {error}", effective=False)
        feed(1.0)
        before = world.committed()
        self.rows.append(
            {
                "kind": one.kind,
                "target": one.target,
                "moment": f"progress {one.at:.2f}",
                "t_from": began,
                "t_to": now_us(),
                "evidence": evidence.sentence,
                "effective": evidence.effective,
            }
        )
        self._tell(one, evidence)
        if reached:
            world.wait_until(lambda: (world.committed() > before or self._idle()) and self._whole(), RECOVERY_S)
        return evidence

    def _idle(self) -> bool:
        """Whether the group has done all that the gate has let through, or as good as all."""
        return self.world.committed() >= (self.gate - DONE) * self._total

    def _whole(self) -> bool:
        """Whether all instances that run take part again."""
        running = sum(1 for one in self.world.supervisor.current_all() if one.running)
        try:
            return self.world.is_whole(running)
        except StreamproofError:
            return False
