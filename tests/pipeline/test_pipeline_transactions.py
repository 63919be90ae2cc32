"""When a producer is used again, and when another takes its place."""

import contextlib
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

import pipeline.transactions
from pipeline.errors import Abort, FatalError, StartOver
from pipeline.events import Result
from pipeline.process import Stop
from pipeline.settings import ForwarderSettings
from pipeline.transactions import Transactions
from streamproof.cluster import EmbeddedCluster
from tests.pipeline.fakes import FakeProducer

RECORD = Result(b"k", b"v", [])
SETTINGS = {"KAFKA_BOOTSTRAP_SERVERS": "nowhere:1", "TRANSACTIONAL_ID": "t-1", "TRANSACTION_TIMEOUT_MS": "1000"}


def transactions(*producers: FakeProducer, stop: Stop | None = None) -> Transactions:
    """Opens the given producers in turn."""
    waiting = list(producers)

    def make(_config: object, *, logger: Any) -> FakeProducer:
        producer = waiting.pop(0)
        producer.logger = logger
        return producer

    made = Transactions(ForwarderSettings.from_environment(SETTINGS), stop or Stop(1000), make)  # type: ignore[arg-type]
    made.open()
    return made


OFFSETS = [TopicPartition("order-events", 0, 1)]
RETRIABLE = KafkaError(KafkaError._TIMED_OUT, "", retriable=True)
ABORTABLE = KafkaError(KafkaError.ILLEGAL_GENERATION, "", txn_requires_abort=True)
FENCED = KafkaError(KafkaError._FENCED, "", fatal=True)


def test_a_producer_without_doubt_is_used_again() -> None:
    """Two quiet transactions are of the same producer."""
    producer = FakeProducer()
    used = transactions(producer)
    for _ in range(2):
        used.begin()
        used.commit(OFFSETS, None)
    assert producer.calls.count("init_transactions") == 1
    assert producer.calls.count("commit_transaction") == 2


def test_a_lost_connection_makes_way_for_a_new_producer_though_the_commit_returned() -> None:
    """A retry that the client hid decides no later transaction: the next is of a new producer, initialized first."""
    first, second = FakeProducer(), FakeProducer()
    used = transactions(first, second)
    used.begin()
    first.log.append("FAIL TxnCoordinator: Disconnected")
    used.commit(OFFSETS, None)
    used.begin()
    assert first.calls.count("begin_transaction") == 1
    assert second.calls == ["init_transactions", "begin_transaction"]


def test_a_call_that_may_be_resumed_is_made_again() -> None:
    """A time-out of commit is not its outcome."""
    producer = FakeProducer(commit_transaction=[RETRIABLE, RETRIABLE])
    used = transactions(producer)
    used.begin()
    used.commit(OFFSETS, None)
    assert producer.calls.count("commit_transaction") == 3


def test_records_are_delivered_before_the_commit_is_sent() -> None:
    """Offsets while records are on their way, flush, commit: so that the commit is a single short request."""
    producer = FakeProducer()
    used = transactions(producer)
    used.begin()
    used.send([("orders-processed", RECORD)])
    used.commit(OFFSETS, None)
    assert producer.calls[-4:] == ["produce", "send_offsets_to_transaction", "flush", "commit_transaction"]


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        ("send_offsets_to_transaction", ABORTABLE, Abort),
        ("commit_transaction", ABORTABLE, Abort),
        ("commit_transaction", FENCED, StartOver),
        ("begin_transaction", FENCED, StartOver),
        ("flush", FENCED, StartOver),
        ("produce", KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), FatalError),
        ("produce", KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), FatalError),
    ],
)
def test_each_error_says_what_to_do(call: str, error: KafkaError, told: type[Exception]) -> None:
    """Abort what can be aborted; start over with what cannot be used any more; end where nothing helps."""
    used = transactions(FakeProducer(**{call: [error]}))
    with pytest.raises(told):
        _whole(used)


def _whole(used: Transactions) -> None:
    used.begin()
    used.send([("orders-processed", RECORD)])
    used.commit(OFFSETS, None)


def test_fencing_is_told_apart() -> None:
    """Only fencing counts against the number of times that starting over may be tried."""
    used = transactions(FakeProducer(commit_transaction=[FENCED]))
    used.begin()
    with pytest.raises(StartOver) as told:
        used.commit(OFFSETS, None)
    assert told.value.fenced


