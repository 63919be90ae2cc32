"""Makes the pipeline's topics, where they are not there yet: brokers that make them by themselves would guess."""

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pipeline.errors import FatalError, kafka_error
from pipeline.process import client_logger, say
from pipeline.settings import DEAD_LETTER_BYTES, TopicSettings

TOPICS = (
    "order-events", "orders-processed", "order-notifications", "order-events-dlq", "orders-processed-dlq",
    "user-events", "user-events-dlq",
)  # fmt: skip
WAIT_S = 60.0  # for brokers that are starting


def make_topics(settings: TopicSettings) -> None:
    """Returns when all are there; FatalError when the brokers refuse a topic."""
    admin = AdminClient(
        {"bootstrap.servers": settings.kafka_bootstrap_servers, "client.id": "topics"}, logger=client_logger()
    )
    in_sync = {"min.insync.replicas": str(max(1, settings.replication - 1))}
    larger = {"max.message.bytes": str(DEAD_LETTER_BYTES)}
    wanted = [
        NewTopic(name, settings.partitions, settings.replication, config=in_sync | (larger if "dlq" in name else {}))
        for name in TOPICS
    ]
    for name, made in admin.create_topics(wanted, request_timeout=WAIT_S).items():
        try:
            made.result(WAIT_S)
        except KafkaException as exception:
            error = kafka_error(exception)
            if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise FatalError(f"topic {name}: {error.str()}") from exception
        say("topic", name=name)
