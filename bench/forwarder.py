"""How many records a second are taken through exactly once, and how soon each is there, beside peers.

All on one cluster of three brokers, in turns, each as a process of its own in a group of its own. Rates are those of
the last two thirds of a backlog, so that none pays for its start; processor time is the process's own meanwhile.
"""

import json
import random
import statistics
import string
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from confluent_kafka import Producer

from bench.forwarders import DEAD, Command, Job, kafka_streams, python, quix_streams, running
from bench.latency import latency_ms
from streamproof.cluster import start_embedded
from streamproof.guardian import Guardian
from streamproof.kafka.groups import list_committed_offsets
from streamproof.kafka.topics import create_topics

RECORDS, BYTES = 200_000, 200
EVENTS = 60_000  # of orders, with two effects each
REPEATS = 5
PARTITIONS = 6
KEYS = 2431
PATIENCE_S = 300.0
MANY = 20_000  # more than come between two commits: there, time decides
SIZE = 2000  # of an order's transactions
EVENT_TOPICS = ("order-events", "orders-processed", "order-notifications", "order-events-dlq")
COPY, COPIED, LIVE, LIVED = "copy-input", "copy-output", "live-input", "live-output"


@dataclass(frozen=True)
class Contender:
    name: str
    command: Command
    commit_ms: int
    max_batch: int = MANY
    topics: tuple[str, str] = (COPY, COPIED)

    def job(self, servers: str, directory: Path) -> Job:
        return Job(servers, directory.name, directory, self.commit_ms, self.max_batch, *self.topics)


def copying(commit_ms: int) -> list[Contender]:
    """Record in, record out. The first is ours."""
    return [
        Contender("the forwarder", python("pipeline", "copy"), commit_ms),
        Contender("Kafka Streams, exactly_once_v2, one thread", kafka_streams, commit_ms),
        Contender("Quix Streams, exactly-once", quix_streams, commit_ms),
        Contender("a tuned loop: consume, produce, commit", python("bench.loops", "tuned"), commit_ms),
    ]


AT_LEAST_ONCE = Contender("the forwarder's code without transactions", python("bench.loops", "at-least-once"), 100)
ORDERS = [
    Contender(name, command, 50, SIZE, EVENT_TOPICS[:2])
    for name, command in (
        ("the forwarder", python("pipeline", "forward")),
        ("the loop of the tutorials, default settings", python("bench.loops", "tutorial")),
    )
]


@dataclass(frozen=True)
class Measured:
    rate: float  # records a second
    processor_us: float  # of a record


def forwarder() -> list[dict[str, Any]]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        Guardian() as guardian,
        start_embedded(guardian, brokers=3, logs=guardian.directory / "logs") as cluster,
    ):
        servers = cluster.bootstrap_servers
        topics = (*EVENT_TOPICS, COPY, COPIED, LIVE, LIVED, DEAD)
        create_topics(servers, dict.fromkeys(topics, PARTITIONS), replication=3)
        fill(servers, COPY, RECORDS, plain_record)
        fill(servers, EVENT_TOPICS[0], EVENTS, order_event)
        fast, quick = copying(100), copying(10)
        backlogs = [*fast, AT_LEAST_ONCE, *quick]
        measured: dict[Contender, list[Measured]] = defaultdict(list)
        for turn in range(REPEATS):
            for number, contender in enumerate([*backlogs, *ORDERS]):
                records = EVENTS if contender in ORDERS else RECORDS
                job = contender.job(servers, Path(directory) / f"backlog-{number}-{turn}")
                measured[contender].append(take_through(contender, job, records))
        rows = [
            *rates("copy, commits every 100 ms", fast[0], [*fast[1:], AT_LEAST_ONCE], measured),
            *rates("copy, commits every 10 ms", quick[0], quick[1:], measured),
            *rates(f"orders, {SIZE} a transaction", ORDERS[0], ORDERS[1:], measured),
        ]
        for commit_ms, contenders in ((100, fast), (10, quick)):
            found = {}
            for number, contender in enumerate(contenders):
                live = Contender(contender.name, contender.command, commit_ms, topics=(LIVE, LIVED))
                job = live.job(servers, Path(directory) / f"live-{commit_ms}-{number}")
                with running(live.command, job):
                    found[contender] = latency_ms(servers, LIVE, LIVED)
            for share in ("p50", "p99"):
                what = f"end to end, {share}, commits every {commit_ms} ms"
                values = {contender: percentiles[share] for contender, percentiles in found.items()}
                rows += compared(what, "ms", contenders[0], contenders[1:], values)
    return rows


