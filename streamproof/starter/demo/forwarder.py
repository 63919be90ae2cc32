"""Forwards each order: reads it, does some work for it, and sends it on."""

import os
import signal
import time
from types import FrameType

from confluent_kafka import Consumer, Producer

running = True


def stop(_number: int, _frame: FrameType | None) -> None:
    global running  # noqa: PLW0603 - the whole program is this loop
    running = False


signal.signal(signal.SIGTERM, stop)
consumer = Consumer(
    {
        "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        "group.id": os.environ["GROUP_ID"],
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 3000,
        "heartbeat.interval.ms": 500,
        "enable.auto.commit": True,
        "auto.commit.interval.ms": 100,
    }
)
producer = Producer({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"], "enable.idempotence": True})
consumer.subscribe([os.environ["INPUT_TOPIC"]])
while running:
    batch = [message for message in consumer.consume(100, 0.1) if not message.error()]
    for message in batch:
        time.sleep(0.005)  # the work: a price is looked up, a customer is checked
        producer.produce(os.environ["OUTPUT_TOPIC"], message.value(), message.key(), headers=message.headers())
    producer.flush(30)
consumer.close()
