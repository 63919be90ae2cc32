"""What keeps one schema from reading what another has written."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """`kind`: in words of Avro's own; `path`: a JSON pointer into the reader's schema, or into the writer's branches.

    `name` is that of the field or type at the path, where it has one; `detail` what was expected and found.
    """

    kind: str
    path: str
    detail: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}  {self.path or '/'}{f' ({self.name})' if self.name else ''}: {self.detail}"
