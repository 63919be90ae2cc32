"""The producer, and a plain loop of a consumer, beside Kafka's own measuring tools in Java.

All send and read the same number of records of the same size, on the same three brokers, with the same settings:
acks=all, idempotent, lz4, 5 ms of linger. The producer checks each event and waits for the report of each.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer

from pipeline.process import Stop
from pipeline.producer import READ_BYTES, Answer, OrderProducer
from pipeline.settings import ProducerSettings
from streamproof.cluster import DEFAULT_VERSION, start_embedded
from streamproof.cluster.artifacts import cached, parse_pins
from streamproof.cluster.runtime import prepare
from streamproof.guardian import Guardian
from streamproof.kafka.topics import create_topics

RECORDS = 200_000
REPEATS = 3
PARTITIONS = 6
ORDERS = 2431
PATIENCE_S = 300.0
TOOLS = "org.apache.kafka.tools."
PINS = Path(__file__).parent / "kafka-tools-4.3.1.toml"


def producer() -> list[dict[str, Any]]:
    """Records a second, the median of some runs, by turns."""
    rows = []
    with Guardian() as guardian, start_embedded(guardian, brokers=3, logs=guardian.directory / "logs") as cluster:
        java, servers = tools(), cluster.bootstrap_servers
        taken: dict[str, list[float]] = {name: [] for name in ("ours", "theirs", "our loop", "their loop")}
        for number in range(REPEATS):
            mine, other = f"ours-{number}", f"theirs-{number}"
            create_topics(servers, dict.fromkeys((mine, other), PARTITIONS), replication=3)
            taken["ours"].append(told([sys.executable, "-m", "bench.producer", "send", servers, mine]))
            taken["theirs"].append(produced(java, servers, other))
            taken["our loop"].append(told([sys.executable, "-m", "bench.producer", "read", servers, mine]))
            taken["their loop"].append(consumed(java, servers, mine))
    for name, ours, theirs, peer in (
        ("produce, a report for each record", "ours", "theirs", "kafka-producer-perf-test"),
        ("consume, a plain loop", "our loop", "their loop", "kafka-consumer-perf-test"),
    ):
        value, peer_value = statistics.median(taken[ours]), statistics.median(taken[theirs])
        rows.append(
            {
                "name": name, "value": round(value), "unit": "records/s", "peer": peer, "peer_value": round(peer_value),
                "ratio": round(value / peer_value, 2),
            }
        )  # fmt: skip
    return rows


def tools() -> list[str]:
    """Java with Kafka's tools, but for the name of the tool."""
    runtime = prepare(DEFAULT_VERSION)
    jars = [*cached(parse_pins(tomllib.loads(PINS.read_text()))), *runtime.jars]
    return [str(runtime.java.executable), "-Xmx512m", "-cp", os.pathsep.join(map(str, jars))]


def event(number: int) -> bytes:
    return json.dumps(
        {
            "event_id": f"event-{number:032d}", "order_id": f"order-{number % ORDERS}", "sequence": number // ORDERS,
            "type": "paid", "amount": 4990, "currency": "EUR", "occurred_at": "2026-03-01T09:16:12Z",
        }
    ).encode()  # fmt: skip


def told(command: list[str]) -> float:
    """The rate that a process of its own says."""
    run = subprocess.run(command, check=True, timeout=PATIENCE_S, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return float(run.stdout)


def produced(java: list[str], servers: str, topic: str) -> float:
    settings = ProducerSettings(kafka_bootstrap_servers=servers)
    properties = [
        f"bootstrap.servers={servers}", "acks=all", "enable.idempotence=true", "compression.type=lz4", "linger.ms=5",
        f"batch.size={settings.client_config()['batch.size']}",
    ]  # fmt: skip
    sizes = ["--num-records", str(RECORDS), "--record-size", str(len(event(RECORDS))), "--throughput", "-1"]
    command = [*java, f"{TOOLS}ProducerPerformance", "--topic", topic, *sizes, "--producer-props", *properties]
    out = subprocess.run(command, check=True, timeout=PATIENCE_S, capture_output=True, text=True).stdout
    return float(re.findall(rf"{RECORDS} records sent, ([\d.]+) records/sec", out)[-1])


def consumed(java: list[str], servers: str, topic: str) -> float:
    """From the first fetch on: the tool tells the group's rebalance apart."""
    command = [*java, f"{TOOLS}ConsumerPerformance", "--bootstrap-server", servers, "--topic", topic]
    command += ["--num-records", str(RECORDS), "--group", f"{topic}-java"]
    out = subprocess.run(command, check=True, timeout=PATIENCE_S, capture_output=True, text=True).stdout
    names, values = (re.split(r"\s*,\s*", line.strip()) for line in out.strip().splitlines()[-2:])
    return float(dict(zip(names, values, strict=True))["fetch.nMsg.sec"])


def send(servers: str, topic: str) -> None:
    """The reference producer, which parses and checks each event; until the last report.

    It is polled after as many events as `run_stdin` reads at once.
    """
    settings = ProducerSettings(kafka_bootstrap_servers=servers, input_topic=topic)
    producing, answers = OrderProducer(settings, Stop(0)), 0

    def reply(answer: Answer) -> None:
        nonlocal answers
        answers += answer.outcome == "ok"

    events = [event(number) for number in range(RECORDS)]
    at_once = READ_BYTES // len(events[0])
    started = time.perf_counter()
    for number, line in enumerate(events):
        producing.send(line, reply)
        if number % at_once == 0:
            producing.poll()
    producing.flush()
    taken = time.perf_counter() - started
    if answers != RECORDS:
        raise RuntimeError(f"{answers} of {RECORDS} events were acknowledged")
    print(RECORDS / taken)


def read(servers: str, topic: str) -> None:
    """From the first records to the last, a batch at a time, each record's value looked at."""
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": f"{topic}-python", "auto.offset.reset": "earliest",
         "enable.auto.commit": False}
    )  # fmt: skip
    consumer.subscribe([topic])
    began, first, count, size = 0.0, 0, 0, 0
    deadline = time.monotonic() + PATIENCE_S
    while count < RECORDS and time.monotonic() < deadline:
        messages = consumer.consume(500, 0.02)
        size += sum(len(message.value() or b"") for message in messages)
        count += len(messages)
        if messages and not began:  # what comes with the first batch is not in the time
            began, first = time.perf_counter(), count
    taken = time.perf_counter() - began
    consumer.close()
    if count < RECORDS:
        raise RuntimeError(f"{count} of {RECORDS} records were read")
    print((count - first) / taken)


if __name__ == "__main__":
    {"send": send, "read": read}[sys.argv[1]](*sys.argv[2:])
