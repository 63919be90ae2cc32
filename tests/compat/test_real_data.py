"""Verdicts against real data: what is written with one schema and read with the other, by another library."""

from collections.abc import Iterator
from io import BytesIO
from itertools import count
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.read import SchemaResolutionError
from hypothesis import event, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from streamproof.compat import check

Schema = Any
VALUES: dict[str, Any] = {
    "null": None, "boolean": True, "int": 1, "long": 2**40, "float": 0.5, "double": 0.1, "bytes": b"a", "string": "a",
}  # fmt: skip
PRIMITIVES = st.sampled_from(sorted(VALUES))
SYMBOLS = st.lists(st.sampled_from("xyz"), min_size=1, max_size=3, unique=True)
SAME = st.sampled_from([True, True, True, True, False])
NUMBERS = count()


def named(kind: str, **parts: SearchStrategy[Any]) -> SearchStrategy[Schema]:
    """A type under a name of its own."""
    return st.builds(lambda **made: {"type": kind, "name": f"N{next(NUMBERS)}", **made}, **parts)


def writers(depth: int = 2) -> SearchStrategy[Schema]:
    """Any schema of a few levels."""
    flat = [PRIMITIVES, named("enum", symbols=SYMBOLS), named("fixed", size=st.integers(1, 2))]
    if not depth:
        return st.one_of(flat)
    inner = st.deferred(lambda: writers(depth - 1))
    return st.one_of(
        *flat,
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda values: {"type": "map", "values": values}, inner),
        st.lists(inner, min_size=1, max_size=3).map(union),
        named("record", fields=st.lists(inner, max_size=3).map(fields)),
    )


def fields(types: list[Schema]) -> list[Schema]:
    return [{"name": f"f{number}", "type": kind} for number, kind in enumerate(types)]


def union(branches: list[Schema]) -> Schema:
    """Each type once, and no union within."""
    flat = [inner for branch in branches for inner in (branch if isinstance(branch, list) else [branch])]
    return list({name_of(branch): branch for branch in flat}.values())


def name_of(schema: Schema) -> str:
    return schema if isinstance(schema, str) else schema.get("name", schema["type"])


@composite
def evolved(draw: DrawFn, schema: Schema) -> Schema:
    """The schema as a next version may have it, for good or ill: mostly as it was."""
    if isinstance(schema, str):
        return schema if draw(SAME) else draw(PRIMITIVES)
    if isinstance(schema, list):
        kept = [draw(evolved(branch)) for branch in schema if draw(SAME)] or schema
        return union(kept if draw(SAME) else [*kept, draw(PRIMITIVES)])
    if not draw(SAME):
        return union([schema, "null"])
    if "name" in schema and not draw(SAME):
        renamed = {**schema, "name": "Renamed" + schema["name"]}
        schema = {**renamed, "aliases": [schema["name"]]} if draw(st.booleans()) else renamed
    return {**schema, **draw(evolved_parts(schema))}


@composite
def evolved_parts(draw: DrawFn, schema: Schema) -> dict[str, Any]:
    """Of a type with parts."""
    if (word := {"array": "items", "map": "values"}.get(schema["type"])) is not None:
        return {word: draw(evolved(schema[word]))}
    if schema["type"] == "fixed":
        return {"size": schema["size"] if draw(SAME) else 3}
    if schema["type"] == "enum":
        symbols = schema["symbols"] if draw(SAME) else draw(SYMBOLS)
        return {"symbols": symbols} | ({"default": symbols[0]} if draw(st.booleans()) else {})
    fields = [draw(evolved_field(field)) for field in schema["fields"] if draw(SAME)]
    if not draw(SAME):
        fields.append({"name": "new", "type": "int"} | ({"default": 0} if draw(st.booleans()) else {}))
    return {"fields": draw(st.permutations(fields))}


@composite
def evolved_field(draw: DrawFn, field: Schema) -> Schema:
    field = {**field, "type": draw(evolved(field["type"]))}
    how = draw(st.sampled_from(["kept", "kept", "kept", "renamed", "aliased"]))
    if how == "kept":
        return field
    return {**field, "name": "was_" + field["name"]} | ({"aliases": [field["name"]]} if how == "aliased" else {})


def data(schema: Schema) -> Iterator[Any]:
    """Values that between them take every branch and every symbol, each array and map with something in it."""
    if isinstance(schema, str):
        yield VALUES[schema]
    elif isinstance(schema, list):
        for branch in schema:
            yield from ((name_of(branch), value) for value in data(branch))
    elif schema["type"] == "array":
        yield from ([value] for value in data(schema["items"]))
    elif schema["type"] == "map":
        yield from ({"k": value} for value in data(schema["values"]))
    elif schema["type"] == "enum":
        yield from schema["symbols"]
    elif schema["type"] == "fixed":
        yield b"a" * schema["size"]
    else:
        first = {field["name"]: next(data(field["type"])) for field in schema["fields"]}
        yield first
        for field in schema["fields"]:
            yield from ({**first, field["name"]: value} for value in data(field["type"]))


def unreadable(reader: Schema, writer: Schema) -> list[Any]:
    """The values of the writer's that the reader does not get."""
    read, written = parse_schema(reader), parse_schema(writer)
    return [value for value in data(writer) if not is_read(value, read, written)]


def is_read(value: Any, reader: Any, writer: Any) -> bool:
    buffer = BytesIO()
    schemaless_writer(buffer, writer, value)
    buffer.seek(0)
    try:
        schemaless_reader(buffer, writer, reader)
    except (SchemaResolutionError, LookupError, TypeError, ValueError, OverflowError) as error:
        event(type(error).__name__)
        return False
    return not buffer.read()


@composite
def pairs(draw: DrawFn) -> tuple[Schema, Schema]:
    writer = draw(writers())
    return draw(evolved(writer)), writer


@settings(max_examples=300)
@given(pairs())
def test_what_is_called_compatible_is_read_and_what_is_not_is_not(pair: tuple[Schema, Schema]) -> None:
    """All values of a compatible writer are read; of another, at least one value is not."""
    reader, writer = pair
    result = check({"type": "array", "items": reader}, [{"type": "array", "items": writer}])
    event(f"compatible: {result.compatible}")
    lost = unreadable(reader, writer)
    assert result.compatible == (not lost), (result.differences, lost)
