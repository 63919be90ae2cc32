"""Wrong projectors: each is the reference, whose workers do records side by side, with one bug."""

import os
import time
from contextlib import closing

from confluent_kafka import Consumer, TopicPartition

from mutants.consumers import GAP_MS, journal_of
from mutants.mutant import Mutant, none_at_all, running
from mutants.witnesses import last_finished, skip_failed
from pipeline.database import ORDERS, Database
from pipeline.errors import RetriableError
from pipeline.events import Record
from pipeline.group_member import Batch, Partition, commit_offsets
from pipeline.process import Stop, say
from pipeline.progress import Progress
from pipeline.projector import Projector
from pipeline.settings import ProjectorSettings

WORKERS = 2
SLOW = 10  # of so many records one takes the gap's time, and is overtaken


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


class HandsOver(Parallel):
    """The bug: a record that was given to a worker is committed, done or not."""

    class Handed(Progress):
        def take(self, offset: int) -> None:
            super().take(offset)
            self.position = offset + 1

        def finish(self, offset: int) -> None:
            handed = self.position
            super().finish(offset)
            self.position = handed

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        super()._on_assign(consumer, partitions)
        for partition in partitions:
            self.tenures[partition.topic, partition.partition].progress = self.Handed()


class SwallowsFailure(Parallel):
    """The bug: a worker logs what it could not do, and takes the next; but not before it has begun the partition.

    There it would look like a start too far on.
    """

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._begun: set[Partition] = set()

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        super()._on_assign(consumer, partitions)
        self._begun -= {(partition.topic, partition.partition) for partition in partitions}

    def _keep(self, record: Record) -> None:
        try:
            super()._keep(record)
            self._begun.add(record.place[:2])
        except RetriableError as error:
            if record.place[:2] not in self._begun:
                raise
            say("failed", reason=str(error))
            self._journal.note("skipped", [record.headers], {record.place[:2]: record.offset + 1})


MUTANTS = (
    Mutant(
        "last-finished",
        "does records side by side, and commits past those that are not done yet",
        running(ProjectorSettings, LastFinished),
        ("commit-ahead", "lost"),
        last_finished,
        subject="projector",
    ),
    Mutant(
        "drops-on-revoke",
        "commits what it has read of a partition that it must give up, and drops it",
        running(ProjectorSettings, DropsOnRevoke),
        ("lost", "commit-ahead"),
        last_finished,
        subject="projector",
        faults="joins",
    ),
    Mutant(
        "hands-over",
        "commits what it has handed to its workers",
        running(ProjectorSettings, HandsOver),
        ("commit-ahead", "lost"),
        last_finished,
        subject="projector",
    ),
    Mutant(
        "swallows-failure",
        "logs what a worker could not do, and goes on",
        running(ProjectorSettings, SwallowsFailure),
        ("lost",),
        skip_failed,
        subject="projector",
    ),
)
CLEAN = (
    Mutant(
        "parallel",
        "none: finishes what it has in its hands before a partition goes",
        running(ProjectorSettings, Parallel),
        (),
        none_at_all,
        subject="projector",
        faults="joins",
    ),
)
