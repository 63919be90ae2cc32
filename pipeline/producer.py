"""The plain producer: order events, each once and in the order given, with an outcome for each.

An outcome is ok, fail or unknown: a record whose time ran out may be in the log, and saying "failed" would be a lie
that doubles an order when the caller tries again.
"""

# ruff: noqa: SLF001 - the names of librdkafka's own error codes begin with an underscore
import json
import os
import select
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline import metrics
from pipeline.errors import Action, FatalError, RegistryAway, classify, kafka_error
from pipeline.events import Header, PoisonError, Result, parse
from pipeline.process import Stop, client_logger, say
from pipeline.settings import ProducerSettings
from pipeline.values import values_of

READ_BYTES = 1 << 16
# certainly not in the log: refused by the client or the broker. Not what was purged from the client's queue: a batch
# that was sent, and whose connection broke, waits there again
REFUSED = frozenset(
    {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED,
     KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART,
     KafkaError.POLICY_VIOLATION, KafkaError.INVALID_REQUIRED_ACKS, KafkaError.TOPIC_EXCEPTION}
)  # fmt: skip


class Answer(NamedTuple):
    """What became of an event. `outcome` is ok, fail or unknown; where it lies is known only when ok."""

    outcome: str
    id: str | None
    partition: int | None = None
    offset: int | None = None
    error: str | None = None

    def line(self) -> str:
        return json.dumps({name: value for name, value in self._asdict().items() if value is not None or name == "id"})


Reply = Callable[[Answer], None]


class OrderRecords:
    """Order events as records of their topic."""

    def __init__(self, settings: ProducerSettings) -> None:
        self._is_json = settings.value_format == "json"
        self._values = values_of(settings, {"order-event": settings.input_topic})

    def of(self, line: bytes, trace: Sequence[Header] = ()) -> tuple[str, Result]:
        """The id of the event in `line`, and its record. PoisonError where there is none; RegistryAway."""
        event = parse(line)
        value = line if self._is_json else self._values.encode("order-event", event.model_dump())
        return event.event_id, Result(event.order_id.encode(), value, [("event-id", event.event_id.encode()), *trace])


class OrderProducer:
    """Sends order events; not for several threads. `failed` is why nothing more can be sent."""

    def __init__(
        self, settings: ProducerSettings, stop: Stop, make_producer: Callable[..., Producer] = Producer
    ) -> None:
        self._stop = stop
        self._topic = settings.input_topic
        self._acks = settings.acks
        self._records = OrderRecords(settings)
        self._producer = make_producer({**settings.client_config(), "error_cb": self._on_error}, logger=client_logger())
        self.failed: str | None = None

    def send(self, line: bytes, reply: Reply, trace: Sequence[Header] = ()) -> None:
        """Send the event in `line`; `reply` gets its only answer, from here or from a later `send`, `poll` or `flush`.

        To poll after some events, and not after each, saves a fifth of the time.
        """
        try:
            event_id, record = self._records.of(line, trace)
        except (PoisonError, RegistryAway) as error:  # nothing was sent
            reply(Answer("fail", _id_of(line), error=str(error)))
            return

        def delivered(error: KafkaError | None, message: Message) -> None:
            try:
                answer = outcome_of(event_id, error, message, self._acks)
            except SystemError:
                # confluent-kafka 2.16 raises a fatal error in the midst of its callbacks, and the next of them meets
                # it; met, it is gone
                answer = outcome_of(event_id, error, message, self._acks)
            if error is not None and error.fatal():
                self.failed = error.str()
            reply(answer)
            metrics.sent(self._topic, error=error.name() if error else "")

        refused = self._queue(record, delivered)
        if refused is not None:
            reply(Answer("fail", event_id, error=refused))

    def deliver(self, lines: Iterable[bytes]) -> list[Answer]:
        """Send events, and wait for all answers, which are in the order of the events."""
        answers: list[Answer] = []
        for number, line in enumerate(lines):
            answers.append(Answer("unknown", None, error="stopped before there was an answer"))
            self.send(line, partial(answers.__setitem__, number))
        self.flush()
        return answers

    def _queue(self, record: Result, delivered: Callable[[KafkaError | None, Message], None]) -> str | None:
        """Queue the record in the client as soon as there is room; if it was not queued, the reason."""
        while True:
            try:
                self._producer.produce(
                    self._topic, record.value, record.key, headers=record.headers, on_delivery=delivered
                )
            except BufferError:
                # back-pressure: the queue has room again when deliveries have been told, or timed out
                if not self._stop.seconds_left(float("inf")):
                    return "stopped before there was room in the queue"
                self.poll(0.1)
            except KafkaException as exception:
                error = kafka_error(exception)
                if error.fatal():
                    self.failed = error.str()
                return error.str()
            else:
                return None

    def poll(self, seconds: float = 0) -> None:
        """Answer what has been delivered since."""
        try:
            self._producer.poll(seconds)
        except KafkaException as exception:
            self.failed = kafka_error(exception).str()

    def flush(self) -> int:
        """Wait for all answers; each comes within its delivery time-out. Returns how many events have none."""
        while len(self._producer) and self._stop.seconds_left(float("inf")):
            self.poll(0.1)
        if len(self._producer):
            # nobody waits for it any more, and it may have been sent: unknown
            self._producer.purge(in_queue=True, in_flight=True)
            self.poll(1)
        return len(self._producer)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self.failed = error.str()
        say("producer error", error=error.str(), fatal=error.fatal())


def outcome_of(event_id: str, error: KafkaError | None, message: Message, acks: str = "all") -> Answer:
    """The answer that a delivery report gives. Only what is certainly not in the log has failed."""
    if error is not None:
        certain = error.code() in REFUSED or classify(error) is Action.POISON
        return Answer("fail" if certain else "unknown", event_id, error=error.str())
    if acks == "0":  # the client reports success when it has written to its socket: "ok" would be made up
        return Answer("unknown", event_id, error="with ACKS=0 no broker says whether it has the event")
    return Answer("ok", event_id, message.partition(), message.offset())


def run_stdin(producer: OrderProducer, stop: Stop) -> None:
    """An event a line in, an answer a line out, until the input ends or a stop. FatalError when no more can be sent.

    stdin is read only when there is something, so that deliveries are told meanwhile.
    """

    def reply(answer: Answer) -> None:
        sys.stdout.write(answer.line() + "\n")

    source = sys.stdin.fileno()
    rest = b""
    while not stop.requested and producer.failed is None:
        if not select.select([source], [], [], 0)[0]:
            producer.poll(0.05)
            sys.stdout.flush()
            continue
        chunk = os.read(source, READ_BYTES)
        if not chunk:
            break
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                producer.send(line, reply)
        producer.poll()
        sys.stdout.flush()
    if rest.strip() and not stop.requested and producer.failed is None:
        producer.send(rest, reply)
    left = producer.flush()
    sys.stdout.flush()
    if producer.failed is not None:
        raise FatalError(f"the producer cannot go on: {producer.failed}")
    if left:
        raise FatalError(f"{left} events have no outcome")


def _id_of(line: bytes) -> str | None:
    """The id in a line that is no valid event, if there is any."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    found = value.get("event_id") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
