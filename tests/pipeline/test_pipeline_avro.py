"""Avro through a real registry: what is poison, what is only a registry that is away, and what becomes of both."""

import json
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from confluent_kafka import Producer
from fastavro import parse_schema, schemaless_reader, schemaless_writer

from pipeline.avro import Avro
from pipeline.errors import FatalError, RegistryAway, SettingsError
from pipeline.events import PoisonError
from pipeline.framed import FramedValues
from pipeline.registry import SCHEMAS, SchemaRegistry, own_schema
from pipeline.settings import ForwarderSettings
from streamproof.cluster.registry import Registry, start_registry
from streamproof.guardian import Guardian, processes_of

WaitUntil = Callable[[Callable[[], bool]], None]
SIZE = 60
NOWHERE = "http://127.0.0.1:1"
EVENT = {
    "event_id": "event-1",
    "order_id": "order-1",
    "sequence": 0,
    "type": "paid",
    "amount": 4990,
    "currency": "EUR",
    "occurred_at": "2026-03-01T09:16:12Z",
}


@pytest.fixture
def values(schema_registry: Registry) -> FramedValues:
    topics = {name: f"tests-{name}" for name in ("order-event", "order-processed", "order-notification")}
    return FramedValues(Avro(), SchemaRegistry(schema_registry.url, 5_000), topics)


def event(number: int) -> dict[str, Any]:
    return {**EVENT, "event_id": f"event-{number}", "order_id": f"order-{number % 7}", "sequence": number // 7}


def decoded(value: bytes, registry: Registry) -> Any:
    schema = json.loads(registry.client.schema(int.from_bytes(value[1:5]), "AVRO") or "")
    return schemaless_reader(BytesIO(value[5:]), parse_schema(schema), None)


def test_what_is_written_is_what_is_read(values: FramedValues) -> None:
    """In the schemas of the contract, which the registry has now."""
    assert values.parse(values.encode("order-event", EVENT)).model_dump() == EVENT


def test_a_newer_producers_event_is_read(values: FramedValues, schema_registry: Registry) -> None:
    """By the schema that it was written in: a field that is new to us, in front of all others, is passed over."""
    schema = json.loads(own_schema("order-event.avsc"))
    newer = {**schema, "fields": [{"name": "channel", "type": "string", "default": "web"}, *schema["fields"]]}
    registry = SchemaRegistry(schema_registry.url, 5_000)
    number = registry.id_of("newer-value", json.dumps(newer), "AVRO")
    own = values.encode("order-event", EVENT)
    assert values.parse(b"\0" + number.to_bytes(4) + b"\x06web" + own[5:]).model_dump() == EVENT


@pytest.mark.parametrize(("version", "lacking"), [("v1", ("currency", "occurred_at")), ("v2", ("occurred_at",))])
def test_an_older_producers_event_is_read(
    values: FramedValues, schema_registry: Registry, version: str, lacking: tuple[str, ...]
) -> None:
    """What it did not record has its default: no event of the contract's own history is poison."""
    schema = json.loads((SCHEMAS / "order_event" / f"{version}.avsc").read_text())
    number = SchemaRegistry(schema_registry.url, 5_000).id_of(f"{version}-value", json.dumps(schema), "AVRO")
    value = BytesIO()
    schemaless_writer(value, parse_schema(schema), {name: EVENT[name] for name in EVENT.keys() - set(lacking)})
    defaults = {"currency": "EUR", "occurred_at": ""}
    found = values.parse(b"\0" + number.to_bytes(4) + value.getvalue())
    assert found.model_dump() == {**EVENT, **{name: defaults[name] for name in lacking}}


def test_poison_is_told_by_its_reason(values: FramedValues) -> None:
    """No value, no frame, an id that the registry never gave, a record cut off, a record that is no event."""
    good = values.encode("order-event", EVENT)
    for value, reason in (
        (None, "not-avro"),
        (b"", "not-avro"),
        (b'{"event_id": "x"}', "not-avro"),
        (b"\0\x7f\xff\xff\xff" + good[5:], "unknown-schema"),
        (good[:-3], "not-avro"),
        (good[:5], "not-avro"),
        (values.encode("order-notification", {"order_id": "o", "text": "t"}), "not-avro"),
        (values.encode("order-event", {**EVENT, "currency": "euro"}), "invalid-event"),
    ):
        with pytest.raises(PoisonError) as caught:
            values.parse(value)
        assert caught.value.reason == reason, value


@pytest.mark.parametrize(
    ("number", "reason"), [(2**31 - 1, "unknown-schema"), (2**31, "unknown-schema"), (2**32 - 1, "unknown-schema")]
)
def test_no_id_is_too_large_to_be_poison(values: FramedValues, number: int, reason: str) -> None:
    """A registry would refuse to look for it at all."""
    with pytest.raises(PoisonError) as caught:
        values.parse(b"\0" + number.to_bytes(4) + b"rest")
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        ("JSON", '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}'),
        ("PROTOBUF", 'syntax = "proto3"; message Order { string id = 1; }'),
    ],
)
def test_a_record_of_another_format_is_poison(
    values: FramedValues, schema_registry: Registry, kind: str, schema: str
) -> None:
    """Its frame is the same, and its schema is there: but it is not Avro, whatever follows."""
    body = {"schema": schema, "schemaType": kind}
    number = httpx.post(f"{schema_registry.url}/subjects/{kind}-value/versions", json=body).json()["id"]
    with pytest.raises(PoisonError, match=f"not-avro: schema {number} is {kind}"):
        values.parse(b"\0" + number.to_bytes(4) + b"{}")


