"""Wrong consumers: each is the reference consumer or projector with one bug: that is overridden, and journaled."""

import os
import time
from contextlib import closing
from pathlib import Path

from confluent_kafka import Consumer, Message, TopicPartition

from mutants.journal import Journal
from pipeline.consumer import DatabaseConsumer
from pipeline.database import ORDERS, Database
from pipeline.errors import RetriableError
from pipeline.events import OrderState, Record
from pipeline.group_member import Batch, Partition, commit_offsets, place
from pipeline.process import Stop, say
from pipeline.progress import Progress
from pipeline.projector import Projector
from pipeline.settings import Config, ProjectorSettings

WORKERS = 2
SLOW = 10  # of so many records one takes the gap's time, and is overtaken
GAP_MS = 60  # between taking a batch and writing it: as long as it may take, and a kill finds it open
LONG_GAP_MS = 200  # the same, where a stop is to find it open: it comes once a batch at most
Rows = list[tuple[Message, OrderState]]


class _Journaled(DatabaseConsumer[OrderState]):
    """The reference, with a journal at JOURNAL."""

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        super().__init__(settings, stop, Database(settings.database, ORDERS))
        self.journal = journal_of(settings)


def journal_of(settings: ProjectorSettings) -> Journal:
    return Journal(Path(os.environ.get("JOURNAL", os.devnull)), settings.identity)


class Parallel(Projector):
    """No bug: the reference, of whose records some are slow, with a journal at JOURNAL."""

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        # of few, so that records wait for them
        super().__init__(settings.model_copy(update={"workers": WORKERS}), stop, self._keep)
        self._database = Database(settings.database, ORDERS)
        self._journal = journal_of(settings)
        self._gap_s = int(os.environ.get("GAP_MS", GAP_MS)) / 1000

    def run(self) -> None:
        with closing(self._database):
            super().run()

    def _keep(self, record: Record) -> None:
        following = {record.place[:2]: record.offset + 1}
        self._journal.note("taken", [record.headers], following)
        if not record.offset % SLOW:
            time.sleep(self._gap_s)
        self._database.keep(record)
        self._journal.note("done", [record.headers], following)


class LastFinished(Parallel):
    """The bug of many a thread pool: the offset of the last record that was done is committed, whatever is in hand."""

    class Furthest(Progress):
        reached = 0

        def finish(self, offset: int) -> None:
            super().finish(offset)
            self.reached = self.position = max(self.reached, offset + 1)

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        super()._on_assign(consumer, partitions)
        for partition in partitions:
            self.tenures[partition.topic, partition.partition].progress = self.Furthest()


class DropsOnRevoke(Parallel):
    """The bug: as a partition goes, what was read of it is committed, and what of that is not begun is dropped."""

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._read: dict[Partition, int] = {}

    def take(self, batch: Batch) -> None:
        self._read.update(batch.next)
        super().take(batch)

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {tenure.partition for tenure in self._of(partitions)}
        if read := {partition: self._read.pop(partition) for partition in gone if partition in self._read}:
            commit_offsets(consumer, read)
        self._on_lost(consumer, partitions)


class SkipFailed(_Journaled):
    """The bug, of many a tutorial: what could not be written is logged, and the next commit passes it by.

    But not where it is the first of a partition that has just come: that would look like a start too far on.
    """

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._begun: set[Partition] = set()

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        super()._on_assign(consumer, partitions)
        self._begun -= {(partition.topic, partition.partition) for partition in partitions}

    def _write(self, rows: Rows) -> bool:
        batch = Batch([message for message, _ in rows])
        self.journal.next_batch()
        self.journal.write("write", batch)
        try:
            self.database.write([row for _, row in rows])
        except RetriableError as error:
            if batch.next.keys() <= self._begun:
                say("failed", reason=str(error))
                self.journal.write("skipped", batch)
                return True
            if not super()._write(rows):
                return False
        self.journal.write("written", batch)
        self._begun |= batch.next.keys()
        return True


class Stopped(_Journaled):
    """No bug: it takes its time for a batch, so that a stop finds it with records in its hands, and does them first."""

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._gap_s = int(os.environ.get("GAP_MS", LONG_GAP_MS)) / 1000

    def process(self, batch: Batch) -> None:
        self.journal.next_batch()
        self.journal.write("taken", batch)
        time.sleep(self._gap_s)
        self.do(batch)

    def do(self, batch: Batch) -> None:
        super().process(batch)


class CommitsOnStop(Stopped):
    """The bug: on its way out it commits where it has read to, and leaves undone what it had in its hands."""

    def do(self, batch: Batch) -> None:
        if self.stop.requested:
            self.journal.write("left", batch)
            self.done.update(batch.next)
        else:
            super().do(batch)


class _ByTheClock(ProjectorSettings):
    def consumer_config(self) -> Config:
        return {
            **super().consumer_config(),
            "enable.auto.commit": True,
            "auto.commit.interval.ms": 50,
            "enable.auto.offset.store": True,
        }


class AutoCommit(_Journaled):
    """The bug, librdkafka's default: what was handed out is committed by the clock, whether it is done or not."""

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        super().__init__(_ByTheClock.model_validate(settings.model_dump()), stop)
        self._gap_s = int(os.environ.get("GAP_MS", GAP_MS)) / 1000

    def commit(self) -> None:
        pass

    def process(self, batch: Batch) -> None:
        self.journal.next_batch()
        self.journal.write("taken", batch)
        time.sleep(self._gap_s)
        super().process(batch)
        if not self.stop.requested:
            # what was taken away meanwhile was left to its next owner, who finds it committed
            self.journal.write(
                "done", Batch([message for message in batch.messages if place(message)[:2] in self._kept])
            )
