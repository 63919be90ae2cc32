"""How fast a workload may go."""

import math
import time

TICK_S = 0.02  # what is due within a tick goes at its end, together: the brokers have less to do, and so has the client
ROUNDING = 0.001  # of a tick


def everything() -> float:
    """A gate that is open."""
    return 1.0


class Pace:
    """When the next event is due. Time in which nothing was allowed is not made up for: that would be a burst."""

    def __init__(self, rate: float | None) -> None:
        """`rate`: events a second; `None`: as fast as can be."""
        self._step = 1 / rate if rate else 0.0
        self._began = self._due = time.monotonic()

    def wait(self, *, held: bool) -> float:
        """Seconds until the next event may go; 0 hands out its turn. `held`: it may not go yet, due or not."""
        now = time.monotonic()
        if held:
            return TICK_S
        ticks = math.ceil((self._due - self._began) / TICK_S - ROUNDING)
        if now < (end := self._began + ticks * TICK_S):
            return end - now
        self._due = max(self._due, now - TICK_S) + self._step
        return 0.0
