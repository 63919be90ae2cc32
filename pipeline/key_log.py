"""The topic of keys: read to its end when the process begins, and from there on after each doubt."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from pipeline.errors import Action, FatalError, StartOver, classify, kafka_error
from pipeline.idempotency import First
from pipeline.process import Stop, client_logger
from pipeline.settings import ApiSettings

AT_ONCE = 500
WAIT_S = 0.05
STEP_S = 0.5  # how long a question may take before the signal to stop is looked at
Answer = TypeVar("Answer")


class KeyLog:
    """Reads what was committed. Not for several threads."""

    def __init__(self, settings: ApiSettings, stop: Stop) -> None:
        self._settings = settings
        self._stop = stop
        self._topic = settings.keys_topic
        self._next: dict[int, int] = {}  # of each partition, the offset to go on with

    def read(self) -> Iterator[tuple[str, First]]:
        """All keys within their window that came since the last call; StartOver when the end is not reached in time.

        The end is the high watermark, as the brokers tell it when they are asked for it: no broker that has just begun
        to lead tells less than was acknowledged. That a fetch comes to an end before means that some transaction there
        is not decided yet, or that the broker lags.
        """
        until = time.monotonic() + self._settings.transaction_timeout_ms / 1000
        oldest_ms = time.time() * 1000 - self._settings.idempotency_window_ms
        consumer = Consumer(self._settings.keys_config(), logger=client_logger())
        try:
            left = self._ends(until)
            consumer.assign([TopicPartition(self._topic, part, self._from(part)) for part in left])
            while left:
                if not self._stop.seconds_left(until):
                    raise StartOver(f"the end of topic {self._topic} was not reached in time")
                for message in consumer.consume(AT_ONCE, WAIT_S):
                    part, offset, error = message.partition() or 0, message.offset() or 0, message.error()
                    if error is None:
                        self._next[part] = offset + 1
                        # what is older than the window would push out what is not
                        if message.timestamp()[1] >= oldest_ms:
                            yield self._parsed(message.key() or b"", message.value() or b"")
                    elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - so it is called
                        raise StartOver(f"topic {self._topic}: {error.str()}")
                    elif offset >= left.get(part, offset + 1):
                        self._next[part] = offset
                        del left[part]
        except KafkaException as exception:
            raise StartOver(f"topic {self._topic}: {exception}") from exception
        finally:
            consumer.close()

    def _from(self, part: int) -> int:
        return self._next.get(part, OFFSET_BEGINNING)

    def _ends(self, until: float) -> dict[int, int]:
        """Where each partition that has something new ends. KafkaException, StartOver."""
        # a client that reads what is committed is told the last stable offset instead
        asking = Consumer({**self._settings.keys_config(), "isolation.level": "read_uncommitted"})
        try:
            topic = self._ask(partial(asking.list_topics, self._topic), until).topics[self._topic]
            if topic.error is not None:
                raise StartOver(f"topic {self._topic}: {topic.error.str()}; `python -m pipeline topics` makes it")
            ends = {
                part: self._ask(partial(asking.get_watermark_offsets, TopicPartition(self._topic, part)), until)[1]
                for part in topic.partitions
            }
        finally:
            asking.close()
        return {part: end for part, end in ends.items() if end > self._next.get(part, 0)}

    def _ask(self, question: Callable[[float], Answer | None], until: float) -> Answer:
        """The brokers' answer, asked for until a stop's grace is over. None is no answer: the end is not known."""
        while left := self._stop.seconds_left(until):
            try:
                if (answer := question(min(STEP_S, left))) is not None:
                    return answer
            except KafkaException as exception:
                if classify(kafka_error(exception)) not in {Action.RETRY, Action.UNKNOWN}:
                    raise
            time.sleep(WAIT_S)
        raise StartOver(f"topic {self._topic}: the brokers did not say in time where it ends")

    def _parsed(self, key: bytes, value: bytes) -> tuple[str, First]:
        try:
            return key.decode(), First.read(value)
        except (ValueError, TypeError) as error:
            raise FatalError(
                f"topic {self._topic} has a record that is no key: {error}; set another KEYS_TOPIC"
            ) from error
