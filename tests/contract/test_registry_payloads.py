"""Payloads in Protobuf, and in JSON whose schema a registry keeps: what is read of them, and what each mistake gets."""

import json
import textwrap
from pathlib import Path

import pytest

from streamproof.contract.asyncapi import read_contract
from streamproof.errors import ContractError
from streamproof.history.terms import Fate
from streamproof.serde.framing import FRAME
from streamproof.serde.locators import Locator
from streamproof.workload import encoded, make_events

PROTO = 'syntax = "proto3";\nmessage Order { string id = 1; int64 n = 2; }\n'
SCHEMA = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "n": {"type": "integer"}},
    "required": ["id", "n"],
}
DOCUMENT = textwrap.dedent(
    """\
    asyncapi: 3.0.0
    channels:
      orders:
        address: orders
        messages:
          order:
            contentType: application/json
            bindings: { kafka: { schemaIdLocation: payload } }
            payload: { $ref: './order.json' }
            examples:
              - payload: { id: a, n: 1 }
      processed: { address: processed }
    operations:
      forward:
        action: receive
        channel: { $ref: '#/channels/orders' }
        bindings: { kafka: { groupId: { const: forwarder } } }
        x-delivery: at-least-once
        x-identity: json:/id
        x-sequence: json:/n
        x-produces: [{ channel: processed, identity: key }]
    """
)
PAYLOAD = "{ schemaFormat: 'application/vnd.google.protobuf;version=3', schema: { $ref: './order.proto' } }"
IN_PROTOBUF = (
    DOCUMENT.replace("application/json", "application/protobuf")
    .replace("{ $ref: './order.json' }", PAYLOAD)
    .replace("json:/", "protobuf:")
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "order.proto").write_text(PROTO)
    (tmp_path / "order.json").write_text(json.dumps(SCHEMA))
    return tmp_path / "orders.yaml"


@pytest.mark.parametrize(
    ("document", "text", "kind", "identity"),
    [
        (DOCUMENT, json.dumps(SCHEMA), "JSON", Locator("json", "/id")),
        (IN_PROTOBUF, PROTO, "PROTOBUF", Locator("protobuf", "id")),
    ],
)
def test_a_schema_and_its_places_are_read(
    written: Path, document: str, text: str, kind: str, identity: Locator
) -> None:
    """The schema as a registry keeps it, and where the contract says that an id lies."""
    written.write_text(document)
    contract = read_contract(written)
    schema = contract.input.channel.payload.encoding
    assert schema is not None
    assert (schema.text, schema.registry_type, contract.input.identity) == (text, kind, identity)
    assert contract.needs_registry


def test_json_under_a_frame_is_found_as_any_json(written: Path) -> None:
    """Poison too: what has no frame, and what stands under an id that was never given."""
    written.write_text(DOCUMENT)
    contract = read_contract(written)
    schema = contract.input.channel.payload.encoding
    assert schema is not None
    sent = list(encoded(make_events(contract, count=100, seed=1), schema, 7))
    assert {event.sent[:5] for event in sent if event.fate is Fate.PROCESS} == {FRAME.pack(0, 7)}
    assert [contract.input.identity.of(None, event.sent, ()) for event in sent] == [event.id for event in sent]


def test_without_a_frame_json_needs_no_registry(written: Path) -> None:
    """A JSON Schema alone says nothing of where it is kept."""
    written.write_text(DOCUMENT.replace("bindings: { kafka: { schemaIdLocation: payload } }", "title: Order"))
    assert not read_contract(written).needs_registry


@pytest.mark.parametrize(
    ("document", "old", "new", "sentence"),
    [
        (DOCUMENT, "schemaIdLocation: payload", "schemaIdLocation: header", "8: channels.orders.messages.order.bindin"),
        (DOCUMENT, "{ id: a, n: 1 }", "{ id: a }", "11: channels.orders.messages.order.examples[0].payload: the exam"),
        (IN_PROTOBUF, "protobuf:id", "protobuf:no", "19: operations.forward.x-identity: the schema of orders has no "),
        (IN_PROTOBUF, "protobuf:n", "avro:n", "20: operations.forward.x-sequence: expected where it lies: header:NAME"),
        (IN_PROTOBUF, "{ id: a, n: 1 }", "{ id: a, n: x }", "11: channels.orders.messages.order.examples[0].payload"),
        (IN_PROTOBUF, "./order.proto", "./no.proto", "9: channels.orders.messages.order.payload.schema.$ref: cannot r"),
        (
            IN_PROTOBUF,
            "{ $ref: './order.proto' }",
            "{ type: string }",
            "9: channels.orders.messages.order.payload.schem",
        ),
        (IN_PROTOBUF, "application/protobuf", "application/json", "7: channels.orders.messages.order.contentType: exp"),
    ],
)
def test_a_mistake_is_told_with_its_place(written: Path, document: str, old: str, new: str, sentence: str) -> None:
    """The contract's file, the line, the path, and what is expected."""
    assert old in document
    written.write_text(document.replace(old, new, 1))
    with pytest.raises(ContractError) as caught:
        read_contract(written)
    assert str(caught.value).startswith(f"{written}:{sentence}")


def test_a_mistake_in_a_proto_file_is_told_with_its_line(written: Path) -> None:
    """The file is the schema's, the line protoc's."""
    (written.parent / "order.proto").write_text(PROTO.replace("2;", "1;"))
    written.write_text(IN_PROTOBUF)
    with pytest.raises(ContractError, match=r'order.proto:1: .*: line 2: Field number 1 has already been used in "Ord'):
        read_contract(written)
