"""The pipeline's processes, and topics of their own for each test."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pipeline.settings import DEAD_LETTER_BYTES
from streamproof.cluster import EmbeddedCluster
from streamproof.cluster.ports import PortLease
from streamproof.guardian import Guardian
from tests.pipeline.postgresql import PostgreSQL, programs
from tests.pipeline.projected import Projected

PARTITIONS = 3
VARIABLES = ("INPUT_TOPIC", "KEYS_TOPIC", "PROCESSED_TOPIC", "NOTIFICATIONS_TOPIC", "DLQ_TOPIC")
TIMES = {
    "SESSION_TIMEOUT_MS": "1500",
    "HEARTBEAT_INTERVAL_MS": "300",
    "TRANSACTION_TIMEOUT_MS": "5000",
    "SOCKET_TIMEOUT_MS": "2000",
    "MAX_BATCH": "50",
}


def event(number: int, *, orders: int = 20) -> dict[str, Any]:
    """The number-th event of a stream that deals its events round the orders."""
    return {
        "event_id": f"event-{number}",
        "order_id": f"order-{number % orders}",
        "sequence": number // orders,
        "type": "paid",
        "amount": 4990,
        "currency": "EUR",
        "occurred_at": "2026-03-01T09:16:12Z",
    }


@dataclass
class Stage:
    """Topics and a group of the test's own, and the processes that use them."""

    bootstrap_servers: str
    topics: Mapping[str, str]
    group: str
    directory: Path
    guardian: Guardian
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def environment(self, instance: int = 1, **more: str) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "TRANSACTIONAL_ID": f"{self.group}-{instance}",
            "GROUP_ID": self.group,
            **self.topics,
            **TIMES,
            **more,
        }

    def log(self, name: str) -> str:
        path = self.directory / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def start(self, name: str, *command: str, instance: int = 1, **more: str) -> "subprocess.Popen[bytes]":
        """Start a member; its stderr is `log(name)`."""
        with (self.directory / f"{name}.log").open("ab") as log:
            process = self.guardian.popen(
                [sys.executable, "-m", *(command or ("pipeline", "forward"))],
                env={**os.environ, **self.environment(instance, **more)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def send(self, numbers: range, *, poison: Callable[[int], bool] = lambda _: False) -> None:
        producer = Producer(
            {"bootstrap.servers": self.bootstrap_servers, "enable.idempotence": True, "partitioner": "murmur2_random"}
        )
        for number in numbers:
            value = b'{"broken": ' if poison(number) else json.dumps(event(number)).encode()
            headers: list[tuple[str, str | bytes | None]] = [("event-id", f"event-{number}")]
            producer.produce(self.topics["INPUT_TOPIC"], value, event(number)["order_id"], headers=headers)
        assert producer.flush(20) == 0

    def send_largest(self) -> bytes:
        """Poison as large as a topic takes by default, with its overhead of some hundred bytes; its value."""
        value = os.urandom(1_048_588 - 200)
        producer = Producer({"bootstrap.servers": self.bootstrap_servers, "message.max.bytes": 2_000_000})
        headers: list[tuple[str, str | bytes | None]] = [("event-id", "large")]
        producer.produce(self.topics["INPUT_TOPIC"], value, "order", headers=headers)
        assert producer.flush(20) == 0
        return value

    def committed(self) -> int:
        """The sum of the group's offsets, those in an open transaction not counted."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap_servers, "group.id": self.group})
        partitions = [TopicPartition(self.topics["INPUT_TOPIC"], number) for number in range(PARTITIONS)]
        deadline = time.monotonic() + 20
        try:
            while True:
                try:
                    return sum(max(0, partition.offset) for partition in consumer.committed(partitions, 10))
                except KafkaException:  # a coordinator that has just been chosen
                    if time.monotonic() > deadline:
                        raise
                    consumer.poll(0.05)
        finally:
            consumer.close()

    def read(self, variable: str) -> list[Any]:
        """Every record of a topic to its end, as read_committed sees it; each partition's in its order."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "group.id": f"{self.group}-reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
            }
        )
        found, ends = [], 0
        consumer.assign([TopicPartition(self.topics[variable], number, 0) for number in range(PARTITIONS)])
        try:
            while ends < PARTITIONS:
                message = consumer.poll(10)
                assert message is not None, f"the end of {variable} was not reached"
                if message.error():
                    ends += 1
                else:
                    found.append(message)
        finally:
            consumer.close()
        return found

    def ids(self, variable: str) -> Counter[str]:
        """How often each event has an effect on a topic."""
        return Counter(dict(message.headers())["event-id"].decode() for message in self.read(variable))

    def end(self) -> None:
        """Nothing that was started is left."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe and not pipe.closed:
                    pipe.close()
            process.wait(10)


@pytest.fixture
def stage(embedded_cluster: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path) -> Iterator[Stage]:
    name = uuid.uuid4().hex[:8]
    topics = {variable: f"{variable.lower().replace('_', '-')}-{name}" for variable in VARIABLES}
    admin = AdminClient({"bootstrap.servers": embedded_cluster.bootstrap_servers})
    larger = {"max.message.bytes": str(DEAD_LETTER_BYTES)}
    new = [NewTopic(name, PARTITIONS, 3, config=larger if "dlq" in name else {}) for name in topics.values()]
    for made in admin.create_topics(new).values():
        made.result(20)
    made_stage = Stage(embedded_cluster.bootstrap_servers, topics, f"group-{name}", tmp_path, session_guardian)
    yield made_stage
    made_stage.end()


@pytest.fixture
def projected(stage: Stage) -> Projected:
    return Projected(stage)


@pytest.fixture(scope="session")
def postgresql_server(session_guardian: Guardian) -> Iterator[PostgreSQL]:
    """Without PostgreSQL's programs a test is skipped; with CI set it fails."""
    if programs() is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no PostgreSQL: install Debian's postgresql")
    lease = PortLease()
    # not pytest's own directory: the server's user may not look into that
    with tempfile.TemporaryDirectory(prefix="postgresql-") as directory:
        server = PostgreSQL(session_guardian, Path(directory), lease)
        server.start()
        yield server
        server.stop()
    lease.close()


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL) -> PostgreSQL:
    """With no table in it."""
    postgresql_server.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return postgresql_server
