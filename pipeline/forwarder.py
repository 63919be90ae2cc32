"""The forwarder: each order event becomes a new state and a notification, exactly once, in the order of its key.

One batch from the consumer is one transaction, from begin to commit between two polls. So no transaction is ever open
when partitions are taken away (callbacks run inside a poll), and there is nothing to finish, nor to lose, in them.
"""

import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from pipeline.errors import Abort, Action, FatalError, Fenced, RegistryAway, StartOver, classify, kafka_error
from pipeline.events import Headers, PoisonError, Result, dead_letter, notification, processed
from pipeline.process import Stop, client_logger, say
from pipeline.settings import ForwarderSettings
from pipeline.transactions import Transactions
from pipeline.values import values_of

Partition = tuple[str, int]
LONGEST_PAUSE_S = 5.0
MOST_DOUBLINGS = 10  # of a pause


@dataclass(frozen=True)
class Batch:
    """What one poll gave. `first` and `next`: per partition the offset to go back to, and the one to go on with."""

    messages: Sequence[Message]
    first: dict[Partition, int] = field(default_factory=dict)
    next: dict[Partition, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for message in self.messages:
            topic, partition, offset = place(message)
            self.first.setdefault((topic, partition), offset)
            self.next[topic, partition] = offset + 1


def place(message: Message) -> tuple[str, int, int]:
    """Topic, partition and offset of a record that was read; only one that was not has none."""
    return cast("tuple[str, int, int]", (message.topic(), message.partition(), message.offset()))


class Forwarder:
    """One consumer and one transactional id, until told to stop."""

    def __init__(self, settings: ForwarderSettings, stop: Stop) -> None:
        self.settings = settings
        self.stop = stop
        self.transactions = Transactions(settings, stop)
        topics = {"order-processed": settings.processed_topic, "order-notification": settings.notifications_topic}
        self.values = values_of(settings, topics)
        self.consumer: Consumer
        self.owned: set[Partition] = set()
        self.aborts = 0  # one after another
        self._fenced: deque[float] = deque()  # when, within the window

    def run(self) -> None:
        """Forward until stopped. Fenced, when starting over did not help; FatalError, when nothing would."""
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
                f"fenced {len(self._fenced)} times within {window_ms} ms: another instance uses transactional.id "
                f"{self.settings.transactional_id}; give each its own TRANSACTIONAL_ID"
            ) from error
        self._pause(2 ** len(self._fenced) * 0.25)

    def _run_once(self) -> None:
        """From opening both clients to closing both; a consumer starts where the group's offsets are."""
        self.owned.clear()
        try:
            # first, so that what an earlier life left open is decided before the group's offsets are read
            self.transactions.open()
            self.consumer = Consumer(self.settings.consumer_config(), logger=client_logger())
            try:
                self.consumer.subscribe(
                    [self.settings.input_topic],
                    on_assign=self._on_assign,
                    on_revoke=self._on_revoke,
                    on_lost=self._on_lost,
                )
                while not self.stop.requested:
                    batch = self.receive()
                    if batch.messages:
                        self.forward(batch)
            finally:
                self.consumer.close()
        finally:
            self.transactions.close()

    def receive(self) -> Batch:
        """At most max_batch records, waited for at most batch_ms."""
        try:
            messages = self.consumer.consume(self.settings.max_batch, self.settings.batch_ms / 1000)
        except KafkaException as exception:
            raise self._told(kafka_error(exception)) or StartOver(str(exception)) from exception
        return Batch([message for message in messages if self._is_usable(message)])

    def forward(self, batch: Batch) -> None:
        """All that the batch causes, and its offsets, or nothing of it and back to its start."""
        try:
            self.transactions.begin()
            self.send(batch)
            self.transactions.commit(self.offsets(batch), self.consumer.consumer_group_metadata())
            self.aborts = 0
        except (Abort, RegistryAway) as error:
            self.abandon(batch, str(error))

    def send(self, batch: Batch) -> None:
        """Send what the batch's records cause."""
        settings, send, values = self.settings, self.transactions.send, self.values
        for message in batch.messages:
            value = message.value()
            try:
                event = values.parse(value)
            except PoisonError as poison:
                topic, partition, offset = place(message)
                raw = Result(message.key(), value, list(cast("Headers", message.headers() or [])))
                send(settings.dlq_topic, dead_letter(poison, raw, topic=topic, partition=partition, offset=offset))
                say("dead-lettered", record=f"{topic}[{partition}]@{offset}", reason=str(poison))
            else:
                send(settings.processed_topic, processed(event, values.encode))
                send(settings.notifications_topic, notification(event, values.encode))

    def offsets(self, batch: Batch) -> list[TopicPartition]:
        """What to commit: the next to read, as this process has counted them."""
        return [TopicPartition(topic, partition, offset) for (topic, partition), offset in batch.next.items()]

    def abandon(self, batch: Batch, reason: str) -> None:
        """Abort the batch's transaction, and go back to where the batch began."""
        say("aborting", reason=reason, records=len(batch.messages))
        self.transactions.abort()
        self.rewind(batch)
        self.aborts += 1
        self._pause(2 ** min(self.aborts, MOST_DOUBLINGS) * 0.01)

    def rewind(self, batch: Batch) -> None:
        """Aborting does not move the consumer: without this, the next commit would pass over the batch for ever."""
        for topic, partition in batch.first.keys() & self.owned:
            try:
                self.consumer.seek(TopicPartition(topic, partition, batch.first[topic, partition]))
            except KafkaException as exception:
                raise StartOver(f"seek: {exception}") from exception

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
