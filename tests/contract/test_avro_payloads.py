"""Payloads in Avro: what is read of them, and what each mistake is answered with."""

import json
import textwrap
from pathlib import Path

import pytest

from streamproof.contract.asyncapi import read_contract
from streamproof.errors import ContractError
from streamproof.serde.locators import Locator

CONTRACTS = Path(__file__).parents[2] / "contracts"
SCHEMA = {
    "type": "record",
    "name": "Order",
    "fields": [{"name": "id", "type": "string"}, {"name": "n", "type": "long"}],
}
DOCUMENT = textwrap.dedent(
    """\
    asyncapi: 3.0.0
    channels:
      orders:
        address: orders
        messages:
          order:
            contentType: application/avro
            payload:
              schemaFormat: application/vnd.apache.avro;version=1.9.0
              schema: { $ref: './order.avsc' }
            examples:
              - payload: { id: a, n: 1 }
      processed: { address: processed }
    operations:
      forward:
        action: receive
        channel: { $ref: '#/channels/orders' }
        bindings: { kafka: { groupId: { const: forwarder } } }
        x-delivery: at-least-once
        x-identity: avro:id
        x-sequence: avro:n
        x-produces: [{ channel: processed, identity: key }]
    """
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "order.avsc").write_text(json.dumps(SCHEMA, indent="\t"))
    return tmp_path / "orders.yaml"


def test_the_reference_contract_in_avro_is_read() -> None:
    """The schemas that the pipeline registers are those of the contract, word for word."""
    contract = read_contract(CONTRACTS / "orders-avro.asyncapi.yaml")
    assert contract.needs_registry
    for channel, name in zip(
        contract.topics()[:3], ("order_event/v3", "order-processed", "order-notification"), strict=True
    ):
        assert channel.payload.encoding is not None
        assert channel.payload.encoding.document == json.loads((CONTRACTS / "schemas" / f"{name}.avsc").read_text())
    assert contract.topics()[3].payload.encoding is None
    assert contract.produces[0].identity == Locator("avro", "event_id")


def test_a_schema_and_its_places_are_read(written: Path) -> None:
    """The Avro schema as it stands in its file, and the JSON that such records are written from."""
    written.write_text(DOCUMENT)
    contract = read_contract(written)
    payload = contract.input.channel.payload
    assert payload.encoding is not None
    assert payload.encoding.document == SCHEMA
    assert payload.json_schema is not None
    assert payload.json_schema["properties"] == {"id": {"type": "string"}, "n": {"type": "integer"}}
    assert (contract.input.identity, contract.input.sequence) == (Locator("avro", "id"), Locator("avro", "n"))


def test_without_avro_no_registry_is_needed() -> None:
    """JSON is read as it is."""
    assert not read_contract(CONTRACTS / "orders.asyncapi.yaml", "forwardOrders").needs_registry


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("avro:id", "avro:nowhere", "20: operations.forward.x-identity: the schema of orders has no field nowhere; it"),
        ("avro:n", "json:/n", "21: operations.forward.x-sequence: expected where it lies: header:NAME, avro:FIELD or"),
        ("identity: key", "identity: 'avro:id'", "22: operations.forward.x-produces[0].identity: expected where it "),
        ("{ id: a, n: 1 }", "{ id: a }", "12: channels.orders.messages.order.examples[0].payload: the example breaks"),
        ("application/avro", "application/json", "7: channels.orders.messages.order.contentType: expected "),
        ("{ $ref: './order.avsc' }", "{ type: string }", "10: channels.orders.messages.order.payload.schema: expected"),
        (
            "{ $ref: './order.avsc' }",
            "{ type: record, name: R, fields: [{ name: a, type: x }] }",
            "10: channels.orders.",
        ),
        (
            "schemaFormat: application/vnd.apache.avro;version=1.9.0\n          schema",
            "properties",
            "8: channels.orders.messages.order.payload: a payload of Avro is written {",
        ),
        (
            "{ $ref: './order.avsc' }\n        examples:\n          - payload: { id: a, n: 1 }\n",
            "{ type: record, name: R, fields: [{ name: id, type: bytes }] }\n",
            "3: channels.orders: input can be made from a JSON Schema, or from Avro without bytes",
        ),
        (
            "      order:\n",
            "      other: { payload: { type: object } }\n      order:\n",
            "3: channels.orders.messages: a registry keeps one schema for a topic's values",
        ),
    ],
)
def test_a_mistake_is_answered_with_file_line_and_path(written: Path, old: str, new: str, sentence: str) -> None:
    """Each in a sentence, at the line where it stands."""
    assert old in DOCUMENT
    written.write_text(DOCUMENT.replace(old, new, 1))
    with pytest.raises(ContractError) as caught:
        read_contract(written)
    assert str(caught.value).startswith(f"{written}:{sentence}")
