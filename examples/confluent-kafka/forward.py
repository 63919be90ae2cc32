"""Exactly once, with confluent-kafka: effects and offsets in one transaction, and a fresh start where it fails."""

import faulthandler
import os
import signal
import sys
import threading

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
OUTPUT = os.environ["OUTPUT_TOPIC"]
BATCH = 200
TRANSACTION_S = 10


def forward(consumer: Consumer, producer: Producer, batch: list[Message]) -> None:
    """One transaction: it commits all of the batch, or nothing."""
    # send_offsets_to_transaction may never return (README): then this process ends, with its stack in the log
    faulthandler.dump_traceback_later(TRANSACTION_S + 5, exit=True)
    done = {(message.topic(), message.partition()): message.offset() + 1 for message in batch}
    producer.begin_transaction()
    for message in batch:
        producer.produce(OUTPUT, message.value(), message.key(), headers=message.headers())
    producer.send_offsets_to_transaction(
        [TopicPartition(topic, partition, offset) for (topic, partition), offset in done.items()],
        consumer.consumer_group_metadata(),  # by which a member that was given up is refused
    )
    producer.commit_transaction()
    faulthandler.cancel_dump_traceback_later()


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
            "transactional.id": os.environ["TRANSACTIONAL_ID"],  # of this instance, the same after a restart
            "transaction.timeout.ms": TRANSACTION_S * 1000,
            "linger.ms": 5,
        }
    )
    producer.init_transactions()  # aborts what an earlier life left open
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    consumer.subscribe([os.environ["INPUT_TOPIC"]])
    try:
        while not stopping.is_set():
            batch = [message for message in consumer.consume(BATCH, 0.1) if not message.error()]
            if batch:
                forward(consumer, producer, batch)
    except KafkaException as error:
        sys.exit(f"nothing of this transaction counts; starting afresh: {error}")
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
