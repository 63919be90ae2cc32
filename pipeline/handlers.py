"""What is done with a record: a plain function of it, that knows neither group nor transaction.

It returns what the record causes, each with the topic that it goes to. It raises PoisonError for a record that can
never be handled, which is then dead-lettered, and RegistryAway where the same record may succeed later.
"""

from collections.abc import Callable, Sequence

from confluent_kafka import Message

from pipeline.events import Headers, Result, notification, processed, trace_of
from pipeline.group_member import headers_of
from pipeline.settings import ForwarderSettings
from pipeline.values import values_of

Outputs = Sequence[tuple[str, Result]]
Handler = Callable[[Message], Outputs]


def orders(settings: ForwarderSettings) -> Handler:
    """Each order event becomes a new state of its order, and a notification."""
    states, notes = settings.processed_topic, settings.notifications_topic
    values = values_of(settings, {"order-processed": states, "order-notification": notes})
    parse, encode = values.parse, values.encode

    def handle(message: Message) -> Outputs:
        event, trace = parse(message.value()), trace_of(headers_of(message))
        return (states, processed(event, encode, trace)), (notes, notification(event, encode, trace))

    return handle


def copy_to(topic: str) -> Handler:
    """Each record as it is: the least that a handler can be."""

    def handle(message: Message) -> Outputs:
        headers: Headers = message.headers() or []  # type: ignore[assignment]  # a list, where it was read
        return ((topic, Result(message.key(), message.value(), headers)),)

    return handle
