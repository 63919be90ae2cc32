"""A locator of a field that a payload's schema lacks, where the schema says which fields there are."""

import json
from pathlib import Path

import pytest

from streamproof.contract.asyncapi import read_contract
from streamproof.errors import ContractError

CONTRACT = """asyncapi: 3.0.0
channels:
  orders: { address: orders, messages: { order: { payload: SCHEMA } } }
  processed: { address: processed }
  dead: { address: dead, messages: { order: { payload: DEAD } } }
operations:
  forward:
    action: receive
    channel: { $ref: '#/channels/orders' }
    bindings: { kafka: { groupId: { const: forwarder } } }
    x-delivery: at-least-once
    x-identity: INPUT
    x-produces: [{ channel: processed, identity: key }]
    x-dead-letters: { channel: dead IDENTITY }
"""
ORDER = {"type": "object", "properties": {"id": {"type": "string"}, "order": {"properties": {"total": {}}}}}


CLOSED = {"additionalProperties": False}


def read(written: Path, schema: object, locator: str, dead: object = None, identity: str = "") -> None:
    """The contract whose input and dead letters have these schemas, and lie there."""
    document = CONTRACT.replace("SCHEMA", json.dumps(schema)).replace("DEAD", json.dumps(dead or {}))
    written.write_text(document.replace("INPUT", locator).replace(" IDENTITY", identity))
    read_contract(written)


@pytest.mark.parametrize(
    ("schema", "locator"),
    [
        (ORDER, "json:/order/total"),
        (ORDER, "json:/anything"),
        ({"type": "object"}, "json:/anything"),
        ({**ORDER, "additionalProperties": True}, "json:/anything"),
        ({**ORDER, "additionalProperties": {"type": "string"}}, "json:/anything"),
        ({**ORDER, "patternProperties": {"^x": {}}}, "json:/x1"),
        ({"properties": {"any": {}}}, "json:/any/thing"),
        ({"properties": {"all": {"items": {"properties": {"id": {}}}}}}, "json:/all/0/id"),
        ({"allOf": [ORDER, {"properties": {"more": {}}}, {"required": ["id"]}]}, "json:/more"),
        ({"properties": {"a": {}}, "oneOf": [{"properties": {"b": {}}}, {"anyOf": [ORDER]}]}, "json:/order/total"),
        ({"properties": {"a/b": {}}}, "json:/a~1b"),
        ({**CLOSED, "if": {"properties": {"a": {}}}, "then": {"properties": {"b": {}}}}, "json:/b"),
        ({**CLOSED, "if": {"properties": {"a": {}}}, "else": {"properties": {"b": {}}}}, "json:/b"),
        ({**CLOSED, "dependentSchemas": {"a": {"properties": {"b": {}}}}}, "json:/b"),
    ],
)
def test_a_field_that_there_may_be_is_no_mistake(written: Path, schema: object, locator: str) -> None:
    """In the schema itself, in the schemas that it is put together from, or where it says nothing of its fields."""
    read(written, schema, locator)


@pytest.mark.parametrize(
    ("schema", "locator", "sentence"),
    [
        (ORDER, "json:/ordr", 'has no field ordr (did you mean "order"?)'),
        (ORDER, "json:/order/totl", 'has no field totl in order (did you mean "total"?)'),
        ({**ORDER, **CLOSED}, "json:/zzz", "has no field zzz; it has id, order"),
        ({**ORDER, "unevaluatedProperties": False}, "json:/zzz", "has no field zzz; it has id, order"),
        ({**ORDER, "additionalProperties": True}, "json:/ordr", 'has no field ordr (did you mean "order"?)'),
        ({"allOf": [ORDER, {"properties": {"more": {}}}]}, "json:/moer", 'has no field moer (did you mean "more"?)'),
        (
            {**CLOSED, "properties": {name: {} for name in "abcdefgh"}},
            "json:/zzz",
            "has no field zzz; it has a, b, c, d, e, f",
        ),
    ],
)
def test_a_field_that_is_not_there_is_told_with_those_that_are(
    written: Path, schema: object, locator: str, sentence: str
) -> None:
    """The nearest, or the first of them."""
    with pytest.raises(ContractError) as caught:
        read(written, schema, locator)
    assert f"operations.forward.x-identity: the schema of orders {sentence}" in str(caught.value)


@pytest.mark.parametrize(
    ("dead", "identity", "sentence"),
    [
        ({**CLOSED, "properties": {"a": {}}}, "", "x-dead-letters: the schema of dead has no field id; it has a"),
        (
            {**CLOSED, "properties": {"a": {}}},
            ", identity: 'json:/b'",
            "x-dead-letters.identity: the schema of dead has no field b",
        ),
    ],
)
def test_a_dead_letter_has_the_field_too(written: Path, dead: object, identity: str, sentence: str) -> None:
    """Of its own identity, or of the input's."""
    read(written, ORDER, "json:/id", ORDER)
    read(written, ORDER, "json:/id", {"properties": {"a": {}}}, ", identity: 'json:/a'")
    with pytest.raises(ContractError) as caught:
        read(written, ORDER, "json:/id", dead, identity)
    assert sentence in str(caught.value)
