"""What the proxy has seen, in order: rows of the `wire` table.

A row stands for all equal requests, or answers, that followed each other on a connection with no other between them:
an idle client asks the same again and again.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from streamproof.clock import now_us
from streamproof.history.terms import Handling, Side
from streamproof.wire.sightings import Sighting


@dataclass(slots=True)
class Entry:
    """`rule`: what became of it other than that it was passed on."""

    sighting: Sighting
    n: int
    t: int
    t_last: int
    times: int = 1
    rule: Handling | None = None

    def row(self, nodes: Mapping[str, int]) -> dict[str, Any]:
        """A row of the table. `nodes`: which broker is at which address."""
        seen, said = self.sighting, self.sighting.content
        return {
            "conn": seen.conn, "instance": seen.instance, "incarnation": seen.incarnation,
            "broker": nodes.get(seen.address), "api": seen.api, "version": seen.version, "client": seen.client,
            "side": seen.side.value, "n": self.n, "times": self.times, "t": self.t, "t_last": self.t_last,
            "tid": said.tid, "pid": said.pid, "epoch": said.epoch, "grp": said.grp, "member": said.member,
            "generation": said.generation, "parts": list(said.parts), "committed": said.committed,
            "error": seen.error, "rule": self.rule and self.rule.value,
        }  # fmt: skip


class Journal:
    """Written by the proxy's thread alone; what is complete may be taken by another."""

    def __init__(self) -> None:
        self._n = 0
        self._last: dict[tuple[int, Side], Entry] = {}
        self._complete: deque[Entry] = deque()

    def note(self, sighting: Sighting, rule: Handling | None = None) -> Entry:
        """What was seen, and what a rule says of it."""
        now, key = now_us(), (sighting.conn, sighting.side)
        self._n += 1
        last = self._last.get(key)
        if last is not None and rule is last.rule is None and last.sighting == sighting:
            last.times, last.t_last = last.times + 1, now
            return last
        if last is not None:
            self._complete.append(last)
        entry = self._last[key] = Entry(sighting, self._n, now, now, rule=rule)
        return entry

    def take(self) -> Iterator[Entry]:
        """The entries that nothing will be added to."""
        with suppress(IndexError):
            while True:
                yield self._complete.popleft()

    def take_all(self) -> Iterator[Entry]:
        """All that there are, once the proxy has stopped."""
        yield from self.take()
        left, self._last = self._last, {}
        yield from left.values()
