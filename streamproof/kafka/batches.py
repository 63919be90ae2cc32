"""Batch headers over raw Fetch: producer, epoch, transaction markers. Clients hide them, and control batches whole.

The 61 bytes of a header are fixed and never compressed (the record batch format, magic 2). One partition a request, in
Fetch version 11, which every Kafka from 2.3 to 4 speaks.
"""

import datetime as dt
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kio.schema.fetch.v11.request import FetchPartition, FetchRequest, FetchTopic
from kio.schema.fetch.v11.response import FetchResponse
from kio.schema.types import BrokerId, TopicName
from kio.static.primitive import i8, i32, i32Timedelta, i64

from streamproof.kafka import requests
from streamproof.kafka.protocol import Connection
from streamproof.kafka.topics import READ_UNCOMMITTED

_HEADER = struct.Struct(">qiibIhiqqqhii")  # base offset … base sequence, record count
_TRANSACTIONAL, _CONTROL = 0x10, 0x20
_MARKERS = {0: "abort", 1: "commit"}
UNTOLD = ""  # a control batch that ends no transaction, or no longer says which way


class Batch(NamedTuple):
    """One batch as its header says. `control`: none, commit, abort; `t_append` in microseconds, of its last record.

    `leader_epoch`: which leader of its partition took it, counted.
    """

    base_off: int
    last_off: int
    pid: int
    epoch: int
    transactional: bool
    control: str
    t_append: int
    leader_epoch: int


@dataclass(frozen=True)
class Fetched:
    """What a broker gave of a partition.

    `aborted`: producers, each with the offset at which a transaction of its begins that was aborted; none in an answer
    that is read_uncommitted.
    """

    high_watermark: int
    records: memoryview
    last_stable: int
    aborted: tuple[tuple[int, int], ...] = ()


def fetch(
    connection: Connection, topic: str, part: int, offset: int, *, max_bytes: int, isolation: i8 = READ_UNCOMMITTED
) -> Fetched:
    """Some batches, from that which holds `offset` on: one at least, however large, where there is any."""
    request = FetchRequest(
        replica_id=BrokerId(-1),
        # what is below the high watermark is there; at the end of a log the broker would only wait
        max_wait=i32Timedelta.parse(dt.timedelta(0)),
        min_bytes=i32(0),
        max_bytes=i32(max_bytes),
        isolation_level=isolation,
        topics=(
            FetchTopic(
                topic=TopicName(topic),
                partitions=(
                    FetchPartition(partition=i32(part), fetch_offset=i64(offset), partition_max_bytes=i32(max_bytes)),
                ),
            ),
        ),
        forgotten_topics_data=(),
    )
    (answer,) = connection.ask(request, FetchResponse).responses
    (seen,) = answer.partitions
    requests.check(seen.error_code, f"{topic}[{part}]")
    aborted = tuple((int(one.producer_id), int(one.first_offset)) for one in seen.aborted_transactions or ())
    return Fetched(seen.high_watermark, memoryview(seen.records or b""), seen.last_stable_offset, aborted)


def headers(records: memoryview) -> Iterator[Batch]:
    """The batches that are whole, as far as bytes are batches."""
    place = 0
    while place + _HEADER.size <= len(records):
        fields = _HEADER.unpack_from(records, place)
        base, length, leader_epoch, _magic, _crc, attributes, last_delta, _first, newest, pid, epoch, _seq, count = (
            fields
        )
        end = place + 12 + length
        if not place + _HEADER.size <= end <= len(records):  # the broker cuts the last batch at the size limit
            return
        control = "none"
        if attributes & _CONTROL:
            # compaction may leave the header of a marker without the record that says which
            control = _marker(records[place + _HEADER.size : end]) if count > 0 else UNTOLD
        transactional = bool(attributes & _TRANSACTIONAL)
        yield Batch(base, base + last_delta, pid, epoch, transactional, control, newest * 1000, leader_epoch)
        place = end


def _marker(record: memoryview) -> str:
    """What a control record says: its key is two int16, version and type, after five fields of one byte or more."""
    try:
        place = _skip_varint(record, 0) + 1  # length, attributes
        for _ in ("timestamp delta", "offset delta", "length of the key"):
            place = _skip_varint(record, place)
        (kind,) = struct.unpack_from(">h", record, place + 2)
    except (IndexError, struct.error):  # it ends within
        return UNTOLD
    return _MARKERS.get(kind, UNTOLD)


def _skip_varint(data: memoryview, place: int) -> int:
    while data[place] & 0x80:
        place += 1
    return place + 1
