"""How fast a workload may go."""

import time

SLACK_S = 0.02


def everything() -> float:
    """A gate that is open."""
    return 1.0


class Pace:
    """When the next event is due. Time in which nothing was allowed is not made up for: that would be a burst."""

    def __init__(self, rate: float | None) -> None:
        """`rate`: events a second; `None`: as fast as can be."""
        self._step = 1 / rate if rate else 0.0
        self._due = time.monotonic()

    def wait(self, *, held: bool) -> float:
        """Seconds until the next event may go; 0 hands out its turn. `held`: it may not go yet, due or not."""
        now = time.monotonic()
        if held:
            return SLACK_S
        if now < self._due:
            return self._due - now
        self._due = max(self._due, now - SLACK_S) + self._step
        return 0.0
