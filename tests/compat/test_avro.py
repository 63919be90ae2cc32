"""Each of Avro's rules: a pair of schemas that breaks it, and a pair that nearly does."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.compat import Level, check
from streamproof.errors import SchemaError

Schema = Any


def record(*fields: Schema, name: str = "Order", **more: Schema) -> Schema:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def field(name: str, kind: Schema = "string", **more: Schema) -> Schema:
    return {"name": name, "type": kind, **more}


def enum(*symbols: str, name: str = "Kind", **more: Schema) -> Schema:
    return {"type": "enum", "name": name, "symbols": list(symbols), **more}


def fixed(size: int, name: str = "Hash", **more: Schema) -> Schema:
    return {"type": "fixed", "name": name, "size": size, **more}


def found(reader: Schema, writer: Schema) -> list[tuple[str, str]]:
    """What keeps the reader from reading: kinds and places."""
    result = check(json.dumps(reader), [json.dumps(writer)], level="BACKWARD")
    return [(difference.type, difference.path) for difference in result.differences]


READS = [
    ("long", "int"), ("float", "int"), ("float", "long"), ("double", "int"), ("double", "long"), ("double", "float"),
    ("string", "bytes"), ("bytes", "string"),
]  # fmt: skip
PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


@pytest.mark.parametrize("reader", PRIMITIVES)
@pytest.mark.parametrize("writer", PRIMITIVES)
def test_a_primitive_is_read_by_itself_and_by_what_it_widens_to(reader: str, writer: str) -> None:
    """All 64 pairs."""
    readable = reader == writer or (reader, writer) in READS
    assert found(reader, writer) == ([] if readable else [("type-mismatch", "")])


CASES: list[tuple[str, Schema, Schema, list[tuple[str, str]]]] = [
    ("a field that only the writer has is passed over", record(), record(field("a")), []),
    ("a new field needs a default", record(field("a")), record(), [("reader-field-missing-default", "/fields/0")]),
    ("null is a default", record(field("a", ["null", "int"], default=None)), record(), []),
    ("a default need not fit its type", record(field("a", "int", default="x")), record(), []),
    ("an enum's default is none of the field", record(field("a", enum("x", default="x"))), record(),
     [("reader-field-missing-default", "/fields/0")]),
    ("the order of fields says nothing", record(field("a"), field("b")), record(field("b"), field("a")), []),
    ("an alias finds a renamed field", record(field("b", aliases=["a"])), record(field("a")), []),
    ("a writer's alias says nothing", record(field("b")), record(field("a", aliases=["b"])),
     [("reader-field-missing-default", "/fields/0")]),
    ("a name and an alias that are both there are too many", record(field("b", aliases=["a"])),
     record(field("a"), field("b")), [("ambiguous-alias", "/fields/0")]),
    ("and the registry gives up at that, even in a branch that it only tries",
     [record(field("b", aliases=["a"]), name="A"), record(field("a"), field("b"), name="B")],
     record(field("a"), field("b"), name="B"), [("ambiguous-alias", "/fields/0")]),
    ("an alias that repeats the name is too much", record(field("a", aliases=["a"])), record(field("a")),
     [("ambiguous-alias", "/fields/0")]),
    ("a field's type is told with its place", record(field("a"), field("b", "int")), record(field("a"), field("b")),
     [("type-mismatch", "/fields/1/type")]),
    ("records are named", record(name="A"), record(name="B"), [("name-mismatch", "/name")]),
    ("a namespace says nothing", record(namespace="n"), record(namespace="m"), []),
    ("an alias is of the reader's namespace", record(name="A", namespace="n", aliases=["B"]),
     record(name="B", namespace="n"), []),
    ("and of no other", record(name="A", namespace="n", aliases=["B"]), record(name="B", namespace="m"),
     [("name-mismatch", "/name")]),
    ("unless it says so", record(name="A", namespace="n", aliases=["m.B"]), record(name="B", namespace="m"), []),
    ("an error is a record", {"type": "error", "name": "Order", "fields": []}, record(), []),
    ("a symbol may be new", enum("x", "y"), enum("x"), []),
    ("none may go", enum("x"), enum("x", "y"), [("missing-enum-symbols", "/symbols")]),
    ("unless there is a default", enum("x", default="x"), enum("x", "y"), []),
    ("the writer's default says nothing", enum("x"), enum("x", "y", default="y"),
     [("missing-enum-symbols", "/symbols")]),
    ("enums are named", enum("x", name="A"), enum("x", name="B"), [("name-mismatch", "/name")]),
    ("a fixed keeps its size", fixed(2), fixed(3), [("fixed-size-mismatch", "/size")]),
    ("and its name", fixed(2, name="A"), fixed(2, name="B"), [("name-mismatch", "/name")]),
    ("a fixed is no bytes", "bytes", fixed(2), [("type-mismatch", "")]),
    ("an array's items", {"type": "array", "items": "int"}, {"type": "array", "items": "long"},
     [("type-mismatch", "/items")]),
    ("a map's values", {"type": "map", "values": "long"}, {"type": "map", "values": "int"}, []),
    ("an array is no map", {"type": "array", "items": "int"}, {"type": "map", "values": "int"},
     [("type-mismatch", "")]),
    ("a union reads each of its branches", ["null", "int"], "int", []),
    ("and what they widen to", ["null", "double"], "float", []),
    ("and nothing else", ["null", "int"], "string", [("missing-union-branch", "")]),
    ("each branch of a writer is to be read", ["null", "int"], ["int", "string"], [("missing-union-branch", "/1")]),
    ("in any order", ["null", "int"], ["int", "null"], []),
    ("also by a single type", "long", ["int", "long"], []),
    ("if it can", "int", ["int", "long"], [("type-mismatch", "/1")]),
    ("a union's records are told by their names", ["null", record(name="A")], record(name="B"),
     [("missing-union-branch", "")]),
    ("logical types say nothing", {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
     {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 3}, []),
    ("a logical type that makes no sense is none", {"type": "bytes", "logicalType": "decimal", "precision": -1},
     "bytes", []),
    ("recursion ends", record(field("next", ["null", "Order"])), record(field("next", ["null", "Order"])), []),
    ("and hides nothing", record(field("next", ["null", "Order"]), field("a", "int")),
     record(field("next", ["null", "Order"]), field("a", "string")), [("type-mismatch", "/fields/1/type")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reader", "writer", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_rule(reader: Schema, writer: Schema, expected: list[tuple[str, str]]) -> None:
    """Each in the words of its id."""
    assert found(reader, writer) == expected


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ("{", "v1:1:2: no valid JSON"),
        ('"text"', "v1: no Avro schema"),
        ('{"type": "record", "name": "A"}', "fields"),
        ('["int", "int"]', "int"),
        ('[["int"]]', "union"),
        ('[{"type": "fixed", "name": "A", "size": 1}, "A"]', '"A" stands twice in a union'),
        ('{"type": "enum", "name": "A", "symbols": ["x"], "default": "y"}', "default"),
        ('{"type": "record", "name": "a-b", "fields": []}', "a-b"),
        ("7", "no Avro schema"),
    ],
)
def test_what_is_no_schema_is_refused(schema: str, sentence: str) -> None:
    """In a sentence that says which; no verdict about nothing."""
    with pytest.raises(SchemaError) as told:
        check(schema, level="NONE")
    assert sentence.lower() in str(told.value).lower()


def test_a_schema_may_refer_to_others() -> None:
    """Given in an order in which each refers to earlier schemas alone; what changed in them shows."""
    money = {"type": "record", "name": "Money", "namespace": "m", "fields": [field("cents", "long")]}
    price = record(field("money", "m.Money"), name="Price")
    order = record(field("price", "Price"))
    assert check(order, [order], references={"money": money, "price": price}).compatible
    with pytest.raises(SchemaError, match="Price"):
        check(order, references={"money": money})


schemas = st.recursive(
    st.sampled_from(PRIMITIVES),
    lambda inner: st.one_of(
        st.builds(lambda schema: {"type": "array", "items": schema}, inner),
        st.builds(lambda schema: {"type": "map", "values": schema}, inner),
        st.builds(lambda kinds: record(*[field(f"f{n}", kind) for n, kind in enumerate(kinds)]), st.lists(inner)),
    ),
    max_leaves=6,
).filter(lambda schema: json.dumps(schema).count('"record"') <= 1)


@given(schemas)
def test_each_schema_is_compatible_with_itself_at_every_level(schema: Schema) -> None:
    """Whatever it is."""
    for level in Level:
        assert check(schema, [schema, schema], level=level).compatible


@given(schemas)
def test_a_field_with_a_default_may_come_and_go(schema: Schema) -> None:
    """Whatever it is: in any order, at the strictest level."""
    less = record(field("a"), name="Whole")
    more = record(field("a"), field("b", schema, default=None), name="Whole")
    assert check(more, [less], level="FULL_TRANSITIVE").compatible
    assert check(less, [more], level="FULL_TRANSITIVE").compatible


@given(schemas, schemas)
def test_forward_is_backward_the_other_way_round(first: Schema, second: Schema) -> None:
    """Who reads whom depends on nothing but the roles."""
    assert check(first, [second], level="FORWARD").compatible == check(second, [first], level="BACKWARD").compatible