def test_what_is_no_registry_ends_the_process(web_server: str) -> None:
    """A wrong address answers 404 too; that says nothing of any record."""
    with pytest.raises(FatalError, match="the schema registry answers 404"):
        SchemaRegistry(web_server, 5_000).schema(1, "AVRO")


def test_a_registry_that_is_away_makes_nothing_poison(values: FramedValues) -> None:
    """What cannot be told now is neither an event nor poison; what is known already needs no registry."""
    good = values.encode("order-event", EVENT)
    away = FramedValues(Avro(), SchemaRegistry(NOWHERE, 1_000), {"order-event": "tests"})
    for call in (lambda: away.parse(good), lambda: away.encode("order-event", EVENT)):
        with pytest.raises(RegistryAway, match="does not answer"):
            call()


def test_a_schema_that_the_registry_refuses_ends_the_process(schema_registry: Registry) -> None:
    """Nothing that is written in it could be read: no later attempt is better."""
    registry = SchemaRegistry(schema_registry.url, 5_000)
    schema = json.loads(own_schema("order-notification.avsc"))
    registry.id_of("refused-value", json.dumps(schema), "AVRO")
    changed = json.dumps({**schema, "fields": [*schema["fields"], {"name": "more", "type": "string"}]})
    with pytest.raises(FatalError, match="refuses the schema of refused-value"):
        SchemaRegistry(schema_registry.url, 5_000).id_of("refused-value", changed, "AVRO")


def test_avro_needs_a_registry() -> None:
    """The sentence names both variables."""
    environment = {"KAFKA_BOOTSTRAP_SERVERS": "b:1", "TRANSACTIONAL_ID": "t", "VALUE_FORMAT": "avro"}
    with pytest.raises(SettingsError, match="VALUE_FORMAT=avro needs SCHEMA_REGISTRY_URL"):
        ForwarderSettings.from_environment(environment)
    with pytest.raises(SettingsError, match=r"VALUE_FORMAT: .*'json', 'json-schema', 'avro' or 'protobuf'"):
        ForwarderSettings.from_environment({**environment, "VALUE_FORMAT": "xml"})


def settings(registry: Registry) -> dict[str, str]:
    return {"VALUE_FORMAT": "avro", "SCHEMA_REGISTRY_URL": registry.url, "REGISTRY_TIMEOUT_MS": "300"}


def send(stage: Any, records: list[tuple[int, bytes]]) -> None:
    producer = Producer({"bootstrap.servers": stage.bootstrap_servers, "partitioner": "murmur2_random"})
    for number, value in records:
        headers: list[tuple[str, str | bytes | None]] = [("event-id", f"event-{number}")]
        producer.produce(stage.topics["INPUT_TOPIC"], value, event(number)["order_id"], headers=headers)
    assert producer.flush(20) == 0


def avro_of(registry: Registry, stage: Any) -> FramedValues:
    return FramedValues(Avro(), SchemaRegistry(registry.url, 5_000), {"order-event": stage.topics["INPUT_TOPIC"]})


