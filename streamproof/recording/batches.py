"""Batch headers over raw Fetch: producer, epoch, transaction markers. Clients hide them, and control batches whole.

The 61 bytes of a header are fixed and never compressed (the record batch format, magic 2). One partition a request, in
Fetch version 11, which every Kafka from 2.3 to 4 speaks.
"""

import datetime as dt
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kio.schema.fetch.v11.request import FetchPartition, FetchRequest, FetchTopic
from kio.schema.fetch.v11.response import FetchResponse
from kio.schema.types import BrokerId, TopicName
from kio.static.primitive import i8, i32, i32Timedelta, i64

from streamproof.errors import ClusterError, HistoryError
from streamproof.kafka import requests
from streamproof.kafka.leaders import partitions_by_leader
from streamproof.kafka.protocol import Connection
from streamproof.kafka.topics import list_missing_topics

_HEADER = struct.Struct(">qiibIhiqqqhii")  # base offset … base sequence, record count
_TRANSACTIONAL, _CONTROL = 0x10, 0x20
_MAX_BYTES = 8 << 20
_MARKERS = {0: "abort", 1: "commit"}
UNTOLD = ""  # a control batch that ends no transaction, or no longer says which way
PATIENCE_S = 15.0  # with leaders that move
Place = tuple[str, int]  # topic, partition


class Batch(NamedTuple):
    """One batch as its header says. `control`: none, commit, abort; `t_append` in microseconds."""

    base_off: int
    last_off: int
    pid: int
    epoch: int
    transactional: bool
    control: str
    t_append: int


def read_batches(
    bootstrap: str, topics: Sequence[str], begins: Mapping[Place, int] | None = None
) -> dict[Place, list[Batch]]:
    """All batches of each partition, to its high watermark, in offset order; HistoryError when a batch cannot be read.

    `begins`: the first offset of each log that does not begin at 0; a broker that is asked for less does not tell it.
    Leaders that move meanwhile, and brokers that are away, are asked for again, for `PATIENCE_S` seconds.
    """
    found: dict[Place, list[Batch]] = {}

    def read() -> None:
        for topic in list_missing_topics(
            bootstrap, topics
        ):  # a topic that is not there will not come: nobody makes it now
            raise ClusterError(f'topic "{topic}": the broker answers UNKNOWN_TOPIC_OR_PARTITION')
        for address, parts in partitions_by_leader(bootstrap, tuple(topics)).items():
            with Connection(address) as connection:
                for place in ((topic, part) for topic, indexes in parts.items() for part in indexes):
                    if place not in found:
                        found[place] = list(_partition(connection, *place, (begins or {}).get(place, 0)))

    try:
        requests.patiently(read, PATIENCE_S, passing=(requests.NotYet, requests.NoAnswer, OSError))
    except ClusterError as error:
        raise HistoryError(f"batch headers cannot be read: {error}") from error
    return found


def batch_rows(batches: Mapping[Place, Sequence[Batch]]) -> list[dict[str, Any]]:
    """As rows of the `batch` table."""
    return [
        {"topic": topic, "part": part, **batch._asdict()}
        for (topic, part), many in sorted(batches.items())
        for batch in many
    ]


def took_effect(batches: Sequence[Batch]) -> frozenset[int]:
    """The base offsets of those of one partition's data batches that are plain, or whose transaction was committed.

    By the next marker of their producer, as a coordinator reads its own log. It does not wait for the transactions of
    others, as read_committed readers do.
    """
    last: dict[int, str] = {}  # of each producer, by the marker that comes next
    kept: set[int] = set()
    for batch in reversed(batches):
        if batch.control != "none":
            last[batch.pid] = batch.control
        elif not batch.transactional or last.get(batch.pid) == "commit":
            kept.add(batch.base_off)
    return frozenset(kept)


def _partition(connection: Connection, topic: str, part: int, offset: int) -> Iterator[Batch]:
    while True:
        high_watermark, records = _fetch(connection, topic, part, offset)
        beyond = offset
        for batch in _headers(records):
            if batch.control != UNTOLD and batch.last_off >= offset:
                yield batch
            beyond = max(beyond, batch.last_off + 1)
        if beyond >= high_watermark:
            return
        if beyond == offset:
            raise requests.NotYet(
                f"{topic}[{part}]: the broker gives nothing from offset {offset} on, below its high watermark"
            )
        offset = beyond


def _fetch(connection: Connection, topic: str, part: int, offset: int) -> tuple[int, memoryview]:
    """The high watermark and the bytes of some batches, from that which holds `offset` on."""
    request = FetchRequest(
        replica_id=BrokerId(-1),
        # what is below the high watermark is there; at the end of a log the broker would only wait
        max_wait=i32Timedelta.parse(dt.timedelta(0)),
        min_bytes=i32(0),
        max_bytes=i32(_MAX_BYTES),
        isolation_level=i8(0),
        topics=(
            FetchTopic(
                topic=TopicName(topic),
                partitions=(
                    FetchPartition(partition=i32(part), fetch_offset=i64(offset), partition_max_bytes=i32(_MAX_BYTES)),
                ),
            ),
        ),
        forgotten_topics_data=(),
    )
    (answer,) = connection.ask(request, FetchResponse).responses
    (seen,) = answer.partitions
    requests.check(seen.error_code, f"{topic}[{part}]")
    return seen.high_watermark, memoryview(seen.records or b"")


def _headers(records: memoryview) -> Iterator[Batch]:
    """The batches that are whole."""
    place = 0
    while place + _HEADER.size <= len(records):
        fields = _HEADER.unpack_from(records, place)
        base, length, _leader_epoch, _magic, _crc, attributes, last_delta, _first, newest, pid, epoch, _seq, count = (
            fields
        )
        end = place + 12 + length
        if end > len(records):  # the broker cuts the last batch at the size limit
            return
        control = "none"
        if attributes & _CONTROL:
            # compaction may leave the header of a marker without the record that says which
            control = _marker(records[place + _HEADER.size : end]) if count > 0 else UNTOLD
        yield Batch(base, base + last_delta, pid, epoch, bool(attributes & _TRANSACTIONAL), control, newest * 1000)
        place = end


def _marker(record: memoryview) -> str:
    """What a control record says: its key is two int16, version and type, after five fields of one byte or more."""
    place = _skip_varint(record, 0) + 1  # length, attributes
    for _ in ("timestamp delta", "offset delta", "length of the key"):
        place = _skip_varint(record, place)
    (kind,) = struct.unpack_from(">h", record, place + 2)
    return _MARKERS.get(kind, UNTOLD)


def _skip_varint(data: memoryview, place: int) -> int:
    while data[place] & 0x80:
        place += 1
    return place + 1
