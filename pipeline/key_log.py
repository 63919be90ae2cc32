"""The topic of keys: read to its end when the process begins, and from there on after each doubt."""

import time
from collections.abc import Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from pipeline.errors import FatalError, StartOver
from pipeline.idempotency import First
from pipeline.process import client_logger
from pipeline.settings import ApiSettings

AT_ONCE = 500
WAIT_S = 0.05


class KeyLog:
    """Reads what was committed. Not for several threads."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
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
            left = self._ends()
            consumer.assign([TopicPartition(self._topic, part, self._from(part)) for part in left])
            while left:
                if time.monotonic() > until:
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

    def _ends(self) -> dict[int, int]:
        """Where each partition that has something new ends. KafkaException, StartOver."""
        timeout_s = self._settings.transaction_timeout_ms / 1000
        # a client that reads what is committed is told the last stable offset instead
        asking = Consumer({**self._settings.keys_config(), "isolation.level": "read_uncommitted"})
        try:
            topic = asking.list_topics(self._topic, timeout_s).topics[self._topic]
            if topic.error is not None:
                raise StartOver(f"topic {self._topic}: {topic.error.str()}; `python -m pipeline topics` makes it")
            found = {
                part: asking.get_watermark_offsets(TopicPartition(self._topic, part), timeout_s)
                for part in topic.partitions
            }
        finally:
            asking.close()
        ends = {}
        for part, offsets in found.items():
            if offsets is None:  # not known is not the same as nothing new
                raise StartOver(f"topic {self._topic}: the end of partition {part} is not known")
            if offsets[1] > self._next.get(part, 0):
                ends[part] = offsets[1]
        return ends

    def _parsed(self, key: bytes, value: bytes) -> tuple[str, First]:
        try:
            return key.decode(), First.read(value)
        except (ValueError, TypeError) as error:
            raise FatalError(
                f"topic {self._topic} has a record that is no key: {error}; set another KEYS_TOPIC"
            ) from error
