"""How soon a record is there, from when it was due until a read_committed reader has it, at a steady rate."""

import struct
import time
import uuid
from collections.abc import Iterator

from confluent_kafka import Consumer, Producer, TopicPartition

RATE, SECONDS = 2000, 8.0
TICK_S = 0.01
WARM_S = 2.0  # not counted
PATIENCE_S = 60.0
DUE = struct.Struct(">d16s")  # when the record was due, and which measurement it belongs to


def latency_ms(servers: str, input_topic: str, output_topic: str) -> dict[str, float]:
    """Percentiles, in milliseconds, of what goes from one topic to the other meanwhile."""
    reader = Consumer(
        {"bootstrap.servers": servers, "group.id": "latency", "enable.auto.commit": False, "fetch.wait.max.ms": 10}
    )
    partitions = reader.list_topics(output_topic, 10).topics[output_topic].partitions
    ends = [reader.get_watermark_offsets(TopicPartition(output_topic, number), 10)[1] for number in partitions]
    reader.assign([TopicPartition(output_topic, *place) for place in zip(partitions, ends, strict=True)])
    try:
        _measure(servers, input_topic, reader, time.monotonic() + PATIENCE_S, 1)  # until the forwarder is there
        found = sorted(_measure(servers, input_topic, reader, time.monotonic() + PATIENCE_S, int(RATE * SECONDS)))
    finally:
        reader.close()
    return {f"p{share}": found[len(found) * share // 100] * 1000 for share in (50, 99)}


def _measure(servers: str, topic: str, reader: Consumer, deadline: float, records: int) -> list[float]:
    """Of all records but those of the first moments, seconds each."""
    own = uuid.uuid4().bytes
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 1, "partitioner": "murmur2_random"})
    begun, sent, seen = time.time(), 0, 0
    found: list[float] = []
    while seen < records:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{seen} of {records} records came through")
        due_now = min(records, int((time.time() - begun) * RATE) + 1)
        for number in range(sent, due_now):
            producer.produce(topic, DUE.pack(begun + number / RATE, own).ljust(200, b"."), str(number))
        sent = due_now
        producer.poll(0)
        for due, came in _read(reader, own):
            seen += 1
            if due - begun >= WARM_S or records == 1:
                found.append(came - due)
    producer.flush(10)
    return found


def _read(reader: Consumer, own: bytes) -> Iterator[tuple[float, float]]:
    for message in reader.consume(1000, TICK_S / 5):
        came, value = time.time(), message.value()
        if message.error() is None and value is not None:
            due, whose = DUE.unpack_from(value)
            if whose == own:
                yield due, came
