"""What may be done to a request or an answer, other than to pass it on.

A rule is a function that the proxy asks of each request and answer that it sees, in its own thread; it gives a deed, or
None where it has nothing to say. A rule that raises is not asked again, what it was asked about is passed on, and the
run fails by it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from streamproof.wire.sightings import Sighting


class Hold:
    """Keeps back a request or an answer, and all behind it on its connection, until it is let go or dropped.

    `outlives`: the client may give up its connection, and the request still reaches the broker when it is let go; else
    it is lost with its connection. Any thread may let go and drop, also before anything is held.
    """

    def __init__(self, *, outlives: bool = False) -> None:
        self.outlives = outlives
        self.sighting: Sighting | None = None
        self.lost = False
        self._held, self._over = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._passes: bool | None = None  # until it is decided
        self._follow: dict[bool, Callable[[], None]] = {}

    def wait_held(self, seconds: float) -> bool:
        """Wait until something is held; whether it is."""
        return self._held.wait(seconds)

    def wait_over(self, seconds: float) -> bool:
        """Wait until it was passed on, or is lost."""
        return self._over.wait(seconds)

    @property
    def held(self) -> bool:
        """Whether it has come, let go by now or not."""
        return self._held.is_set()

    def let_go(self) -> None:
        """Pass it on."""
        self._decide(passes=True)

    def drop(self) -> None:
        """Lose it, and its connection with it."""
        self._decide(passes=False)

    def _decide(self, *, passes: bool) -> None:
        with self._lock:
            if self._passes is not None:
                return
            self._passes, follow = passes, self._follow
        if follow:
            follow[passes]()

    # the proxy's part, in its own thread

    def take(self, sighting: Sighting, pass_on: Callable[[], None], lose: Callable[[], None]) -> None:
        """Hold this. One of the two is called, from any thread, once it is decided, which may have been before."""
        with self._lock:
            self.sighting, passes = sighting, self._passes
            self._follow = {True: pass_on, False: lose}
        self._held.set()
        if passes is not None:
            self._follow[passes]()

    def end(self, *, lost: bool) -> None:
        """It was passed on, or lost with its connection."""
        self.lost = lost
        self._over.set()


@dataclass(frozen=True)
class Cut:
    """The connection ends at once, both ways: a request does not reach its broker, an answer does not come."""


Deed = Hold | Cut


class Rule(Protocol):
    def __call__(self, sighting: Sighting, /) -> Deed | None: ...
