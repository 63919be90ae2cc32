"""Sending to a real broker: the records that arrive, and their delivery reports."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from streamproof.cluster import EmbeddedCluster, start_embedded
from streamproof.contract.flags import contract_from_flags
from streamproof.contract.model import Contract
from streamproof.guardian import Guardian
from streamproof.history.tables import TABLES
from streamproof.history.terms import Fate, SendOutcome
from streamproof.kafka.topics import create_topics
from streamproof.kafka.transactions import list_transactions
from streamproof.workload import Event, TopicWorkload, make_events
from streamproof.workload.send_log import outcome_of

FLAGS: dict[str, Any] = {"output_topics": [], "group": "g", "identity": "header:event-id", "sequence": "json:/seq"}
Place = tuple[int, int]


@pytest.fixture(scope="module")
def broker(session_guardian: Guardian) -> Iterator[EmbeddedCluster]:
    """One broker that these tests may break."""
    with start_embedded(session_guardian, brokers=1, logs=session_guardian.directory / "producer-logs") as cluster:
        yield cluster


@pytest.fixture
def contract(broker: EmbeddedCluster, request: pytest.FixtureRequest) -> Contract:
    """An input topic of its own for each test."""
    made = contract_from_flags(input_topic=request.node.name, **FLAGS)
    create_topics(broker.bootstrap_servers, {request.node.name: 3}, replication=1, config={})
    return made


def events_of(contract: Contract, count: int, **shares: float) -> tuple[Event, ...]:
    return tuple(make_events(contract, count=count, seed=1, **shares))  # type: ignore[arg-type]


def read_back(broker: EmbeddedCluster, contract: Contract, isolation: str = "read_committed") -> dict[Place, Message]:
    """The whole topic, to its end."""
    topic = contract.input.channel.topic
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "reader",
            "enable.auto.commit": False,
            "isolation.level": isolation,
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, part, 0) for part in range(3)])
    found: dict[Place, Message] = {}
    ended: set[int] = set()
    while len(ended) < 3:
        message = consumer.poll(10)
        assert message is not None, "nothing more to read, and not at the end"
        error, part = message.error(), message.partition() or 0
        if error is None:
            found[part, message.offset() or 0] = message
        else:
            assert error.code() == KafkaError._PARTITION_EOF
            ended.add(part)
    consumer.close()
    return found


def header(message: Message) -> str:
    return str(dict(message.headers() or [])["event-id"], "utf-8")  # type: ignore[arg-type]


def test_what_is_sent_arrives_as_it_is(broker: EmbeddedCluster, contract: Contract) -> None:
    """Key, value and headers arrive; a key stays in one partition, in order; each row says where its event lies."""
    events = events_of(contract, 2000, aborted=0)
    rows: list[Any] = []
    workload = TopicWorkload(broker.bootstrap_servers, contract)
    workload.run(events, rows.extend)
    log = read_back(broker, contract)
    by_id = {header(message): message for message in log.values()}
    assert len(log) == len(by_id) == len(events) == workload.sent
    for event in events:
        message = by_id[event.id]
        assert (message.key(), message.value(), message.headers()) == (
            str(event.key).encode(),
            event.value,
            list(event.headers),
        )
    in_order: dict[str, list[tuple[int, int, int]]] = {}
    for row in rows:
        assert set(row) == set(TABLES["sent"].names)
        assert row["outcome"] == "ok"
        assert header(log[row["part"], row["off"]]) == row["id"]
        assert row["t_invoke"] <= row["t_complete"]
        in_order.setdefault(row["key"], []).append((row["part"], row["off"], row["seq"]))
    for places in in_order.values():
        assert len({part for part, _, _ in places}) == 1
        assert [seq for _, _, seq in sorted(places)] == sorted(seq for _, _, seq in places)
    assert workload.fates == {event.id: (event.seq, event.fate) for event in events}


def test_what_is_to_be_aborted_is_in_the_log_and_not_to_be_seen(broker: EmbeddedCluster, contract: Contract) -> None:
    """Events of the fate abort are written, among the others, and hidden from those who read what is committed."""
    events = events_of(contract, 1000, aborted=0.05)
    workload = TopicWorkload(broker.bootstrap_servers, contract)
    workload.run(events, lambda _: None)
    aborted = {event.id for event in events if event.fate is Fate.ABORT}
    committed = {header(message) for message in read_back(broker, contract).values()}
    written = {header(message) for message in read_back(broker, contract, "read_uncommitted").values()}
    assert len(aborted) == 50
    assert (committed, written) == ({event.id for event in events} - aborted, {event.id for event in events})
    assert workload.counts == {SendOutcome.OK: 1000}


def test_who_will_abort_has_its_transactional_id_before_the_first_event(
    broker: EmbeddedCluster, contract: Contract, wait_until: Any
) -> None:
    """Where an event is to be aborted: on brokers that have just started, all readers would wait while it is made."""

    def ids() -> set[str]:
        return {found.transactional_id for found in list_transactions(broker.bootstrap_servers)}

    before, workload = ids(), TopicWorkload(broker.bootstrap_servers, contract)
    workload.prepare(events_of(contract, 100, aborted=0.05))
    wait_until(lambda: len(ids() - before) == 1)
    workload.run((), lambda _: None)
    assert workload.sent == 0


def test_no_more_is_sent_than_the_gate_lets_through(
    broker: EmbeddedCluster, contract: Contract, wait_until: Any
) -> None:
    """A quarter while a quarter is allowed; all once the gate is open."""
    gate = 0.25
    workload = TopicWorkload(broker.bootstrap_servers, contract)
    events = events_of(contract, 400)
    thread = threading.Thread(target=lambda: workload.run(events, lambda _: None, gate=lambda: gate))
    thread.start()
    wait_until(lambda: workload.counts.total() == 100)
    assert workload.sent == 100
    gate = 1.0
    thread.join(30)
    assert (workload.sent, workload.counts.total()) == (400, 400)


def test_a_broker_that_dies_and_comes_back_loses_nothing(
    broker: EmbeddedCluster, contract: Contract, wait_until: Any
) -> None:
    """After a kill and a restart, each record that is ok lies at its reported place, and in order."""
    gate = 0.5
    rows: list[Any] = []
    workload = TopicWorkload(broker.bootstrap_servers, contract)
    events = events_of(contract, 1000, aborted=0.02)
    thread = threading.Thread(target=lambda: workload.run(events, rows.extend, gate=lambda: gate))
    thread.start()
    wait_until(lambda: workload.sent == 500)
    broker.kill(1)
    gate = 1.0
    wait_until(lambda: workload.sent == 1000)
    broker.start(1)
    thread.join(60)
    assert not thread.is_alive()
    log = read_back(broker, contract, "read_uncommitted")
    assert {row["id"] for row in rows} == {event.id for event in events}
    for row in rows:
        assert row["outcome"] != "ok" or header(log[row["part"], row["off"]]) == row["id"]
    processed = [row for row in rows if row["producer"] == "workload"]
    assert {row["outcome"] for row in processed} == {"ok"}


def test_what_is_unanswered_when_it_is_stopped_is_unknown(
    broker: EmbeddedCluster, contract: Contract, wait_until: Any
) -> None:
    """A broker that does not answer makes no send fail: each may be in the log."""
    rows: list[Any] = []
    workload = TopicWorkload(broker.bootstrap_servers, contract)
    broker.pause(1)
    try:
        thread = threading.Thread(target=lambda: workload.run(events_of(contract, 200), rows.extend, gate=lambda: 0.5))
        thread.start()
        wait_until(lambda: workload.sent == 100)
        workload.stop()
        thread.join(30)
        assert not thread.is_alive()
    finally:
        broker.resume(1)
    assert {row["outcome"] for row in rows} == {"unknown"}
    assert {(row["part"], row["off"]) for row in rows} == {(None, None)}


def test_what_is_refused_has_failed(broker: EmbeddedCluster, contract: Contract) -> None:
    """A record that is too large is not in the log, and the rest goes on."""
    events = events_of(contract, 3, aborted=0)
    large = replace(events[1], value=b"x" * 2_000_000)
    rows: list[Any] = []
    TopicWorkload(broker.bootstrap_servers, contract).run((events[0], large, events[2]), rows.extend)
    assert {row["id"]: row["outcome"] for row in rows} == {events[0].id: "ok", large.id: "fail", events[2].id: "ok"}


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (None, SendOutcome.OK),
        (KafkaError._MSG_TIMED_OUT, SendOutcome.UNKNOWN),
        (KafkaError._PURGE_INFLIGHT, SendOutcome.UNKNOWN),
        (KafkaError._PURGE_QUEUE, SendOutcome.UNKNOWN),
        (KafkaError._TRANSPORT, SendOutcome.UNKNOWN),
        (KafkaError.MSG_SIZE_TOO_LARGE, SendOutcome.FAIL),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, SendOutcome.FAIL),
    ],
)
def test_only_what_was_surely_refused_has_failed(code: int | None, outcome: SendOutcome) -> None:
    """A time-out, a purge and a lost connection say nothing about the log."""
    assert outcome_of(None if code is None else KafkaError(code)) is outcome
