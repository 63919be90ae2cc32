"""Forwarders that do everything right, but too late, or never."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from confluent_kafka import TopicPartition

from mutants.forwarders import Journaled, Results
from mutants.journal import Row
from mutants.mutant import Mutant, running
from mutants.witnesses import Tables, Witnesses
from pipeline.group_member import Batch
from pipeline.process import Stop
from pipeline.settings import ForwarderSettings

RECOVERY_MS = 9_000
SESSION_MS = 15_000
CLOSE_MS = 2_500
CLOSES_S = 4.0
STANDS_S = 64.0  # what stands for less than 55 s is not called stuck


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


def gone_on_late(bound_ms: int) -> Callable[[Sequence[Row], Tables], Witnesses]:
    """Where a partition stood when its owner was back, if it went on later than the bound; of a single fault."""

    def witnesses(rows: Sequence[Row], tables: Tables) -> Witnesses:
        over = max(
            (row["t_to"] for row in tables.get("fault", pa.table({})).to_pylist() if row["effective"]), default=0
        )
        found = set()
        for place, waiting in waiting_inputs(tables, over).items():
            after = [row.t for row in rows if row.act == "committed" and row.offsets.get(place, 0) > waiting.position]
            if min((t for t in after if t * 1e6 > over), default=float("inf")) * 1e6 - over > bound_ms * 1000:
                found.add(f"{place}@{waiting.position}")
        return {"slow-recovery": frozenset(found)}

    return witnesses


def slow_to_end(rows: Sequence[Row], _tables: Tables) -> Witnesses:
    """The processes that came to their end."""
    return {"slow-close": frozenset(f"process {row.process}" for row in rows if row.act == "ending")}


def left_standing(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """What a paused partition has left; where it stands is told by the first of it."""
    paused = {place for row in rows if row.act == "paused" for place in row.offsets}
    left = {place: found.ids for place, found in waiting_inputs(tables, float("inf")).items() if place in paused}
    return {
        "late": frozenset(found for ids in left.values() for found in ids),
        "stuck-partition": frozenset(ids[0] for ids in left.values()),
    }


@dataclass(frozen=True)
class Waiting:
    """Of a partition: how far it is committed, and the inputs from there, in their order."""

    position: int
    ids: Sequence[str]


def waiting_inputs(tables: Tables, t: float) -> Mapping[str, Waiting]:
    """Of each partition, what waited at a time."""
    position: dict[str, int] = defaultdict(int)
    for row in sorted(tables["offset_commit"].to_pylist(), key=lambda row: row["n"]):
        if row["visible"] and row["off"] is not None and row["t_append"] <= t:
            position[f"{row['topic']}[{row['part']}]"] = row["off"]
    ids: dict[str, list[str]] = defaultdict(list)
    for row in sorted(tables["input"].to_pylist(), key=lambda row: row["off"]):
        place = f"{row['topic']}[{row['part']}]"
        if row["fate"] != "abort" and row["t_append"] <= t and row["off"] >= position[place]:
            ids[place].append(row["id"])
    return {place: Waiting(position[place], waiting) for place, waiting in ids.items()}


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
