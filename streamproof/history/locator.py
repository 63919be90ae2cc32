"""Where a value lies in a record: how an effect is traced to its input."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Locator:
    """Where a value lies in a record: `header:event-id`, `json:/event_id` (a JSON pointer), `key`, `column:event_id`.

    `kind` is one of header, json, avro, key, column; `path` is a name or a pointer.
    """

    kind: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}" if self.path else self.kind
