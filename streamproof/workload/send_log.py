"""What became of each send, counted and written to the `sent` table: ok, fail or unknown, never two-valued."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, Message

from streamproof.clock import now_us
from streamproof.history.terms import Fate, SendOutcome
from streamproof.workload.events import Event

Write = Callable[[Sequence[Mapping[str, Any]]], object]
ROWS = 5_000  # written at a time

# the broker, or the client before it sent anything, refused the record: it is not in the log. _PURGE_QUEUE is not among
# them: what waits in the queue may have been sent before, unanswered, and wait to be sent again
REFUSED = frozenset(
    {
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - the library's own name of it
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.POLICY_VIOLATION,
    }
)


def outcome_of(error: KafkaError | None) -> SendOutcome:
    """The outcome of a send by the `error` of its delivery report; unknown, unless it has certainly failed."""
    if error is None:
        return SendOutcome.OK
    return SendOutcome.FAIL if error.code() in REFUSED else SendOutcome.UNKNOWN


class SendLog:
    """Rows of the `sent` table on their way to the history, and how many there are of each outcome.

    `fates`: sequence and fate of each id, there before it is sent. For any thread.
    """

    def __init__(self, channel: str, topic: str) -> None:
        self.fates: dict[str, tuple[int, Fate]] = {}
        self.counts: Counter[SendOutcome] = Counter()
        self.write: Write = lambda _: None
        self._channel, self._topic = channel, topic
        self._rows: list[Mapping[str, Any]] = []
        self._lock = threading.Lock()

    def expect(self, event: Event) -> None:
        """Say that `event` is about to be sent."""
        self.fates[event.id] = (event.seq, event.fate)

    def report(self, event: Event, producer: str) -> "Callable[[KafkaError | None, Message | None], None]":
        """A delivery callback for a send that starts now."""
        began = now_us()

        def reported(error: KafkaError | None, message: Message | None) -> None:
            part, off = (message.partition(), message.offset()) if message is not None else (None, None)
            self.add(event, outcome_of(error), began, producer, part=part, off=off)

        return reported

    def add(
        self, event: Event, outcome: SendOutcome, t_invoke: int, producer: str, *, part: int | None, off: int | None
    ) -> None:
        """Say how a send has ended. `t_invoke`: when it began, in microseconds since the epoch."""
        known = outcome is SendOutcome.OK
        row = {
            "id": event.id,
            "key": event.key,
            "seq": event.seq,
            "channel": self._channel,
            "outcome": outcome.value,
            "topic": self._topic,
            "part": part if known else None,
            "off": off if known else None,
            "t_invoke": t_invoke,
            "t_complete": now_us(),
            "producer": producer,
        }
        with self._lock:
            self.counts[outcome] += 1
            self._rows.append(row)
            full = len(self._rows) >= ROWS
        if full:
            self.flush()

    def flush(self) -> None:
        """Write what has been added."""
        with self._lock:
            rows, self._rows = self._rows, []
        if rows:
            self.write(rows)
