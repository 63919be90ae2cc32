"""A consumer and a producer that need no broker, and do as they are told."""

from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

TOPIC = "order-events"


class FakeProducer:
    """Answers each call with the next of its errors, and remembers the calls. `log` is handed over by poll."""

    def __init__(self, **errors: list[KafkaError]) -> None:
        self.errors = errors
        self.calls: list[str] = []
        self.log: list[str] = []
        self.logger: Any = None
        self.sent: list[Any] = []  # of the transaction that is open
        self.offsets: dict[int, int] = {}
        self.committed: list[tuple[list[Any], dict[int, int]]] = []  # values and offsets of each transaction
        self.on_commit: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Callable[..., int]:
        def call(*arguments: Any, **_named: object) -> int:
            if name == "poll":
                while self.log:
                    self.logger.info(self.log.pop())
                return 0
            self.calls.append(name)
            if name == "commit_transaction":
                self.on_commit()
            if self.errors.get(name):
                raise KafkaException(self.errors[name].pop(0))
            self._done(name, *arguments)
            return 0

        call.__name__ = name
        return call

    def _done(self, name: str, *arguments: Any) -> None:
        if name == "begin_transaction":
            self.sent, self.offsets = [], {}
        elif name == "produce":
            self.sent.append(arguments[1])
        elif name == "send_offsets_to_transaction":
            self.offsets = {place.partition: place.offset for place in arguments[0]}
        elif name == "commit_transaction":
            self.committed.append((self.sent, self.offsets))


class FakeConsumer:
    """Has the records 0, 1, … in each partition, hands out two of each at a poll, and does a step of `script` in each.

    Owns partition 0 from the first poll on, and calls `at_end` in the second poll after the script that finds nothing.
    """

    def __init__(self, records: int, at_end: Callable[[], None], script: Sequence[Callable[[], None]] = ()) -> None:
        self.records = records
        self.at_end = at_end
        self.script = list(script)
        self.position: dict[int, int] = {}
        self.seeks: list[tuple[int, int]] = []
        self.member = "member-1"
        self.closed = False
        self.empty = 0

    def __call__(self, _config: object, **_named: object) -> "FakeConsumer":
        """In the place of the class."""
        return self

    def subscribe(self, _topics: list[str], **callbacks: Callable[..., None]) -> None:
        self.callbacks = callbacks
        self.position.clear()

    def assign(self, partition: int, offset: int) -> None:
        self.position[partition] = offset
        self.callbacks["on_assign"](self, [TopicPartition(TOPIC, partition)])

    def take_away(self, partition: int, how: str = "on_revoke") -> None:
        self.callbacks[how](self, [TopicPartition(TOPIC, partition)])
        del self.position[partition]

    def consume(self, _most: int, _seconds: float) -> list[Message]:
        if not self.position:
            self.assign(0, 0)
        step = self.script.pop(0) if self.script else None
        found = []
        for partition, position in self.position.items():
            until = min(position + 2, self.records)
            found += [
                Message(topic=TOPIC, partition=partition, offset=offset, value=f"{partition}:{offset}".encode())
                for offset in range(position, until)
            ]
            self.position[partition] = until
        if step:
            step()
        elif not found:
            self.empty += 1
            if self.empty == 2:
                self.at_end()
        return found

    def seek(self, place: TopicPartition) -> None:
        self.seeks.append((place.partition, place.offset))
        self.position[place.partition] = place.offset

    def memberid(self) -> str:
        return self.member

    def consumer_group_metadata(self) -> str:
        return self.member

    def close(self) -> None:
        self.closed = True
        for partition in list(self.position):
            self.take_away(partition)
