"""Forwarders that do everything right, but too late, or never."""

import time

from confluent_kafka import TopicPartition

from mutants.forwarders import Journaled, Results
from mutants.mutant import Mutant, running
from mutants.witnesses import gone_on_late, left_standing, slow_to_end
from pipeline.group_member import Batch
from pipeline.process import Stop
from pipeline.settings import ForwarderSettings

RECOVERY_MS = 9_000
SESSION_MS = 15_000
CLOSE_MS = 2_500
CLOSES_S = 4.0
STANDS_S = 64.0  # what stands for less than a minute is not called stuck


class Patient(Journaled):
    """No bug but a setting: whoever is dead counts as a member for a long time, and nobody does its work."""

    def committed(self, batch: Batch) -> None:
        self.journal.next_batch()
        self.journal.write("committed", batch)


class SlowToEnd(Journaled):
    """The bug: on its way out it waits for something that does not come, without looking at the time."""

    def run(self) -> None:
        super().run()
        self.journal.write("ending", Batch([]))
        time.sleep(CLOSES_S)


class LeavesPaused(Journaled):
    """The bug: a partition is paused when a record of it cannot be processed, and never resumed."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._dlq_topic = settings.dlq_topic
        self._has_paused = False

    def send(self, batch: Batch, results: Results) -> None:
        super().send(batch, results)
        if not self._has_paused and any(topic == self._dlq_topic for topic, _ in results):
            place = next(iter(batch.next))
            self.journal.write("paused", batch, {place: batch.next[place]})
            self.consumer.pause([TopicPartition(*place)])
            self._has_paused = True


MUTANTS = (
    Mutant(
        "patient",
        "gives a member that died a long session, in which nobody does its work",
        running(ForwarderSettings, Patient),
        ("slow-recovery",),
        gone_on_late(RECOVERY_MS),
        faults="kill",
        env={"SESSION_TIMEOUT_MS": str(SESSION_MS)},
        promises={"recovery_ms": RECOVERY_MS},
    ),
    Mutant(
        "slow-to-end",
        "waits without a bound when it is told to stop",
        running(ForwarderSettings, SlowToEnd),
        ("slow-close",),
        slow_to_end,
        promises={"close_ms": CLOSE_MS},
    ),
    Mutant(
        "leaves-paused",
        "pauses a partition, and never resumes it",
        running(ForwarderSettings, LeavesPaused),
        ("stuck-partition", "late"),
        left_standing,
        faults="kill",
        promises={"recovery_ms": None},
        quiet_s=STANDS_S,
    ),
)
