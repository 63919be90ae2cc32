"""Protobuf, and JSON under its schema's id, through a real registry; what is the same in Avro is told in its tests."""

from collections.abc import Callable, Mapping

import pytest

from pipeline.avro import Avro
from pipeline.events import PoisonError
from pipeline.framed import Codec, FramedValues
from pipeline.json_schema import JsonSchema
from pipeline.protobuf import Protobuf
from pipeline.registry import SchemaRegistry, own_schema
from streamproof.cluster.registry import Registry
from streamproof.faults import Fault, InFlight, Instance, Kill, Progress
from streamproof.pytest.plugin import RunSubject

EVENT = {
    "event_id": "event-1",
    "order_id": "order-1",
    "sequence": 0,
    "type": "placed",
    "amount": 4990,
    "currency": "EUR",
    "occurred_at": "2026-03-01T09:16:12Z",
}
STATE = {**{name: value for name, value in EVENT.items() if name != "type"}, "status": "in-progress"}
NOTICE = {"order_id": "order-1", "text": "Order order-1: it is packed."}
CODECS: Mapping[str, Callable[[], Codec]] = {"protobuf": Protobuf, "json-schema": JsonSchema}


@pytest.fixture(params=CODECS)
def codec(request: pytest.FixtureRequest) -> Codec:
    return CODECS[request.param]()


def values(codec: Codec, registry: Registry) -> FramedValues:
    topics = {name: f"{codec.kind}-{name}" for name in ("order-event", "order-processed", "order-notification")}
    return FramedValues(codec, SchemaRegistry(registry.url, 5_000), topics)


def test_what_is_written_is_what_is_read(codec: Codec, schema_registry: Registry) -> None:
    """In the contract's schemas, which the registry has now; the first type of event is no exception."""
    found = values(codec, schema_registry)
    for event in (EVENT, {**EVENT, "type": "paid", "sequence": 2**63 - 1}):
        assert found.parse(found.encode("order-event", event)).model_dump() == event
    for name, record in (("order-processed", STATE), ("order-notification", NOTICE)):
        body = found.encode(name, record)[5:]
        assert codec.reader(own_schema(name + codec.suffix))(body) == record


def test_poison_is_told_by_its_reason(codec: Codec, schema_registry: Registry) -> None:
    """No value, no frame, an id that the registry never gave, a record cut off, a record that is no event."""
    found, reason = values(codec, schema_registry), f"not-{codec.kind.lower()}"
    good = found.encode("order-event", EVENT)
    for value, expected in (
        (None, reason),
        (b"", reason),
        (b'{"event_id": "x"}', reason),
        (b"\0\x7f\xff\xff\xff" + good[5:], "unknown-schema"),
        (good[:-3], reason),
        (good[:5], reason),
        (good[:5] + b"\x02\x02", reason),
        (found.encode("order-event", {**EVENT, "currency": "euro"}), "invalid-event"),
        (found.encode("order-event", {**EVENT, "event_id": ""}), "invalid-event"),
    ):
        with pytest.raises(PoisonError) as caught:
            found.parse(value)
        assert caught.value.reason == expected, value


def test_a_record_of_another_format_is_poison(codec: Codec, schema_registry: Registry) -> None:
    """Its frame is the same, and its schema is there."""
    avro = values(Avro(), schema_registry).encode("order-event", EVENT)
    with pytest.raises(PoisonError, match=f"not-{codec.kind.lower()}: schema .* is AVRO"):
        values(codec, schema_registry).parse(avro)


def test_a_schema_that_cannot_be_used_is_asked_for_once(schema_registry: Registry) -> None:
    """Thousands of such records in a batch cost no more than the first."""
    registry = Asked(schema_registry.url, 5_000)
    found = FramedValues(Protobuf(), registry, {"order-event": "asked"})
    avro = values(Avro(), schema_registry).encode("order-event", EVENT)
    for value in (avro, avro, b"\0\x7f\xff\xff\xff", b"\0\x7f\xff\xff\xff"):
        with pytest.raises(PoisonError):
            found.parse(value)
    assert registry.asked == [int.from_bytes(avro[1:5]), 2**31 - 1]


class Asked(SchemaRegistry):
    """Remembers which ids it was asked for."""

    def __init__(self, url: str, timeout_ms: int) -> None:
        super().__init__(url, timeout_ms)
        self.asked: list[int] = []

    def schema(self, number: int, kind: str) -> str:
        self.asked.append(number)
        return super().schema(number, kind)


def test_a_field_that_is_newer_than_we_is_passed_over(schema_registry: Registry) -> None:
    """In Protobuf it has a number of its own; a field that was not sent has its default."""
    found = values(Protobuf(), schema_registry)
    newer = own_schema("order-event.proto").replace(
        "  string currency = 6", "  bytes more = 99;\n  string currency = 6"
    )
    number = SchemaRegistry(schema_registry.url, 5_000).id_of("newer-proto-value", newer, "PROTOBUF")
    own = found.encode("order-event", EVENT)
    assert found.parse(b"\0" + number.to_bytes(4) + own[5:] + b"\x9a\x06\x01!").event_id == "event-1"


@pytest.mark.parametrize("subject", ["orders-protobuf", "orders-json-schema"])
def test_the_forwarder_keeps_its_promise(subject: str, run_subject: RunSubject) -> None:
    """Exactly once, in order, from the contract's schemas to identities that are found in what it writes."""
    with run_subject(subject, records=1_000, seed=3) as run:
        evidence = run.inject(Fault(Kill(), Instance(2), InFlight(Progress(0.3))))
        assert evidence.effective, evidence.sentence
    run.verdict.require_upheld()
