"""Records that are on their way to a topic, where something waits for each to arrive: its source's offset."""

from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline import metrics
from pipeline.errors import Action, FatalError, StartOver, classify, kafka_error
from pipeline.events import Result
from pipeline.process import Stop, client_logger
from pipeline.settings import Config

STEP_S = 0.5


class Outbox:
    """An idempotent producer. What is refused, or of an unknown outcome, is raised: nothing goes on without it."""

    def __init__(self, config: Config) -> None:
        self._producer = Producer(config, logger=client_logger())
        self._failure: Exception | None = None

    def send(self, topic: str, record: Result, arrived: Callable[[], None] = lambda: None) -> None:
        """`arrived` is called, inside `serve` or `flush`, when the brokers have the record."""

        def told(error: KafkaError | None, _message: Message) -> None:
            metrics.sent(topic, error=error.name() if error else "")
            if error is None:
                arrived()
            else:
                self._failure = self._failure or _told(topic, error)

        while True:
            try:
                self._producer.produce(
                    topic, key=record.key, value=record.value, headers=record.headers, on_delivery=told
                )
            except BufferError:
                self.serve(STEP_S)  # back-pressure
            except KafkaException as exception:
                raise _told(topic, kafka_error(exception)) from exception
            else:
                return

    @property
    def waiting(self) -> int:
        """How many are on their way, or have arrived and were not told yet."""
        return len(self._producer)

    def serve(self, seconds: float = 0) -> None:
        """Let the client tell what has arrived."""
        self._producer.poll(seconds)
        self._raise()

    def flush(self, stop: Stop) -> None:
        """Wait until all has arrived: were a source committed before, its record could be lost."""
        while self._producer.flush(STEP_S):
            self._raise()
            if stop.requested and not stop.seconds_left(float("inf")):
                raise StartOver("what was sent was not acknowledged in time")
        self._raise()

    def _raise(self) -> None:
        if self._failure:
            raise self._failure


def _told(topic: str, error: KafkaError) -> Exception:
    """The exception for a record that was refused, or whose outcome is unknown."""
    if classify(error) in {Action.POISON, Action.FATAL}:
        return FatalError(f"{topic}: {error.str()}; look at the topic, and at its max.message.bytes")
    return StartOver(f"{topic}: {error.str()}")
