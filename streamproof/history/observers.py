"""Readers that watch the topics while things break, under both isolation levels: what a real consumer would have seen.

A broker that is away is no news to them: they go on where they were when it is back.
"""

import threading
import time
from collections import deque
from collections.abc import Mapping

from confluent_kafka import Consumer, TopicPartition

from streamproof.history.locator import Locator
from streamproof.history.readback import Columns, as_record, assigned_consumer
from streamproof.history.store import HistoryWriter

READ = 1000
RECENT = 20_000  # effects kept in mind, to tell what is in flight


class Observer:
    """Reads the effect topics, and the input, from the start of a run until `stop`, in a thread of its own.

    `identities` maps each topic to where an input's id lies in its records; `partitions` to how many it has.
    """

    def __init__(
        self,
        writer: HistoryWriter,
        bootstrap: str,
        input_topic: str,
        identities: Mapping[str, Locator],
        partitions: Mapping[str, int],
    ) -> None:
        self._writer = writer
        self._input = input_topic
        self._identities = identities
        self._columns = Columns("read")
        self._counts = {"read_committed": 0, "read_uncommitted": 0}
        self._places: dict[str, tuple[int, int]] = {}
        self._effects: deque[str] = deque(maxlen=RECENT)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._consumers = {isolation: self._reader(bootstrap, isolation, partitions) for isolation in self._counts}
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)
        writer.open("read")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Read no more, and write what has been read."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for consumer in self._consumers.values():
            consumer.close()
        self._writer.append_table("read", self._columns.take())

    def in_flight(self, committed: Mapping[tuple[str, int], int]) -> int:
        """How many inputs have an effect in the log (of whatever isolation) and are not committed past."""
        with self._lock:
            recent = set(self._effects)
            places = [self._places[one] for one in recent if one in self._places]
        return sum(1 for part, off in places if off >= committed.get((self._input, part), 0))

    def _reader(self, bootstrap: str, isolation: str, partitions: Mapping[str, int]) -> Consumer:
        consumer = assigned_consumer(
            bootstrap, isolation, **{"enable.partition.eof": False, "queued.max.messages.kbytes": 16_384}
        )
        consumer.assign(
            [TopicPartition(topic, part, 0) for topic, count in partitions.items() for part in range(count)]
        )
        return consumer

    def _run(self) -> None:
        while not self._stopping.is_set():
            for isolation, consumer in self._consumers.items():
                self._take(isolation, consumer)

    def _take(self, isolation: str, consumer: Consumer) -> None:
        now = time.time_ns() // 1000
        for message in consumer.consume(READ, 0.05):
            if message.error() is not None:  # a broker is away; the client comes back by itself
                continue
            topic, part, off, key, value, headers, _ = as_record(message)
            found = self._identities[topic].of(key, value, headers)
            self._columns.add(
                f"observer-{isolation}", self._counts[isolation], isolation, "during", topic, part, off, found, now
            )
            self._counts[isolation] += 1
            if found is not None and isolation == "read_uncommitted":
                with self._lock:
                    if topic == self._input:
                        self._places[found] = part, off
                    else:
                        self._effects.append(found)
