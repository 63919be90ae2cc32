"""The forwarder: what each record causes is sent exactly once, in the order of its partition.

Lift it by `Forwarder(settings, stop, handle)`: `handle` says what a record causes (handlers.py).

A batch is a transaction. While it commits, in a thread of its own, the next batch is fetched and handled, and waits: it
is sent only when the commit before it is done, so nothing is ever committed ahead. The consumer, the handler and all
that is remembered of them stay in the thread that runs the forwarder; the commit's thread has nothing but the producer.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from pipeline import metrics
from pipeline.errors import Abort, RegistryAway, StartOver
from pipeline.events import PoisonError, Result
from pipeline.group_member import Batch, GroupMember, Partition, record
from pipeline.handlers import Handler
from pipeline.letters import dead_letter
from pipeline.process import Stop, say
from pipeline.settings import TransactionalSettings
from pipeline.transactions import Transactions

MOST_DOUBLINGS = 10  # of a pause


@dataclass(frozen=True)
class UnderWay:
    """A batch that is being committed."""

    batch: Batch
    commit: "Future[None]"


class Forwarder(GroupMember[TransactionalSettings]):
    """One consumer and one transactional id, until told to stop."""

    def __init__(self, settings: TransactionalSettings, stop: Stop, handle: Handler) -> None:
        super().__init__(settings, stop)
        self.handle = handle
        self.transactions = Transactions(settings, stop)
        self.undone: dict[Partition, int] = {}  # read, and certainly not committed: where to read again from
        self.aborts = 0  # without a commit between
        self._under_way: UnderWay | None = None
        self._thread: ThreadPoolExecutor

    def _run_once(self) -> None:
        self.undone.clear()
        self._under_way = None  # of an earlier life: a client that failed for good calls nobody when it closes
        try:
            # first, so that what an earlier life left open is decided before the group's offsets are read
            self.transactions.open()
            with ThreadPoolExecutor(1, "commit") as self._thread, self._joined():
                while not self.stop.requested:
                    self.forward(self.receive())
                    if self.undone:
                        self.rewind()
                self.settle()
        finally:
            self.transactions.close()

    def forward(self, batch: Batch) -> None:
        """Handle the batch while the batch before it commits, then send it and begin its commit."""
        try:
            results = self.results(batch)
        except RegistryAway as error:
            say("waiting", reason=str(error), records=len(batch.messages))
            self.settle()
            self.undo(batch)
            return
        self.settle()
        if self.undone:
            # the batch before is not committed: if this batch were, that would be passed over for ever
            self.undo(batch)
        elif batch.messages:
            try:
                self.transactions.begin()
                self.send(batch, results)
                metrics.sent_each(topic for topic, _ in results)
                self.commit(batch)
            except Abort as error:
                self.abort(batch, error)

    def results(self, batch: Batch) -> list[tuple[str, Result]]:
        """What the batch's records cause, in their order."""
        handle = self.handle
        results: list[tuple[str, Result]] = []
        for message in batch.messages:
            try:
                results += handle(message)
            except PoisonError as poison:
                found = record(message)
                results.append((self.settings.dlq_topic, dead_letter(poison, found, self.settings.group_id)))
                say("dead-lettered", place=found.place, reason=str(poison))
        return results

    def send(self, _batch: Batch, results: list[tuple[str, Result]]) -> None:
        """Send what the batch's records cause."""
        self.transactions.send(results)

    def commit(self, batch: Batch) -> None:
        """Begin the commit of what was sent; `settle` waits for it."""
        commit = self._thread.submit(self.transactions.commit, self.offsets(batch), self.membership())
        self._under_way = UnderWay(batch, commit)

    def offsets(self, batch: Batch) -> list[TopicPartition]:
        """The offsets to commit: the next to read in each partition, as this process has counted them."""
        return [TopicPartition(topic, partition, offset) for (topic, partition), offset in batch.next.items()]

    def membership(self) -> Any:
        """What the group knows this member by; Abort when it is no member any more.

        A client that was put out of its group has no member id until it has joined again, and a broker takes a
        transaction's offsets from whoever names no member: it would take a zombie's.
        """
        member = self.consumer.memberid()
        metadata = self.consumer.consumer_group_metadata()
        if not member or self.consumer.memberid() != member:
            raise Abort("this process is no longer a member of its group")
        return metadata

    def settle(self) -> None:
        """Wait until the commit that is under way is decided; what it did not commit is undone, and read again."""
        under_way, self._under_way = self._under_way, None
        if under_way is None:
            return
        try:
            under_way.commit.result()
        except Abort as error:
            self.abort(under_way.batch, error)
        else:
            self.aborts = 0
            self._tell(under_way.batch)
            self.committed(under_way.batch)

    def committed(self, batch: Batch) -> None:
        """Called when a batch is certainly committed."""

    def abort(self, batch: Batch, reason: Exception) -> None:
        """Take back all that the batch has sent."""
        say("aborting", reason=str(reason), records=len(batch.messages))
        self.transactions.abort()
        self._tell(batch, type(reason).__name__)
        self.undo(batch)

    def _tell(self, batch: Batch, error: str = "") -> None:
        seconds = time.monotonic() - batch.received
        metrics.processed(self.settings.input_topic, self.settings.group_id, seconds, error=error)

    def undo(self, batch: Batch) -> None:
        """Have the batch read again, unless it lies behind another that must be."""
        for partition, offset in batch.first.items():
            self.undone.setdefault(partition, offset)

    def rewind(self) -> None:
        """Aborting does not move the consumer: without this, the next commit would pass over the batch for ever."""
        try:
            for (topic, partition), offset in self.undone.items():
                self.consumer.seek(TopicPartition(topic, partition, offset))
        except KafkaException as exception:
            raise StartOver(f"seek: {exception}") from exception
        self.undone.clear()
        self.aborts += 1
        self._pause(2 ** min(self.aborts, MOST_DOUBLINGS) * 0.01)

    # called by the client, inside a poll or a close

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.settle()  # while they are ours: the next owner would do again what is being committed
        super()._on_revoke(_consumer, partitions)
        self._forget(partitions)

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.settle()  # the group refuses what it has not taken yet; the next owner waits until that is decided
        super()._on_lost(_consumer, partitions)
        self._forget(partitions)

    def _forget(self, partitions: list[TopicPartition]) -> None:
        for partition in partitions:  # read again from there, they would be read twice: they go on elsewhere
            self.undone.pop((partition.topic, partition.partition), None)
