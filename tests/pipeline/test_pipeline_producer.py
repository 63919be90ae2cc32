"""The plain producer: a single outcome for each event, and no more said than is known."""

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError

from pipeline.process import Stop
from pipeline.producer import Answer, OrderProducer, outcome_of
from pipeline.settings import ProducerSettings

WaitUntil = Callable[[Callable[[], bool]], None]


def valid(number: int) -> dict[str, Any]:
    return {
        "event_id": f"event-{number}",
        "order_id": f"order-{number % 20}",
        "sequence": number // 20,
        "type": "placed",
        "amount": 1,
        "currency": "EUR",
        "occurred_at": "2026-03-01T09:16:12Z",
    }


class FakeMessage:
    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return 7


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (None, "ok"),
        (KafkaError._MSG_TIMED_OUT, "unknown"),
        (KafkaError._PURGE_INFLIGHT, "unknown"),
        (KafkaError.REQUEST_TIMED_OUT, "unknown"),
        (KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, "unknown"),
        (KafkaError._PURGE_QUEUE, "unknown"),
        (KafkaError.MSG_SIZE_TOO_LARGE, "fail"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "fail"),
    ],
)
def test_only_what_is_certainly_not_in_the_log_has_failed(code: int | None, outcome: str) -> None:
    """A record whose time ran out, or that was purged, may have been sent; a record that was refused is not there."""
    error = None if code is None else KafkaError(code)
    assert outcome_of("event-1", error, FakeMessage()).outcome == outcome  # type: ignore[arg-type]


@pytest.mark.parametrize(("acks", "outcome"), [("all", "ok"), ("1", "ok"), ("0", "unknown")])
def test_without_acknowledgements_nothing_is_known(acks: str, outcome: str) -> None:
    """With ACKS=0 the client reports success for what it has only written to its socket: no broker has said so."""
    assert outcome_of("event-1", None, FakeMessage(), acks).outcome == outcome  # type: ignore[arg-type]


class FullProducer:
    """Its queue is full until polled."""

    def __init__(self, *_: object, **__: object) -> None:
        self.full, self.produced = True, 0

    def produce(self, *_: object, **__: object) -> None:
        if self.full:
            raise BufferError
        self.produced += 1

    def poll(self, _seconds: float) -> None:
        self.full = False


def test_a_full_queue_is_waited_for() -> None:
    """Back-pressure: the event is sent when there is room, not dropped."""
    full = FullProducer()
    settings = ProducerSettings(kafka_bootstrap_servers="nowhere:1")
    producer = OrderProducer(settings, Stop(0), lambda *_, **__: full)  # type: ignore[arg-type]
    producer.send(json.dumps(valid(1)).encode(), lambda _answer: None)
    assert full.produced == 1


def test_a_full_queue_is_not_waited_for_beyond_a_stop() -> None:
    """When the stop's grace is over, the event is told as not sent."""
    full, stop = FullProducer(), Stop(0)
    stop.request()
    answers: list[Answer] = []
    settings = ProducerSettings(kafka_bootstrap_servers="nowhere:1")
    producer = OrderProducer(settings, stop, lambda *_, **__: full)  # type: ignore[arg-type]
    producer.send(json.dumps(valid(1)).encode(), answers.append)
    assert [(answer.outcome, answer.id) for answer in answers] == [("fail", "event-1")]
    assert full.produced == 0


def test_each_line_has_one_answer_and_nothing_is_lost_at_the_end(stage: Any) -> None:
    """Every event is where its answer says, with its key and header; what is no event is told so, with its id."""
    process = stage.start("producer", "pipeline", "produce")
    lines = [json.dumps(valid(number)) for number in range(500)] + ['{"event_id": "bad"}', "not json"]
    out, _ = process.communicate("\n".join(lines).encode(), timeout=30)
    answers = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 0
    assert sorted(str(answer["id"]) for answer in answers if answer["outcome"] == "fail") == ["None", "bad"]
    told = {(a["partition"], a["offset"]): a["id"] for a in answers if a["outcome"] == "ok"}
    found = {(m.partition(), m.offset()): dict(m.headers())["event-id"].decode() for m in stage.read("INPUT_TOPIC")}
    assert told == found
    assert set(told.values()) == {f"event-{number}" for number in range(500)}
    assert {m.key() for m in stage.read("INPUT_TOPIC")} == {f"order-{number}".encode() for number in range(20)}


def test_who_waits_for_all_answers_has_them_in_the_order_of_the_events(stage: Any) -> None:
    """Where each event lies, and, in its place among them, why what is no event is not there."""
    settings = ProducerSettings(
        kafka_bootstrap_servers=stage.bootstrap_servers, input_topic=stage.topics["INPUT_TOPIC"]
    )
    lines = [json.dumps(valid(number)).encode() for number in range(40)]
    answers = OrderProducer(settings, Stop(5000)).deliver([*lines[:20], b"{", *lines[20:]])
    assert answers.pop(20).outcome == "fail"
    found = {(m.partition(), m.offset()): m.value() for m in stage.read("INPUT_TOPIC")}
    assert [found[answer.partition, answer.offset] for answer in answers] == lines


def test_acks_0_answers_that_it_does_not_know(stage: Any) -> None:
    """On real brokers: each event has its answer, and none is called ok."""
    process = stage.start("producer", "pipeline", "produce", ACKS="0")
    out, _ = process.communicate("\n".join(json.dumps(valid(number)) for number in range(50)).encode(), timeout=30)
    assert [json.loads(line)["outcome"] for line in out.splitlines()] == ["unknown"] * 50
    assert process.returncode == 0


def test_sigterm_ends_it_with_every_answer_given(stage: Any, wait_until: WaitUntil) -> None:
    """Stopped with stdin still open, it answers what it has read, and ends with status 0."""
    process = stage.start("producer", "pipeline", "produce")
    process.stdin.write(b"".join(json.dumps(valid(number)).encode() + b"\n" for number in range(100)))
    process.stdin.flush()
    answered = [process.stdout.readline() for _ in range(100)]
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: process.poll() is not None)
    assert process.returncode == 0
    assert all(json.loads(line)["outcome"] == "ok" for line in answered)


def test_brokers_that_cannot_be_reached_make_it_unknown(stage: Any) -> None:
    """When the delivery time-out is over, the event's answer is neither ok nor fail."""
    process = stage.start(
        "producer", "pipeline", "produce", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1", DELIVERY_TIMEOUT_MS="500"
    )
    out, _ = process.communicate(json.dumps(valid(1)).encode() + b"\n", timeout=30)
    assert [(json.loads(line)["outcome"], json.loads(line)["id"]) for line in out.splitlines()] == [
        ("unknown", "event-1")
    ]
    assert process.returncode == 0
