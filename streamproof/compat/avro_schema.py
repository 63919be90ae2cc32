"""Avro schemas as values: what the Java library accepts, and so the registry. All else is a SchemaError.

No Python library reads as Java does: they accept invalid names, and refuse types that are used before they are
defined, or named as `{"type": "Money"}`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.errors import SchemaError, did_you_mean
from streamproof.syntax import MalformedError, read_json

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
NAMED = {"record": "record", "error": "record", "enum": "enum", "fixed": "fixed"}
ORDERS = ("ascending", "descending", "ignore")
LARGEST = 2**31 - 1  # a size is Java's int
COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|/\*.*?\*/|//[^\n]*', re.DOTALL)
Path = tuple[str, ...]


@dataclass(eq=False)
class Schema:
    """A type. `kind`: a primitive's name, array, map, union, record, enum, fixed; or reference, until it is resolved.

    `name` and `aliases` are full names. `inner`: a union's branches, the type of an array's or map's values, or what a
    reference stands for.
    """

    kind: str
    name: str = ""
    aliases: tuple[str, ...] = ()
    fields: tuple["Field", ...] = ()
    inner: tuple["Schema", ...] = ()
    symbols: tuple[str, ...] = ()
    default: str | None = None
    size: int = 0

    @property
    def resolved(self) -> "Schema":
        return self.inner[0] if self.kind == "reference" else self

    @property
    def local_name(self) -> str:
        return self.name.rpartition(".")[2]

    def __str__(self) -> str:
        return f'{self.kind} "{self.local_name}"' if self.name else self.kind


@dataclass(frozen=True, eq=False)
class Field:
    name: str
    type: Schema
    has_default: bool
    aliases: tuple[str, ...]


def parse(text: str, references: Mapping[str, str], what: str) -> Schema:
    """The schema in `text`, and in `references` those that it refers to, by whatever names, in any order.

    SchemaError with `what` it is about, and the line or a JSON pointer, for what is no Avro schema.
    """
    names: _Names = {}
    documents = [
        *(_Document(f"{what}: reference {name}", names, schema) for name, schema in references.items()),
        _Document(what, names, text),
    ]
    for document in documents:
        document.resolve()
    return documents[-1].root.resolved


_Names = dict[str, tuple[Schema, Any]]  # each type by its full name, and the JSON that defined it


class _Document:
    """The text of a schema. What it defines goes to `names`; what it refers to may be defined later."""

    def __init__(self, what: str, names: _Names, text: str) -> None:
        self.what, self.names = what, names
        self._references: list[tuple[Schema, str, Path]] = []
        self._unions: list[tuple[Schema, Path]] = []
        try:
            self.root = self._read(read_json(COMMENT.sub(_blank, text)), "", ())
        except MalformedError as error:
            raise SchemaError(f"{what}:{error.place}: {error}") from error
        except RecursionError as error:
            raise SchemaError(f"{what}: nested too deeply to be read") from error

    def resolve(self) -> None:
        """Give each reference what it stands for, in its own namespace or else in none, and look into each union."""
        for reference, space, path in self._references:
            name = reference.name
            found = self.names.get(_full(name, space)) or self.names.get(name)
            if found is None:
                hint = did_you_mean(name, [*PRIMITIVES, "record", "enum", "array", "map", "fixed", *self.names])
                raise self._wrong(path, f'there is no type "{name}"{hint}; define it, or add the schema that does')
            reference.inner = (found[0],)
        for union, path in self._unions:
            branches = [branch.resolved for branch in union.inner]
            names = [branch.name or branch.kind for branch in branches]
            for number, name in enumerate(names):
                if name == "union":
                    raise self._wrong((*path, str(number)), "a union stands directly in a union; join the two")
                if name in names[:number]:
                    raise self._wrong((*path, str(number)), f'"{name}" stands twice in a union; keep one of the two')

    def _read(self, node: Any, space: str, path: Path) -> Schema:
        if isinstance(node, str):
            return Schema(node) if node in PRIMITIVES else self._reference(node, space, path)
        if isinstance(node, list):
            branches = tuple(self._read(branch, space, (*path, str(n))) for n, branch in enumerate(node))
            union = Schema("union", inner=branches)
            self._unions.append((union, path))
            return union
        if not isinstance(node, dict):
            raise self._wrong(path, f"{json.dumps(node)} is no type; give a name, an object or a list")
        kind = node.get("type")
        if not isinstance(kind, str):
            raise self._wrong((*path, "type"), "a type's name was expected; what defines it stands beside the name")
        if kind in NAMED:
            return self._named(node, NAMED[kind], space, path)
        if kind in {"array", "map"}:
            word = "items" if kind == "array" else "values"
            if node.get(word) is None:
                raise self._wrong(path, f'the {kind} has no "{word}"')
            return Schema(kind, inner=(self._read(node[word], space, (*path, word)),))
        return Schema(kind) if kind in PRIMITIVES else self._reference(kind, space, path)

    def _reference(self, name: str, space: str, path: Path) -> Schema:
        reference = Schema("reference", name)
        self._references.append((reference, space, path))
        return reference

    def _named(self, node: dict[str, Any], kind: str, space: str, path: Path) -> Schema:
        name, own = node.get("name"), node.get("namespace")
        if not isinstance(name, str):
            raise self._wrong(path, f'the {kind} has no "name"')
        name = _full(name, own if isinstance(own, str) else space)
        for part in name.split("."):
            self._name(part, (*path, "name"))
        if name in PRIMITIVES:
            raise self._wrong((*path, "name"), f'"{name}" is a primitive\'s name; take another')
        space = name.rpartition(".")[0]
        schema = Schema(kind, name, tuple(_full(alias, space) for alias in self._aliases(node, path)))
        for alias in schema.aliases:
            self._name(alias.rpartition(".")[2], (*path, "aliases"))
        known = self.names.setdefault(name, (schema, node))
        if _bare(known[1]) != _bare(node):
            raise self._wrong(
                path, f'"{name}" is defined twice, and not alike; rename this type, or refer to the first'
            )
        if kind == "record":
            schema.fields = self._fields(node, space, path)
        elif kind == "enum":
            schema.symbols = self._symbols(node, path)
            schema.default = self._default(node, schema.symbols, path)
        else:
            schema.size = node.get("size")  # type: ignore[assignment]
            if type(schema.size) is not int or not 0 <= schema.size <= LARGEST:
                raise self._wrong((*path, "size"), f'a fixed\'s "size" is a whole number of bytes, from 0 to {LARGEST}')
        return schema

    def _fields(self, node: dict[str, Any], space: str, path: Path) -> tuple[Field, ...]:
        listed = node.get("fields")
        if not isinstance(listed, list):
            raise self._wrong(path, 'the record has no list of "fields"')
        fields: list[Field] = []
        for number, field in enumerate(listed):
            place = (*path, "fields", str(number))
            name = field.get("name") if isinstance(field, dict) else None
            if not isinstance(name, str):
                raise self._wrong(place, 'the field has no "name"')
            if "type" not in field:
                raise self._wrong(place, f'the field "{name}" has no "type"')
            self._name(name, (*place, "name"))
            if any(name == other.name for other in fields):
                raise self._wrong(place, f'the field "{name}" stands twice; rename one of the two')
            if "order" in field and str(field["order"]).lower() not in ORDERS:
                raise self._wrong((*place, "order"), f"expected {', '.join(ORDERS)}")
            schema, default = self._read(field["type"], space, (*place, "type")), field.get("default")
            if schema.kind in {"float", "double"} and isinstance(default, str) and not _number(default):
                raise self._wrong((*place, "default"), f'"{default}" is no number')
            fields.append(Field(name, schema, "default" in field, self._aliases(field, place)))
        return tuple(fields)

    def _symbols(self, node: dict[str, Any], path: Path) -> tuple[str, ...]:
        symbols = node.get("symbols")
        if not isinstance(symbols, list):
            raise self._wrong(path, 'the enum has no list of "symbols"')
        for number, symbol in enumerate(symbols):
            place = (*path, "symbols", str(number))
            self._name(symbol, place)
            if symbol in symbols[:number]:
                raise self._wrong(place, f'"{symbol}" stands twice; keep one of the two')
        return tuple(symbols)

    def _default(self, node: dict[str, Any], symbols: tuple[str, ...], path: Path) -> str | None:
        default = node.get("default")
        if not isinstance(default, str):
            return None  # as Java has it
        if default not in symbols:
            raise self._wrong((*path, "default"), f'"{default}" is none of the symbols{did_you_mean(default, symbols)}')
        return default

    def _aliases(self, node: dict[str, Any], path: Path) -> tuple[str, ...]:
        aliases = node.get("aliases", [])
        if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
            raise self._wrong((*path, "aliases"), "expected a list of names")
        return tuple(dict.fromkeys(aliases))

    def _name(self, name: Any, path: Path) -> None:
        """Java's rule, and so the registry's: a letter of any script, then letters and digits."""
        if not isinstance(name, str) or not name.replace("_", "a").isalnum() or name[0].isdigit():
            raise self._wrong(path, f"{json.dumps(name)} is no name; a name has letters, digits and _, no digit first")

    def _wrong(self, path: Path, sentence: str) -> SchemaError:
        place = f"{pointer(path)}: " if path else ""
        return SchemaError(f"{self.what}: {place}no Avro schema: {sentence}")


def pointer(path: Path) -> str:
    """As RFC 6901 writes it; no name of Avro's needs escapes."""
    return "".join(f"/{part}" for part in path)


def _full(name: str, space: str) -> str:
    return name.removeprefix(".") if "." in name or not space else f"{space}.{name}"


def _bare(node: Any) -> Any:
    """A definition without the keys that may differ where it is repeated."""
    return {name: value for name, value in node.items() if name not in {"doc", "aliases"}}


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _blank(found: re.Match[str]) -> str:
    """A quoted text as it is; a comment as spaces, which keep its lines."""
    return found[1] or re.sub(r"[^\n]", " ", found[0])
