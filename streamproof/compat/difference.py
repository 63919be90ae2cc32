"""Why a version of a schema cannot read data of another version."""

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """BACKWARD: the newer version reads what the older wrote. FORWARD: the other way round."""

    BACKWARD = "BACKWARD"
    FORWARD = "FORWARD"


@dataclass(frozen=True)
class Mismatch:
    """Between a reader's schema and a writer's. `name`: of the field or type at the path; `detail`: what is wrong."""

    type: str
    path: str
    detail: str
    name: str = ""


@dataclass(frozen=True)
class Difference:
    """Between two versions: `reader` cannot read all that was written with `writer`.

    `type`: in words of Avro's own, such as reader-field-missing-default; `path`: a JSON pointer into the reader's
    schema, or to a branch of the writer's union. `name`: of the field or type at the path, if it has a name. `message`:
    the consequence, a sentence; `mend`: a way out.
    """

    type: str
    path: str
    message: str
    direction: Direction
    reader: str
    writer: str
    name: str
    mend: str

    def __str__(self) -> str:
        return f"{self.type}  {self.path or '/'}{f' ({self.name})' if self.name else ''}: {self.message}"
