"""What may be done to a request or an answer, other than to pass it on.

A rule is a function that the proxy asks of each request and answer that it sees, in its own thread; it gives a deed, or
None where it has nothing to say. A rule that raises is not asked again, what it was asked about is passed on, and the
run fails by it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from streamproof.history.terms import Handling
from streamproof.wire.sightings import Sighting


class Keeper(Protocol):
    """The connection that something is held on. Its methods may be called from any thread, and do their part soon."""

    def pass_on(self) -> None: ...

    def lose(self) -> None: ...

    def refuse(self, error: str) -> None: ...

    def part(self) -> None: ...


class Hold:
    """Keeps back a request or an answer, and all behind it on its connection, until it is decided what becomes of it.

    It is lost with its connection, unless `part` was called. Any thread may decide, also before anything is held; the
    first decision counts.
    """

    def __init__(self) -> None:
        self.sighting: Sighting | None = None
        self.became: Handling | None = None
        self.outlives = False
        self._held, self._over = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._keeper: Keeper | None = None
        self._decision: Callable[[Keeper], None] | None = None

    def wait_held(self, seconds: float) -> bool:
        """Wait until something is held; whether it is."""
        return self._held.wait(seconds)

    def wait_over(self, seconds: float) -> bool:
        """Wait until it was passed on or refused, or is lost."""
        return self._over.wait(seconds)

    @property
    def lost(self) -> bool:
        """Whether it went with its connection."""
        return self.became is Handling.DROPPED

    @property
    def refused(self) -> bool:
        """Whether it was answered in its broker's place."""
        return self.became is Handling.REFUSED

    @property
    def held(self) -> bool:
        """Whether it has come, let go by now or not."""
        return self._held.is_set()

    def let_go(self) -> None:
        """Pass it on."""
        self._decide(lambda keeper: keeper.pass_on())

    def drop(self) -> None:
        """Lose it, and its connection with it."""
        self._decide(lambda keeper: keeper.lose())

    def refuse(self, error: str) -> None:
        """Answer a request with this error in its broker's place, which never gets it. An answer is passed on."""
        self._decide(lambda keeper: keeper.refuse(error))

    def part(self) -> None:
        """End the client's side of the connection that it is held on: the client tries again, and this is still held.

        A request alone can outlive its client so. What becomes of it is still to be decided.
        """
        with self._lock:
            keeper = self._keeper
        if keeper:
            keeper.part()

    def _decide(self, decision: Callable[[Keeper], None]) -> None:
        with self._lock:
            if self._decision is not None:
                return
            self._decision, keeper = decision, self._keeper
        if keeper:
            decision(keeper)

    # the proxy's part, in its own thread

    def take(self, sighting: Sighting, keeper: Keeper) -> None:
        """Hold this. What becomes of it may have been decided before."""
        with self._lock:
            self.sighting, self._keeper, decision = sighting, keeper, self._decision
        self._held.set()
        if decision:
            decision(keeper)

    def end(self, became: Handling) -> None:
        """What became of it."""
        self.became = became
        self._over.set()


@dataclass(frozen=True)
class Cut:
    """The connection ends at once, both ways: a request does not reach its broker, an answer does not come."""


@dataclass(frozen=True)
class Change:
    """What `by` makes of a request or an answer, as kio reads it, goes on in its place.

    `by` gives what it was given where that stays as it is. What cannot be read is passed on as it came.
    """

    by: Callable[[Any], Any]


Deed = Hold | Cut | Change


class Rule(Protocol):
    def __call__(self, sighting: Sighting, /) -> Deed | None: ...