def test_a_call_that_fails_is_not_done_whatever_it_raises() -> None:
    """An error of the binding's own, in a thread of its own, would else pass for success, and be committed after."""

    def send_offsets(_timeout_s: float) -> None:
        raise SystemError("returned a result with an exception set")

    with pytest.raises(SystemError):
        pipeline.transactions._bounded(send_offsets, 1.0)


def test_a_call_that_never_returns_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client may forget its own time-out when the coordinator is gone: the process must not hang with it."""
    monkeypatch.setattr(pipeline.transactions, "HUNG_S", 0.0)
    producer, released = FakeProducer(), threading.Event()

    def send_offsets_to_transaction(*_arguments: object) -> None:
        released.wait(30)

    producer.send_offsets_to_transaction = send_offsets_to_transaction  # type: ignore[attr-defined]
    used = transactions(producer)
    used.begin()
    with pytest.raises(StartOver, match="has not returned"):
        used.commit([TopicPartition("t", 0, 1)], None)
    released.set()


def test_an_abort_that_is_not_certain_is_no_abort() -> None:
    """When even to abort fails, the producer goes."""
    used = transactions(FakeProducer(abort_transaction=[ABORTABLE]))
    used.begin()
    with pytest.raises(StartOver):
        used.abort()


def test_an_outcome_is_not_waited_for_longer_than_the_stop_allows() -> None:
    """After SIGTERM an unanswered commit ends as unknown as soon as the grace is over."""
    stop = Stop(0)
    producer = FakeProducer(commit_transaction=[RETRIABLE] * 10_000)
    used = transactions(producer, stop=stop)
    used.begin()
    stop.request()
    with pytest.raises(StartOver):
        used.commit(OFFSETS, None)


class CutProducer:
    """A real producer; while its first commit is on its way, all its connections are cut."""

    def __init__(self, cluster: EmbeddedCluster, config: dict[str, Any], **named: Any) -> None:
        self._cluster: EmbeddedCluster | None = cluster
        self._producer = Producer(config, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    def commit_transaction(self, timeout: float) -> None:
        cluster, self._cluster = self._cluster, None
        if cluster is None:
            self._producer.commit_transaction(timeout)
            return
        for node in cluster.brokers:
            cluster.pause(node)
        with ThreadPoolExecutor(1) as threads:
            commit = threads.submit(self._producer.commit_transaction, 20)
            try:
                cut_connections({address.rpartition(":")[2] for address in cluster.bootstrap_servers.split(",")})
            finally:
                for node in cluster.brokers:
                    cluster.resume(node)
            commit.result(20)


def cut_connections(ports: set[str]) -> None:
    """End every connection of this process to any of `ports`, from below."""
    for connection in psutil.Process().net_connections("tcp"):
        if connection.raddr and str(connection.raddr.port) in ports:
            # the client's own descriptor stays the client's: what is closed here is a copy
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fd)) as copy:
                copy.shutdown(socket.SHUT_RDWR)


def test_a_real_commit_whose_connection_is_cut_is_doubted(stage: Any, embedded_cluster: EmbeddedCluster) -> None:
    """The commit returns ok all the same, and yet the next transaction is another producer's."""
    made: list[CutProducer] = []

    def make(config: dict[str, Any], **named: Any) -> CutProducer:
        made.append(CutProducer(embedded_cluster, config, **named))
        return made[-1]

    settings = ForwarderSettings.from_environment(stage.environment(TRANSACTION_TIMEOUT_MS="20000"))
    used = Transactions(settings, Stop(1000), make)  # type: ignore[arg-type]
    used.open()
    consumer = Consumer({"bootstrap.servers": stage.bootstrap_servers, "group.id": stage.group})
    try:
        for offset in (1, 2):
            used.begin()
            used.send([(stage.topics["PROCESSED_TOPIC"], Result(b"k", str(offset).encode(), []))])
            offsets = [TopicPartition(stage.topics["INPUT_TOPIC"], 0, offset)]
            assert stage.committed() == offset - 1
            made[-1]._cluster = embedded_cluster if offset == 1 else None
            used.commit(offsets, consumer.consumer_group_metadata())
            assert stage.committed() == offset
    finally:
        consumer.close()
    assert len(made) == 2
    assert [message.value() for message in stage.read("PROCESSED_TOPIC")] == [b"1", b"2"]
