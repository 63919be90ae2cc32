"""What is an Avro schema and what is none: as Java and so the registry have it, each refusal with its place."""

import json
from typing import Any

import pytest

from streamproof.compat import check
from streamproof.errors import SchemaError

F: dict[str, Any] = {"type": "fixed", "name": "F", "size": 2}
E: dict[str, Any] = {"type": "enum", "name": "E", "symbols": ["a", "b"]}


def record(*types: Any, **more: Any) -> dict[str, Any]:
    fields = [{"name": f"f{number}", "type": kind} for number, kind in enumerate(types)]
    return {"type": "record", "name": "R", "fields": fields, **more}


def with_field(**field: Any) -> dict[str, Any]:
    return record(fields=[{"name": "f", "type": "int", **field}])


ACCEPTED = {
    "a type by its name in an object": record(F, {"type": "F"}),
    "a record within itself": record(["null", {"type": "R"}]),
    "a type used before it is defined": record("F", ["null", "F"], F),
    "a type of the enclosing namespace": record(F, "F", "n.F", namespace="n"),
    "a type of no namespace": [F, record("F", namespace="n")],
    "a name with a dot in front, of no namespace": record(F, "F", name=".R", namespace="n"),
    "a namespace within the name": record(F, "n.F", name="n.R", namespace="other"),
    "an inner namespace": record(record(F, name="I", namespace="q"), "q.F", namespace="n"),
    "a namespace taken off": record({**F, "namespace": ""}, "F", namespace="n"),
    "the namespace of an error": record(F, "n.F", type="error", namespace="n"),
    "a name after a primitive, in a namespace": record(name="int", namespace="n"),
    "letters of any script": record(name="Été"),
    "a type defined twice alike": record(F, {**F, "doc": "again"}),
    "an order in capitals": with_field(order="DESCENDING"),
    "a default of another type": with_field(default="x"),
    "a number as text": with_field(type="double", default="NaN"),
    "an enum's default that is no text": {**E, "default": None},
    "an enum without symbols": {**E, "symbols": []},
    "an empty union": [],
    "records of the same name in two namespaces": [record(), record(namespace="n")],
    "a logical type that makes no sense": {**F, "logicalType": "decimal", "precision": 50},
    "a logical type that nobody knows": {"type": "int", "logicalType": ["x"]},
    "other attributes": {"type": "string", "avro.java.string": "String"},
}
REFUSED = [
    ("Nope", 'there is no type "Nope"'),
    (record("Strin"), '/fields/0/type: no Avro schema: there is no type "Strin"'),
    (record("strin"), '(did you mean "string"?)'),
    (record({**E, "namespace": "m"}, "E"), '/fields/1/type: no Avro schema: there is no type "E"'),
    ({"type": {"type": "string"}}, "/type: no Avro schema: a type's name was expected"),
    ({}, "/type: "),
    (7, "7 is no type"),
    ({"type": "record", "fields": []}, 'the record has no "name"'),
    ({"type": "record", "name": "R", "fields": {}}, 'no list of "fields"'),
    (record(fields=["int"]), '/fields/0: no Avro schema: the field has no "name"'),
    (record(fields=[{"name": "f"}]), '"f" has no "type"'),
    (with_field(name="a-b"), '/fields/0/name: no Avro schema: "a-b" is no name'),
    (with_field(name="a.b"), '"a.b" is no name'),
    (record(fields=[{"name": "f", "type": "int"}] * 2), '/fields/1: no Avro schema: the field "f" stands twice'),
    (with_field(order="up"), "/fields/0/order: no Avro schema: expected ascending, descending, ignore"),
    (with_field(aliases="x"), "/fields/0/aliases: no Avro schema: expected a list of names"),
    (with_field(aliases=[1]), "expected a list of names"),
    (with_field(type="float", default="x"), '/fields/0/default: no Avro schema: "x" is no number'),
    (record(name=""), '"" is no name'),
    (record(name="1A"), '"1A" is no name'),
    (record(name="int"), "primitive's name"),
    (record(namespace="a..b"), '"" is no name'),
    (record(aliases=["a-b"]), '/aliases: no Avro schema: "a-b" is no name'),
    ({"type": "enum", "name": "E"}, 'no list of "symbols"'),
    ({**E, "symbols": ["a", "a"]}, '/symbols/1: no Avro schema: "a" stands twice'),
    ({**E, "symbols": [1]}, "/symbols/0: no Avro schema: 1 is no name"),
    ({**E, "default": "c"}, '/default: no Avro schema: "c" is none of the symbols'),
    ({"type": "fixed", "name": "F"}, "/size: "),
    ({**F, "size": True}, "/size: "),
    ({**F, "size": -1}, "/size: "),
    ({**F, "size": 2**31}, "/size: "),
    ({"type": "array"}, 'the array has no "items"'),
    ({"type": "map"}, 'the map has no "values"'),
    (["int", "int"], '/1: no Avro schema: "int" stands twice in a union'),
    (["int", {"type": "int", "logicalType": "date"}], '/1: no Avro schema: "int" stands twice'),
    (record(["null", "F", "F"], F), '/fields/0/type/2: no Avro schema: "F" stands twice'),
    (["int", ["string"]], "/1: no Avro schema: a union stands directly in a union"),
    (record(F, {**F, "size": 3}), '/fields/1/type: no Avro schema: "F" is defined twice, and not alike'),
]