def test_a_forwarder_reads_and_writes_avro(stage: Any, wait_until: WaitUntil, schema_registry: Registry) -> None:
    """Each event has its effects once, in the contract's schemas; poison is dead-lettered with the bytes it came as."""
    writer = avro_of(schema_registry, stage)
    poison = {7: b'{"event_id": "x"}', 17: b"\0\x7f\xff\xff\xffrest", 27: writer.encode("order-event", event(27))[:-4]}
    sent = [(n, poison[n] if n in poison else writer.encode("order-event", event(n))) for n in range(SIZE)]
    send(stage, sent)
    stage.start("forwarder", **settings(schema_registry))
    wait_until(lambda: stage.committed() >= SIZE)
    found = [decoded(message.value(), schema_registry) for message in stage.read("PROCESSED_TOPIC")]
    assert Counter(state["event_id"] for state in found) == Counter(
        f"event-{n}" for n in range(SIZE) if n not in poison
    )
    assert {state["status"] for state in found} == {"in-progress"}
    texts = {decoded(message.value(), schema_registry)["text"] for message in stage.read("NOTIFICATIONS_TOPIC")}
    assert "Order order-1: we have received your payment of 49.90 EUR." in texts
    dead = {message.value(): dict(message.headers())["dlq-reason"] for message in stage.read("DLQ_TOPIC")}
    assert dead == {poison[7]: b"not-avro", poison[17]: b"unknown-schema", poison[27]: b"not-avro"}


@contextmanager
def stopped(guardian: Guardian) -> Iterator[None]:
    """While this lasts, the guardian's registry answers nothing."""
    (process,) = [
        process for process in processes_of(guardian.label, set()) if "quarkus-run.jar" in " ".join(process.cmdline())
    ]
    psutil.Process(process.pid).send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_a_forwarder_waits_for_a_registry_that_is_away(stage: Any, wait_until: WaitUntil, tmp_path: Path) -> None:
    """It commits nothing and dead-letters nothing meanwhile; when the registry is back, each event is done once."""
    with Guardian() as guardian, start_registry(guardian, logs=tmp_path / "registry") as registry:
        writer = avro_of(registry, stage)
        send(stage, [(n, writer.encode("order-event", event(n))) for n in range(SIZE)])
        with stopped(guardian):
            forwarder = stage.start("forwarder", **settings(registry))
            wait_until(lambda: stage.log("forwarder").count("the schema registry does not answer") >= 3)
            assert stage.committed() == 0
        wait_until(lambda: stage.committed() >= SIZE)
        assert forwarder.poll() is None
    assert stage.ids("PROCESSED_TOPIC") == Counter(f"event-{n}" for n in range(SIZE))
    assert stage.read("DLQ_TOPIC") == []


def test_a_producer_writes_avro(stage: Any, schema_registry: Registry) -> None:
    """Its input stays JSON, a line an event; what lies in the topic is Avro."""
    patient = settings(schema_registry) | {"REGISTRY_TIMEOUT_MS": "10000"}
    process = stage.start("producer", "pipeline", "produce", **patient)
    lines = [json.dumps(event(number)) for number in range(SIZE)] + ["not json"]
    out, _ = process.communicate("\n".join(lines).encode(), timeout=30)
    assert process.returncode == 0
    assert Counter(json.loads(line)["outcome"] for line in out.splitlines()) == {"ok": SIZE, "fail": 1}
    found = [decoded(message.value(), schema_registry) for message in stage.read("INPUT_TOPIC")]
    assert sorted(found, key=lambda placed: int(placed["event_id"][6:])) == [event(number) for number in range(SIZE)]


def test_a_producer_without_its_registry_has_sent_nothing(stage: Any) -> None:
    """The answer is fail, not unknown: the caller may try again."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        process = stage.start("producer", "pipeline", "produce", VALUE_FORMAT="avro", SCHEMA_REGISTRY_URL=url)
        out, _ = process.communicate(json.dumps(event(1)).encode(), timeout=30)
    answer = json.loads(out)
    assert (answer["outcome"], answer["id"]) == ("fail", "event-1")
    assert "the schema registry does not answer" in answer["error"]
    assert stage.read("INPUT_TOPIC") == []
