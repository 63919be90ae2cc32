"""Forwarders that read, or pass on, what they should not, or not what they should."""

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from mutants.forwarders import Journaled, Results
from mutants.journal import event_id
from mutants.mutant import Mutant, none_at_all, running
from mutants.witnesses import (
    from_the_start,
    latest,
    out_of_order,
    read_uncommitted,
    renamed,
    renames,
    replays,
    unread,
)
from pipeline.group_member import Batch
from pipeline.handlers import Outputs
from pipeline.process import Stop
from pipeline.settings import Config, ForwarderSettings

REVERSE_EVERY = 5
RENAME_EVERY = 50
FAIL_EVERY = 20
SOON_FOUND = {"METADATA_MS": "500"}  # partitions that a topic gets
REPLAYED = 30  # records of each partition that comes


class _Uncommitted(ForwarderSettings):
    def consumer_config(self) -> Config:
        return {**super().consumer_config(), "isolation.level": "read_uncommitted"}


class ReadUncommitted(Journaled):
    """The bug, the default of Java's client: what upstream took back is read, and passed on."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(_Uncommitted.model_validate(settings.model_dump()), stop)


class _Unaware(ForwarderSettings):
    def consumer_config(self) -> Config:
        return {**super().consumer_config(), "topic.metadata.refresh.interval.ms": -1}


class FixedPartitions(Journaled):
    """The bug: it reads the partitions that there were when it started; what a topic gets later nobody reads."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(_Unaware.model_validate(settings.model_dump()), stop)


class _AtTheEnd(ForwarderSettings):
    def consumer_config(self) -> Config:
        return {**super().consumer_config(), "auto.offset.reset": "latest"}


class Latest(Journaled):
    """The bug, a default of Java's client and of librdkafka: of what nothing is committed yet it begins at the end."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(_AtTheEnd.model_validate(settings.model_dump()), stop)

    def send(self, batch: Batch, results: Results) -> None:
        self.journal.next_batch()
        self.journal.write("sent", batch, batch.first)
        super().send(batch, results)


class Replays(Journaled):
    """The bug: a partition that comes is read from before its committed offset, as where a process keeps its own."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._committed: dict[tuple[str, int], int] = {}

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        begins = consumer.committed(partitions, timeout=10)
        for partition in begins:
            if partition.offset > 0:
                self._committed[partition.topic, partition.partition] = partition.offset
                partition.offset = max(0, partition.offset - REPLAYED)
        consumer.incremental_assign(begins)
        super()._on_assign(consumer, partitions)

    def offsets(self, batch: Batch) -> list[TopicPartition]:
        # going back with the commit, too, would be a second bug
        return [
            TopicPartition(topic, part, max(offset, self._committed.get((topic, part), 0)))
            for (topic, part), offset in batch.next.items()
        ]


class OutOfOrder(Journaled):
    """The bug: every nth batch is sent from its end to its start, as workers might that share no order by key."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._batches = 0

    def send(self, batch: Batch, results: Results) -> None:
        self._batches += 1
        backwards = self._batches % REVERSE_EVERY == 0
        self.journal.next_batch()
        self.journal.write("reversed" if backwards else "in-order", batch)
        super().send(batch, results[::-1] if backwards else results)


class Renames(Journaled):
    """The bug: every nth event is passed on under an id of the forwarder's own."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._events = 0
        self._renamed: set[str] = set()
        self._right = self.handle
        self.handle = self._rename

    def results(self, batch: Batch) -> Results:
        self._renamed.clear()
        return super().results(batch)

    def send(self, batch: Batch, results: Results) -> None:
        super().send(batch, results)
        self.journal.next_batch()
        self.journal.write("sent", batch)
        self.journal.write(
            "renamed", Batch([message for message in batch.messages if event_id(message.headers()) in self._renamed])
        )

    def _rename(self, message: Message) -> Outputs:
        outputs = self._right(message)
        self._events += 1
        found, value = event_id(message.headers()), message.value()
        if self._events % RENAME_EVERY or found is None or value is None:
            return outputs
        self._renamed.add(found)
        message.set_value(value.replace(found.encode(), renamed(found).encode()))
        return self._right(message)


class RetriesLater(Journaled):
    """The bug: a record that fails at first is tried again when its batch is done, and overtaken by what follows it."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._records = 0

    def send(self, batch: Batch, _results: Results) -> None:
        first, later = list[Message](), list[Message]()
        for message in batch.messages:
            self._records += 1
            (first if self._records % FAIL_EVERY else later).append(message)
        self.journal.next_batch()
        self.journal.write("as-told", Batch([*first, *later]))
        super().send(batch, self.results(Batch([*first, *later])))


class FromTheStart(Journaled):
    """The bug: each partition that comes is read from its start, as in many an example of `on_assign`."""

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            partition.offset = OFFSET_BEGINNING
        consumer.incremental_assign(partitions)
        super()._on_assign(consumer, partitions)


MUTANTS = (
    Mutant(
        "read-uncommitted",
        "reads what was aborted upstream",
        running(ForwarderSettings, ReadUncommitted),
        ("aborted-read",),
        read_uncommitted,
    ),
    Mutant(
        "latest",
        "begins at the end of a partition of which nothing is committed",
        running(ForwarderSettings, Latest),
        ("lost", "skip"),
        latest,
    ),
    Mutant(
        "fixed-partitions",
        "reads the partitions that there were when it started",
        running(ForwarderSettings, FixedPartitions),
        ("late",),
        unread,
        faults="growth",
        env=SOON_FOUND,
        quiet_s=10.0,
    ),
    Mutant(
        "replays",
        "begins before the committed offset in each partition that comes to it",
        running(ForwarderSettings, Replays),
        ("excess-replay", "duplicated"),
        replays,
    ),
    Mutant(
        "out-of-order",
        "sends some batches from their end to their start",
        running(ForwarderSettings, OutOfOrder),
        ("reordered",),
        out_of_order,
    ),
    Mutant(
        "renames",
        "passes some events on under another id",
        running(ForwarderSettings, Renames),
        ("phantom", "lost"),
        renames,
    ),
    Mutant(
        "retries-later",
        "tries what failed again after the records that follow it",
        running(ForwarderSettings, RetriesLater),
        ("reordered",),
        out_of_order,
    ),
    Mutant(
        "from-the-start",
        "begins at the first record of each partition that comes to it",
        running(ForwarderSettings, FromTheStart),
        ("excess-replay", "duplicated", "commit-regression"),
        from_the_start,
    ),
)
CLEAN = (
    Mutant(
        "finds-partitions",
        "none: reads the partitions that its topic gets soon after it has got them",
        running(ForwarderSettings, Journaled),
        (),
        none_at_all,
        faults="growth",
        env=SOON_FOUND,
    ),
)
