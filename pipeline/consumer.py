"""The smallest loop that is right: poll, process, commit, in one thread. At least once; by upserts, no more than once.

What is polled is processed before anything else is, and committed when it is. Not to commit does not bring a record
back: the next poll returns the next record, and its commit would pass the failed record by for ever. So a batch that
cannot be written is kept and tried again, its partitions paused, while the member polls on, and stays in its group.
"""

import time
from typing import Generic, TypeVar

from confluent_kafka import Consumer, Message, TopicPartition
from pydantic import BaseModel

from pipeline import metrics
from pipeline.database import Database
from pipeline.errors import RetriableError
from pipeline.events import PoisonError
from pipeline.group_member import Batch, GroupMember, Partition, commit_offsets, place, record
from pipeline.letters import dead_letter
from pipeline.outbox import Outbox
from pipeline.process import Stop, say
from pipeline.settings import ConsumerSettings

Row = TypeVar("Row", bound=BaseModel)
POLL_S = 0.05
LONGEST_WAIT_S = 1.0  # between two attempts: a database that is back is used soon


class DatabaseConsumer(GroupMember[ConsumerSettings], Generic[Row]):
    """Writes each record to `database`, or to the dead letters when it can never be written."""

    def __init__(self, settings: ConsumerSettings, stop: Stop, database: Database[Row]) -> None:
        super().__init__(settings, stop)
        self.database = database
        self.done: dict[Partition, int] = {}  # processed, and not known to be committed: the next offset to read
        self._kept: set[Partition] = set()  # ours without a break since the batch in hand was polled
        self._holding = False
        self._dead: Outbox

    def _run_once(self) -> None:
        self.done.clear()
        self._dead = Outbox(self.settings.producer_config())
        process = metrics.timed(self.process, self.settings.input_topic, self.settings.group_id)
        try:
            with self._joined():
                while not self.stop.requested:
                    batch = self.receive()
                    if batch.messages:
                        process(batch)
                    self.commit()
        finally:
            self.database.close()

    def process(self, batch: Batch) -> None:
        """Process the batch, without the partitions that are taken away before it is done.

        A partition that was ours, another's and ours again counts as gone: its commit would take the other's back.
        """
        self._kept = set(self.owned)
        rows: list[tuple[Message, Row]] = []
        for message in batch.messages:
            try:
                rows.append((message, self.database.parse(message.value())))
            except PoisonError as poison:
                self._bury(message, poison)
        if not self._write(rows):
            return
        self._dead.flush(self.stop)  # were a record committed before, its letter could be lost
        self.done.update({partition: offset for partition, offset in batch.next.items() if partition in self._kept})

    def _write(self, rows: list[tuple[Message, Row]]) -> bool:
        """Write the records; False when the stop comes before that is done.

        A database that is away says nothing of the records, so attempts have no limit. Records of a partition that is
        taken away meanwhile are left to its next owner.
        """
        attempt = 0
        while rows:
            try:
                self.database.write([row for _, row in rows])
            except RetriableError as error:
                say("cannot write, trying again", reason=str(error), records=len(rows))
                if self.stop.requested:
                    return False
                attempt += 1
                self._hold(min(LONGEST_WAIT_S, 0.02 * 2**attempt))
                rows = [(message, row) for message, row in rows if place(message)[:2] in self._kept]
            except PoisonError as poison:  # of one of them
                if len(rows) > 1:
                    return all(self._write([single]) for single in rows)
                self._bury(rows[0][0], poison)
                break
            else:
                break
        return True

    def _hold(self, seconds: float) -> None:
        """Wait, as a member that takes no records."""
        until = time.monotonic() + seconds
        self._holding = True
        self.consumer.pause(self._partitions())
        try:
            while not self.stop.requested and time.monotonic() < until:
                message = self.consumer.poll(POLL_S)
                if message is not None and self._is_usable(message):  # fetched before the pause: it is read again
                    self.consumer.seek(TopicPartition(*place(message)))
        finally:
            self._holding = False
            self.consumer.resume(self._partitions())

    def _partitions(self) -> list[TopicPartition]:
        return [TopicPartition(topic, part) for topic, part in self.owned]

    def commit(self) -> None:
        """Commit what is done."""
        for partition in commit_offsets(self.consumer, self.done) if self.done else ():
            self.done.pop(partition, None)

    def _bury(self, message: Message, poison: PoisonError) -> None:
        say("dead-lettered", place=place(message), reason=str(poison))
        self._dead.send(self.settings.dlq_topic, dead_letter(poison, record(message), self.settings.group_id))

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        super()._on_assign(_consumer, partitions)
        # the client keeps a pause beyond its assignment: what was taken away while we held would stand still for ever
        (self.consumer.pause if self._holding else self.consumer.resume)(partitions)

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.commit()  # or the next owner would do again what is done
        super()._on_revoke(_consumer, partitions)
        self._forget(partitions)

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        super()._on_lost(_consumer, partitions)
        self._forget(partitions)

    def _forget(self, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            self._kept.discard((partition.topic, partition.partition))
            self.done.pop((partition.topic, partition.partition), None)
