"""Where a value lies in a record: how an effect is traced to its input."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

KINDS = ("header", "json", "avro", "key", "column")


@dataclass(frozen=True)
class Locator:
    """Where a value lies in a record: `header:event-id`, `json:/event_id` (a JSON pointer), `key`, `column:event_id`.

    `kind` is one of header, json, avro, key, column; `path` is a name or a pointer.
    """

    kind: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}" if self.path else self.kind

    @classmethod
    def parse(cls, text: str) -> Self:
        """The locator that `text` writes; ValueError, with what is expected, when it writes none."""
        kind, _, path = text.partition(":")
        if kind not in KINDS:
            raise ValueError(
                f'"{text}" locates nothing; expected header:NAME, json:/POINTER, key, avro:FIELD or column:NAME'
            )
        if kind == "key" and text != "key":
            raise ValueError(f'"{text}": the key is located by "key" alone')
        if kind == "json" and not path.startswith("/"):
            raise ValueError(f'"{text}": a JSON pointer starts with "/", such as json:/{path or "event_id"}')
        if kind != "key" and not path:
            raise ValueError(f'"{text}": a name must follow the colon, such as {kind}:event-id')
        return cls(kind, path)

    def of(self, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> str | None:
        """The located value as text; `None` when it is not there."""
        if self.kind == "header":
            found: Any = next((text for name, text in headers if name == self.path), None)
        elif self.kind == "key":
            found = key
        elif self.kind == "json":
            found = _at_pointer(value, self.path)
        else:
            raise ValueError(f"{self}: a value cannot be found there in a record yet")
        if isinstance(found, bytes):
            return found.decode(errors="replace")
        return None if found is None else str(found)


def _at_pointer(value: bytes | None, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) finds in a JSON document; `None` where it finds nothing, or no scalar."""
    try:
        found = json.loads(value or b"")
        for part in pointer.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else found[name]
    except (ValueError, LookupError, TypeError):
        return None
    return None if isinstance(found, dict | list) else found
