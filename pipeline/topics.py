"""Makes the pipeline's topics, where they are not there yet: brokers that make them by themselves would guess."""

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pipeline.errors import FatalError, kafka_error
from pipeline.process import client_logger, say
from pipeline.settings import DEAD_LETTER_BYTES, TopicSettings

LARGER = {"max.message.bytes": str(DEAD_LETTER_BYTES)}
# the last of each key is enough, and nothing older than the API remembers: it is read whole when an API starts
KEYS = {"cleanup.policy": "compact,delete", "retention.ms": "3600000", "segment.ms": "600000"}
TOPICS: dict[str, dict[str, str]] = {
    "order-events": {},
    "order-keys": KEYS,
    "orders-processed": {},
    "order-notifications": {},
    "order-events-dlq": LARGER,
    "orders-processed-dlq": LARGER,
    "user-events": {},
    "user-events-dlq": LARGER,
}
WAIT_S = 60.0  # for brokers that are starting


def make_topics(settings: TopicSettings) -> None:
    """Returns when all are there; FatalError when the brokers refuse a topic."""
    admin = AdminClient({**settings.connection(), "client.id": "topics"}, logger=client_logger())
    in_sync = {"min.insync.replicas": str(max(1, settings.replication - 1))}
    wanted = [
        NewTopic(name, settings.partitions, settings.replication, config=in_sync | config)
        for name, config in TOPICS.items()
    ]
    for name, made in admin.create_topics(wanted, request_timeout=WAIT_S).items():
        try:
            made.result(WAIT_S)
        except KafkaException as exception:
            error = kafka_error(exception)
            if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise FatalError(f"topic {name}: {error.str()}") from exception
        say("topic", name=name)
