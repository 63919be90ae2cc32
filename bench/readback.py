"""How fast finished logs become a history, beside a plain consume loop that keeps every record and judges nothing."""

import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from streamproof.cluster import start_embedded
from streamproof.cluster.registry import start_registry
from streamproof.guardian import Guardian
from streamproof.history.store import HistoryWriter
from streamproof.history.terms import Fate
from streamproof.kafka.topics import create_topics, list_offsets
from streamproof.recording.topics import EffectTopic, InputTopic, TopicLogs
from streamproof.serde.avro import AVRO
from streamproof.serde.framing import framed
from streamproof.serde.locators import Locator

RECORDS = 300_000  # of each topic
PARTITIONS = 4
BATCH = 1_000  # records in a transaction; every tenth transaction is aborted
TOPICS = ("in", "out")
IN_AVRO = ("in-avro", "out-avro")
FIELDS = ("event_id", "order_id", "amount")
SCHEMA = {"type": "record", "name": "Event", "fields": [{"name": name, "type": "string"} for name in FIELDS]}
PEER = "a consume loop into tuples"


def read_back() -> list[dict[str, Any]]:
    """Records a second on one core: all tables of two logs (each read under both isolation levels), and the peer."""
    with (
        Guardian() as guardian,
        start_embedded(guardian, brokers=1, logs=guardian.directory / "logs") as cluster,
        start_registry(guardian, logs=guardian.directory / "logs") as registry,
    ):
        servers = cluster.bootstrap_servers
        schema = AVRO.schema(SCHEMA)
        number = registry.client.register("event", schema.text, AVRO.registry_type)

        def as_avro(record: dict[str, str]) -> bytes:
            return framed(number, schema.encoded(record))

        for topic in (*TOPICS, *IN_AVRO):
            create_topics(servers, {topic: PARTITIONS}, replication=1)
            fill(servers, topic, as_avro if topic in IN_AVRO else as_json)
        peer = per_core(lambda: consume(servers))
        rows = []
        in_avro = Locator.parse("avro:event_id").through(registry.client)
        for name, identity, topics in (
            ("header", Locator.parse("header:event-id"), TOPICS),
            ("JSON field", Locator.parse("json:/event_id"), TOPICS),
            ("Avro field", in_avro, IN_AVRO),
        ):
            source = logs_of(servers, identity, topics)
            rows.append(row(f"read back, identity in a {name}", per_core(partial(write, source)), peer))
        return rows


def row(name: str, value: float, peer: float) -> dict[str, Any]:
    ratio = round(value / peer, 2)
    return {
        "name": name, "value": round(value), "unit": "records/s and core",
        "peer": PEER, "peer_value": round(peer), "ratio": ratio,
    }  # fmt: skip


def per_core(work: Callable[[], None]) -> float:
    """By the processor time of this whole process: the client's own threads read too."""
    began = time.process_time()
    work()
    return RECORDS * len(TOPICS) / (time.process_time() - began)


def as_json(record: dict[str, str]) -> bytes:
    return json.dumps(record).encode()


def fill(servers: str, topic: str, encode: Callable[[dict[str, str]], bytes]) -> None:
    """Records of about 195 bytes in JSON, in transactions that commit or abort."""
    producer = Producer(
        {"bootstrap.servers": servers, "transactional.id": topic, "compression.type": "lz4", "linger.ms": 5}
    )
    producer.init_transactions(30)
    for first in range(0, RECORDS, BATCH):
        producer.begin_transaction()
        for number in range(first, first + BATCH):
            found = f"event-{number:032d}"
            value = encode({"event_id": found, "order_id": f"order-{number % 2431}", "amount": "x" * 60})
            producer.produce(topic, value, f"order-{number % 2431}".encode(), headers=[("event-id", found)])
        producer.poll(0)
        if first // BATCH % 10 == 9:
            producer.flush(30)
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)


def consume(servers: str) -> None:
    ends = list_offsets(servers, TOPICS)
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "peer", "enable.auto.commit": False, "enable.partition.eof": True,
         "isolation.level": "read_uncommitted", "auto.offset.reset": "earliest"}
    )  # fmt: skip
    consumer.assign([TopicPartition(topic, part, 0) for topic, part in ends])
    kept, finished = [], 0
    while finished < len(ends):
        for message in consumer.consume(10_000, 0.05):
            if message.error() is not None:
                finished += 1
                continue
            kept.append(
                (message.topic(), message.partition(), message.offset(), message.key(), message.value(),
                 message.headers(), message.timestamp())
            )  # fmt: skip
    consumer.close()
    if len(kept) != RECORDS * len(TOPICS):
        raise RuntimeError(f"the peer read {len(kept)} records")


def logs_of(servers: str, identity: Locator, topics: tuple[str, str]) -> TopicLogs:
    source, target = topics
    fates = {f"event-{number:032d}": (number, Fate.PROCESS) for number in range(RECORDS)}
    effects = (EffectTopic("out", target, identity),)
    return TopicLogs(servers, effects, InputTopic(source, identity, "none", fates, effects))


def write(source: TopicLogs) -> None:
    with tempfile.TemporaryDirectory() as directory:
        source.write(HistoryWriter(Path(directory)))


if __name__ == "__main__":
    print(json.dumps(read_back(), indent=2))
