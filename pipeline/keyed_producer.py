"""The producer of events that have an Idempotency-Key: each once in the log, however often its request comes.

An idempotent producer cannot do this: it knows its own retries, not a client's, and nothing after a restart. So an
event and its key are written in one transaction: both are there, or neither. When nobody answered its commit, the next
producer of the same transactional.id has the coordinator decide it; what the topic of keys holds then is the truth.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from cachetools import TTLCache
from confluent_kafka import KafkaError, Message, Producer

from pipeline import metrics
from pipeline.courier import Tell
from pipeline.errors import Abort, PipelineError, RetriableError, StartOver, TransactionError
from pipeline.events import Header, PoisonError, Result
from pipeline.idempotency import First, Keyed
from pipeline.key_log import KeyLog
from pipeline.process import Stop, say
from pipeline.producer import Answer, OrderRecords, outcome_of
from pipeline.settings import ApiSettings
from pipeline.transactions import Transactions

BATCH = 500  # events in a transaction: what waits while a transaction is under way goes into the next
PAUSE_S = 0.05  # doubled with each failure in a row
MOST_DOUBLINGS = 5
UNASKED_S = 10.0  # until the next attempt to get ready, while nobody waits for it


@dataclass(eq=False)
class _Request:
    """A request without an answer. `doubtful`: nobody knows whether the transaction that it is in was committed."""

    asked: Keyed
    reply: Tell
    until: float
    event_id: str
    record: Result
    doubtful: bool = False
    report: Answer | None = None

    def delivered(self, error: KafkaError | None, message: Message) -> None:
        metrics.sent(message.topic() or "", error=error.name() if error else "")
        self.report = outcome_of(self.event_id, error, message)

    @property
    def first(self) -> First:
        """What is to be kept of the key. Abort when the event was not delivered."""
        if self.report is None or self.report.partition is None or self.report.offset is None:
            raise Abort(f"event {self.event_id} was not delivered: {self.report and self.report.error}")
        return First(self.asked.digest, self.event_id, self.report.partition, self.report.offset)


class KeyedProducer:
    """Sends events that have keys, all that wait in one transaction; not for several threads.

    `failed` is why nothing more can be sent. Two processes with one transactional.id fence each other, which is slow,
    but forgets no key: who is fenced starts over, and reads what the other wrote.
    """

    def __init__(self, settings: ApiSettings, stop: Stop, make_producer: Callable[..., Producer] = Producer) -> None:
        self._settings = settings
        self._stop = stop
        self._records = OrderRecords(settings)
        self._transactions = Transactions(settings, stop, make_producer)
        self._log = KeyLog(settings, stop)
        self._opened = 0  # the producer of `_transactions` for which all keys were read; 0 when none is
        self._known: TTLCache[str, First] = TTLCache(settings.idempotency_keys, settings.idempotency_window_ms / 1000)
        self._waiting: dict[str, _Request] = {}  # by key, in the order in which they came
        self._failures = 0  # in a row
        self._again = 0.0  # on the monotonic clock
        self._why = ""
        self.failed: str | None = None

    def send(self, item: Keyed, reply: Tell, trace: Sequence[Header] = ()) -> None:
        """Take a request whose key does not wait; `reply` gets its only answer, by the end of `flush` at the latest."""
        try:
            event_id, record = self._records.of(item.event, trace)
        except PoisonError as poison:
            reply(Answer("fail", None, error=str(poison)))
        except RetriableError as error:
            reply(error)
        else:
            until = time.monotonic() + self._settings.delivery_timeout_ms / 1000
            self._waiting[item.key] = _Request(item, reply, until, event_id, record)

    def poll(self) -> None:
        """Answer what can be answered, in one transaction; returns within the transaction's time-out, or nearly."""
        try:
            if not self._opened:
                if not (self._waiting or time.monotonic() > self._again):
                    return
                self._decide()
            batch = list(islice(self._waiting.values(), BATCH))
            if fresh := [request for request in batch if not self._is_answered(request)]:
                self._commit(fresh)
            self._failures = 0
        except TransactionError as error:
            if isinstance(error, StartOver):
                self._opened = 0
            self._why, self._again = str(error), time.monotonic() + UNASKED_S
            self._failures += 1
            say("keys: once more", reason=self._why)
            self._give_up(time.monotonic())
            time.sleep(min(PAUSE_S * 2 ** min(self._failures, MOST_DOUBLINGS), self._stop.seconds_left(float("inf"))))
        except Exception as error:  # noqa: BLE001 - whatever it was, whoever waits is answered
            self.failed = self._why = str(error) if isinstance(error, PipelineError) else repr(error)
            self._give_up(float("inf"))

    def flush(self) -> int:
        """Wait until all have an answer; what has none when the stop's grace is over gets what is known of it."""
        while self._waiting and self.failed is None and self._stop.seconds_left(float("inf")):
            self.poll()
        self._why = self.failed or "the service is stopping"
        self._give_up(float("inf"))
        self._transactions.close()
        return 0

    def _decide(self) -> None:
        """A new producer, before which all earlier transactions of its id are decided; then all keys are read."""
        self._transactions.open()
        for key, first in self._log.read():
            self._known[key] = first
        for request in self._waiting.values():
            request.doubtful = False  # what was committed is known now; the rest never will be
        self._opened = self._transactions.opened

    def _is_answered(self, request: _Request) -> bool:
        """Whether its key is known, and so it needs nothing but the first answer."""
        first = self._known.get(request.asked.key)
        if first is not None:
            self._answer(request, first.answer_to(request.asked))
        return first is not None

    def _commit(self, batch: Sequence[_Request]) -> None:
        """All events with their keys, in one transaction. Abort: certainly not there; StartOver: nobody knows."""
        try:
            self._transactions.begin()
            if self._transactions.opened != self._opened:  # it renewed its producer, and perhaps fenced another process
                raise StartOver("the producer was renewed: first read which keys came meanwhile")
            for request in batch:
                request.report = None
                self._transactions.send([(self._settings.input_topic, request.record)], request.delivered)
            self._transactions.flush()  # only now is it known where they lie
            firsts = {request.asked.key: request.first for request in batch}
            self._transactions.send((self._settings.keys_topic, first.record(key)) for key, first in firsts.items())
            for request in batch:
                request.doubtful = True
            self._transactions.commit()
        except Abort:
            self._transactions.abort()
            self._part_with_refused(batch)
            raise
        for request in batch:
            first = self._known[request.asked.key] = firsts[request.asked.key]
            self._answer(request, first.answer_to(request.asked))

    def _part_with_refused(self, batch: Sequence[_Request]) -> None:
        """The transaction is aborted for certain. What was refused would be again, and would take the others along."""
        for request in batch:
            request.doubtful = False
            if request.report is not None and request.report.outcome == "fail":
                self._answer(request, request.report)

    def _give_up(self, now: float) -> None:
        """Say what is known to each request whose time is over at `now`."""
        for request in [request for request in self._waiting.values() if request.until <= now]:
            unknown = Answer("unknown", request.event_id, error=self._why)
            self._answer(request, unknown if request.doubtful else RetriableError(self._why))

    def _answer(self, request: _Request, answer: Answer | Exception) -> None:
        del self._waiting[request.asked.key]
        request.reply(answer)
