"""Wrong forwarders: each is the reference with one bug. What is overridden is the bug, and a journal of it."""

import os
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from mutants.journal import Journal, event_id
from pipeline.errors import Abort, Action, StartOver, classify, kafka_error
from pipeline.events import Result
from pipeline.forwarder import Forwarder
from pipeline.group_member import Batch
from pipeline.handlers import Outputs, orders
from pipeline.process import Stop
from pipeline.settings import Config, ForwarderSettings
from pipeline.transactions import Transactions

GAP_MS = 20  # between two steps that should be a single step: the broker's clock tells them apart, a kill comes between
LONG_GAP_MS = 100  # the same, where an instance is to be found in it
ABORT_EVERY = 5
REVERSE_EVERY = 5
GO_BACK_EVERY = 5
RENAME_EVERY = 50
REPLAYED = 30  # records of each partition that comes
Results = list[tuple[str, Result]]


class Journaled(Forwarder):
    """The reference, with a journal at JOURNAL."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop, orders(settings))
        self.journal = Journal(Path(os.environ.get("JOURNAL", os.devnull)), settings.transactional_id)
        self.gap_s = int(os.environ.get("GAP_MS", GAP_MS)) / 1000


class CommitFirst(Journaled):
    """The bug: offsets are committed, by the consumer, before what they stand for is produced."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._committed: dict[tuple[str, int], int] = {}

    def send(self, batch: Batch, results: Results) -> None:
        self.journal.next_batch()
        self.journal.write("commit", batch)
        commit(self, self.offsets(batch))
        self.journal.write("committed", batch)
        time.sleep(self.gap_s)
        super().send(batch, results)

    def committed(self, batch: Batch) -> None:
        self.journal.write("produced", batch)

    def offsets(self, batch: Batch) -> list[TopicPartition]:
        # after an abort the batch that follows may be shorter: going back would be a second bug
        for partition, offset in batch.next.items():
            self._committed[partition] = max(offset, self._committed.get(partition, 0))
        return [TopicPartition(topic, part, self._committed[topic, part]) for topic, part in batch.next]


class Aborting(Journaled):
    """No bug: every nth transaction is aborted, as a business rule might, and done again."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._abort_every = int(os.environ.get("ABORT_EVERY", ABORT_EVERY))
        self._transactions = 0

    def send(self, batch: Batch, results: Results) -> None:
        super().send(batch, results)
        self.journal.next_batch()
        if batch.messages:
            self._transactions += 1
            if self._transactions % self._abort_every == 0:
                self.transactions.flush()  # so that what is aborted lies in the log
                self.journal.write("aborting", batch)
                raise Abort("a business rule")
        self.journal.write("commit", batch)


class NoRewind(Aborting):
    """The bug: an abort does not move the consumer back, and its position is what is committed next."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._passed_over = False

    def undo(self, batch: Batch) -> None:
        self._passed_over = True
        self.journal.write("passed-over", batch)

    def offsets(self, batch: Batch) -> list[TopicPartition]:  # noqa: ARG002 - that is the bug
        self._passed_over = False
        owned = [TopicPartition(topic, partition) for topic, partition in self.owned]
        return [position for position in self.consumer.position(owned) if position.offset >= 0]

    def receive(self) -> Batch:
        batch = super().receive()
        if not batch.messages and self._passed_over:
            # as a commit by the clock would, so that nothing is left neither done nor lost
            self.settle()
            self.transactions.begin()
            self.commit(batch)
        return batch


class _Plainly(Transactions):
    """Idempotent, but no transaction: what is sent is there, whatever becomes of the offsets."""

    def __init__(self, settings: ForwarderSettings, stop: Stop, forwarder: "NoTransaction") -> None:
        super().__init__(settings, stop)
        self._forwarder = forwarder
        self._failures = 0

    def open(self) -> None:
        config = {name: value for name, value in self._settings.producer_config().items() if "transaction" not in name}
        self._producer = self.make_producer({**config, "enable.idempotence": True, "on_delivery": self._on_delivery})

    def begin(self) -> None:
        self._failures = 0

    def commit(self, offsets: Sequence[TopicPartition] = (), group_metadata: Any = None) -> None:  # noqa: ARG002
        self.flush()
        if self._failures:
            raise Abort("records were not delivered")
        self._forwarder.delivered()
        commit(self._forwarder, list(offsets))

    def abort(self) -> None:
        pass

    def _on_delivery(self, error: KafkaError | None, _message: object) -> None:
        if error is not None:
            self._failures += 1


