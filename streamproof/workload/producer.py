"""Sends events to the input topic of a contract, at a pace, and survives what a run breaks.

An idempotent producer sends the records in order. A second, transactional producer sends those whose fate is `abort`,
a few at a time, in transactions that are then aborted: an upstream that failed.
"""

import queue
import threading
import time
import uuid
from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaException, Producer

from streamproof.contract.model import Contract
from streamproof.history.terms import Fate
from streamproof.workload.events import Event
from streamproof.workload.send_log import SendLog
from streamproof.workload.workload import POLL_S, Workload

MESSAGE_TIMEOUT_MS = 60_000  # long enough for a broker's restart: an unknown send stays unknown
UPSTREAM_TIMEOUT_MS = 30_000
GROUP = 5  # events at most in one aborted transaction
POLL_EVERY = 100
STOP_S = 5.0
COMMON: Mapping[str, str | int | bool] = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",  # Java's: the same key, the same partition, whatever the client's language
    "linger.ms": 5,
    # not compressed: a subject's client may know none of the codecs
    "queue.buffering.max.messages": 200_000,
    # a paused broker answers nothing: ask again, elsewhere if need be, long before the message times out
    "topic.metadata.refresh.interval.ms": 1_000,  # a topic that grows has input in its new partitions soon
    "request.timeout.ms": 5_000,
    "socket.timeout.ms": 6_000,
    "reconnect.backoff.max.ms": 1_000,
    "retry.backoff.ms": 20,
    "retry.backoff.max.ms": 200,
    "log_level": 0,  # what breaks is recorded; the client's own remarks are noise on the terminal
}


class TopicWorkload(Workload):
    """Sends to the input topic of a contract."""

    def __init__(self, bootstrap_servers: str, contract: Contract) -> None:
        super().__init__(contract)
        self._servers = bootstrap_servers
        self._topic = contract.input.channel.topic
        self._producer = self._new_producer()
        self._upstream = Upstream(bootstrap_servers, self._topic, self._log, self._stopping)

    def prepare(self, events: Sequence[Event]) -> None:
        """A first transactional id takes a second on brokers that have just started, and all readers wait for it."""
        if any(event.fate is Fate.ABORT for event in events):
            self._upstream.start()

    def _pause(self, seconds: float) -> None:
        self._producer.poll(seconds)

    def _give(self, event: Event) -> None:
        if event.fate is Fate.ABORT:
            self._upstream.put(event)
        else:
            self._send(event)
        if self.sent % POLL_EVERY == 0:
            self._producer.poll(0)

    def _finish(self) -> None:
        self._drain()
        self._upstream.close()

    def _new_producer(self) -> Producer:
        return Producer({**COMMON, "bootstrap.servers": self._servers, "message.timeout.ms": MESSAGE_TIMEOUT_MS})

    def _send(self, event: Event) -> None:
        report = self._log.report(event, "workload")
        while True:
            try:
                self._producer.produce(
                    self._topic, event.sent, event.key, headers=list(event.headers), on_delivery=report
                )
            except BufferError:  # back-pressure
                self._producer.poll(POLL_S)
            except KafkaException as error:
                cause = error.args[0]
                if not cause.fatal() or self._stopping.is_set():
                    report(cause, None)
                    return
                self._drain()
                self._producer = self._new_producer()
            else:
                return

    def _drain(self) -> None:
        """Wait until each send is answered; when stopping, for a short while, and give up the rest."""
        deadline = None
        while len(self._producer):
            self._producer.poll(POLL_S)
            if self._stopping.is_set():
                deadline = deadline or time.monotonic() + STOP_S
                if time.monotonic() > deadline:
                    self._producer.purge()
                    self._producer.flush(1)
                    return


class Upstream:
    """A transactional producer whose transactions are all aborted. Its thread alone waits for a broker that is away."""

    def __init__(self, servers: str, topic: str, log: SendLog, stopping: threading.Event) -> None:
        self._name = f"streamproof-upstream-{uuid.uuid4().hex[:12]}"
        self._servers, self._topic, self._log, self._stopping = servers, topic, log, stopping
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._producer: Producer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Make the producer, in a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)
            self._thread.start()

    def put(self, event: Event) -> None:
        self.start()
        self._events.put(event)

    def close(self) -> None:
        """Return when all events that were put are sent and aborted."""
        if self._thread is not None:
            self._events.put(None)
            self._thread.join()

    def _run(self) -> None:
        last = self._ready() is None
        while not last and not self._stopping.is_set():
            group, last = self._next_group()
            if group and (producer := self._ready()):
                self._abort(producer, group)

    def _next_group(self) -> tuple[list[Event], bool]:
        """Some events that wait, and whether no more will come."""
        group: list[Event] = []
        while len(group) < GROUP:
            try:
                event = self._events.get(timeout=0 if group else POLL_S)
            except queue.Empty:
                break
            if event is None:
                return group, True
            group.append(event)
        return group, False

    def _ready(self) -> Producer | None:
        """A producer whose earlier transaction, if there was any, is aborted; `None` when the run ends first."""
        while self._producer is None and not self._stopping.is_set():
            producer = Producer(
                {
                    **COMMON,
                    "bootstrap.servers": self._servers,
                    "transactional.id": self._name,
                    "transaction.timeout.ms": UPSTREAM_TIMEOUT_MS,
                    "message.timeout.ms": UPSTREAM_TIMEOUT_MS,
                }
            )
            try:
                producer.init_transactions(STOP_S)
                self._producer = producer
            except KafkaException:
                self._stopping.wait(POLL_S)
        return self._producer

    def _abort(self, producer: Producer, group: Sequence[Event]) -> None:
        """Send `group` in a transaction of its own; abort it once all is acknowledged."""
        try:
            producer.begin_transaction()
            for event in group:
                report = self._log.report(event, self._name)
                producer.produce(self._topic, event.sent, event.key, headers=list(event.headers), on_delivery=report)
            producer.flush(STOP_S)  # else an abort would drop what is still queued here, and nothing be aborted
            producer.abort_transaction(STOP_S)
            producer.poll(0)
        except KafkaException:
            producer.purge()
            producer.flush(1)
            self._producer = None  # the next producer of this name aborts what this producer left open
