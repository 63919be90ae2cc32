"""Reading topics back: all there is, to the broker's own end offsets, by consumers that are assigned, never subscribed.

Each topic is read twice, so that visibility is seen and not derived: once under read_committed, for the offsets that it
lets pass, and once under read_uncommitted, for everything.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streamproof.errors import HistoryError
from streamproof.history.batches import Batch
from streamproof.history.tables import TABLES

CHUNK = 10_000
SILENCE_S = 20.0  # without a record before the end: the broker is at fault, not slow
Ends = Mapping[tuple[str, int], tuple[int, int]]  # (topic, part) -> first offset, end offset


class Record(NamedTuple):
    """A record as a reader gets it. `t_append` in microseconds."""

    topic: str
    part: int
    off: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    t_append: int


def as_record(message: Any) -> Record:
    """From the client's message, whose every part might be missing: one without an error has them all."""
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        message.headers() or (),
        message.timestamp()[1] * 1000,
    )


def assigned_consumer(bootstrap: str, isolation: str, **more: Any) -> Consumer:
    """A consumer that joins no group and commits nothing."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "streamproof-readers",  # the client wants one; nothing is ever committed to it
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
            "queued.max.messages.kbytes": 65_536,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
            **more,
        }
    )


def drain(bootstrap: str, ends: Ends, isolation: str) -> Iterator[Record]:
    """Every record of the partitions in `ends`, from their first to their end offsets; HistoryError when one stalls."""
    open_parts = {place: end for place, (begin, end) in ends.items() if end > begin}
    if not open_parts:
        return
    consumer = assigned_consumer(bootstrap, isolation)
    try:
        consumer.assign([TopicPartition(topic, part, ends[topic, part][0]) for topic, part in open_parts])
        heard = time.monotonic()
        while open_parts:
            for message in consumer.consume(CHUNK, 0.05):
                heard = time.monotonic()
                error = message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its name there
                    continue  # a broker is away; the client comes back by itself
                record = as_record(message)
                if error is None:
                    yield record
                # the end is seen as the last record, or as the end itself where control batches stand last
                if record.off + (error is None) >= open_parts.get(record[:2], 0):
                    open_parts.pop(record[:2], None)
            if time.monotonic() - heard > SILENCE_S:
                raise HistoryError(
                    f"reading {', '.join(f'{topic}[{part}]' for topic, part in open_parts)} back stalled under "
                    f"{isolation} before its end; look at the brokers' logs"
                )
    except KafkaException as error:
        raise HistoryError(f"reading back under {isolation}: {error.args[0].str()}") from error
    finally:
        consumer.close()


def last_offsets(bootstrap: str, ends: Ends) -> dict[tuple[str, int], int]:
    """The offset of the last record of each partition that read_committed lets pass; none where there is none."""
    last: dict[tuple[str, int], int] = {}
    for record in drain(bootstrap, ends, "read_committed"):
        last[record.topic, record.part] = record.off
    return last


class Visible:
    """Which offsets a read_committed reader was given: a byte an offset."""

    def __init__(self, ends: Ends) -> None:
        self._begin = {place: begin for place, (begin, _) in ends.items()}
        self._seen = {place: bytearray(max(0, end - begin)) for place, (begin, end) in ends.items()}

    def add(self, topic: str, part: int, off: int) -> None:
        place = topic, part
        at = off - self._begin[place]
        if at < len(self._seen[place]):
            self._seen[place][at] = 1

    def has(self, topic: str, part: int, off: int) -> bool:
        place = topic, part
        at = off - self._begin[place]
        return 0 <= at < len(self._seen[place]) and bool(self._seen[place][at])


class Origins:
    """The batch that holds an offset, for offsets asked in order within a partition."""

    def __init__(self, batches: Mapping[tuple[str, int], Sequence[Batch]]) -> None:
        self._batches = batches
        self._at = dict.fromkeys(batches, 0)

    def of(self, topic: str, part: int, off: int) -> Batch | None:
        place = topic, part
        many = self._batches.get(place)
        if not many:
            return None
        at = self._at[place]
        while at < len(many) and many[at].last_off < off:
            at += 1
        self._at[place] = at
        return many[at] if at < len(many) and many[at].base_off <= off else None


@dataclass
class Columns:
    """Rows of one table on their way to Parquet, column by column."""

    table: str
    values: dict[str, list[Any]] = field(default_factory=dict)
    rows: int = 0

    def __post_init__(self) -> None:
        self.values = {name: [] for name in TABLES[self.table].names}

    def add(self, *row: Any) -> None:
        """One row, in the order of the table's columns."""
        for column, value in zip(self.values.values(), row, strict=True):
            column.append(value)
        self.rows += 1

    def take(self) -> pa.Table:
        """All rows so far; the next row begins anew."""
        table = pa.table(self.values, schema=TABLES[self.table])
        self.__post_init__()
        self.rows = 0
        return table