class NoTransaction(Journaled):
    """The bug: produced, flushed, and only then are the offsets committed, with nothing that joins the two."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self.transactions = _Plainly(settings, stop, self)
        self._batch: Batch | None = None

    def send(self, batch: Batch, results: Results) -> None:
        self._batch = batch
        self.journal.next_batch()
        self.journal.write("produce", batch)
        super().send(batch, results)

    def commit(self, batch: Batch) -> None:
        super().commit(batch)
        self.settle()  # the offsets are the consumer's to commit, which is no other thread's meanwhile

    def delivered(self) -> None:
        if self._batch:
            self.journal.write("produced", self._batch)
        time.sleep(self.gap_s)


class Waking(Journaled):
    """No bug: what it wrote is there for a while before its offsets are sent, and a zombie's are refused."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self.gap_s = int(os.environ.get("GAP_MS", LONG_GAP_MS)) / 1000

    def send(self, batch: Batch, results: Results) -> None:
        self.journal.next_batch()
        self.journal.write("produce", batch)
        super().send(batch, results)
        self.transactions.flush()
        time.sleep(self.gap_s)


class NoGeneration(Waking):
    """The bug of clients whose calls name the group alone: nothing says whose offsets they are: a zombie's count."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._nobody = Consumer(settings.consumer_config())  # of the group, and no member of it

    def membership(self) -> Any:
        return self._nobody.consumer_group_metadata()


class NoFencing(NoGeneration):
    """The bug: nor is its transactional id its own, but another at each start: nobody fences who was there before."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        own = f"{settings.transactional_id}-{uuid.uuid4().hex[:8]}"
        super().__init__(settings.model_copy(update={"transactional_id": own}), stop)


class PassesOver(Waking):
    """The bug: when its transaction was taken from it, it takes a new producer, and goes on with what it reads next."""

    def settle(self) -> None:
        under_way = self._under_way
        try:
            super().settle()
        except StartOver:
            if under_way is None:
                raise
            self.journal.write("passed-over", under_way.batch)
            self.transactions.open()


class _Uncommitted(ForwarderSettings):
    def consumer_config(self) -> Config:
        return {**super().consumer_config(), "isolation.level": "read_uncommitted"}


class ReadUncommitted(Journaled):
    """The bug, the default of Java's client: what upstream took back is read, and passed on."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(_Uncommitted.model_validate(settings.model_dump()), stop)


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


def renamed(found: str) -> str:
    """The id that the forwarder gives instead."""
    return f"{found}-processed"


class GoesBack(Journaled):
    """The bug: an older commit comes after a newer, as may be where nobody waits for commits; then it is made good."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._forwarded = 0

    def send(self, batch: Batch, results: Results) -> None:
        self.journal.next_batch()
        self.journal.write("commit", batch)
        super().send(batch, results)

    def committed(self, batch: Batch) -> None:
        self._forwarded += 1
        if self._forwarded % GO_BACK_EVERY:
            return
        self.journal.write("going-back", batch, batch.first)
        with suppress(Abort):
            commit(self, [TopicPartition(*place, offset) for place, offset in batch.first.items()])
            commit(self, self.offsets(batch))


def commit(forwarder: Forwarder, offsets: list[TopicPartition]) -> None:
    """The consumer's own commit, until its outcome is known; Abort when the group has moved on."""
    while True:
        try:
            done = forwarder.consumer.commit(offsets=offsets, asynchronous=False)
            failed = [partition.error for partition in done or [] if partition.error]
        except KafkaException as exception:
            failed = [kafka_error(exception)]
        if not failed:
            return
        action = classify(failed[0])
        if action is Action.STALE:
            raise Abort(f"commit: {failed[0]}")
        if action not in {Action.RETRY, Action.UNKNOWN}:
            raise StartOver(f"commit: {failed[0]}", fenced=True)
        if forwarder.stop.requested:
            raise StartOver(f"commit: {failed[0]}")
        time.sleep(0.05)
