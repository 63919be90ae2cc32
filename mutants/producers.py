"""Wrong producers: each is the reference producer, told on its standard input what to send, with one bug."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from confluent_kafka import KafkaError, Message, Producer

from mutants.journal import Journal
from mutants.mutant import Mutant
from mutants.witnesses import (
    again_and_again,
    again_renamed,
    elsewhere,
    last_act_was_and_is_missing,
    overtaken,
    renamed_again,
    spoilt_there,
    told_too_soon,
)
from pipeline.events import Header, Result
from pipeline.process import Stop
from pipeline.producer import Answer, OrderProducer, Reply, run_stdin
from pipeline.settings import Config, ProducerSettings

LINGER_MS = 50  # so long what is sent stays with the client: a stop or a kill finds it there
ROOM = 40  # of the client's queue, in records
SPOIL_EVERY = 50
IMPATIENT_S = 0.02
FULL = "no room in the queue"
Delivered = Callable[[KafkaError | None, Message], None]


class _Journaled(OrderProducer):
    """The reference, with a journal at JOURNAL. `more`: of the client's settings."""

    more: ClassVar[Config] = {}

    def __init__(self, settings: ProducerSettings, stop: Stop) -> None:
        super().__init__(settings, stop, self._make)
        self.journal = Journal(Path(os.environ.get("JOURNAL", os.devnull)), "order-producer")

    def _make(self, config: Config, **arguments: Any) -> Producer:
        return Producer({**config, **self.more}, **arguments)

    def note(self, act: str, ids: Iterable[str | None]) -> None:
        self.journal.note(act, [[("event-id", found)] for found in ids], {})


class AnswersEarly(_Journaled):
    """The bug: an event is answered with ok when the client has it, and not when the brokers do."""

    more: ClassVar[Config] = {"linger.ms": LINGER_MS}

    def send(self, line: bytes, reply: Reply, trace: Sequence[Header] = ()) -> None:
        super().send(line, lambda answer: self.note("delivered", [answer.id]), trace)
        found, _ = self._records.of(line)
        self.note("answered", [found])
        reply(Answer("ok", found))


class DropsWhenFull(_Journaled):
    """The bug: where the client's queue has no room, the event is dropped, and nobody is told."""

    more: ClassVar[Config] = {"linger.ms": LINGER_MS, "queue.buffering.max.messages": ROOM}

    def send(self, line: bytes, reply: Reply, trace: Sequence[Header] = ()) -> None:
        def lie(answer: Answer) -> None:
            if answer.error == FULL:
                self.note("dropped", [answer.id])
                answer = Answer("ok", answer.id)
            reply(answer)

        super().send(line, lie, trace)

    def _queue(self, record: Result, delivered: Delivered) -> str | None:
        try:
            self._producer.produce(self._topic, record.value, record.key, headers=record.headers, on_delivery=delivered)
        except BufferError:
            return FULL
        self.poll()
        return None


