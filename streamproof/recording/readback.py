"""Reading topics back: all there is, to the broker's own end offsets, by consumers that are assigned, never subscribed.

Each topic is read twice, so that visibility is seen and not derived: once under read_committed, for the offsets that it
lets pass, and once under read_uncommitted, for everything. Records come as chunks, each of one partition.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streamproof.errors import HistoryError
from streamproof.kafka.batches import Batch
from streamproof.recording.batches import Place
from streamproof.serde.locators import document_in

CHUNK = 10_000
SILENCE_S = 20.0  # without a record before the end: the broker is at fault, not slow
Ends = Mapping[Place, tuple[int, int]]  # first offset, end offset
LogEnds = Mapping[Place, tuple[int, int, int]]  # first offset, last stable offset, high watermark

# what no patience mends
_REFUSED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.OFFSET_OUT_OF_RANGE,
    KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001 - its name there
}


class RecordChunk:
    """Some records of one partition in the order in which a reader got them, as columns. Times in microseconds."""

    def __init__(self, topic: str, part: int, messages: Sequence[Any]) -> None:
        self.topic = topic
        self.part = part
        self._messages = messages
        self.offsets: list[int] = [message.offset() for message in messages]

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def place(self) -> Place:
        return self.topic, self.part

    @cached_property
    def keys(self) -> list[bytes | None]:
        return [message.key() for message in self._messages]

    @cached_property
    def values(self) -> list[bytes | None]:
        return [message.value() for message in self._messages]

    @cached_property
    def documents(self) -> list[Any]:
        return [document_in(value) for value in self.values]

    @cached_property
    def headers(self) -> list[Sequence[tuple[str, bytes | None]]]:
        return [message.headers() or () for message in self._messages]

    @cached_property
    def times(self) -> list[int]:
        return [message.timestamp()[1] * 1000 for message in self._messages]

    def before(self, end: int) -> "RecordChunk":
        """Those below the offset `end`."""
        if not self.offsets or self.offsets[-1] < end:
            return self
        return RecordChunk(self.topic, self.part, [message for message in self._messages if message.offset() < end])


def record_chunks(messages: Iterable[Message]) -> Iterator[RecordChunk]:
    """Messages in the order given, as far as they are records: the client's notices of errors and ends are not."""
    records = (message for message in messages if message.error() is None)
    for (topic, part), many in groupby(records, lambda message: (message.topic(), message.partition())):
        yield RecordChunk(str(topic), part or 0, list(many))


def assigned_consumer(bootstrap: str, isolation: str, **more: Any) -> Consumer:
    """A consumer that joins no group and commits nothing."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "streamproof-readers",  # the client wants a group; nothing is ever committed to it
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


def drain(bootstrap: str, ends: Ends, isolation: str) -> Iterator[RecordChunk]:
    """Every record of the partitions in `ends`, from their first offsets to just before their end offsets.

    HistoryError when a partition stalls for `SILENCE_S` seconds or may not be read.
    """
    open_parts = {place: end for place, (begin, end) in ends.items() if end > begin}
    if not open_parts:
        return
    consumer = assigned_consumer(bootstrap, isolation)
    heard, trouble = time.monotonic(), ""
    try:
        consumer.assign([TopicPartition(topic, part, ends[topic, part][0]) for topic, part in open_parts])
        while open_parts:
            messages = consumer.consume(CHUNK, 0.05)
            for chunk in record_chunks(messages):
                if chunk.place in open_parts:
                    yield chunk.before(open_parts[chunk.place])
                    _reached(open_parts, chunk.place, chunk.offsets[-1] + 1)
            trouble = _notices(messages, open_parts, isolation) or trouble
            if messages:
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENCE_S:
                raise HistoryError(
                    f"reading {_names(open_parts)} back stalled under {isolation} before its end{trouble}; "
                    "look at the brokers' logs"
                )
    except KafkaException as error:
        raise HistoryError(f"reading back under {isolation}: {error.args[0].str()}") from error
    finally:
        consumer.close()


def _notices(messages: Iterable[Any], open_parts: dict[Place, int], isolation: str) -> str:
    """Note the ends that the client reports; the answer is an error that may pass, as a clause, or empty."""
    trouble = ""
    for message, error in ((message, error) for message in messages if (error := message.error()) is not None):
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its name there
            # the end itself is told where control batches, or aborted records, stand last
            _reached(open_parts, (message.topic(), message.partition()), message.offset())
        elif error.code() in _REFUSED:
            raise HistoryError(f"{_names(open_parts)} cannot be read back under {isolation}: {error.str()}")
        else:  # a broker is away; the client comes back by itself
            trouble = f" ({error.str()})"
    return trouble


def _reached(open_parts: dict[Place, int], place: Any, offset: int) -> None:
    if offset >= open_parts.get(place, offset + 1):
        del open_parts[place]


def _names(places: Iterable[Place]) -> str:
    return ", ".join(f"{topic}[{part}]" for topic, part in places)


class Visible:
    """Which offsets a read_committed reader was given: a byte an offset."""

    def __init__(self, ends: Ends) -> None:
        self._begin = {place: begin for place, (begin, _) in ends.items()}
        self._seen = {place: bytearray(max(0, end - begin)) for place, (begin, end) in ends.items()}

    def add(self, place: Place, offsets: Sequence[int]) -> None:
        seen, begin = self._seen[place], self._begin[place]
        for off in offsets:
            seen[off - begin] = 1

    def among(self, place: Place, offsets: Sequence[int]) -> list[bool]:
        """Whether each offset was seen; offsets beyond the end of the reading were not."""
        seen, begin = self._seen.get(place, bytearray()), self._begin.get(place, 0)
        size = len(seen)
        return [0 <= off - begin < size and seen[off - begin] == 1 for off in offsets]


class Origins:
    """The batch that holds an offset, for offsets asked in order within a partition."""

    def __init__(self, batches: Mapping[Place, Sequence[Batch]]) -> None:
        self._batches = batches
        self._at = dict.fromkeys(batches, 0)

    def of(self, place: Place, offsets: Sequence[int]) -> list[Batch | None]:
        """The batch of each offset; `None` where the headers read hold none."""
        many, at = self._batches.get(place, ()), self._at.get(place, 0)
        found: list[Batch | None] = []
        for off in offsets:
            while at < len(many) and many[at].last_off < off:
                at += 1
            found.append(many[at] if at < len(many) and many[at].base_off <= off else None)
        self._at[place] = at
        return found
