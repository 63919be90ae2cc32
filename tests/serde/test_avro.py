"""Values in Avro: one field found by its writer's schema, and what JSON a record is written from."""

import json
from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from streamproof.cluster.registry import Registry
from streamproof.errors import RegistryUnreachable
from streamproof.serde.avro import AVRO
from streamproof.serde.framing import FRAME, Field, framed
from streamproof.serde.locators import Locator
from streamproof.serde.registry import SchemaRegistry

INNER = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}, {"name": "n", "type": "int"}]}
SCHEMA = {
    "type": "record",
    "name": "Event",
    "namespace": "tests",
    "fields": [
        {"name": "before", "type": {"type": "array", "items": "long"}},
        {"name": "order", "type": INNER},
        {"name": "maybe", "type": ["null", "string"]},
        {"name": "last", "type": "Order"},
    ],
}
RECORD = {"before": [1, 2], "order": {"id": "o-1", "n": 7}, "maybe": None, "last": {"id": "o-2", "n": 8}}


def encoded(number: int, record: Any = RECORD, schema: Any = SCHEMA) -> bytes:
    return framed(number, AVRO.schema(schema).encoded(record))


def register(client: SchemaRegistry, subject: str, schema: Any) -> int:
    return client.register(subject, AVRO.schema(schema).text, AVRO.registry_type)


@pytest.mark.parametrize(
    ("path", "found"), [("order.id", "o-1"), ("order.n", "7"), ("last.id", "o-2"), ("maybe", None), ("order", None)]
)
def test_a_field_is_found_by_its_writers_schema(schema_registry: Registry, path: str, found: str | None) -> None:
    """Wherever it lies; what is null, or a record itself, is nothing."""
    number = register(schema_registry.client, "found-value", SCHEMA)
    locator = Locator.parse(f"avro:{path}").through(schema_registry.client)
    assert locator.of(None, encoded(number), ()) == found


def test_each_record_is_read_by_its_own_schema(schema_registry: Registry) -> None:
    """Two versions in one topic: the field lies elsewhere in each."""
    older = {"type": "record", "name": "V", "fields": [{"name": "id", "type": "string"}]}
    newer = {**older, "fields": [{"name": "note", "type": "string", "default": ""}, *older["fields"]]}
    client = schema_registry.client
    early = encoded(register(client, "evolved-value", older), {"id": "a"}, older)
    late = encoded(register(client, "evolved-value", newer), {"note": "n", "id": "b"}, newer)
    find = Field(client, AVRO, "id")
    assert [find(early), find(late), find(early)] == ["a", "b", "a"]


def test_what_is_no_such_record_has_no_field(schema_registry: Registry) -> None:
    """No value, JSON, an id that was never given, a record cut off before the field, a schema without it."""
    client = schema_registry.client
    number = register(client, "other-value", SCHEMA)
    find = Field(client, AVRO, "order.id")
    whole = encoded(number)
    for value in (None, b"", b"{}", b'{"order": 1}', FRAME.pack(0, 2**31 - 1) + whole[5:], whole[:7], whole[:4]):
        assert find(value) is None
    assert Field(client, AVRO, "absent")(whole) is None


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=60))
def test_no_bytes_lead_astray(body: bytes) -> None:
    """Whatever follows an id, the answer is a scalar or nothing."""

    class Given(SchemaRegistry):
        def schema(self, number: int, kind: str) -> str:  # noqa: ARG002
            return json.dumps(SCHEMA)

    found = Field(Given("http://nowhere"), AVRO, "order.id")(FRAME.pack(0, 1) + body)
    assert found is None or isinstance(found, str)


def test_a_registry_that_is_away_is_no_answer() -> None:
    """Not located and not asked are different things."""
    with pytest.raises(RegistryUnreachable):
        Field(SchemaRegistry("http://127.0.0.1:1"), AVRO, "id")(FRAME.pack(0, 1) + b"x")


@pytest.mark.parametrize(
    ("within", "fields"),
    [
        ([], ["before", "order", "maybe", "last"]),
        (["order"], ["id", "n"]),
        (["last"], ["id", "n"]),
        (["maybe"], []),
        (["before"], []),
        (["none"], []),
    ],
)
def test_a_schema_tells_its_fields(within: list[str], fields: list[str]) -> None:
    """By the names that lead to them; what is no record has none."""
    assert AVRO.schema(SCHEMA).fields(within) == fields


def test_the_json_that_a_record_is_written_from() -> None:
    """What the JSON Schema allows can be written, and the record itself is allowed."""
    schema = AVRO.schema(
        {
            **SCHEMA,
            "fields": [
                *SCHEMA["fields"],
                {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
                {"name": "tags", "type": {"type": "map", "values": "double"}, "default": {}},
                {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
                {"name": "uuid", "type": {"type": "string", "logicalType": "uuid"}},
            ],
        }
    ).json_schema()
    validator = Draft7Validator(schema)
    whole = {**RECORD, "kind": "A", "at": 1, "uuid": "u", "tags": {"x": 1.5}}
    assert validator.is_valid(whole)
    assert not validator.is_valid({**whole, "kind": "C"})
    assert not validator.is_valid({**whole, "last": {"id": 1, "n": 1}})
    assert schema["properties"]["uuid"]["format"] == "uuid"
    assert "tags" not in schema["required"]


@pytest.mark.parametrize(
    "kind",
    ["bytes", {"type": "fixed", "name": "F", "size": 2}, ["null", "tests.Event"]],
    ids=["bytes", "fixed", "self"],
)
def test_what_no_json_can_be_made_for_is_told(kind: Any) -> None:
    """Bytes have no form in JSON, and a record within itself no end."""
    with pytest.raises(ValueError, match="cannot be made up"):
        AVRO.schema({**SCHEMA, "fields": [{"name": "x", "type": kind}]}).json_schema()


def test_a_record_that_does_not_fit_is_told_with_its_field() -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match=r"tests\.Order\.n is <seven>"):
        AVRO.schema(SCHEMA).check({**RECORD, "order": {"id": "o", "n": "seven"}})
    with pytest.raises(ValueError, match="no valid Avro schema: there is no type strin"):
        AVRO.schema({"type": "record", "name": "R", "fields": [{"name": "a", "type": "strin"}]})


def test_the_frame_is_confluents() -> None:
    """A zero, the id in four bytes, most significant first, and the bare record."""
    body = BytesIO()
    schemaless_writer(body, parse_schema(SCHEMA), RECORD)
    assert encoded(258) == b"\x00\x00\x00\x01\x02" + body.getvalue()
