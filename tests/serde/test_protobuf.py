"""Values in Protobuf: one field found by its writer's schema, and what JSON a message is written from."""

import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from streamproof.cluster.registry import Registry
from streamproof.errors import UsageError
from streamproof.serde import protobuf
from streamproof.serde.framing import framed
from streamproof.serde.locators import Locator
from streamproof.serde.protobuf import PROTOBUF

TEXT = """syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";

message Event {
  string event_id = 1;
  int64 sequence = 2;
  Kind kind = 3;
  google.protobuf.Timestamp at = 4;
  repeated Line lines = 5;
  optional int32 count = 6;
  oneof pay { string card = 7; string cash = 8; }
  map<string, uint32> stock = 9;
  Order order = 10;
  Event cause = 11;
  bytes raw = 12;
  message Order { string id = 1; }
}
message Line { string sku = 1; bool gift = 2; double price = 3; }
enum Kind { NONE = 0; PLACED = 1; }
"""
VALUE = {"event_id": "e-1", "sequence": 2**62, "kind": "PLACED", "at": "2026-01-01T00:00:00Z", "order": {"id": "o-1"}}
SCHEMA = PROTOBUF.schema(TEXT)
HALF = st.just(0.5)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("event_id", "e-1"), ("sequence", str(2**62)), ("kind", "PLACED"), ("order.id", "o-1"), ("order", None),
        ("count", None), ("card", None), ("cause.order.id", None), ("lines", None), ("no", None),
    ],
)  # fmt: skip
def test_a_field_is_found_by_its_writers_schema(schema_registry: Registry, path: str, found: str | None) -> None:
    """Wherever it lies; what was never set is nothing, a number that must be there is zero."""
    number = schema_registry.client.register("shop-value", SCHEMA.text, SCHEMA.registry_type)
    locator = Locator.parse(f"protobuf:{path}").through(schema_registry.client)
    assert locator.of(None, framed(number, SCHEMA.encoded(VALUE)), ()) == found
    assert locator.of(None, framed(number, b"\x04"), ()) is None


@pytest.mark.parametrize(("place", "path"), [(b"\x02\x02", "sku"), (b"\x04\x00\x02", "id")])
def test_the_frame_says_which_message_of_its_schema_follows(place: bytes, path: str) -> None:
    """By indexes, each as zigzag: the second message, and the second within the first, after that of its map."""
    decode = PROTOBUF.decoder(TEXT, path)
    assert decode(place + b"\x0a\x02it") == "it"
    assert decode(b"\x00\x0a\x02it") is None


def test_a_number_that_is_zero_is_there() -> None:
    """Protobuf does not write it; a text that is empty is no id."""
    body = SCHEMA.encoded({})
    assert body == b"\x00"
    assert PROTOBUF.decoder(TEXT, "sequence")(body) == 0
    assert PROTOBUF.decoder(TEXT, "event_id")(body) is None


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_a_message_is_written_from_what_its_json_schema_allows(data: st.DataObject) -> None:
    """Whatever is valid JSON of it can be encoded, and found again."""
    schema = SCHEMA.json_schema()
    value: Any = {
        "event_id": data.draw(st.text(min_size=1)),
        "sequence": data.draw(st.integers(-(2**63), 2**63 - 1)),
        "kind": data.draw(st.sampled_from(["NONE", "PLACED"])),
        "at": "2026-01-01T00:00:00Z",
        "count": data.draw(st.integers(-(2**31), 2**31 - 1)),
        "card": data.draw(st.text()),
        "order": {"id": data.draw(st.text(min_size=1))},
        "lines": data.draw(st.lists(st.fixed_dictionaries({"sku": st.text(), "gift": st.booleans(), "price": HALF}))),
        "stock": data.draw(st.dictionaries(st.text(), st.integers(0, 2**32 - 1))),
    }  # fmt: skip
    assert Draft7Validator(schema).is_valid(value)
    SCHEMA.check(value)
    body = SCHEMA.encoded(value)
    for path, found in (("event_id", value["event_id"]), ("sequence", value["sequence"]), ("count", value["count"])):
        assert PROTOBUF.decoder(TEXT, path)(body) == found


def test_what_cannot_be_json_is_left_out() -> None:
    """Bytes, a message within itself, and of a oneof all but the first."""
    schema = SCHEMA.json_schema()
    assert {*schema["properties"]} == {
        "event_id", "sequence", "kind", "at", "lines", "count", "card", "stock", "order",
    }  # fmt: skip
    assert {*schema["required"]} == {*schema["properties"]} - {"lines", "stock"}


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"no": 1}, 'no field named "no"'),
        ({"sequence": "much"}, "Failed to parse sequence field"),
        ({"kind": "SOLD"}, "Invalid enum value SOLD"),
        ([], "expected an object"),
    ],
)
def test_a_value_that_the_schema_does_not_allow_is_told(value: Any, sentence: str) -> None:
    """With its field, in a line."""
    with pytest.raises(ValueError, match=sentence) as caught:
        SCHEMA.check(value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('syntax = "proto3";\nmessage A { string a = 1 }', 'line 2: Expected ";".'),
        ('syntax = "proto3";\nmessage A { B b = 1; }', 'line 2: "B" is not defined.'),
        ("hello", "line 1: Expected top-level statement"),
        (
            'syntax = "proto3";\nimport "b.proto";\nmessage A { }',
            "b.proto is imported, and a schema must stand by itsel",
        ),
        ('syntax = "proto3";', "it has no message"),
    ],
)
def test_a_schema_that_is_not_valid_is_told(text: str, sentence: str) -> None:
    """In protoc's words, with the line."""
    with pytest.raises(ValueError, match="no valid Protobuf schema: ") as caught:
        PROTOBUF.schema(text)
    assert str(caught.value).removeprefix("no valid Protobuf schema: ").startswith(sentence)


def test_without_protoc_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install, and nothing is started."""
    monkeypatch.setattr(protobuf, "find_spec", lambda _: None)
    monkeypatch.setattr(subprocess, "run", None)
    with pytest.raises(UsageError, match=r'pip install "streamproof\[protobuf\]"'):
        PROTOBUF.schema(TEXT + "// not read before")
