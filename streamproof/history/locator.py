"""Where a value lies in a record: how an effect is traced to its input."""

from dataclasses import dataclass
from typing import Self

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
