"""How many events a second the reference forwarder takes through, exactly once, beside the loop of the tutorials.

The peer does the same work in transactions of the same size, with the client's default settings, and validates nothing.
"""

import json
import os
import subprocess
import sys
import time
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.settings import ForwarderSettings
from streamproof.cluster import start_embedded
from streamproof.guardian import Guardian
from streamproof.kafka.groups import list_committed_offsets
from streamproof.kafka.topics import create_topics

RECORDS = 150_000
PARTITIONS = 6
ORDERS = 2431
SIZES = (500, 2000)  # records a transaction; the last is the forwarder's own default
TOPICS = ("order-events", "orders-processed", "order-notifications", "order-events-dlq")
PEER = "a plain Python loop, default settings"
PATIENCE_S = 300.0


def forwarder() -> list[dict[str, Any]]:
    """Events a second from the first commit to the last, three brokers and the forwarder on the same machine."""
    rows = []
    with Guardian() as guardian, start_embedded(guardian, brokers=3, logs=guardian.directory / "logs") as cluster:
        servers = cluster.bootstrap_servers
        create_topics(servers, dict.fromkeys(TOPICS, PARTITIONS), replication=3)
        fill(servers)
        for size in SIZES:
            value, peer = (rate(servers, command, size) for command in ("pipeline forward", "bench.forwarder"))
            rows.append(
                {
                    "name": f"forward exactly once, {size} events a transaction", "value": round(value),
                    "unit": "events/s", "peer": PEER, "peer_value": round(peer), "ratio": round(value / peer, 2),
                }
            )  # fmt: skip
    return rows


def fill(servers: str) -> None:
    producer = Producer(
        {"bootstrap.servers": servers, "enable.idempotence": True, "compression.type": "lz4", "linger.ms": 5,
         "partitioner": "murmur2_random", "queue.buffering.max.messages": 2 * RECORDS}
    )  # fmt: skip
    for number in range(RECORDS):
        event = {
            "event_id": f"event-{number:032d}", "order_id": f"order-{number % ORDERS}", "sequence": number // ORDERS,
            "type": "paid", "amount": 4990, "currency": "EUR", "occurred_at": "2026-03-01T09:16:12Z",
        }  # fmt: skip
        headers: list[tuple[str, str | bytes | None]] = [("event-id", str(event["event_id"]))]
        producer.produce(TOPICS[0], json.dumps(event), str(event["order_id"]), headers=headers)
    if producer.flush(120):
        raise RuntimeError("the input was not delivered")


def rate(servers: str, command: str, size: int) -> float:
    """Of a process of its own, in a group of its own, over the whole input."""
    group = f"{command.replace(' ', '-')}-{size}"
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": servers, "TRANSACTIONAL_ID": group, "GROUP_ID": group, "MAX_BATCH": str(size),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", *command.split()], env={**os.environ, **environment}, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + PATIENCE_S
    try:
        first: tuple[float, int] | None = None
        while (done := sum(list_committed_offsets(servers, group).values())) < RECORDS:
            if done and first is None:
                first = (time.monotonic(), done)
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command} came no further than {done} of {RECORDS} events")
            time.sleep(0.02)
        if first is None:
            raise RuntimeError(f"{command} was done before it was seen to begin")
        return (RECORDS - first[1]) / (time.monotonic() - first[0])
    finally:
        process.terminate()
        process.wait(30)


def plain_loop(settings: ForwarderSettings) -> None:
    """Until terminated: what most tutorials end in."""
    servers = settings.kafka_bootstrap_servers
    producer = Producer({"bootstrap.servers": servers, "transactional.id": settings.transactional_id})
    producer.init_transactions(30)
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": settings.group_id, "enable.auto.commit": False,
         "auto.offset.reset": "earliest"}
    )  # fmt: skip
    consumer.subscribe([settings.input_topic])
    while True:
        messages = consumer.consume(settings.max_batch, settings.batch_ms / 1000)
        if not messages:
            continue
        producer.begin_transaction()
        following: dict[tuple[str, int], int] = {}
        for message in messages:
            event = json.loads(message.value() or b"")
            key, headers = message.key(), message.headers()
            state = {**event, "status": "in-progress"}
            producer.produce(settings.processed_topic, json.dumps(state), key, headers=headers)
            note = {"order_id": event["order_id"], "text": f"Order {event['order_id']}: {event['type']}"}
            producer.produce(settings.notifications_topic, json.dumps(note), key, headers=headers)
            following[str(message.topic()), int(message.partition() or 0)] = int(message.offset() or 0) + 1
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in following.items()]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        producer.commit_transaction()


if __name__ == "__main__":
    plain_loop(ForwarderSettings.from_environment())
