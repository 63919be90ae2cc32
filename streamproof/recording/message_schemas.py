"""Reads bytes by Kafka's own message definitions: the JSON files that every release carries in its jars.

It knows the encoding and no message in particular, so that a release that adds a field or a version needs
no change here.
"""

import json
import re
import struct
import uuid
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from streamproof.errors import HistoryError

FOLDER: Final = "common/message/"
_COMMENT: Final = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*')  # a string is matched first: it may hold "//"

_FIXED: Final = {
    "bool": struct.Struct(">?"),
    "int8": struct.Struct(">b"),
    "int16": struct.Struct(">h"),
    "uint16": struct.Struct(">H"),
    "int32": struct.Struct(">i"),
    "uint32": struct.Struct(">I"),
    "int64": struct.Struct(">q"),
    "float64": struct.Struct(">d"),
}
# of each type the value that a definition's text stands for; base 0: some numbers are written 0x7fffffff
_CONSTANTS: Final[Mapping[str, Callable[[str], Any]]] = {
    **dict.fromkeys(_FIXED, lambda text: int(text or "0", 0)),
    "bool": lambda text: text.lower() == "true",
    "float64": lambda text: float(text or 0),
    "string": str,
    "bytes": str.encode,
    "records": str.encode,
    "uuid": lambda _: uuid.UUID(int=0),
}
_INT8, _INT16, _INT32 = _FIXED["int8"], _FIXED["int16"], _FIXED["int32"]


class Reader:
    """A place in some bytes. Raises HistoryError where they end too early."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        end = self.at + size
        if size < 0 or end > len(self.data):
            raise HistoryError(f"a message ends early: {size} bytes wanted at byte {self.at} of {len(self.data)}")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def fixed(self, kind: struct.Struct) -> Any:
        return kind.unpack(self.take(kind.size))[0]

    def uvarint(self) -> int:
        value = 0
        for shift in range(0, 35, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
        raise HistoryError(f"a message holds a number of more than five bytes before byte {self.at}")


Read = Callable[[Reader], Any]


@dataclass(frozen=True, slots=True)
class Versions:
    """A closed range of versions, written `3`, `0-4`, `2+` or `none`."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str | None) -> "Versions":
        if text is None or text == "none":
            return cls(0, -1)
        first, dash, last = text.rstrip("+").partition("-")
        if text.endswith("+"):
            return cls(int(first), 2**15 - 1)
        return cls(int(first), int(last) if dash else int(first))

    def __contains__(self, version: int) -> bool:
        return self.first <= version <= self.last


