"""Batch headers over raw Fetch: producer, epoch, transaction markers. Clients hide them, and control batches whole.

The 61 bytes of a header are fixed and never compressed (the record batch format, magic 2). One partition a request, in
Fetch version 11: the last whose layout needs no tagged fields, and spoken by every Kafka from 2.3 to 4.
"""

import datetime as dt
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from kio.schema.fetch.v11.request import FetchPartition, FetchRequest, FetchTopic
from kio.schema.metadata.v12.request import MetadataRequest, MetadataRequestTopic
from kio.schema.metadata.v12.response import MetadataResponse
from kio.schema.types import BrokerId, TopicName
from kio.static.primitive import i8, i32, i32Timedelta, i64

from streamproof.errors import HistoryError
from streamproof.history.tables import TABLES
from streamproof.protocol import Connection

_HEADER = struct.Struct(">qiibIhiqqqhii")  # base offset … base sequence, record count
_TRANSACTIONAL, _CONTROL = 0x10, 0x20
_MAX_BYTES = 8 << 20
ABORT, COMMIT = 0, 1


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch as its header says. `control`: none, commit, abort; `t_append` in microseconds."""

    base_off: int
    last_off: int
    pid: int
    epoch: int
    transactional: bool
    control: str
    t_append: int


def leaders(bootstrap: str, topics: Sequence[str]) -> dict[tuple[str, int], str]:
    """The address of each partition's leader; HistoryError when a topic or its leader is not there."""
    request = MetadataRequest(
        topics=tuple(MetadataRequestTopic(topic_id=None, name=TopicName(one)) for one in topics),
        allow_auto_topic_creation=False,
        include_topic_authorized_operations=False,
    )
    reason: Exception | None = None
    for address in bootstrap.split(","):
        try:
            with Connection(address) as connection:
                answer = connection.ask(request, MetadataResponse)
        except OSError as error:
            reason = error
            continue
        nodes = {one.node_id: f"{one.host}:{one.port}" for one in answer.brokers}
        found = {
            (str(topic.name), int(part.partition_index)): nodes.get(part.leader_id, "")
            for topic in answer.topics
            for part in topic.partitions
        }
        missing = {topic for topic in topics if not any(name == topic for name, _ in found)}
        if missing or not all(found.values()):
            raise HistoryError(f"no leader for every partition of {', '.join(missing or topics)}; look at the brokers")
        return found
    raise HistoryError(f"no broker of {bootstrap} answers: {reason}")


def read_batches(bootstrap: str, topics: Sequence[str]) -> dict[tuple[str, int], list[Batch]]:
    """All batches of each partition, to its high watermark, in offset order; HistoryError when one cannot be read."""
    found: dict[tuple[str, int], list[Batch]] = {}
    by_leader: dict[str, list[tuple[str, int]]] = {}
    for place, address in leaders(bootstrap, topics).items():
        by_leader.setdefault(address, []).append(place)
    for address, places in by_leader.items():
        try:
            with Connection(address) as connection:
                for topic, part in places:
                    found[topic, part] = list(_partition(connection, topic, part))
        except OSError as error:
            raise HistoryError(f"broker {address} stopped answering while its batches were read: {error}") from error
    return found


def batch_table(batches: Mapping[tuple[str, int], Sequence[Batch]]) -> pa.Table:
    """As rows of the `batch` table."""
    rows = [(topic, part, one) for (topic, part), many in sorted(batches.items()) for one in many]
    columns: dict[str, list[Any]] = {
        "topic": [topic for topic, _, _ in rows],
        "part": [part for _, part, _ in rows],
    }
    for name in TABLES["batch"].names[2:]:
        columns[name] = [getattr(one, name) for _, _, one in rows]
    return pa.table(columns, schema=TABLES["batch"])


def _partition(connection: Connection, topic: str, part: int) -> Iterator[Batch]:
    offset = 0
    while True:
        start, high_watermark, records = _fetch(connection, topic, part, offset)
        if start > offset:  # the log begins later: what was before it is gone
            offset = start
            continue
        last = offset - 1
        for batch in _headers(records):
            if batch.last_off >= offset:
                yield batch
                last = batch.last_off
        offset = last + 1
        if offset >= high_watermark:
            return


def _fetch(connection: Connection, topic: str, part: int, offset: int) -> tuple[int, int, memoryview]:
    """Log start, high watermark and the bytes of some batches from the one that holds `offset`."""
    request = FetchRequest(
        replica_id=BrokerId(-1),
        max_wait=i32Timedelta.parse(dt.timedelta(milliseconds=500)),
        min_bytes=i32(1),
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
    answer = connection.ask_raw(request)
    place = 4 + 4 + 2 + 4 + 4  # correlation, throttle, error, session, one topic
    place += 2 + len(topic.encode()) + 4 + 4  # its name, one partition, its index
    error, high_watermark, _stable, start, aborted = struct.unpack_from(">hqqqi", answer, place)
    if error == 1:  # OFFSET_OUT_OF_RANGE: retention has moved the log's start
        return max(start, offset + 1), high_watermark, memoryview(b"")
    if error:
        raise HistoryError(f"{topic}[{part}]: the broker answers a Fetch with error {error}")
    place += 2 + 8 + 8 + 8 + 4 + max(0, aborted) * 16 + 4
    (size,) = struct.unpack_from(">i", answer, place)
    return start, high_watermark, memoryview(answer)[place + 4 : place + 4 + max(0, size)]


def _headers(records: memoryview) -> Iterator[Batch]:
    place = 0
    while place + _HEADER.size <= len(records):
        fields = _HEADER.unpack_from(records, place)
        base, length, _leader_epoch, _magic, _crc, attributes, last_delta, _first, newest, pid, epoch, _seq, _count = (
            fields
        )
        end = place + 12 + length
        if end > len(records):  # the broker cuts the last batch at the size limit
            return
        control = "none"
        if attributes & _CONTROL:
            control = _marker(records[place + _HEADER.size : end])
        yield Batch(base, base + last_delta, pid, epoch, bool(attributes & _TRANSACTIONAL), control, newest * 1000)
        place = end


def _marker(record: memoryview) -> str:
    """What a control record says: its key is two int16, version and type, after five varints of one byte or more."""
    place = _skip_varint(record, 0) + 1  # length, attributes
    place = _skip_varint(record, place)  # timestamp delta
    place = _skip_varint(record, place)  # offset delta
    place = _skip_varint(record, place)  # length of the key
    (kind,) = struct.unpack_from(">h", record, place + 2)
    return {ABORT: "abort", COMMIT: "commit"}.get(kind, "none")


def _skip_varint(data: memoryview, place: int) -> int:
    while data[place] & 0x80:
        place += 1
    return place + 1
