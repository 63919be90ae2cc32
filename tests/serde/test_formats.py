"""A format of payloads is a module and a row: nothing else knows the formats by name."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from streamproof.contract.asyncapi import read_contract
from streamproof.contract.registration import register, through
from streamproof.errors import ContractError, RegistryError
from streamproof.history.terms import Fate
from streamproof.serde.formats import FORMATS, Decoder
from streamproof.serde.framing import Field
from streamproof.serde.locators import Locator
from streamproof.serde.registry import SchemaRegistry
from streamproof.workload import encoded, make_events

DOCUMENT = """asyncapi: 3.0.0
channels:
  orders:
    address: orders
    messages:
      order:
        contentType: application/rows
        payload: { schemaFormat: application/x-rows, schema: "id n" }
  processed: { address: processed }
operations:
  forward:
    action: receive
    channel: { $ref: '#/channels/orders' }
    bindings: { kafka: { groupId: { const: forwarder } } }
    x-delivery: at-least-once
    x-identity: rows:id
    x-produces: [{ channel: processed, identity: key }]
"""


class RowSchema:
    """The names of a row's values, which are texts."""

    def __init__(self, document: str) -> None:
        self.document = self.text = document
        self.name, self.registry_type = Rows.name, Rows.registry_type

    def json_schema(self) -> dict[str, Any]:
        names = self.document.split()
        return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}

    def fields(self, within: Sequence[str]) -> list[str]:
        return [] if within else self.document.split()

    def check(self, value: Any) -> None:
        if missing := set(self.document.split()) - set(value):
            raise ValueError(f"no {missing}")

    def encoded(self, value: Any) -> bytes:
        return "\t".join(value[name] for name in self.document.split()).encode()


class Rows:
    """Values separated by tabs."""

    name = "rows"
    title = "rows"
    registry_type = "ROWS"
    media_type = "application/x-rows"
    content_type = "application/rows"
    declaration = "{ schemaFormat: application/x-rows, schema: NAMES }"
    expected = "names"
    makeable = "rows"

    def schema(self, document: Any) -> RowSchema:
        if not isinstance(document, str):
            raise TypeError
        return RowSchema(document)

    def decoder(self, text: str, path: str) -> Decoder | None:
        if "?" in text:
            raise ValueError("a name is unknown")
        names = text.split()
        return (lambda body: body.decode().split("\t")[names.index(path)]) if path in names else None


class Kept(SchemaRegistry):
    """Keeps schemas in memory."""

    def __init__(self) -> None:
        super().__init__("http://nowhere")
        self.schemas: list[tuple[str, str]] = []

    def register(self, subject: str, text: str, kind: str) -> int:  # noqa: ARG002
        self.schemas.append((text, kind))
        return len(self.schemas) - 1

    def schema(self, number: int, kind: str) -> str | None:
        text, its_kind = self.schemas[number]
        return text if its_kind == kind else None


@pytest.fixture(autouse=True)
def _rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast("dict[str, Any]", FORMATS), "rows", Rows())


def test_input_is_made_written_and_located_in_any_format(tmp_path: Path) -> None:
    """From the contract to an event's id in the bytes that are sent."""
    path, registry = tmp_path / "orders.yaml", Kept()
    path.write_text(DOCUMENT)
    contract = read_contract(path)
    schema = contract.input.channel.payload.encoding
    assert contract.needs_registry
    assert schema is not None
    numbers = register(contract, registry)
    assert registry.schemas == [("id n", "ROWS")]
    sent = list(encoded(make_events(contract, count=20, seed=1), schema, numbers["orders"]))
    located = through(contract, registry).input.identity
    assert {event.fate for event in sent} <= {Fate.PROCESS, Fate.ABORT}
    assert [located.of(None, event.sent, ()) for event in sent] == [event.id for event in sent]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("rows:id", "avro:id", "x-identity: expected where it lies: header:NAME, rows:FIELD or key"),
        ("rows:id", "rows:no", "the schema of orders has no field no"),
        ('"id n"', "{ type: record }", "schema: expected names, found a mapping"),
        ("application/rows", "application/avro", "contentType: expected application/rows, as the payload's"),
        (" schemaFormat: application/x-rows,", "", "a payload of rows is written { schemaFormat: application/x-rows,"),
    ],
)
def test_a_mistake_is_told_in_the_formats_own_words(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """Each format says what is expected of its payloads."""
    assert old in DOCUMENT
    path = tmp_path / "orders.yaml"
    path.write_text(DOCUMENT.replace(old, new, 1))
    with pytest.raises(ContractError) as caught:
        read_contract(path)
    assert sentence in str(caught.value)


def test_what_locates_nothing_is_told_all_formats() -> None:
    """In the order in which they are listed."""
    with pytest.raises(ValueError, match="key, avro:FIELD, protobuf:FIELD, rows:FIELD or column:NAME"):
        Locator.parse("row:id")


def test_a_schema_that_cannot_be_read_by_itself_is_no_record_without_a_field() -> None:
    """The registry is asked for the schema once, and named."""
    registry = Kept()
    registry.register("orders-value", json.dumps("?"), "ROWS")
    with pytest.raises(RegistryError, match="schema 0 of the schema registry at http://nowhere cannot be read by it"):
        Field(registry, Rows(), "id")(bytes(5))
