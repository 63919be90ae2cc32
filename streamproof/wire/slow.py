"""All that goes between an instance and its brokers waits: for a while, or until it is let go."""

import asyncio

from streamproof.wire.rules import Deed, Hold
from streamproof.wire.sightings import Sighting

SHORTEST_S = 0.001  # what would wait less passes


class Slow:
    """A rule: an instance's requests and answers pass at `bytes_per_s`, all together; with None, not at all.

    `count`: how many had to wait. What waits behind them on a connection is not counted.
    """

    def __init__(self, instance: int, bytes_per_s: int | None = None) -> None:
        self.count = 0
        self._instance, self._rate = instance, bytes_per_s
        self._free = 0.0  # when all that was let in has passed, by the loop's clock
        self._holds: set[Hold] = set()
        self._ended = False

    def end(self) -> None:
        """Let go all that waits."""
        self._ended = True
        for hold in tuple(self._holds):
            hold.let_go()

    def __call__(self, sighting: Sighting, /) -> Deed | None:
        if sighting.instance != self._instance:
            return None
        hold = Hold()
        if self._rate is not None:
            loop = asyncio.get_running_loop()
            self._free = max(self._free, loop.time()) + sighting.size / self._rate
            if self._free - loop.time() < SHORTEST_S:
                return None
            loop.call_at(self._free, self._let_go, hold)
        self._holds.add(hold)
        self.count += 1
        if self._ended:  # by another thread, which may not have seen this hold
            hold.let_go()
        return hold

    def _let_go(self, hold: Hold) -> None:
        self._holds.discard(hold)
        hold.let_go()
