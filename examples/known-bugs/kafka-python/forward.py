"""Exactly once, with kafka-python: effects and offsets in one transaction."""

import os
import signal
import threading

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import OffsetAndMetadata

SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
GROUP = os.environ["GROUP_ID"]
OUTPUT = os.environ["OUTPUT_TOPIC"]


def forward(consumer: KafkaConsumer, producer: KafkaProducer) -> None:
    """One transaction for what has come: it commits all of it, or nothing."""
    batches = consumer.poll(timeout_ms=200, max_records=200)
    if not batches:
        return
    producer.begin_transaction()
    for records in batches.values():
        for record in records:
            producer.send(OUTPUT, record.value, record.key, headers=record.headers)
    done = {partition: OffsetAndMetadata(records[-1].offset + 1, "", -1) for partition, records in batches.items()}
    producer.send_offsets_to_transaction(done, member_of(consumer))
    producer.commit_transaction()


def member_of(consumer: KafkaConsumer) -> object:
    """What tells the broker who commits: the member and its generation, where the client can say so."""
    return consumer.group_metadata() if hasattr(consumer, "group_metadata") else GROUP


def main() -> None:
    consumer = KafkaConsumer(
        os.environ["INPUT_TOPIC"],
        bootstrap_servers=SERVERS,
        group_id=GROUP,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        session_timeout_ms=6000,
        heartbeat_interval_ms=1000,
    )
    producer = KafkaProducer(
        bootstrap_servers=SERVERS,
        transactional_id=os.environ["TRANSACTIONAL_ID"],
        transaction_timeout_ms=10_000,
    )
    producer.init_transactions()  # aborts what an earlier life left open
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    while not stopping.is_set():
        forward(consumer, producer)
    consumer.close()
    producer.close()


if __name__ == "__main__":
    main()  # an error ends the process: a restart begins at what is committed
