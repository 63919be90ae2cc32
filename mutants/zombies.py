"""Forwarders that do not know when their work, or their transaction, is no longer their own."""

import os
import time
import uuid
from typing import Any

from confluent_kafka import Consumer

from mutants.forwarders import LONG_GAP_MS, Journaled, Results
from mutants.mutant import Mutant, none_at_all, running
from mutants.witnesses import no_generation, no_rewind
from pipeline.errors import StartOver
from pipeline.group_member import Batch
from pipeline.process import Stop
from pipeline.settings import ForwarderSettings

# an open transaction is aborted before its owner's group misses that
SOON_ABORTED = {"TRANSACTION_TIMEOUT_MS": "1500", "SESSION_TIMEOUT_MS": "6000", "HEARTBEAT_INTERVAL_MS": "500"}


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


MUTANTS = (
    Mutant(
        "no-generation",
        "does not say which member of its group commits",
        running(ForwarderSettings, NoGeneration),
        ("duplicated", "commit-regression", "dual-ownership", "foreign-commit"),
        no_generation,
        faults="zombies",
    ),
    Mutant(
        "no-fencing",
        "does not say which member commits, and has another transactional id at each start",
        running(ForwarderSettings, NoFencing),
        ("duplicated", "commit-regression", "dual-ownership", "foreign-commit"),
        no_generation,
        faults="replacements",
    ),
    Mutant(
        "passes-over",
        "goes on with the next batch when its coordinator has aborted a transaction",
        running(ForwarderSettings, PassesOver),
        ("lost",),
        no_rewind,
        faults="timeouts",
        env=SOON_ABORTED,
    ),
)
CLEAN = (
    Mutant(
        "waking",
        "none: commits as a member of its group, or not at all",
        running(ForwarderSettings, Waking),
        (),
        none_at_all,
        faults="zombies",
    ),
    Mutant(
        "fenced",
        "none here: does not say which member commits, but who comes in its place fences it",
        running(ForwarderSettings, NoGeneration),
        (),
        none_at_all,
        faults="replacements",
    ),
    Mutant(
        "starts-over",
        "none: reads again what it had in a transaction that its coordinator has aborted",
        running(ForwarderSettings, Waking),
        (),
        none_at_all,
        faults="timeouts",
        env=SOON_ABORTED,
    ),
)
