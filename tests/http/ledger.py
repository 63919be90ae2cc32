"""The answers of an API against the records on Kafka: a bijection, or the API lied."""

import base64
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, TopicPartition

from streamproof.kafka.topics import list_offsets


class Record(NamedTuple):
    part: int
    off: int
    key: bytes | None
    value: bytes | None


@dataclass
class Ledger:
    """`acknowledged`: each 201, as the record that it promised; `refused`: bodies of other answers, but 504's."""

    acknowledged: list[Record] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    unknown: list[bytes] = field(default_factory=list)

    @staticmethod
    def line(status: int, answer: bytes, body: bytes) -> str:
        """An answer, as a line of a file."""
        texts = [base64.b64encode(part).decode() for part in (answer, body)]
        return json.dumps([status, *texts]) + "\n"

    @classmethod
    def read(cls, path: Path) -> Self:
        """All answers of a file."""
        ledger = cls()
        for line in path.read_text().splitlines():
            status, *texts = json.loads(line)
            answer, body = (base64.b64decode(text) for text in texts)
            if status == 201:
                placed = json.loads(answer)
                key = str(json.loads(body)["order_id"]).encode()
                ledger.acknowledged.append(Record(placed["partition"], placed["offset"], key, body))
            elif status == 504:
                ledger.unknown.append(body)
            else:
                ledger.refused.append(body)
        return ledger

    def not_as_acknowledged(self, log: Iterable[Record]) -> list[str]:
        """A sentence for each promise that the log does not keep, and for each record that nothing promised."""
        there = {(record.part, record.off): record for record in log}
        sentences = []
        for place, count in Counter((record.part, record.off) for record in self.acknowledged).items():
            if count > 1:
                sentences.append(f"{count} events were acknowledged at {place}")
        for promised in self.acknowledged:
            found = there.pop((promised.part, promised.off), None)
            if found != promised:
                sentences.append(f"acknowledged {promised}, found {found}")
        allowed = Counter(self.unknown)
        for extra in there.values():
            if allowed[extra.value or b""] > 0:
                allowed[extra.value or b""] -= 1
            else:
                sentences.append(f"nobody was told of {extra}")
        return sentences

    def refused_and_there(self, log: Iterable[Record]) -> list[bytes]:
        """Events that were refused, and lie in the log all the same."""
        values = {record.value for record in log} - {record.value for record in self.acknowledged}
        return [body for body in self.refused if body in values]


def read_log(servers: str, topic: str) -> list[Record]:
    """All that lies in a topic, to the ends that the brokers tell."""
    ends = list_offsets(servers, [topic])
    left = {part for (_, part), end in ends.items() if end.high_watermark}
    # by the client's word, for the end may be a transaction's marker, which it does not hand over
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "ledger", "enable.auto.commit": False, "enable.partition.eof": True}
    )
    consumer.assign([TopicPartition(topic, part, 0) for part in left])
    found = []
    try:
        while left:
            message = consumer.poll(20)
            assert message is not None, f"the end of {left} was not reached"
            part, off, error = message.partition() or 0, message.offset() or 0, message.error()
            if error is None:
                found.append(Record(part, off, message.key(), message.value()))
                continue
            assert error.code() == KafkaError._PARTITION_EOF, error
            if off >= ends[topic, part].high_watermark:
                left.remove(part)
    finally:
        consumer.close()
    return found
