"""Carries a plan out: each fault at its progress mark, one after the other, each recorded with its evidence."""

import threading
import time
from collections.abc import Callable
from typing import Any

from streamproof.errors import StreamproofError, UsageError
from streamproof.faults.kinds import KINDS
from streamproof.faults.plan import Fault, Plan
from streamproof.faults.world import Evidence, World

RECOVERY_S = 30.0
AHEAD = 0.1  # share of the workload that is fed beyond the next fault's mark, so that it meets work in flight


class Nemesis:
    """Runs a plan in a thread of its own. `gate` is how much of the workload may be fed so far, as a share."""

    def __init__(self, plan: Plan, world: World, total: int, tell: Callable[[Fault, Evidence], None]) -> None:
        unknown = [one.kind for one in plan.faults if one.kind not in KINDS]
        if unknown:
            raise UsageError(f'"{unknown[0]}" is not a fault; there are {", ".join(sorted(KINDS))}')
        self._faults = sorted(plan.faults, key=lambda one: one.at)
        self._world = world
        self._total = total
        self._tell = tell
        self._thread = threading.Thread(target=self._run, name="nemesis", daemon=True)
        self._error: BaseException | None = None
        self.rows: list[dict[str, Any]] = []
        self.gate = self._faults[0].at + AHEAD if self._faults else 1.0

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        """Wait for the plan's end; raises what broke the nemesis itself."""
        self._thread.join()
        if self._error:
            raise self._error

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            marks = [one.at for one in self._faults[1:]] + [1.0]
            for one, following in zip(self._faults, marks, strict=True):
                self._carry_out(one, following)
        except BaseException as error:  # noqa: BLE001 - raised again in join()
            self._error = error
        finally:
            self.gate = 1.0

    def _carry_out(self, one: Fault, following: float) -> None:
        world = self._world
        reached = world.wait_until(lambda: world.committed() >= one.at * self._total, RECOVERY_S)
        self.gate = min(1.0, following + AHEAD)  # work goes on arriving while the fault acts
        began = time.time_ns() // 1000
        if not reached:
            evidence = Evidence(f"not done: the group did not reach {one.at:.0%} of the workload", effective=False)
        else:
            try:
                evidence = KINDS[one.kind](world, one)
            except StreamproofError as error:
                evidence = Evidence(f"not done: {error}", effective=False)
        before = world.committed()
        self.rows.append(
            {
                "kind": one.kind,
                "target": one.target,
                "moment": f"progress {one.at:.2f}",
                "t_from": began,
                "t_to": time.time_ns() // 1000,
                "evidence": evidence.sentence,
                "effective": evidence.effective,
            }
        )
        self._tell(one, evidence)
        world.wait_until(lambda: world.committed() > before, RECOVERY_S)