class ForgetsFlush(_Journaled):
    """The bug: when it is stopped it says ok of all that it has, and ends without waiting for its delivery."""

    more: ClassVar[Config] = {"linger.ms": LINGER_MS}

    def __init__(self, settings: ProducerSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._open: dict[str | None, Reply] = {}

    def send(self, line: bytes, reply: Reply, trace: Sequence[Header] = ()) -> None:
        def answer(answer: Answer) -> None:
            if self._open.pop(answer.id, None):
                reply(answer)

        found, _ = self._records.of(line)
        self._open[found] = reply
        super().send(line, answer, trace)

    def flush(self) -> int:
        if not self._stop.requested:
            return super().flush()
        self.note("left", self._open)
        for found, reply in self._open.items():
            reply(Answer("ok", found))
        self._producer.purge(in_queue=True, in_flight=True)
        return 0


class SendsAgain(_Journaled):
    """The bug: what is not acknowledged within a moment is sent again, as another record."""

    more: ClassVar[Config] = {"linger.ms": LINGER_MS}

    def __init__(self, settings: ProducerSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._sent: dict[str, tuple[float, Result]] = {}
        self._count = 0

    def _queue(self, record: Result, delivered: Delivered) -> str | None:
        self._count += 1
        if self._count % SPOIL_EVERY == 0:
            self._sent[_id_of(record)] = time.monotonic(), record
        return super()._queue(record, delivered)

    def poll(self, seconds: float = 0) -> None:
        super().poll(seconds)
        now = time.monotonic()
        for found, (since, record) in list(self._sent.items()):
            if now - since > IMPATIENT_S:
                del self._sent[found]
                self.note("again", [found])
                other = self.again(found, record)
                self._producer.produce(self._topic, other.value, other.key, headers=other.headers)

    def flush(self) -> int:
        while self._sent:
            self.poll(IMPATIENT_S)
        return super().flush()

    def again(self, _found: str, record: Result) -> Result:
        return record


class SendsAgainRenamed(SendsAgain):
    """The bug: what is sent again gets a new id, so that nobody can tell that it is the same."""

    def again(self, found: str, record: Result) -> Result:
        return record._replace(headers=[("event-id", renamed_again(found).encode())])


class OwnPartitioner(_Journaled):
    """The bug, librdkafka's default: a key goes to another partition than Java's clients send it to."""

    more: ClassVar[Config] = {"partitioner": "consistent_random"}


class WithoutKey(_Journaled):
    """The bug: some records are sent without their key."""

    def __init__(self, settings: ProducerSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._count = 0

    def _queue(self, record: Result, delivered: Delivered) -> str | None:
        self._count += 1
        if self._count % SPOIL_EVERY == 0:
            self.note("spoilt", [_id_of(record)])
            record = record._replace(key=None)
        return super()._queue(record, delivered)


class TwoClients(_Journaled):
    """The bug: events go over two clients in turn, as out of a pool, and one may be slower."""

    def __init__(self, settings: ProducerSettings, stop: Stop) -> None:
        super().__init__(settings, stop)
        self._other = Producer({**settings.client_config(), "linger.ms": LINGER_MS})

    def _queue(self, record: Result, delivered: Delivered) -> str | None:
        refused = super()._queue(record, delivered)
        self._producer, self._other = self._other, self._producer
        return refused

    def poll(self, seconds: float = 0) -> None:
        self._other.poll(0)
        super().poll(seconds)

    def flush(self) -> int:
        left = super().flush()
        self._producer, self._other = self._other, self._producer
        return left + super().flush()


def _id_of(record: Result) -> str:
    (_, value) = record.headers[0]
    return value.decode() if isinstance(value, bytes) else str(value)


def producing(kind: Callable[[ProducerSettings, Stop], OrderProducer]) -> Callable[[], None]:
    """Runs a producer with the settings of its environment, until its input ends or it is told to stop."""

    def run() -> None:
        settings = ProducerSettings.from_environment()
        stop = Stop(settings.delivery_timeout_ms)
        stop.listen()
        run_stdin(kind(settings, stop), stop)

    return run


MUTANTS = (
    Mutant(
        "answers-early",
        "says ok before the brokers have the event",
        producing(AnswersEarly),
        ("lost", "commit-ahead"),
        told_too_soon("answered"),
        subject="producer",
        faults="sends",
    ),
    Mutant(
        "drops-when-full",
        "drops what its client has no room for",
        producing(DropsWhenFull),
        ("lost",),
        last_act_was_and_is_missing("dropped"),
        subject="producer",
    ),
    Mutant(
        "forgets-flush",
        "ends without waiting for what it has sent",
        producing(ForgetsFlush),
        ("lost", "commit-ahead"),
        told_too_soon("left"),
        subject="producer",
        faults="ends",
    ),
    Mutant(
        "sends-again",
        "sends what is slow again, as another record",
        producing(SendsAgain),
        ("duplicated",),
        again_and_again,
        subject="producer",
    ),
    Mutant(
        "sends-again-renamed",
        "sends what is slow again, under another id",
        producing(SendsAgainRenamed),
        ("phantom",),
        again_renamed,
        subject="producer",
    ),
    Mutant(
        "own-partitioner",
        "leaves it to the client which partition a key belongs to",
        producing(OwnPartitioner),
        ("misrouted",),
        elsewhere,
        subject="producer",
    ),
    Mutant(
        "without-key",
        "sends some records without a key",
        producing(WithoutKey),
        ("misrouted",),
        spoilt_there("misrouted"),
        subject="producer",
    ),
    Mutant(
        "two-clients",
        "sends over two clients in turn",
        producing(TwoClients),
        ("reordered",),
        overtaken,
        subject="producer",
    ),
)
