"""What the forwarder is measured beside, as processes of their own: `python -m bench.loops NAME`, until terminated."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from pipeline.errors import StartOver
from pipeline.forwarder import Forwarder
from pipeline.group_member import Batch
from pipeline.handlers import Handler, copy_to
from pipeline.process import Stop, spare_the_collector
from pipeline.settings import CopySettings, ForwarderSettings
from pipeline.transactions import Transactions


def tutorial() -> None:
    """What most tutorials end in: the forwarder's own work, by the client's default settings, and nothing validated."""
    settings = ForwarderSettings.from_environment()
    servers = {"bootstrap.servers": settings.kafka_bootstrap_servers}
    producer = Producer({**servers, "transactional.id": settings.transactional_id})
    consumer = Consumer(
        {**servers, "group.id": settings.group_id, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    )
    producer.init_transactions(30)
    consumer.subscribe([settings.input_topic])
    while True:
        messages = consumer.consume(settings.max_batch, settings.batch_ms / 1000)
        if not messages:
            continue
        producer.begin_transaction()
        for message in messages:
            event = json.loads(message.value() or b"")
            key, headers = message.key(), message.headers()
            state = {**event, "status": "in-progress"}
            producer.produce(settings.processed_topic, json.dumps(state), key, headers=headers)
            note = {"order_id": event["order_id"], "text": f"Order {event['order_id']}: {event['type']}"}
            producer.produce(settings.notifications_topic, json.dumps(note), key, headers=headers)
        _commit(producer, consumer, messages)


def tuned() -> None:
    """The least that a loop in this client can be, by the forwarder's settings: consume, produce, commit."""
    settings = CopySettings.from_environment()
    producer, consumer = Producer(settings.producer_config()), Consumer(settings.consumer_config())
    producer.init_transactions(30)
    consumer.subscribe([settings.input_topic])
    produce, topic = producer.produce, settings.output_topic
    while True:
        messages = consumer.consume(settings.max_batch, settings.batch_ms / 1000)
        if not messages:
            continue
        producer.begin_transaction()
        for message in messages:
            while True:
                try:
                    produce(topic, message.value(), message.key())
                except BufferError:
                    producer.poll(0.1)
                else:
                    break
        _commit(producer, consumer, messages)


def _commit(producer: Producer, consumer: Consumer, messages: Iterable[Message]) -> None:
    following: dict[tuple[str, int], int] = {}
    for message in messages:
        following[str(message.topic()), int(message.partition() or 0)] = int(message.offset() or 0) + 1
    offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in following.items()]
    producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
    producer.commit_transaction()


class _Plainly(Transactions):
    """Idempotent, but no transaction."""

    def open(self) -> None:
        config = {name: value for name, value in self._settings.producer_config().items() if "transaction" not in name}
        self._producer = self.make_producer({**config, "enable.idempotence": True})

    def begin(self) -> None:
        pass

    def commit(self, offsets: Sequence[TopicPartition] = (), group_metadata: Any = None) -> None:  # noqa: ARG002
        self.flush()


class AtLeastOnce(Forwarder):
    """The forwarder's own code without transactions: offsets are committed, not waited for, after a flush."""

    def __init__(self, settings: CopySettings, stop: Stop, handle: Handler) -> None:
        super().__init__(settings, stop, handle)
        self.transactions = _Plainly(settings, stop)

    def committed(self, batch: Batch) -> None:
        try:
            self.consumer.commit(offsets=self.offsets(batch), asynchronous=True)
        except KafkaException as exception:
            raise StartOver(f"commit: {exception}") from exception


def at_least_once() -> None:
    settings = CopySettings.from_environment()
    stop = Stop(settings.stop_ms)
    stop.listen()
    AtLeastOnce(settings, stop, copy_to(settings.output_topic)).run()


if __name__ == "__main__":
    spare_the_collector()
    {"tutorial": tutorial, "tuned": tuned, "at-least-once": at_least_once}[sys.argv[1]]()
