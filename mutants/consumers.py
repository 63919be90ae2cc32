"""Wrong consumers: each is the reference projector with one bug. What is overridden is the bug, and a journal of it."""

import os
import time
from pathlib import Path

from confluent_kafka import Message

from mutants.journal import Journal
from pipeline.consumer import DatabaseConsumer
from pipeline.database import ORDERS, Database
from pipeline.errors import RetriableError
from pipeline.events import OrderState
from pipeline.group_member import Batch, place
from pipeline.process import Stop, say
from pipeline.settings import Config, ProjectorSettings

GAP_MS = 60  # between taking a batch and writing it: as long as it may take, and a kill finds it open
Rows = list[tuple[Message, OrderState]]


class _Journaled(DatabaseConsumer[OrderState]):
    """The reference, with a journal at JOURNAL."""

    def __init__(self, settings: ProjectorSettings, stop: Stop) -> None:
        super().__init__(settings, stop, Database(settings.database, ORDERS))
        self.journal = Journal(Path(os.environ.get("JOURNAL", os.devnull)), settings.identity)


class SkipFailed(_Journaled):
    """The bug, of many a tutorial: what could not be written is logged, and the next commit passes it by."""

    def _write(self, rows: Rows) -> bool:
        batch = Batch([message for message, _ in rows])
        self.journal.next_batch()
        self.journal.write("write", batch)
        try:
            self.database.write([row for _, row in rows])
        except RetriableError as error:
            say("failed", reason=str(error))
            self.journal.write("skipped", batch)
        else:
            self.journal.write("written", batch)
        return True


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
