"""How many orders a second POST /orders acknowledges, acks=all, beside the same endpoint without Kafka.

Each in a process of its own, under the same load: clients that post one after the other over open connections. What the
peer does not do is to wait for brokers, so the ratio is what they cost.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from pipeline import api as served
from pipeline.__main__ import main
from pipeline.courier import Tell
from pipeline.events import parse
from pipeline.producer import Answer
from streamproof.cluster import start_embedded
from streamproof.cluster.ports import PortLease
from streamproof.guardian import Guardian
from streamproof.kafka.topics import create_topics

CLIENTS = 64
POSTS = 3_200
REPEATS = 3
PARTITIONS = 6
PATIENCE_S = 60.0
PEER = "the same endpoint without Kafka"
KEY = "Idempotency-Key"


def api() -> list[dict[str, Any]]:
    """Medians of some runs, by turns: orders a second, and milliseconds that 99 of 100 answers came within."""
    measured: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with Guardian() as guardian, start_embedded(guardian, brokers=3, logs=guardian.directory / "logs") as cluster:
        create_topics(
            cluster.bootstrap_servers, dict.fromkeys(("order-events", "order-keys"), PARTITIONS), replication=3
        )
        for number in range(REPEATS):
            for who, module, header in (
                ("ours", "pipeline", ""),
                ("ours", "pipeline", KEY),
                ("theirs", "bench.api", ""),
            ):
                found = run(cluster.bootstrap_servers, module, f"{who}{header}{number}", header)
                measured.setdefault((who, header), []).append(found)
    rows = []
    for header, of_kind in (("", ""), (KEY, " with a key")):
        for index, (what, unit) in enumerate((("acknowledged", "orders/s"), ("p99", "ms"))):
            value = statistics.median(found[index] for found in measured["ours", header])
            peer = statistics.median(found[index] for found in measured["theirs", ""])
            rows.append(
                {
                    "name": f"POST /orders{of_kind}, {CLIENTS} clients, {what}", "value": round(value, 1), "unit": unit,
                    "peer": PEER, "peer_value": round(peer, 1), "ratio": round(value / peer, 2),
                }
            )  # fmt: skip
    return rows


def run(servers: str, module: str, name: str, header: str) -> tuple[float, float]:
    """Of a process that serves: orders a second, p99 in milliseconds. The first tenth warms up, and is not counted."""
    lease = PortLease()
    (port,) = lease.take(1)
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers, "PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", module, "api"], env=environment, stderr=subprocess.DEVNULL)
    try:
        asyncio.run(load(port, f"{name}-warm", header, POSTS // 10))
        started = time.perf_counter()
        latencies = asyncio.run(load(port, name, header, POSTS))
        taken = time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(30)
        lease.close()
    return len(latencies) / taken, statistics.quantiles(latencies, n=100)[98] * 1000


async def load(port: int, name: str, header: str, posts: int) -> list[float]:
    """Seconds from each post to its 201."""
    each = posts // CLIENTS
    found = await asyncio.gather(*(client(port, f"{name}-{n}", header, each) for n in range(CLIENTS)))
    return [latency for latencies in found for latency in latencies]


async def client(port: int, name: str, header: str, posts: int) -> list[float]:
    reader, writer = await connected(port)
    latencies = []
    for number in range(posts):
        key = f"{header}: {name}-{number}\r\n" if header else ""
        body = json.dumps(
            {
                "event_id": f"{name}-{number}", "order_id": name, "sequence": number, "type": "paid", "amount": 4990,
                "currency": "EUR", "occurred_at": "2026-03-01T09:16:12Z",
            }
        )  # fmt: skip
        started = time.perf_counter()
        writer.write(
            f"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{key}"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
        answer = await reader.readexactly(int(fields["content-length"]))
        latencies.append(time.perf_counter() - started)
        if not head.startswith(b"HTTP/1.1 201"):
            raise RuntimeError(f"not acknowledged: {answer.decode()}")
    writer.close()
    return latencies


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An open connection, once somebody listens."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


class WithoutKafka:
    """In the producer's place: each event is checked, and said to be in a log that there is not."""

    failed = None

    def __init__(self, *_: object) -> None:
        self._count = 0

    def send(self, line: bytes, reply: Tell) -> None:
        self._count += 1
        reply(Answer("ok", parse(line).event_id, 0, self._count))

    def poll(self) -> None:
        pass

    def flush(self) -> int:
        return 0


if __name__ == "__main__":
    vars(served)["OrderProducer"] = WithoutKafka
    sys.exit(main())
