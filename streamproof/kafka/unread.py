"""The first record of a partition that a reader has still to read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kio.schema.errors import ErrorCode

from streamproof.kafka import requests
from streamproof.kafka.batches import Batch, fetch, headers
from streamproof.kafka.leaders import partitions_by_leader
from streamproof.kafka.protocol import Connection
from streamproof.kafka.topics import READ_COMMITTED, list_offsets

_MAX_BYTES = 64 << 10  # of an answer: a batch comes whole, however large, and one is mostly enough
_MOST_ANSWERS = 100  # of a partition: behind so many markers and aborted records nobody looks further


Start = tuple[str, int, int]  # topic, partition, and the offset from which a reader goes on


class Unread(NamedTuple):
    """A record's offset, and when its batch was appended, in microseconds since the epoch."""

    off: int
    t_append: int


def find_unread(bootstrap: str, ranges: Mapping[Start, int]) -> dict[Start, Unread]:
    """The first record that a read_committed reader is given from each start on, before the offset that stands by it.

    A start behind which markers and aborted records alone lie is left out: there is nothing to read.
    """
    found: dict[Start, Unread | None] = {}

    def look() -> None:
        for address, parts in partitions_by_leader(bootstrap, {topic for topic, _, _ in ranges}).items():
            with Connection(address, timeout_s=requests.TIMEOUT_S) as connection:
                for start, end in ranges.items():
                    if start not in found and start[1] in parts.get(start[0], ()):
                        found[start] = _first_left(bootstrap, connection, start, end)

    if ranges:
        requests.patiently(look)
    return {start: unread for start, unread in found.items() if unread is not None}


def _first_left(bootstrap: str, connection: Connection, start: Start, end: int) -> Unread | None:
    """The same where retention has taken the start since it was asked for."""
    try:
        return _first(connection, start, end)
    except requests.Refused as refused:
        if refused.code is not ErrorCode.offset_out_of_range:
            raise
    topic, part, begin = start
    left = list_offsets(bootstrap, [topic])[topic, part].begin
    return _first(connection, (topic, part, left), end) if begin < left < end else None


def _first(connection: Connection, start: Start, end: int) -> Unread | None:
    topic, part, begin = start
    offset, last = begin, Unread(begin, 0)
    for _ in range(_MOST_ANSWERS):
        answer = fetch(connection, topic, part, offset, max_bytes=_MAX_BYTES, isolation=READ_COMMITTED)
        beyond = offset
        for batch, readable in _readable(headers(answer.records), answer.aborted):
            if readable and batch.last_off >= begin:
                return Unread(max(begin, batch.base_off), batch.t_append) if batch.base_off < end else None
            beyond = max(beyond, batch.last_off + 1)
            last = Unread(beyond, batch.t_append)
        if beyond >= end or beyond == offset:
            return None
        offset = beyond
    return last


def _readable(batches: Iterator[Batch], aborted: Sequence[tuple[int, int]]) -> Iterator[tuple[Batch, bool]]:
    """Each batch, and whether read_committed lets it pass. `aborted`: producers, and where their transactions begin."""
    coming = sorted(aborted, key=lambda one: one[1], reverse=True)
    doomed: set[int] = set()
    for batch in batches:
        while coming and coming[-1][1] <= batch.last_off:
            doomed.add(coming.pop()[0])
        if batch.control == "abort":
            doomed.discard(batch.pid)
        yield batch, batch.control == "none" and not (batch.transactional and batch.pid in doomed)