class Schema:
    """One message definition, with all its versions."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._definition = definition
        self.name: str = definition["name"]
        self.versions = Versions.parse(definition["validVersions"])
        self._readers: dict[int, Read] = {}

    def decode(self, data: bytes, version: int) -> dict[str, Any]:
        """The fields by name, the first letter small. A field that this version lacks has its default.

        Raises HistoryError for a version that is not in the definition, and for bytes that end too early.
        """
        if version not in self.versions:
            known = f"{self.versions.first} to {self.versions.last}"
            raise HistoryError(
                f"{self.name} in version {version} cannot be read: this release of Kafka defines {known}"
            )
        if version not in self._readers:
            self._readers[version] = _Compiler(self._definition, version).struct(self._definition["fields"])
        try:
            fields: dict[str, Any] = self._readers[version](Reader(data))
        except HistoryError as error:
            raise HistoryError(f"{self.name} in version {version} cannot be read: {error}") from None
        return fields


class _Compiler:
    """Turns one version of a definition into a function, once: versions are not asked about for each message."""

    def __init__(self, definition: Mapping[str, Any], version: int) -> None:
        self._commons = {struct["name"]: struct["fields"] for struct in definition.get("commonStructs", [])}
        self._version = version
        self._flexible = version in Versions.parse(definition.get("flexibleVersions"))

    def struct(self, fields: Iterable[Mapping[str, Any]]) -> Read:
        plain: list[tuple[str, Read]] = []
        tagged: dict[int, tuple[str, Read]] = {}
        defaults: dict[str, Callable[[], Any]] = {}
        for field in fields:
            name = _small(field["name"])
            if self._version in Versions.parse(field.get("taggedVersions")):
                tagged[field["tag"]] = name, self._field(field)
            elif self._version in Versions.parse(field.get("versions")):
                plain.append((name, self._field(field)))
                continue
            defaults[name] = self._default(field)
        flexible = self._flexible

        def read(reader: Reader) -> dict[str, Any]:
            values = {name: read_field(reader) for name, read_field in plain}
            for name, default in defaults.items():
                values[name] = default()
            if flexible:
                _read_tags(reader, tagged, values)
            return values

        return read

    def _field(self, field: Mapping[str, Any]) -> Read:
        nullable = self._version in Versions.parse(field.get("nullableVersions"))
        # a field may stay in the old encoding within a flexible message
        compact = self._flexible and field.get("flexibleVersions") != "none"
        kind: str = field["type"]
        if kind.startswith("[]"):
            element = self._of(kind[2:], field, compact=compact, nullable=False)
            return _sized(_INT32, lambda reader, size: [element(reader) for _ in range(size)], compact=compact)
        return self._of(kind, field, compact=compact, nullable=nullable)

    def _of(self, kind: str, field: Mapping[str, Any], *, compact: bool, nullable: bool) -> Read:
        if kind in _FIXED:
            fixed = _FIXED[kind]
            return lambda reader: reader.fixed(fixed)
        if kind == "uuid":
            return lambda reader: uuid.UUID(bytes=reader.take(16))
        if kind == "string":
            # the broker takes what a client sends as it is: a strange name must not end the reading
            return _sized(_INT16, lambda reader, size: reader.take(size).decode("utf-8", "replace"), compact=compact)
        if kind in ("bytes", "records"):
            return _sized(_INT32, Reader.take, compact=compact)
        inner = self.struct(self._fields_of(kind, field))
        return self._or_null(inner, field) if nullable else inner

    def _or_null(self, inner: Read, field: Mapping[str, Any]) -> Read:
        # two signs for null, by where the structure lies: seen in records of real brokers
        if self._version in Versions.parse(field.get("taggedVersions")):
            return lambda reader: inner(reader) if reader.uvarint() else None
        return lambda reader: None if reader.fixed(_INT8) < 0 else inner(reader)

    def _fields_of(self, kind: str, field: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        own: list[Mapping[str, Any]] | None = field.get("fields")
        return self._commons[kind] if own is None else own

    def _default(self, field: Mapping[str, Any]) -> Callable[[], Any]:
        kind: str = field["type"]
        given = field.get("default", "")
        if given in ("null", None):  # in a definition, null is written either way
            return lambda: None
        if kind.startswith("[]"):
            return list
        if kind in _CONSTANTS:
            value = _CONSTANTS[kind](str(given))
            return lambda: value
        inner = [(_small(field["name"]), self._default(field)) for field in self._fields_of(kind, field)]
        return lambda: {name: default() for name, default in inner}


def _small(name: str) -> str:
    """The definitions disagree on the first letter (GroupId, group); here all begin with a small letter."""
    return name[0].lower() + name[1:]


def _sized(plain: struct.Struct, taken: Callable[[Reader, int], Any], *, compact: bool) -> Read:
    """Reads a length, and `taken` of that length; a negative length stands for null."""

    def read(reader: Reader) -> Any:
        size = reader.uvarint() - 1 if compact else reader.fixed(plain)
        return None if size < 0 else taken(reader, size)

    return read


def _read_tags(reader: Reader, known: Mapping[int, tuple[str, Read]], values: dict[str, Any]) -> None:
    for _ in range(reader.uvarint()):
        tag, size = reader.uvarint(), reader.uvarint()
        data = reader.take(size)
        if tag in known:  # a tag of a later release is passed over: that is what tags are for
            name, read = known[tag]
            values[name] = read(Reader(data))


@lru_cache(maxsize=8)
def load_schemas(jars: tuple[Path, ...]) -> Mapping[str, Schema]:
    """All message definitions that these jars hold, by the name of the message.

    Raises HistoryError where a jar cannot be read or holds a definition that is not JSON.
    """
    schemas: dict[str, Schema] = {}
    for jar in jars:
        try:
            with zipfile.ZipFile(jar) as archive:
                for entry in archive.namelist():
                    if entry.startswith(FOLDER) and entry.endswith(".json"):
                        schema = Schema(json.loads(_COMMENT.sub(r"\1", archive.read(entry).decode())))
                        schemas.setdefault(schema.name, schema)
        except (OSError, zipfile.BadZipFile, ValueError, KeyError) as error:
            raise HistoryError(f"the message definitions in {jar} cannot be read: {error}") from error
    return schemas
