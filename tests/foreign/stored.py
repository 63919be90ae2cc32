"""A pipeline that is not ours: at-least-once as librdkafka's manual has it, committed by the client's clock.

Offsets are stored when the effects are acknowledged, and no earlier.
"""

import signal
import sys
from types import FrameType

from confluent_kafka import Consumer, Message, Producer

servers, group, source, target = sys.argv[1:]
running = True


def stop(signum: int, frame: FrameType | None) -> None:
    global running  # noqa: PLW0603 - the whole program is this loop
    running = False


signal.signal(signal.SIGTERM, stop)
consumer = Consumer(
    {
        "bootstrap.servers": servers,
        "group.id": group,
        "enable.auto.commit": True,
        "auto.commit.interval.ms": 200,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 6000,
    }
)
producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, "linger.ms": 5})
consumer.subscribe([source])
while running:
    batch: list[Message] = [message for message in consumer.consume(200, 0.1) if not message.error()]
    for message in batch:
        producer.produce(target, message.value(), message.key(), headers=message.headers())
    if batch and producer.flush(30) == 0:
        for message in batch:
            consumer.store_offsets(message)
consumer.close()
