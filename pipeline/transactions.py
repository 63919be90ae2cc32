"""The producers of a transactional.id, in turn: each is used for as long as nothing about it is in doubt.

Knows neither the records nor the consumer: it is handed offsets and group metadata.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from pipeline.errors import Abort, Action, FatalError, StartOver, classify, kafka_error
from pipeline.events import Result
from pipeline.process import Stop, client_logger, say
from pipeline.settings import Config

STEP_S = 0.5  # how long a call may block before the signal to stop is looked at
PAUSE_S = 0.02  # between two attempts of a call that returned at once
Delivered = Callable[[KafkaError | None, Message], None]
# confluent-kafka 2.16 raises a fatal error in the midst of its callbacks; a record's report that follows meets it
FATAL = "the client failed for good"
HUNG_S = 1.0  # how much longer than it was told to a call may take, before it is left behind


class TransactionSettings(Protocol):
    """What is needed of a member's settings."""

    @property
    def transaction_timeout_ms(self) -> int: ...

    def producer_config(self) -> Config: ...


class Transactions:
    """begin, send, then commit or abort; each returns when its outcome is certain, or raises a TransactionError.

    librdkafka hides its retries. A request that it gave up on and sent again may still reach the broker, and decide a
    transaction that was not meant (KAFKA-17754): EndTxn of version 1 does not say which transaction it means. A new
    producer's `init_transactions` takes a new epoch, which such a late request does not have. So a new producer follows
    whenever the old producer lost a connection or a request, whatever the call itself returned.

    The only prompt sign of a hidden retry is the client's own log, which `poll` hands over: the call returns ok, in
    as few as four milliseconds, `error_cb` is not told, and `stats_cb` comes when it comes.
    """

    def __init__(
        self, settings: TransactionSettings, stop: Stop, make_producer: Callable[..., Producer] = Producer
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._make_producer = make_producer
        self._producer: Producer | None = None
        self.opened = 0  # producers so far: whoever must know what others did meanwhile sees that there is a new one
        self._doubt: str | None = None  # why the producer must not be used for another transaction
        self._logger = client_logger(self._on_log)

    def open(self) -> None:
        """A new producer that has fenced all before it; StartOver when the coordinator does not answer in time."""
        producer = self.make_producer(self._settings.producer_config())
        self._until_done("init_transactions", producer.init_transactions, producer)
        self._serve(producer)
        # only now, with its requests fenced, may the producer before it go
        self._producer, self._doubt = producer, None
        self.opened += 1

    def make_producer(self, config: dict[str, Any]) -> Producer:
        # No callbacks for the client: a failed record fails its commit, and what they would tell is in the log.
        return self._make_producer(config, logger=self._logger)

    def begin(self) -> None:
        if self._producer is not None:
            self._serve(self._producer)
        if self._doubt or self._producer is None:
            if self._doubt:
                say("renewing the producer", reason=self._doubt)
            self.open()
        try:
            self._in_hand.begin_transaction()
        except KafkaException as exception:
            raise self._told("begin_transaction", kafka_error(exception)) from exception

    def send(self, records: Iterable[tuple[str, Result]], delivered: Delivered | None = None) -> None:
        """Queue records, each for its topic; Abort when there is no room before the transaction would time out.

        `delivered` is told what became of each by the end of `flush`; only the commit's end makes it count.
        """
        produce, until = self._in_hand.produce, self._until()
        for topic, (key, value, headers) in records:
            while True:
                try:
                    if headers or delivered:
                        produce(topic, value, key, headers=headers, on_delivery=delivered)
                    else:  # an argument by name costs as much as half a record
                        produce(topic, value, key)
                except BufferError:
                    self._make_room(until)
                except KafkaException as exception:
                    raise self._told("produce", kafka_error(exception)) from exception
                else:
                    break

    def _make_room(self, until: float) -> None:
        """The queue is full: back-pressure, so wait for deliveries."""
        if not self._stop.seconds_left(until):
            raise Abort("no room in the producer's queue")
        self._serve(self._in_hand, 0.1)

    def flush(self) -> None:
        """Wait until what was sent is delivered, or failed; Abort when neither comes before the transaction's end."""
        producer = self._in_hand
        until = self._until()
        try:
            while producer.flush(min(STEP_S, self._stop.seconds_left(until))):
                if not self._stop.seconds_left(until):
                    raise Abort("records were not delivered in time")
        except KafkaException as exception:
            raise self._told("flush", kafka_error(exception)) from exception
        except SystemError as error:
            raise StartOver(FATAL) from error

    def commit(self, offsets: Sequence[TopicPartition] = (), group_metadata: Any = None) -> None:
        """Commit what was sent, and with it the input's offsets, if there are any (the next to read).

        Abort: certainly not committed, call `abort`. StartOver: unknown, read the offsets as the group has them.
        """
        producer = self._in_hand
        if offsets:  # while the records are on their way
            self._until_done(
                "send_offsets_to_transaction",
                lambda timeout: _bounded(producer.send_offsets_to_transaction, list(offsets), group_metadata, timeout),
                producer,
            )
        # all is delivered before EndTxn is sent, so that commit is a single short request
        self.flush()
        self._until_done("commit_transaction", producer.commit_transaction, producer)
        self._serve(producer)

    def abort(self) -> None:
        """Abort what is open; StartOver when that is not certain. The input is the caller's to rewind."""
        producer = self._in_hand
        try:
            self._until_done("abort_transaction", producer.abort_transaction, producer)
        except Abort as error:  # to abort is all that there is, so this client cannot
            raise StartOver(str(error)) from error
        self._serve(producer)

    def close(self) -> None:
        """Let the producer go. A transaction left open is aborted by the next with its id, or by its time-out."""
        self._producer = None

    @property
    def _in_hand(self) -> Producer:
        if self._producer is None:
            raise StartOver("no producer is open")
        return self._producer

    def _until(self) -> float:
        return time.monotonic() + self._settings.transaction_timeout_ms / 1000

    def _until_done(self, what: str, call: Callable[[float], Any], producer: Producer) -> None:
        """Make a resumable call again until it is done; bounded by the transaction's time-out and by a stop."""
        until = self._until()
        while True:
            try:
                # not less than a moment, so that a stop's end still makes an attempt
                call(max(PAUSE_S, min(STEP_S, self._stop.seconds_left(until))))
            except KafkaException as exception:
                error = kafka_error(exception)
                if classify(error) not in {Action.RETRY, Action.UNKNOWN} or not self._stop.seconds_left(until):
                    raise self._told(what, error) from exception
                self._serve(producer, PAUSE_S)
            else:
                return

    def _told(self, what: str, error: KafkaError) -> Exception:
        """The exception for an error that ended a call."""
        action = classify(error)
        sentence = f"{what}: {error.str()}"
        if action is Action.ABORT:
            return Abort(sentence)
        if action is Action.POISON:  # of our making: what the contract lets in is smaller than this
            return FatalError(f"{sentence}; raise max.message.bytes of the topic that refused it")
        if action is Action.FATAL:
            return FatalError(sentence)
        return StartOver(sentence, fenced=action is Action.FENCED or error.fatal())

    def _on_log(self, line: str) -> None:
        # handed over by poll, so before the next transaction: commit and abort end with a poll, begin starts so
        self._doubt = line

    def _serve(self, producer: Producer, seconds: float = 0) -> None:
        """Let the client hand over what it has to tell."""
        try:
            producer.poll(seconds)
        except KafkaException as exception:
            raise self._told("poll", kafka_error(exception)) from exception
        except SystemError as error:
            raise StartOver(FATAL) from error


def _bounded(call: Callable[..., Any], *arguments: Any) -> None:
    """Make a call whose last argument is its time-out, and leave it behind if it does not keep it: StartOver.

    With the group's coordinator gone, send_offsets_to_transaction may never return, and the process with it (librdkafka
    issues 5456 and 5511). The producer is then lost with its thread; the next of its id aborts what it left open.
    """
    failures: list[BaseException] = []

    def make() -> None:
        try:
            call(*arguments)
        except BaseException as error:  # noqa: BLE001 - raised by the caller: a call that failed must not look done
            failures.append(error)

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    thread.join(arguments[-1] + HUNG_S)
    if thread.is_alive():
        raise StartOver(f"{call.__name__} has not returned {HUNG_S:.0f} s after its time-out")
    if failures:
        raise failures[0]
