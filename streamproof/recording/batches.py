"""Batch headers over raw Fetch: producer, epoch, transaction markers. Clients hide them, and control batches whole.

The 61 bytes of a header are fixed and never compressed (the record batch format, magic 2). One partition a request, in
Fetch version 11: the last whose layout needs no tagged fields, and spoken by every Kafka from 2.3 to 4.
"""

import datetime as dt
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from kio.schema.errors import ErrorCode
from kio.schema.fetch.v11.request import FetchPartition, FetchRequest, FetchTopic
from kio.schema.metadata.v12.request import MetadataRequest, MetadataRequestTopic
from kio.schema.metadata.v12.response import MetadataResponse
from kio.schema.types import BrokerId, TopicName
from kio.static.primitive import i8, i32, i32Timedelta, i64

from streamproof.errors import HistoryError
from streamproof.history.tables import TABLES
from streamproof.kafka.protocol import Connection

_HEADER = struct.Struct(">qiibIhiqqqhii")  # base offset … base sequence, record count
_TRANSACTIONAL, _CONTROL = 0x10, 0x20
_MAX_BYTES = 8 << 20
_MARKERS = {0: "abort", 1: "commit"}
UNTOLD = ""  # a control batch that ends no transaction, or no longer says which way
PATIENCE_S = 15.0  # with leaders that move
LOOK_S = 0.1
Place = tuple[str, int]  # topic, partition


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


class _Moved(Exception):  # noqa: N818 - it is a state of things, not an error
    """A partition is led by another broker now, or by none for a while."""


def read_batches(
    bootstrap: str, topics: Sequence[str], begins: Mapping[Place, int] | None = None
) -> dict[Place, list[Batch]]:
    """All batches of each partition, to its high watermark, in offset order; HistoryError when one cannot be read.

    `begins` says where logs begin that do not begin at 0: a broker that is asked for less does not say it. Leaders that
    move meanwhile are asked for again, for `PATIENCE_S` seconds.
    """
    found: dict[Place, list[Batch]] = {}
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            for address, places in _by_leader(bootstrap, topics).items():
                with Connection(address) as connection:
                    for topic, part in places:
                        if (topic, part) not in found:
                            found[topic, part] = list(
                                _partition(connection, topic, part, (begins or {}).get((topic, part), 0))
                            )
        except (OSError, _Moved) as reason:
            if time.monotonic() > deadline:
                raise HistoryError(f"batch headers cannot be read: {reason}; look at the brokers' logs") from reason
            time.sleep(LOOK_S)
        else:
            return found


def _by_leader(bootstrap: str, topics: Sequence[str]) -> Mapping[str, list[Place]]:
    """The partitions that each broker leads, by its address."""
    answer = _metadata(bootstrap, topics)
    addresses = {one.node_id: f"{one.host}:{one.port}" for one in answer.brokers}
    led: dict[str, list[Place]] = {}
    for topic in answer.topics:
        _check(topic.error_code, f'topic "{topic.name}"')
        for part in topic.partitions:
            _check(part.error_code, f"{topic.name}[{part.partition_index}]")
            if part.leader_id not in addresses:
                raise _Moved(f"{topic.name}[{part.partition_index}] is led by broker {part.leader_id}, which is away")
            led.setdefault(addresses[part.leader_id], []).append((str(topic.name), int(part.partition_index)))
    return led


def _metadata(bootstrap: str, topics: Sequence[str]) -> MetadataResponse:
    """From the first address that answers."""
    request = MetadataRequest(
        topics=tuple(MetadataRequestTopic(topic_id=None, name=TopicName(one)) for one in topics),
        allow_auto_topic_creation=False,
        include_topic_authorized_operations=False,
    )
    reasons = []
    for address in (part.strip() for part in bootstrap.split(",")):
        try:
            with Connection(address) as connection:
                return connection.ask(request, MetadataResponse)
        except OSError as reason:
            reasons.append(f"{address}: {reason}")
    raise _Moved(f"no broker answers ({'; '.join(reasons)})")


def _check(code: ErrorCode, what: str) -> None:
    if code is ErrorCode.none:
        return
    sentence = f"{what}: the broker answers {code.name.upper()}"
    # a topic that is not there will not come: nobody makes one now
    if code.retriable and code is not ErrorCode.unknown_topic_or_partition:
        raise _Moved(sentence)
    raise HistoryError(f"batch headers cannot be read: {sentence}")


def batch_table(batches: Mapping[Place, Sequence[Batch]]) -> pa.Table:
    """As rows of the `batch` table."""
    rows = [(topic, part, one) for (topic, part), many in sorted(batches.items()) for one in many]
    columns: dict[str, list[Any]] = {
        "topic": [topic for topic, _, _ in rows],
        "part": [part for _, part, _ in rows],
    }
    for name in TABLES["batch"].names[2:]:
        columns[name] = [getattr(one, name) for _, _, one in rows]
    return pa.table(columns, schema=TABLES["batch"])


def took_effect(batches: Sequence[Batch]) -> frozenset[int]:
    """The base offsets of those of one partition's data batches that are plain, or whose transaction was committed.

    By the next marker of their producer, as a coordinator reads its own log. It waits for no one else's transaction,
    as read_committed readers do.
    """
    last: dict[int, str] = {}  # of each producer, by the marker that comes next
    kept: set[int] = set()
    for one in reversed(batches):
        if one.control != "none":
            last[one.pid] = one.control
        elif not one.transactional or last.get(one.pid) == "commit":
            kept.add(one.base_off)
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
            raise _Moved(f"{topic}[{part}]: the broker gives nothing from offset {offset} on, below its high watermark")
        offset = beyond


def _fetch(connection: Connection, topic: str, part: int, offset: int) -> tuple[int, memoryview]:
    """The high watermark and the bytes of some batches from the one that holds `offset`."""
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
    answer = connection.ask_raw(request)
    place = 4 + 4 + 2 + 4 + 4  # correlation, throttle, error, session, one topic
    place += 2 + len(topic.encode()) + 4 + 4  # its name, one partition, its index
    error, high_watermark, _stable, _start, aborted = struct.unpack_from(">hqqqi", answer, place)
    _check(ErrorCode(error), f"{topic}[{part}]")
    place += 2 + 8 + 8 + 8 + 4 + max(0, aborted) * 16 + 4
    (size,) = struct.unpack_from(">i", answer, place)
    return high_watermark, memoryview(answer)[place + 4 : place + 4 + max(0, size)]


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
    place = _skip_varint(record, place)  # timestamp delta
    place = _skip_varint(record, place)  # offset delta
    place = _skip_varint(record, place)  # length of the key
    (kind,) = struct.unpack_from(">h", record, place + 2)
    return _MARKERS.get(kind, UNTOLD)


def _skip_varint(data: memoryview, place: int) -> int:
    while data[place] & 0x80:
        place += 1
    return place + 1
