"""Readers that watch the topics while things break, under both isolation levels: what a real consumer would have seen.

A broker that is away is no news to them: they go on where they were when it is back.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from streamproof.clock import now_us
from streamproof.errors import HistoryError
from streamproof.history.locators import Locator
from streamproof.history.store import HistoryWriter
from streamproof.recording.readback import Columns, RecordChunk, assigned_consumer, record_chunks

READ = 1000
ROWS = 50_000  # kept in memory at most
RECENT = 20_000  # effects kept in mind, to tell what is in flight


class Observer:
    """Reads the effect topics, and the input, from the start of a run until `stop`, in a thread of its own.

    `identities` maps each topic to where an input's id lies in its records; `partitions` to how many it has. Where each
    input is, by its id, is read too, or `told` when no topic holds it. UsageError for an identity that does not lie in
    records.
    """

    def __init__(
        self,
        writer: HistoryWriter,
        bootstrap: str,
        input_topic: str,
        identities: Mapping[str, Locator],
        partitions: Mapping[str, int],
        *,
        told: Callable[[], Mapping[str, tuple[int, int]]] | None = None,
    ) -> None:
        for locator in identities.values():
            locator.require_in_records()
        self._writer = writer
        self._input = input_topic
        self._identities = identities
        self._columns = Columns("read")
        self._counts = {"read_committed": 0, "read_uncommitted": 0}
        self._places: dict[str, tuple[int, int]] = {}
        # of each partition the last input, a visible one: no group commits past another
        self._last: dict[int, int] = {}
        self._told = told
        self._effects: deque[str] = deque(maxlen=RECENT)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._consumers = {isolation: self._reader(bootstrap, isolation, partitions) for isolation in self._counts}
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)
        writer.open("read")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Read no more, and write what has been read. HistoryError when reading had ended before."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for consumer in self._consumers.values():
            consumer.close()
        self._write()
        if self._failure is not None:
            raise HistoryError(f"the observer ended early: {self._failure}") from self._failure

    def in_flight(self, committed: Mapping[tuple[str, int], int]) -> frozenset[tuple[int, int]]:
        """Partition and offset of each input that has an effect, of any isolation, and is not committed past."""
        with self._lock:
            known = self._told() if self._told else self._places
            places = [known[one] for one in set(self._effects) if one in known]
        return frozenset((part, off) for part, off in places if off >= committed.get((self._input, part), 0))

    def done(self, committed: Mapping[tuple[str, int], int]) -> bool:
        """Whether all visible input that was seen is committed past."""
        with self._lock:
            last = dict(sorted(self._told().values())) if self._told else self._last
            return all(off < committed.get((self._input, part), 0) for part, off in last.items())

    def saw(self, ids: list[str]) -> None:
        """Effects that were seen elsewhere, by their inputs' ids."""
        with self._lock:
            self._effects.extend(ids)

    def _reader(self, bootstrap: str, isolation: str, partitions: Mapping[str, int]) -> Consumer:
        consumer = assigned_consumer(
            bootstrap, isolation, **{"enable.partition.eof": False, "queued.max.messages.kbytes": 16_384}
        )
        consumer.assign(
            [TopicPartition(topic, part, 0) for topic, count in partitions.items() for part in range(count)]
        )
        return consumer

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                for isolation, consumer in self._consumers.items():
                    self._take(isolation, consumer)
        except Exception as error:  # noqa: BLE001 - told by stop(): a thread that dies in silence would look like quiet
            self._failure = error

    def _take(self, isolation: str, consumer: Consumer) -> None:
        try:
            messages = consumer.consume(READ, 0.05)
        except KafkaException as error:
            if error.args[0].fatal():
                raise
            return  # a broker is away; the client comes back by itself
        now = now_us()
        for chunk in record_chunks(messages):
            found = self._identities[chunk.topic].of_all(chunk)
            n, count = self._counts[isolation], len(chunk)
            self._columns.extend(
                count, reader=f"observer-{isolation}", n=range(n, n + count), isolation=isolation, phase="during",
                topic=chunk.topic, part=chunk.part, off=chunk.offsets, id=found, t=now,
            )  # fmt: skip
            self._counts[isolation] += count
            if isolation == "read_uncommitted":
                self._remember(chunk, found)
            elif chunk.topic == self._input:
                with self._lock:
                    self._last[chunk.part] = chunk.offsets[-1]
        if self._columns.rows >= ROWS:
            self._write()

    def _remember(self, chunk: RecordChunk, found: list[str | None]) -> None:
        with self._lock:
            if chunk.topic == self._input:
                places = ((chunk.part, off) for off in chunk.offsets)
                self._places.update((one, place) for one, place in zip(found, places, strict=True) if one is not None)
            else:
                self._effects.extend(one for one in found if one is not None)

    def _write(self) -> None:
        self._writer.append_table("read", self._columns.take())
