"""Forwarders that commit wrongly: before, beside, or without what they have done."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition

from mutants.forwarders import Journaled, Results, commit
from mutants.mutant import Mutant, none_at_all, running
from mutants.witnesses import (
    ahead_and_lost,
    commit_first,
    goes_back,
    no_rewind,
    no_transaction,
    one_too_near,
)
from pipeline.errors import Abort
from pipeline.group_member import Batch, Partition, place
from pipeline.outbox import Outbox
from pipeline.process import Stop
from pipeline.settings import ForwarderSettings
from pipeline.transactions import Transactions

ABORT_EVERY = 5
GO_BACK_EVERY = 5


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


class OffsetsApart(Journaled):
    """The bug: the transaction holds what is sent, and not the offsets, which the consumer commits after it."""

    def send(self, batch: Batch, results: Results) -> None:
        self.journal.next_batch()
        self.journal.write("produce", batch)
        super().send(batch, results)

    def offsets(self, batch: Batch) -> list[TopicPartition]:  # noqa: ARG002 - that is the bug
        return []

    def committed(self, batch: Batch) -> None:
        with suppress(Abort):  # the group has moved on: the next owner does it again
            commit(self, super().offsets(batch))


class NotesApart(Aborting):
    """The bug: notifications have a producer of their own, outside the transaction, which cannot take them back."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._notes_topic = settings.notifications_topic
        self._outbox = Outbox(
            {name: value for name, value in settings.producer_config().items() if "transaction" not in name}
        )

    def send(self, batch: Batch, results: Results) -> None:
        self.journal.write("produce", batch)
        for topic, result in results:
            if topic == self._notes_topic:
                self._outbox.send(topic, result)
        self._outbox.flush(self.stop)
        super().send(batch, [(topic, result) for topic, result in results if topic != self._notes_topic])


class ReadsAhead(Journaled):
    """The bug: while a batch is done the next is read already, and the consumer's position is what is committed."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._ahead = Batch([])

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        super()._on_assign(consumer, partitions)
        self._drop({(partition.topic, partition.partition) for partition in partitions})

    def receive(self) -> Batch:
        batch, self._ahead = self._ahead, Batch([])
        self._ahead = super().receive()
        return Batch([message for message in batch.messages if place(message)[:2] in self.owned])

    def rewind(self) -> None:
        self._drop(set(self.undone))
        super().rewind()

    def _drop(self, partitions: set[Partition]) -> None:
        self._ahead = Batch([message for message in self._ahead.messages if place(message)[:2] not in partitions])

    def send(self, batch: Batch, results: Results) -> None:
        time.sleep(self.gap_s)
        self.journal.next_batch()
        self.journal.write("ahead", self._ahead)
        super().send(batch, results)

    def offsets(self, batch: Batch) -> list[TopicPartition]:
        owned = [TopicPartition(topic, partition) for topic, partition in batch.next]
        return [position for position in self.consumer.position(owned) if position.offset >= 0]


class OneTooNear(Journaled):
    """The bug: the offset of the last record is committed, and not that of the record after it."""

    def send(self, batch: Batch, results: Results) -> None:
        self.journal.next_batch()
        self.journal.write("produce", batch)
        super().send(batch, results)

    def offsets(self, batch: Batch) -> list[TopicPartition]:
        return [TopicPartition(topic, part, offset - 1) for (topic, part), offset in batch.next.items()]


MUTANTS = (
    Mutant(
        "commit-first",
        "commits the input's offsets before it produces",
        running(ForwarderSettings, CommitFirst),
        ("commit-ahead", "lost"),
        commit_first,
    ),
    Mutant(
        "no-rewind",
        "does not go back to the start of a transaction that it aborted",
        running(ForwarderSettings, NoRewind),
        ("lost",),
        no_rewind,
    ),
    Mutant(
        "no-transaction",
        "produces, then commits the input's offsets, with no transaction around them",
        running(ForwarderSettings, NoTransaction),
        ("duplicated",),
        no_transaction,
    ),
    Mutant(
        "goes-back",
        "commits an older offset after a newer offset",
        running(ForwarderSettings, GoesBack),
        ("commit-regression", "duplicated"),
        goes_back,
    ),
    Mutant(
        "offsets-apart",
        "commits the input's offsets after the transaction, and not in it",
        running(ForwarderSettings, OffsetsApart),
        ("duplicated",),
        no_transaction,
        faults="offsets",
    ),
    Mutant(
        "notes-apart",
        "sends a part of what it sends outside the transaction",
        running(ForwarderSettings, NotesApart),
        ("duplicated",),
        no_transaction,
    ),
    Mutant(
        "reads-ahead",
        "commits the consumer's position, when it has read the next batch already",
        running(ForwarderSettings, ReadsAhead),
        ("commit-ahead", "lost"),
        ahead_and_lost,
    ),
    Mutant(
        "one-too-near",
        "commits the offset of the last record, and not of the record after it",
        running(ForwarderSettings, OneTooNear),
        ("duplicated", "late"),
        one_too_near,
        quiet_s=3,
    ),
)
CLEAN = (
    Mutant(
        "aborting",
        "none: aborts every nth transaction, and rewinds",
        running(ForwarderSettings, Aborting),
        (),
        none_at_all,
    ),
)
