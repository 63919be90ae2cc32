"""At least once, with confluent-kafka: what is committed is what the broker has acknowledged the effects of."""

import os
import signal
import sys
import threading

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

SERVERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
OUTPUT = os.environ["OUTPUT_TOPIC"]
BATCH = 200


def forward(consumer: Consumer, producer: Producer, batch: list[Message]) -> None:
    for message in batch:
        producer.produce(OUTPUT, message.value(), message.key(), headers=message.headers(), on_delivery=must_arrive)
    producer.flush()
    consumer.commit(asynchronous=False)  # of all that was handed out, which is this batch and those before


def must_arrive(error: KafkaError | None, _message: Message) -> None:
    if error is not None:
        raise KafkaException(error)  # from flush: the batch is not committed


def main() -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": SERVERS,
            "group.id": os.environ["GROUP_ID"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
        }
    )
    producer = Producer({"bootstrap.servers": SERVERS, "enable.idempotence": True, "linger.ms": 5})
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    consumer.subscribe([os.environ["INPUT_TOPIC"]])
    try:
        while not stopping.is_set():
            batch = [message for message in consumer.consume(BATCH, 0.1) if not message.error()]
            if batch:
                forward(consumer, producer, batch)
    except KafkaException as error:
        sys.exit(f"the batch is not committed, and is done again after a restart: {error}")
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