@pytest.mark.parametrize("schema", ACCEPTED.values(), ids=ACCEPTED)
def test_a_schema_is_taken_and_compatible_with_itself(schema: Any) -> None:
    """Whatever its form."""
    assert check(json.dumps(schema), [json.dumps(schema)], level="FULL_TRANSITIVE").compatible


@pytest.mark.parametrize(("schema", "sentence"), REFUSED)
def test_what_is_none_is_refused_with_its_place(schema: Any, sentence: str) -> None:
    """As a JSON pointer, and with what was expected there."""
    with pytest.raises(SchemaError) as told:
        check(json.dumps(schema), level="NONE")
    assert str(told.value).startswith("v1: ")
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{\n "type": "int",\n}', "v1:3:1: no valid JSON"),
        ("", "v1:1:1: no valid JSON"),
        ("int x", "v1:1:1: no valid JSON"),
        ('{"type": "int", "x": NaN}', "v1:1:22: no valid JSON: JSON has no NaN"),
        ("[" * 100_000, "nested too deeply"),
        ('{"type": "array", "items": ' * 5_000 + '"int"' + "}" * 5_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text: str, sentence: str) -> None:
    """Counted with the comments, which are let pass as Java does."""
    with pytest.raises(SchemaError) as told:
        check(text, level="NONE")
    assert sentence in str(told.value)


def test_what_is_too_deep_to_compare_is_refused() -> None:
    """Types that refer to each other in a chain need no nesting to be deep."""
    chain = [record(f"N{number + 1}", name=f"N{number}") for number in range(1000)]
    schema = [*chain, {**F, "name": "N1000"}]
    with pytest.raises(SchemaError, match="nested too deeply to be compared"):
        check({"type": "array", "items": schema}, [{"type": "array", "items": schema}])


def test_comments_are_passed_over_and_texts_are_not() -> None:
    """A // within a text is part of it; the lines are still counted."""
    commented = '// an\n{"type": /* an\nint */ "enum", "name": "E", "symbols": ["a"], "doc": "see http://a//b"}'
    assert check(commented, ['{"type": "enum", "name": "E", "symbols": ["a"]}']).compatible
    with pytest.raises(SchemaError, match="v1:3:2: no valid JSON"):
        check("/* a\nb */\n{", level="NONE")


def test_an_alias_is_no_type_to_refer_to() -> None:
    """It finds a writer's type, nothing in its own schema."""
    with pytest.raises(SchemaError, match='there is no type "G"'):
        check(record({**F, "aliases": ["G"]}, "G"), level="NONE")


def test_references_may_refer_to_each_other_in_any_order() -> None:
    """An error in a reference names the reference."""
    order, price, money = record("Price"), record("m.Money", name="Price"), {**F, "name": "m.Money"}
    assert check(order, [order], references={"price": price, "money": money}).compatible
    with pytest.raises(SchemaError, match=r'v1: reference price: /fields/0/type: .* no type "m\.Money"'):
        check(order, references={"price": price})
