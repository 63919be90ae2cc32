"""Readers that watch the topics while things break, under both isolation levels: what a real consumer would have seen.

A broker that is away is no news to them: they go on where they were when it is back.
"""

import threading
from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from streamproof.history.store import HistoryWriter
from streamproof.recording.columns import ReadRows
from streamproof.recording.origins import Origins
from streamproof.recording.readback import RecordChunk, assigned_consumer, record_chunks
from streamproof.recording.source import Observer
from streamproof.serde.locators import Locator

READ = 1000
RECENT = 20_000  # effects kept in mind, to tell what is in flight


class Observers(Observer):
    """Two readers, one for each isolation level, of the effects' topics and of the input, in one thread.

    `identities` maps each topic to where an input's id lies in its records; `partitions` to how many it has; `inputs`
    holds all ids that there are. `places` tells where each input is, by its id, where no topic does. UsageError for an
    identity that does not lie in records.
    """

    name = "what observers read"
    tables = ("read",)

    def __init__(
        self,
        bootstrap: str,
        input_name: str,
        identities: Mapping[str, Locator],
        partitions: Mapping[str, int],
        *,
        inputs: Container[str] = frozenset(),
        places: Callable[[], Mapping[str, tuple[int, int]]] | None = None,
    ) -> None:
        super().__init__()
        for locator in identities.values():
            locator.require_in_records()
        self._bootstrap, self._partitions = bootstrap, partitions
        self._input = input_name
        self._identities = identities
        self._reads: dict[str, ReadRows] = {}
        self._places: dict[str, tuple[int, int]] = {}
        # of each partition the last visible input: no group commits past another
        self._last: dict[int, int] = {}
        self._told = places
        self._inputs, self._origins = inputs, dict[str, Origins]()
        self._effects: deque[str] = deque(maxlen=RECENT)
        self._lock = threading.Lock()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many records were read so far, under each isolation level."""
        return {isolation: reads.count for isolation, reads in self._reads.items()}

    def write(self, writer: HistoryWriter) -> Iterable[str]:  # noqa: ARG002 - what is left goes where the rest went
        for reads in self._reads.values():
            reads.flush()
        return ()

    def in_flight(self, committed: Mapping[tuple[str, int], int]) -> frozenset[tuple[int, int]]:
        """Partition and offset of each input that has an effect, of any isolation, and is not committed past."""
        with self._lock:
            known = self._told() if self._told else self._places
            places = [known[name] for name in set(self._effects) if name in known]
        return frozenset((part, off) for part, off in places if off >= committed.get((self._input, part), 0))

    def done(self, committed: Mapping[tuple[str, int], int]) -> bool:
        """Whether all visible input that was seen is committed past."""
        with self._lock:
            last = dict(sorted(self._told().values())) if self._told else self._last
            return all(off < committed.get((self._input, part), 0) for part, off in last.items())

    def saw(self, place: str, identity: Locator, ids: Sequence[str | None]) -> None:
        """Effects in a topic or of a query, by the ids of their inputs, which lie at `identity`."""
        with self._lock:
            self._origins.setdefault(place, Origins(place, identity)).add(ids, self._inputs)
            self._effects.extend(name for name in ids if name is not None)

    def mistaken_identity(self, at_least: int) -> str | None:
        """A sentence about a place where not one of `at_least` effects is an input's; None where there is no such."""
        with self._lock:
            mistakes = [origins.mistake(at_least) for origins in self._origins.values()]
        return next(filter(None, mistakes), None)

    def _reader(self, isolation: str) -> Consumer:
        settings = {
            "enable.partition.eof": False,
            "queued.max.messages.kbytes": 16_384,
            "fetch.wait.max.ms": 500,  # what comes is answered at once; brokers are not asked again all the time
        }
        consumer = assigned_consumer(self._bootstrap, isolation, **settings)
        consumer.assign(
            [TopicPartition(topic, part, 0) for topic, count in self._partitions.items() for part in range(count)]
        )
        return consumer

    def observe(self, writer: HistoryWriter) -> None:
        consumers = {isolation: self._reader(isolation) for isolation in ("read_committed", "read_uncommitted")}
        self._reads = {isolation: ReadRows(writer, "observer", isolation, "during") for isolation in consumers}
        try:
            while not self._stopping.is_set():
                for isolation, consumer in consumers.items():
                    self._take(isolation, consumer)
        finally:
            for consumer in consumers.values():
                consumer.close()

    def _take(self, isolation: str, consumer: Consumer) -> None:
        try:
            messages = consumer.consume(READ, 0.05)
        except KafkaException as error:
            if error.args[0].fatal():
                raise
            return  # a broker is away; the client comes back by itself
        for chunk in record_chunks(messages):
            ids = self._identities[chunk.topic].of_all(chunk)
            self._reads[isolation].add(chunk, ids)
            if isolation == "read_uncommitted":
                self._remember(chunk, ids)
            elif chunk.topic == self._input:
                with self._lock:
                    self._last[chunk.part] = chunk.offsets[-1]

    def _remember(self, chunk: RecordChunk, ids: list[str | None]) -> None:
        if chunk.topic != self._input:
            self.saw(chunk.topic, self._identities[chunk.topic], ids)
            return
        places = ((chunk.part, off) for off in chunk.offsets)
        with self._lock:
            self._places.update((name, place) for name, place in zip(ids, places, strict=True) if name is not None)
