"""Wrong consumers: each is the reference consumer with one bug: that is overridden, and journaled."""

import os
import time
from dataclasses import replace
from pathlib import Path

from confluent_kafka import Consumer, Message, TopicPartition

from mutants.journal import Journal
from mutants.mutant import Mutant, none_at_all, running
from mutants.witnesses import auto_commit, commits_on_stop, held_letters, skip_failed
from pipeline.consumer import DatabaseConsumer
from pipeline.database import ORDERS, Database
from pipeline.errors import FatalError, RetriableError
from pipeline.events import OrderState, PoisonError
from pipeline.group_member import Batch, Partition, commit_offsets, place
from pipeline.process import Stop, say
from pipeline.settings import Config, ProjectorSettings

LETTERS = 3  # that are sent together
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


class OffsetFirst(_Journaled):
    """The bug: the offsets are committed before the database's transaction is."""

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._gap_s = int(os.environ.get("GAP_MS", GAP_MS)) / 1000

    def process(self, batch: Batch) -> None:
        self.journal.next_batch()
        self.journal.write("taken", batch)
        commit_offsets(self.consumer, batch.next)
        time.sleep(self._gap_s)
        super().process(batch)
        if not self.stop.requested:
            self.journal.write("done", batch)


class InsertsOnce(_Journaled):
    """The bug: a partition's rows are inserted together; where one is there, all count as done before."""

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        plain = tuple(upsert.replace("ON CONFLICT (event_id) DO NOTHING", "") for upsert in ORDERS.upserts)
        self.database = Database(settings.database, replace(ORDERS, upserts=plain))

    def _write(self, rows: Rows) -> bool:
        by_partition: dict[int | None, Rows] = {}
        for message, row in rows:
            by_partition.setdefault(message.partition(), []).append((message, row))
        return all(self._insert(found) for found in by_partition.values())

    def _insert(self, rows: Rows) -> bool:
        batch = Batch([message for message, _ in rows])
        self.journal.next_batch()
        self.journal.write("write", batch)
        try:
            if not super()._write(rows):
                return False
        except FatalError as error:  # the database's for a key that is there
            say("there already", reason=str(error))
            self.journal.write("skipped", batch)
            return True
        self.journal.write("written", batch)
        return True


class HoldsLetters(_Journaled):
    """The bug: dead letters are sent when there are enough of them, and their records committed long before."""

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._letters: list[tuple[Message, PoisonError]] = []

    def _bury(self, message: Message, poison: PoisonError) -> None:
        self.journal.next_batch()
        self._letters.append((message, poison))
        self.journal.write("held", Batch([message]))
        if len(self._letters) == LETTERS:
            for letter in self._letters:
                super()._bury(*letter)
            self._dead.flush(self.stop)
            self.journal.write("sent", Batch([held for held, _ in self._letters]))
            self._letters.clear()


MUTANTS = (
    Mutant(
        "skip-failed",
        "passes by what it could not write",
        running(ProjectorSettings, SkipFailed),
        ("lost",),
        skip_failed,
        subject="projector",
    ),
    Mutant(
        "auto-commit",
        "commits by the clock what it was handed, done or not",
        running(ProjectorSettings, AutoCommit),
        ("commit-ahead", "lost"),
        auto_commit,
        subject="projector",
    ),
    Mutant(
        "commits-on-stop",
        "when it is stopped, commits what it has read, done or not",
        running(ProjectorSettings, CommitsOnStop),
        ("lost",),
        commits_on_stop,
        subject="projector",
        faults="stops",
    ),
    Mutant(
        "offset-first",
        "commits the offsets before the database's transaction",
        running(ProjectorSettings, OffsetFirst),
        ("commit-ahead", "lost"),
        auto_commit,
        subject="projector",
    ),
    Mutant(
        "inserts-once",
        "takes a row that is there for a sign that all that were inserted with it are",
        running(ProjectorSettings, InsertsOnce),
        ("lost",),
        skip_failed,
        subject="projector",
        faults="offsets",
    ),
    Mutant(
        "holds-letters",
        "commits past what it dead-letters before the letter is sent",
        running(ProjectorSettings, HoldsLetters),
        ("unaccounted", "commit-ahead"),
        held_letters,
        subject="projector",
    ),
)
CLEAN = (
    Mutant(
        "stopped",
        "none: finishes what it has in its hands before it ends",
        running(ProjectorSettings, Stopped),
        (),
        none_at_all,
        subject="projector",
        faults="stops",
    ),
)
