"""What is an event, what it causes, and what is poison."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from pipeline.events import (
    STATUS,
    TEXT,
    EventType,
    OrderEvent,
    PoisonError,
    Record,
    notification,
    parse,
    processed,
    trace_of,
)
from pipeline.registry import own_schema

CONTRACTS = Path(__file__).parents[2] / "contracts"
DOCUMENT = YAML(typ="safe").load(CONTRACTS / "orders.asyncapi.yaml")
EXAMPLES = [example["payload"] for example in DOCUMENT["components"]["messages"]["OrderEvent"]["examples"]]
VALID = EXAMPLES[0]


def document(name: str) -> Any:
    return json.loads((CONTRACTS / "schemas" / f"{name}.json").read_text())


def schema(name: str) -> Draft7Validator:
    return Draft7Validator(document(name))


def is_event(value: object) -> bool:
    try:
        parse(json.dumps(value).encode())
    except PoisonError:
        return False
    return True


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["type"]))
def test_what_an_event_causes_is_what_the_contract_says(example: dict[str, Any]) -> None:
    """Each example becomes a state and a notification that are valid by their schemas, and carry its id."""
    event = parse(json.dumps(example).encode())
    state, note = processed(event), notification(event)
    schema("order-processed").validate(json.loads(state.value or b""))
    schema("order-notification").validate(json.loads(note.value or b""))
    assert json.loads(state.value or b"")["event_id"] == example["event_id"]
    for result in (state, note):
        assert result.key == example["order_id"].encode()
        assert result.headers == [("event-id", example["event_id"].encode())]


def test_what_an_event_causes_is_in_its_trace() -> None:
    """By the headers that W3C names, as they came; no other header is the result's."""
    trace = [("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tracestate", b"a=b")]
    found = trace_of([("event-id", b"1"), *trace, ("other", None)])
    assert found == trace
    event = parse(json.dumps(EXAMPLES[0]).encode())
    for result in (processed(event, trace=found), notification(event, trace=found)):
        assert result.headers[1:] == trace


def test_every_type_of_event_has_its_state_and_text() -> None:
    """A type that the schema allows leads somewhere."""
    types = set(document("order-event")["properties"]["type"]["enum"])
    assert types == set(STATUS) == set(TEXT)


ODD: list[Any] = [None, "", "x", "x" * 65, 0, -1, 1, 7.5, True, [], {}, "EUR", "eur", "placed", "2026-03-01T09:15:00Z"]


@pytest.mark.parametrize("name", sorted(VALID))
def test_the_code_and_the_schema_agree(name: str) -> None:
    """Each field with each of many values, and left out: valid in both, or in neither."""
    validator = schema("order-event")
    candidates = [{**VALID, name: value} for value in ODD]
    candidates.append({key: value for key, value in VALID.items() if key != name})
    for candidate in candidates:
        assert is_event(candidate) == validator.is_valid(candidate), candidate


def test_an_unknown_field_is_let_be() -> None:
    """A newer producer may add fields."""
    assert is_event({**VALID, "gift": True})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "not-json"),
        (b"", "not-json"),
        (b'{"event_id": ', "not-json"),
        (b"\xff\xfe", "not-json"),
        (b"[]", "invalid-event"),
        (b"null", "invalid-event"),
        (b'{"event_id": "a"}', "invalid-event"),
    ],
)
def test_poison_says_why(value: bytes | None, reason: str) -> None:
    """What no event can be read from is told apart from JSON that is no event."""
    with pytest.raises(PoisonError) as poison:
        parse(value)
    assert poison.value.reason == reason


@pytest.mark.parametrize(
    ("record", "size"),
    [
        (Record(None, None), 0),
        (Record(b"key", b"value", [("name", b"123"), ("none", None), ("text", "12")]), 25),
    ],
)
def test_a_record_is_as_large_as_all_that_it_holds(record: Record, size: int) -> None:
    """Key, value, and each header's name and value: memory is bounded by them."""
    assert record.size == size


def test_the_schema_in_protobuf_holds_what_an_event_is() -> None:
    """The same fields in the same order, and the same types of event."""
    text = own_schema("order-event.proto")
    assert re.findall(r"^    (\w+) = \d", text, re.MULTILINE) == list(get_args(EventType))
    assert re.findall(r"^  \w+ (\w+) = \d", text, re.MULTILINE) == list(OrderEvent.model_fields)


def test_the_schema_in_avro_holds_what_an_event_is() -> None:
    """The same fields in the same order, and the same types of event."""
    fields = {field["name"]: field["type"] for field in json.loads(own_schema("order-event.avsc"))["fields"]}
    assert list(fields) == list(OrderEvent.model_fields)
    assert fields["type"]["symbols"] == list(get_args(EventType))
