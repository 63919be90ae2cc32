"""Exactly once, with confluent-kafka; now and then all partitions are resumed, whether one is paused or not."""

import itertools
import os
import signal
import sys
import threading

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
OUTPUT = os.environ["OUTPUT_TOPIC"]
BATCH = 200


def forward(consumer: Consumer, producer: Producer, batch: list[Message]) -> None:
    """One transaction: it commits all of the batch, or nothing."""
    done = {(message.topic(), message.partition()): message.offset() + 1 for message in batch}
    producer.begin_transaction()
    for message in batch:
        producer.produce(OUTPUT, message.value(), message.key(), headers=message.headers())
    producer.send_offsets_to_transaction(
        [TopicPartition(topic, partition, offset) for (topic, partition), offset in done.items()],
        consumer.consumer_group_metadata(),
    )
    producer.commit_transaction()


def main() -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": SERVERS,
            "group.id": os.environ["GROUP_ID"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "session.timeout.ms": 6000,
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": SERVERS,
            "transactional.id": os.environ["TRANSACTIONAL_ID"],
            "transaction.timeout.ms": 10_000,
            "linger.ms": 5,
        }
    )
    producer.init_transactions()  # aborts what an earlier life left open
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    consumer.subscribe([os.environ["INPUT_TOPIC"]])
    try:
        for round_ in itertools.count(1):
            if stopping.is_set():
                break
            batch = [message for message in consumer.consume(BATCH, 0.1) if not message.error()]
            if batch:
                forward(consumer, producer, batch)
            if round_ % 10 == 0:
                consumer.resume(consumer.assignment())
    except KafkaException as error:
        sys.exit(f"nothing of this transaction counts; starting afresh: {error}")
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
