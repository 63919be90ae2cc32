"""A member of a consumer group, until told to stop: what the forwarder and the consumer have in common.

It joins, knows which partitions are its own, and starts over when its clients are of no more use.
"""

import random
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, TypeVar, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from pipeline import metrics
from pipeline.errors import Action, FatalError, Fenced, StartOver, classify, kafka_error
from pipeline.events import Headers, Record
from pipeline.process import Stop, client_logger, say
from pipeline.settings import GroupSettings

Partition = tuple[str, int]
Settings = TypeVar("Settings", bound=GroupSettings)
LONGEST_PAUSE_S = 5.0


@dataclass(frozen=True)
class Batch:
    """What a poll gave. `first` and `next`: of each partition the offset to go back to, or to go on with."""

    messages: Sequence[Message]
    received: float = field(default_factory=time.monotonic)

    @cached_property
    def next(self) -> dict[Partition, int]:
        return {partition: offset + 1 for partition, offset in _offsets(self.messages).items()}

    @property
    def first(self) -> dict[Partition, int]:
        return _offsets(reversed(self.messages))


def _offsets(messages: Iterable[Message]) -> dict[Partition, int]:
    """The last of each partition."""
    # each record passes here: no call but the client's own
    return {(message.topic(), message.partition()): message.offset() for message in messages}  # type: ignore[misc]


def place(message: Message) -> tuple[str, int, int]:
    """Topic, partition and offset of a record that was read."""
    return cast("tuple[str, int, int]", (message.topic(), message.partition(), message.offset()))


def headers_of(message: Message) -> Headers:
    """A record's headers, as they came."""
    return cast("Headers", message.headers() or [])


def record(message: Message) -> Record:
    """A record as it came, with its place and time."""
    return Record(message.key(), message.value(), headers_of(message), place(message), message.timestamp()[1])


def commit_offsets(consumer: Consumer, offsets: Mapping[Partition, int]) -> set[Partition]:
    """Commit the next offset to read in each partition, and wait; the partitions for which that is done.

    A failure loses nothing: a later commit covers it, or the next owner does again what is not committed.
    """
    try:
        told = consumer.commit(
            offsets=[TopicPartition(*partition, offset) for partition, offset in offsets.items()], asynchronous=False
        )
    except KafkaException as exception:
        _not_committed(kafka_error(exception))
        return set()
    committed = set()
    for partition in told or []:
        if partition.error is None:
            committed.add((partition.topic, partition.partition))
        else:
            _not_committed(partition.error)
    return committed


def _not_committed(error: KafkaError) -> None:
    say("not committed", reason=error.str())
    action = classify(error)
    if action is Action.FATAL:
        raise FatalError(f"commit: {error}")
    if action in {Action.FENCED, Action.START_OVER}:
        raise StartOver(f"commit: {error}", fenced=action is Action.FENCED)


class GroupMember(ABC, Generic[Settings]):
    """A consumer in a group."""

    def __init__(self, settings: Settings, stop: Stop) -> None:
        self.settings = settings
        self.stop = stop
        self.consumer: Consumer
        self.owned: set[Partition] = set()
        self._fenced: deque[float] = deque()  # when, within the window

    @abstractmethod
    def _run_once(self) -> None:
        """From opening all clients to closing them; a consumer starts where the group's offsets are."""

    def run(self) -> None:
        """Work until stopped. Fenced, when starting over did not help; FatalError, when nothing would."""
        while not self.stop.requested:
            try:
                self._run_once()
            except StartOver as error:
                self._start_over(error)
            except KafkaException as exception:  # of a call of the consumer's that has no better answer
                self._start_over(self._told(kafka_error(exception)) or StartOver(str(exception)))
        say("stopped")

    def _start_over(self, error: Exception) -> None:
        """Wait a little, longer each time; Fenced after more fencings than a chance restart of ours explains."""
        if not isinstance(error, StartOver):
            raise error
        say("starting over", reason=str(error), fenced=error.fenced)
        now, window_ms = time.monotonic(), self.settings.fenced_window_ms
        while self._fenced and now - self._fenced[0] > window_ms / 1000:
            self._fenced.popleft()
        if error.fenced:
            self._fenced.append(now)
        if len(self._fenced) > self.settings.fenced_limit:
            raise Fenced(
                f"fenced, or failed for good, {len(self._fenced)} times within {window_ms} ms, last by: {error}; if "
                f"another instance uses {self.settings.own}={self.settings.identity}, give each its own "
                f"{self.settings.own}"
            ) from error
        self._pause(2 ** len(self._fenced) * 0.25)

    @contextmanager
    def _joined(self) -> Iterator[None]:
        """A consumer that has subscribed; it leaves its group when the block is left."""
        self.owned.clear()
        self.consumer = Consumer(self.settings.consumer_config(), logger=client_logger())
        try:
            self.consumer.subscribe(
                [self.settings.input_topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
            yield
        finally:
            self.consumer.close()

    def receive(self) -> Batch:
        """At most max_batch records, waited for at most batch_ms."""
        try:
            messages = self.consumer.consume(self.settings.max_batch, self.settings.batch_ms / 1000)
        except KafkaException as exception:
            raise self._told(kafka_error(exception)) or StartOver(str(exception)) from exception
        batch = Batch(messages)
        # the rule, which is one look at all: no error, and nothing that was taken away in the same poll
        if any(map(Message.error, messages)) or not batch.next.keys() <= self.owned:
            batch = Batch([message for message in messages if self._is_usable(message)])
        metrics.consumed(self.settings.input_topic, self.settings.group_id, len(batch.messages))
        return batch

    def _is_usable(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            # a record from before a rebalance in the same poll: its next owner processes it
            return (message.topic(), message.partition()) in self.owned
        failure = self._told(error)
        if failure:
            raise failure
        if classify(error) is not Action.IGNORE:
            say("consumer error", error=error.str())
        return False

    @staticmethod
    def _told(error: KafkaError) -> Exception | None:
        """The exception for a consumer's error; None when the client gets over it by itself."""
        action = classify(error)
        if action in {Action.FENCED, Action.START_OVER}:
            return StartOver(f"consumer: {error}", fenced=True)
        if action is Action.FATAL:
            return FatalError(f"consumer: {error}")
        return None

    def _pause(self, seconds: float) -> None:
        """Back off, not in step with the other instances, and not beyond a stop."""
        until = time.monotonic() + min(seconds, LONGEST_PAUSE_S) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        while not self.stop.requested and time.monotonic() < until:
            time.sleep(0.01)

    # called by the client, inside a poll or a close

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.owned |= {(p.topic, p.partition) for p in partitions}
        say(f"assigned {sorted(p.partition for p in partitions)}", owned=sorted(n for _, n in self.owned))

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.owned -= {(p.topic, p.partition) for p in partitions}
        say(f"revoked {sorted(p.partition for p in partitions)}", owned=sorted(n for _, n in self.owned))

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # another may have them already; what was in flight for them was, or will be, refused by its generation
        self.owned -= {(p.topic, p.partition) for p in partitions}
        say(f"lost {sorted(p.partition for p in partitions)}", owned=sorted(n for _, n in self.owned))
