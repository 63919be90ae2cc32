"""Puts dead letters back to the topics that they came from, when what kept them from succeeding is mended.

At least once: a letter is passed by when its record is in its topic again. Bounded: no further than where the letters
ended when this began, so that a record that fails again is not sent round and round.
"""

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from pipeline.errors import FatalError
from pipeline.events import Header, Record, Result
from pipeline.group_member import Batch, GroupMember, Partition, commit_offsets, record
from pipeline.outbox import Outbox
from pipeline.process import Stop, say
from pipeline.settings import RedriveSettings

PREFIX = "dlq-"  # of the headers that say why a record is here
COUNT = "redrive-count"
ANSWER_S = 10.0


class Redrive(GroupMember[RedriveSettings]):
    """One pass over the letters; several processes share the work."""

    def __init__(self, settings: RedriveSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self.sent = self.left = 0
        self._ends: dict[Partition, int] = {}  # where letters ended when this began
        self._passed: set[Partition] = set()
        self._outbox: Outbox

    def run(self) -> None:
        super().run()
        say("redriven", sent=self.sent, left=self.left)

    def _run_once(self) -> None:
        self._outbox = Outbox(self.settings.producer_config())
        self._passed.clear()
        with self._joined():
            self._ends = self._ends or self._find_ends()
            while not self.stop.requested:
                self.send_back(self.receive())
                if self.sent >= self.settings.max_records or (self.owned and self.owned <= self._passed):
                    self.stop.request()

    def send_back(self, batch: Batch) -> None:
        """Send letters to their topics, and commit past them when all are there."""
        done: dict[Partition, int] = {}
        for message in batch.messages:
            letter = record(message)
            partition = letter.place[:2]
            if letter.offset >= self._ends.get(partition, 0):
                self._passed.add(partition)
            elif self.sent < self.settings.max_records:
                self._send_back(letter)
                done[partition] = letter.offset + 1
        if done:
            self._outbox.flush(self.stop)  # committed before, a record that does not arrive would be in neither topic
            commit_offsets(self.consumer, done)

    def _send_back(self, letter: Record) -> None:
        topic = source_of(letter)
        if topic is None:
            say("left, for its headers do not say where it came from", place=letter.place)
            self.left += 1
        else:
            self._outbox.send(topic, revived(letter))
            self.sent += 1

    def _find_ends(self) -> dict[Partition, int]:
        """Of all partitions: others may have them now, and leave them to us."""
        topic = self.settings.input_topic
        found = self.consumer.list_topics(topic, timeout=ANSWER_S).topics[topic]
        if found.error is not None:
            raise FatalError(f"topic {topic}: {found.error.str()}; set INPUT_TOPIC to a topic of dead letters")
        return {
            (topic, part): self.consumer.get_watermark_offsets(TopicPartition(topic, part), timeout=ANSWER_S)[1]
            for part in found.partitions
        }

    def _is_usable(self, message: Message) -> bool:
        error = message.error()
        if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's own name
            # offsets alone do not tell: behind the last letter there may be the marker of a transaction
            self._passed.add((str(message.topic()), int(message.partition() or 0)))
        return super()._is_usable(message)

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        super()._on_assign(_consumer, partitions)
        self._passed -= {(p.topic, p.partition) for p in partitions}  # read again from what is committed


def source_of(letter: Record) -> str | None:
    """The topic that a dead letter came from: the last that was noted, if its record was itself a letter."""
    topics = [value for name, value in letter.headers if name == PREFIX + "topic" and value]
    return _text(topics[-1]) if topics else None


def revived(letter: Record) -> Result:
    """The record as it was before it was dead-lettered; and how often that was done."""
    before = [value for name, value in letter.headers if name == COUNT and value]
    count = int(_text(before[-1])) if before and _text(before[-1]).isdecimal() else 0
    kept: list[Header] = [
        (name, value) for name, value in letter.headers if not name.startswith(PREFIX) and name != COUNT
    ]
    return Result(letter.key, letter.value, [*kept, (COUNT, str(count + 1).encode())])


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode(errors="replace")
