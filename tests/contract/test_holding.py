"""What a contract says that effects must hold: what is read of it, and what each mistake gets."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from streamproof.contract.asyncapi import read_contract
from streamproof.contract.model import Holds
from streamproof.errors import ContractError
from tests.contract.documents import DOCUMENT

PRODUCES = "{ channel: ordersProcessed, identity: json:/id }"
ORACLE = "def processed(event):\n    return {'status': event.key}\n"
RECORD = "{ type: record, name: O, fields: [{ name: id, type: string }] }"
AVRO = f"{{ schemaFormat: 'application/vnd.apache.avro;version=1.9.0', schema: {RECORD} }}"


def holds(written: Path, said: str, document: str = DOCUMENT) -> Holds:
    """Of the only channel, by a document with more in x-produces."""
    (written.parent / "oracle.py").write_text(ORACLE)
    (written.parent / "broken.py").write_text("import nothing_of_this_name\n")
    written.write_text(document.replace(PRODUCES, PRODUCES.replace(" }", f", {said} }}")))
    return read_contract(written).produces[0].holds


def places(found: Holds) -> list[tuple[str, str, str | None]]:
    return [(field.name, str(field.place), str(field.source) if field.source else None) for field in found.fields]


def test_a_field_echoes_the_same_field_or_another(written: Path) -> None:
    """A bare name is a field of the value; a locator says where else it lies; the key comes first."""
    found = holds(written, "echo: [at, { header:when: at }, { other.id: json:/id }, key]")
    assert places(found) == [
        ("key", "key", "key"),
        ("at", "json:/at", "json:/at"),
        ("header:when", "header:when", "json:/at"),
        ("other.id", "json:/other/id", "json:/id"),
    ]


def test_a_field_of_a_query_is_a_column(written: Path) -> None:
    """Under its own name, or under the name of what it echoes."""
    document = DOCUMENT.replace("address: orders-processed", "x-query: SELECT 1")
    document = document.replace(
        PRODUCES, "{ channel: ordersProcessed, identity: column:id, echo: [at, { total: id }] }"
    )
    written.write_text(document)
    assert places(read_contract(written).produces[0].holds) == [
        ("at", "column:at", "json:/at"),
        ("total", "column:total", "json:/id"),
    ]


def test_a_field_is_found_in_the_format_of_its_channel(written: Path) -> None:
    """The input's is looked for in the JSON that it is written from."""
    document = DOCUMENT.replace(
        "address: orders-processed", f"address: orders-processed\n    messages: {{ m: {{ payload: {AVRO} }} }}"
    )
    document = document.replace(PRODUCES, "{ channel: ordersProcessed, identity: avro:id, echo: [id] }")
    written.write_text(document)
    assert places(read_contract(written).produces[0].holds) == [("id", "avro:id", "json:/id")]


def test_a_function_beside_the_contract_says_the_rest(written: Path) -> None:
    """It is loaded once, and asked for each input."""
    found = holds(written, "expect: { by: oracle.py:processed, fields: [status] }, partitioner: crc32")
    assert places(found) == [("status", "json:/status", None)]
    assert found.oracle is not None
    assert found.oracle(SimpleNamespace(key="k")) == {"status": "k"}
    assert found.partitioner == "crc32"


def test_who_sends_says_it_under_x_sends(written: Path) -> None:
    """Its channel is its input, so each field echoes itself."""
    document = DOCUMENT.replace("action: receive", "action: send").replace("    x-dead-letters: { channel: dlq }\n", "")
    document = document.replace(f"    x-produces:\n      - {PRODUCES}\n", "    x-sends: { echo: [id, key] }\n")
    written.write_text(document)
    assert places(read_contract(written).produces[0].holds) == [("key", "key", "key"), ("id", "json:/id", "json:/id")]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("echo: [idd]", "echo[0]: the schema of orders has no field idd"),
        ("echo: [{ at: id, id: at }]", "echo[0]: expected a list of fields"),
        ("echo: [7]", "echo[0]: expected a list of fields"),
        ("echo: id", "echo: expected a list, found"),
        ("echo: [at, at]", "the field at stands twice; say once what it must hold"),
        ("echo: [at], expect: { by: oracle.py:processed, fields: [at] }", "the field at stands twice"),
        ("echo: [column:at]", "echo[0]: expected where it lies: header:NAME"),
        ("expect: { by: oracle.py:processed }", "expect.fields is missing: expected a list of fields"),
        ("expect: { fields: [at] }", "expect.by is missing: expected a function, FILE.py:NAME, in a file beside"),
        (
            "expect: { by: oracle.py:processd, fields: [at] }",
            "expect.by: {directory}/oracle.py has no function processd",
        ),
        (
            "expect: { by: orakel.py:processed, fields: [at] }",
            "expect.by: {directory}/orakel.py is not there; expected",
        ),
        ("expect: { by: 'oracle:processed', fields: [at] }", "expect.by: expected a function, FILE.py:NAME, in a file"),
        (
            "expect: { by: broken.py:any, fields: [at] }",
            "expect.by: {directory}/broken.py cannot be run: ModuleNotFound",
        ),
        ("expect: { by: oracle.py:processed, feilds: [at] }", 'expect.feilds is not known (did you mean "fields"?)'),
        ("partitioner: murmur3", "partitioner: expected murmur2, crc32, found"),
    ],
)
def test_a_mistake_is_told_with_its_line(written: Path, said: str, sentence: str) -> None:
    """In a sentence, before anything starts."""
    with pytest.raises(ContractError) as caught:
        holds(written, said)
    assert str(caught.value).startswith(f"{written}:24: operations.forward.x-produces[0]")
    assert sentence.replace("{directory}", str(written.parent)) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("x-dead-letters: { channel: dlq }", "x-sends: { echo: [id] }", "an operation that receives has x-produces"),
        (
            "address: orders-processed",
            "x-query: SELECT 1",
            "ordersProcessed is a query, and has no partitions; leave it",
        ),
    ],
)
def test_what_does_not_belong_there_is_told(written: Path, old: str, new: str, sentence: str) -> None:
    """The key of another kind of operation; a partitioner of rows."""
    document = DOCUMENT.replace(PRODUCES, "{ channel: ordersProcessed, identity: json:/id, partitioner: murmur2 }")
    if "x-query" in new:
        document = document.replace("identity: json:/id, partitioner", "identity: column:id, partitioner")
    written.write_text(document.replace(old, new))
    with pytest.raises(ContractError, match=sentence):
        read_contract(written)
