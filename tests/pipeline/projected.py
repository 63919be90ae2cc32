"""The projector's input, its processes and its database, on the topics of a test."""

import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from pipeline.database import ORDERS, Database

ORDERS_IN_ALL = 20
STOPS_S = 20.0


def state(number: int) -> dict[str, Any]:
    return {
        "event_id": f"event-{number}",
        "order_id": f"order-{number % ORDERS_IN_ALL}",
        "sequence": number // ORDERS_IN_ALL,
        "status": "in-progress",
        "amount": 4990,
        "currency": "EUR",
        "occurred_at": "2026-03-01T09:16:12Z",
    }


class Projected:
    """A stage whose processes are projectors, with a common database."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.path: Path = stage.directory / "orders.db"

    def start(self, name: str = "projector", **more: str) -> Any:
        return self.stage.start(name, "pipeline", "project", DATABASE=str(self.path), **more)

    def send(self, numbers: range, poison: tuple[int, ...] = ()) -> None:
        producer = Producer({"bootstrap.servers": self.stage.bootstrap_servers, "enable.idempotence": True})
        for number in numbers:
            value = b"\xff" if number in poison else json.dumps(state(number)).encode()
            headers: list[tuple[str, str | bytes | None]] = [("event-id", f"event-{number}")]
            producer.produce(self.stage.topics["INPUT_TOPIC"], value, state(number)["order_id"], headers=headers)
        assert producer.flush(20) == 0

    def ask(self, query: str) -> list[Any]:
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table'").fetchall():
                return []  # just being made
            return connection.execute(query).fetchall()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While this lasts, nobody else writes."""
        Database(str(self.path), ORDERS).write([])
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
            connection.execute("ROLLBACK")

    def stopped(self, process: Any) -> bool:
        """Whether it is stopped now: not in the midst of a write, whose lock would keep all others out."""
        process.send_signal(signal.SIGSTOP)
        threads = Path(f"/proc/{process.pid}/task")
        deadline = time.monotonic() + STOPS_S
        while any((thread / "stat").read_text().rpartition(")")[2].split()[0] != "T" for thread in threads.iterdir()):
            assert time.monotonic() < deadline, "a thread did not stop"  # each does when it next looks
        try:
            with closing(sqlite3.connect(self.path, timeout=0, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
            return False
        return True

    def kept(self) -> set[str]:
        """The events that are in the database."""
        return {found for (found,) in self.ask("SELECT event_id FROM order_history")}
