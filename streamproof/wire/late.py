"""A request that reaches its broker late: after the client has tried again, and has gone on to what comes next."""

import threading

from streamproof.history.terms import Side
from streamproof.wire.rules import Deed, Hold
from streamproof.wire.sightings import Content, Sighting

PRODUCE = "Produce"


class Late:
    """A rule that lets go a request that is held, once its successor is under way; the client waits meanwhile.

    The client tries again on another connection, and is answered. The successor is, of a request of a transaction, the
    next Produce after that, which the broker has taken; of any other, the next of its kind. Its answer is held until
    the broker has answered the late request, so that this certainly comes in between. `error`: what the broker said to
    the late request, None where it took it.
    """

    def __init__(self, hold: Hold) -> None:
        self.hold = hold
        self.error: str | None = None
        self.retried = False
        self._successor = Hold()
        self._answered = threading.Event()

    @property
    def answered(self) -> bool:
        """Whether the broker has answered the late request."""
        return self._answered.is_set()

    def end(self) -> None:
        """Let all go that is still held."""
        self.hold.let_go()
        self._successor.let_go()

    def __call__(self, sighting: Sighting, /) -> Deed | None:
        first = self.hold.sighting
        if first is None or sighting.side is not Side.RESPONSE:
            return None
        if sighting.conn == first.conn:
            # before it was let go, it is a request before it on the connection that is answered
            if sighting.api == first.api and self._successor.held:
                self.error = sighting.error
                self._answered.set()
                self._successor.let_go()
            return None
        if sighting.error is not None or not _are_of_one(first, sighting):
            return None
        if not self.retried:
            again = set(first.content.parts) <= set(sighting.content.parts)
            self.retried = again and sighting.api == first.api
            return None
        if sighting.api != (PRODUCE if first.content.tid else first.api) or self._successor.held:
            return None
        self.hold.let_go()
        return self._successor


def _are_of_one(first: Sighting, other: Sighting) -> bool:
    """Whether two requests are of one process, and of one transactional id or, without any, of one client of it."""
    if (first.instance, first.incarnation) != (other.instance, other.incarnation):
        return False
    if first.content.tid or other.content.tid:
        return first.content.tid == other.content.tid
    return _client(first.content) == _client(other.content)


def _client(content: Content) -> tuple[str | None, str | None, int | None]:
    return content.grp, content.member, content.pid