def rates(
    what: str, ours: Contender, peers: Iterable[Contender], measured: dict[Contender, list[Measured]]
) -> list[dict[str, Any]]:
    """The medians."""
    rate = {one: statistics.median(each.rate for each in found) for one, found in measured.items()}
    processor = {one: statistics.median(each.processor_us for each in found) for one, found in measured.items()}
    peers = list(peers)
    return [
        *compared(what, "records/s", ours, peers, rate),
        *compared(f"{what}: processor", "µs a record", ours, peers, processor),
    ]


def compared(
    what: str, unit: str, ours: Contender, peers: Iterable[Contender], values: dict[Contender, float]
) -> list[dict[str, Any]]:
    digits = None if unit == "records/s" else 1
    return [
        {
            "name": what, "value": round(values[ours], digits), "unit": unit, "peer": peer.name,
            "peer_value": round(values[peer], digits), "ratio": round(values[ours] / values[peer], 2),
        }
        for peer in peers
    ]  # fmt: skip


def take_through(contender: Contender, job: Job, records: int) -> Measured:
    """From a third of the backlog to its end, as the group's committed offsets tell."""
    with running(contender.command, job) as process:
        deadline = time.monotonic() + PATIENCE_S
        begun: tuple[float, int, float] | None = None
        while (done := sum(list_committed_offsets(job.servers, job.group).values())) < records:
            if begun is None and done >= records / 3:
                begun = time.monotonic(), done, _processor_s(process.pid)
            if process.poll() is not None or time.monotonic() > deadline:
                told = (job.directory / "log").read_text()[-500:]
                raise RuntimeError(f"{contender.name} came no further than {done} of {records} records: {told}")
            time.sleep(0.02)
        if begun is None:
            raise RuntimeError(f"{contender.name} was done before it was seen to begin")
        since, before, processor_s = begun
        taken = _processor_s(process.pid) - processor_s
        return Measured((records - before) / (time.monotonic() - since), taken / (records - before) * 1e6)


def _processor_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def plain_record(number: int) -> bytes:
    return f"{number:020}{BODIES[number % len(BODIES)]}".encode()


def order_event(number: int) -> bytes:
    event = {
        "event_id": f"event-{number:032d}", "order_id": f"order-{number % KEYS}", "sequence": number // KEYS,
        "type": "paid", "amount": 4990, "currency": "EUR", "occurred_at": "2026-03-01T09:16:12Z",
    }  # fmt: skip
    return json.dumps(event).encode()


_letters = random.Random(1)  # noqa: S311 - what compresses as text does
BODIES = ["".join(_letters.choices(string.ascii_lowercase + string.digits, k=BYTES - 20)) for _ in range(500)]


def fill(servers: str, topic: str, records: int, value: Callable[[int], bytes]) -> None:
    producer = Producer(
        {"bootstrap.servers": servers, "enable.idempotence": True, "compression.type": "lz4", "linger.ms": 5,
         "partitioner": "murmur2_random", "queue.buffering.max.messages": 2 * records}
    )  # fmt: skip
    for number in range(records):
        producer.produce(topic, value(number), f"order-{number % KEYS}")
    if producer.flush(120):
        raise RuntimeError("the input was not delivered")
