"""Can a reader with one Avro schema read all that a writer with another may have written?

The rules are Avro's schema resolution as the registry applies it, with the Java library's SchemaCompatibility: names
compare without their namespaces, a reader's aliases with it; logical types are not compared; a default need not fit
its type. Parsing is the `avro` library's; its comparison is not used: it leaves aliases unqualified, and loses places.
"""

import json
import warnings
from collections.abc import Mapping
from typing import Any

import avro.errors
import avro.name
import avro.schema

from streamproof.compat.difference import Difference
from streamproof.errors import SchemaError

Schema = Any  # the library is half typed
Path = tuple[str, ...]
Found = tuple[Difference, ...]

# what a reader of the key may also be given
PROMOTIONS = {
    "long": {"int"},
    "float": {"int", "long"},
    "double": {"int", "long", "float"},
    "string": {"bytes"},
    "bytes": {"string"},
}
PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
NAMED = ("record", "enum", "fixed")


def parse(text: str, references: Mapping[str, str], what: str) -> Schema:
    """The schema in `text`, with those it refers to, given in an order in which each refers to earlier ones alone.

    SchemaError, with `what` it is about, for one that is no Avro schema.
    """
    names = avro.name.Names()
    for name, reference in references.items():
        _parse(reference, names, f"{what}: reference {name}")
    return _parse(text, names, what)


def _parse(text: str, names: avro.name.Names, what: str) -> Schema:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SchemaError(f"{what}:{error.lineno}: no JSON: {error.msg}") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)  # they are not compared
            schema = avro.schema.make_avsc_object(document, names)
            _refuse_duplicates(schema, set())
            return schema
    except (avro.errors.AvroException, TypeError, KeyError, AttributeError) as error:
        raise SchemaError(f"{what}: no Avro schema: {error}") from error


def _refuse_duplicates(schema: Schema, seen: set[int]) -> None:
    """A union that has one named type twice, which the library lets pass."""
    if id(schema) in seen:
        return
    seen.add(id(schema))
    kind = _kind(schema)
    if kind == "union":
        names = [one.fullname if _kind(one) in NAMED else _kind(one) for one in schema.schemas]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise avro.errors.SchemaParseException(f'"{name}" stands twice in a union')
    for one in _inner(schema, kind):
        _refuse_duplicates(one, seen)


def _inner(schema: Schema, kind: str) -> list[Schema]:
    match kind:
        case "union":
            return list(schema.schemas)
        case "array":
            return [schema.items]
        case "map":
            return [schema.values]
        case "record":
            return [field.type for field in schema.fields]
    return []


def differences(reader: Schema, writer: Schema) -> Found:
    """All that keeps `reader` from reading what `writer` writes; none, and it can."""
    return tuple(dict.fromkeys(_Comparison().of(reader, writer, ())))


class _Comparison:
    """Of one pair of schemas. A pair met again within itself is held to be readable: what it lacks shows without."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Found] = {}

    def of(self, reader: Schema, writer: Schema, path: Path) -> Found:
        pair = id(reader), id(writer)
        if pair not in self._known:
            self._known[pair] = ()
            self._known[pair] = self._compare(reader, writer, path)
        return self._known[pair]

    def _compare(self, reader: Schema, writer: Schema, path: Path) -> Found:
        kind, written = _kind(reader), _kind(writer)
        if written == "union":
            return self._each_branch(reader, writer, path)
        if kind == "union":
            if any(not self.of(branch, writer, path) for branch in reader.schemas):
                return ()
            return (_difference("missing-union-branch", path, f"no branch reads {_shown(writer)}"),)
        if kind != written:
            if written in PROMOTIONS.get(kind, ()):
                return ()
            return (_difference("type-mismatch", path, f"{_shown(reader)} does not read {_shown(writer)}"),)
        compare = {
            "array": lambda: self.of(reader.items, writer.items, (*path, "items")),
            "map": lambda: self.of(reader.values, writer.values, (*path, "values")),
            "fixed": lambda: _names(reader, writer, path) + _sizes(reader, writer, path),
            "enum": lambda: _names(reader, writer, path) + _symbols(reader, writer, path),
            "record": lambda: _names(reader, writer, path) + self._fields(reader, writer, path),
        }.get(kind)
        return compare() if compare else ()

    def _each_branch(self, reader: Schema, writer: Schema, path: Path) -> Found:
        """Whatever the writer chose must be readable."""
        found: list[Difference] = []
        for number, branch in enumerate(writer.schemas):
            inner = self.of(reader, branch, path)
            if inner and _kind(reader) == "union":
                place = (*path, str(number))
                found.append(_difference("missing-union-branch", place, f"no branch reads {_shown(branch)}"))
            else:
                found += inner
        return tuple(found)

    def _fields(self, reader: Schema, writer: Schema, path: Path) -> Found:
        found: list[Difference] = []
        for number, field in enumerate(reader.fields):
            place = (*path, "fields", str(number))
            sources = _sources(field, writer)
            if len(sources) > 1:
                names = " and ".join(f'"{one.name}"' for one in sources)
                found.append(_difference("ambiguous-alias", place, f"it matches {names} of the writer", field.name))
            elif sources:
                found += self.of(field.type, sources[0].type, (*place, "type"))
            elif not field.has_default:
                found.append(
                    _difference(
                        "reader-field-missing-default", place, "the writer lacks it, and it has no default", field.name
                    )
                )
        return tuple(found)


def _kind(schema: Schema) -> str:
    return "record" if schema.type == "error" else str(schema.type)


def _shown(schema: Schema) -> str:
    kind = _kind(schema)
    return f'{kind} "{schema.name}"' if kind in NAMED else kind


def _sources(field: Schema, writer: Schema) -> list[Schema]:
    """The writer's fields that are this one: by its name, and by each alias, also by one that repeats the name."""
    wanted = [field.name, *dict.fromkeys(_aliases(field))]
    return [writer.fields_dict[name] for name in wanted if name in writer.fields_dict]


def _aliases(named: Schema) -> list[str]:
    aliases = named.props.get("aliases")
    return [str(one) for one in aliases] if isinstance(aliases, list) else []


def _names(reader: Schema, writer: Schema, path: Path) -> Found:
    if reader.name == writer.name:
        return ()
    space = reader.fullname.rpartition(".")[0]
    qualified = {one if "." in one or not space else f"{space}.{one}" for one in _aliases(reader)}
    if writer.fullname in qualified:
        return ()
    return (_difference("name-mismatch", (*path, "name"), f'"{reader.fullname}" is not "{writer.fullname}"'),)


def _sizes(reader: Schema, writer: Schema, path: Path) -> Found:
    if reader.size == writer.size:
        return ()
    return (_difference("fixed-size-mismatch", (*path, "size"), f"{reader.size} bytes are not {writer.size}"),)


def _symbols(reader: Schema, writer: Schema, path: Path) -> Found:
    unknown = [one for one in writer.symbols if one not in reader.symbols]
    if not unknown or reader.props.get("default") in reader.symbols:
        return ()
    detail = f"{', '.join(unknown)} unknown to the reader, which has no default"
    return (_difference("missing-enum-symbols", (*path, "symbols"), detail, reader.name),)


def _difference(kind: str, path: Path, detail: str, name: str = "") -> Difference:
    return Difference(kind, "".join(f"/{part}" for part in path), detail, name)
