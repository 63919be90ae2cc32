"""Where a value lies in a record: how an effect is traced to its input."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, Self

from streamproof.errors import UsageError
from streamproof.serde.formats import FORMATS
from streamproof.serde.framing import FRAME, Field
from streamproof.serde.registry import SchemaRegistry

IN_RECORDS = ("header", "json", "key")  # the kinds that are found in a record by itself
Headers = Sequence[tuple[str, bytes | None]]


class Records(Protocol):
    """Records as columns."""

    @property
    def keys(self) -> Sequence[bytes | None]: ...
    @property
    def values(self) -> Sequence[bytes | None]: ...
    @property
    def headers(self) -> Sequence[Headers]: ...
    @property
    def documents(self) -> Sequence[Any]:
        """The JSON in the values: see `document_in`."""


@dataclass(frozen=True)
class Locator:
    """Where a value lies in a record: `header:event-id`, `json:/event_id` (a JSON pointer), `avro:event_id`, `key`.

    Or in a row: `column:event_id`. `kind` is header, json, key, column or the name of a format; `path` is a name or a
    pointer. `decode` finds a format's field in a record's value, since that takes more than the record.
    """

    kind: str
    path: str = ""
    decode: Callable[[bytes | None], Any] | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}" if self.path else self.kind

    @classmethod
    def parse(cls, text: str) -> Self:
        """The locator in `text`; ValueError, with the expected forms, when it is none."""
        kind, _, path = text.partition(":")
        if kind not in (*IN_RECORDS, "column", *FORMATS):
            fields = ", ".join(f"{name}:FIELD" for name in FORMATS)
            raise ValueError(
                f'"{text}" locates nothing; expected header:NAME, json:/POINTER, key, {fields} or column:NAME'
            )
        if kind == "key" and text != "key":
            raise ValueError(f'"{text}": the key is located by "key" alone')
        if kind == "json" and not path.startswith("/"):
            raise ValueError(f'"{text}": a JSON pointer starts with "/", such as json:/{path or "event_id"}')
        if kind != "key" and not path:
            raise ValueError(f'"{text}": a name must follow the colon, such as {kind}:event-id')
        return cls(kind, path)

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The names that lead to a field of the value; none for what lies elsewhere."""
        if self.kind == "json":
            return steps_of(self.path)
        return tuple(self.path.split(".")) if self.kind in FORMATS else ()

    @property
    def in_json(self) -> Self:
        """The same place in the JSON from which a format's value is encoded."""
        return replace(self, kind="json", path=f"/{self.path.replace('.', '/')}") if self.kind in FORMATS else self

    def through(self, registry: SchemaRegistry) -> Self:
        """The same place, found by the schema that each record was written in, if its format needs that."""
        decode = Field(registry, FORMATS[self.kind], self.path) if self.kind in FORMATS else None
        return replace(self, decode=decode)

    def require_in_records(self) -> None:
        """UsageError for a kind that cannot be found in a topic's records."""
        if self.kind not in IN_RECORDS and self.decode is None:
            raise UsageError(
                f'identity "{self}" cannot be found in the records of a topic; say where else it lies: '
                "header:NAME, json:/POINTER or key"
            )

    def of(self, key: bytes | None, value: bytes | None, headers: Headers) -> str | None:
        """The located value as text; `None` when it is not there. UsageError as `require_in_records`."""
        self.require_in_records()
        if self.kind == "header":
            return _text(_header(headers, self.path))
        if self.decode is not None:
            return _text(self.decode(value))
        return _text(key if self.kind == "key" else scalar_at(document_in(value), self.steps))

    def of_all(self, records: Records) -> list[str | None]:
        """The same of each record."""
        return [_text(found) for found in self.found_in(records)]

    def found_in(self, records: Records) -> Sequence[Any]:
        """What lies there in each record, as it is; the parts of records that are not needed are not asked for."""
        self.require_in_records()
        if self.kind == "header":
            return [_header(headers, self.path) for headers in records.headers]
        if self.kind == "key":
            return records.keys
        if (decode := self.decode) is not None:
            return [decode(value) for value in records.values]
        steps = self.steps
        if len(steps) > 1:
            return [scalar_at(document, steps) for document in records.documents]
        # most fields lie at the top: looked up at once, they take half the time
        (name,) = steps
        found = [document.get(name) if type(document) is dict else None for document in records.documents]
        return [None if type(each) is dict or type(each) is list else each for each in found]


def _header(headers: Headers, name: str) -> bytes | None:
    for known, text in headers:
        if known == name:
            return text
    return None


def _text(found: Any) -> str | None:
    if isinstance(found, bytes):
        return found.decode(errors="replace")
    return None if found is None else str(found)


def steps_of(pointer: str) -> tuple[str, ...]:
    """The names in a JSON pointer (RFC 6901)."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def document_in(value: bytes | None) -> Any:
    """The JSON document in a record's value; `None` where there is none.

    A frame that names the document's schema is passed over: no JSON begins with a zero.
    """
    value = value or b""
    try:
        return json.loads(value[FRAME.size :] if value.startswith(b"\0") else value)
    except ValueError:
        return None


def scalar_at(document: Any, steps: Sequence[str]) -> Any:
    """What these names lead to in a JSON document; `None` where they lead nowhere, or to no scalar."""
    found = document
    try:
        for name in steps:
            found = found[int(name)] if isinstance(found, list) else found[name]
    except (ValueError, LookupError, TypeError):
        return None
    return None if isinstance(found, dict | list) else found
