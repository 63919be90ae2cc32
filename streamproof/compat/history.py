"""Levels of compatibility, and whole histories of a schema's versions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streamproof.compat import avro_schema
from streamproof.compat.avro import mismatches
from streamproof.compat.difference import Difference, Direction
from streamproof.compat.words import difference
from streamproof.errors import UsageError, did_you_mean

Text = str | Mapping[str, Any] | Sequence[Any]  # a schema's JSON, or what it says; or a primitive's bare name
Parsed = tuple[str, avro_schema.Schema]  # a version's name, and what it says
TYPES = ("AVRO", "JSON", "PROTOBUF")


class Level(StrEnum):
    """Which readers must read which writers: of the version before or, at a transitive level, of all before it."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    def asks(self, direction: Direction, *, latest: bool) -> bool:
        """Whether the level asks for `direction`. `latest`: between a version and the version just before it."""
        return self.startswith((direction, "FULL")) and (latest or self.endswith("_TRANSITIVE"))


class Policy(StrEnum):
    """How strict; for JSON Schema alone."""

    STRICT = "STRICT"
    LENIENT = "LENIENT"


@dataclass(frozen=True)
class Version:
    """One version of a schema. `text` is its JSON; `source` what errors name, if it is not `name`."""

    name: str
    text: str
    source: str = ""


@dataclass(frozen=True)
class Result:
    """`differences`: what forbids `new`, the latest version's first. `accepted_by`: the levels that would accept it.

    `before`: how many versions were before it; where none was, nothing was compared.
    """

    new: str
    level: Level
    differences: tuple[Difference, ...]
    accepted_by: tuple[Level, ...]
    before: int

    @property
    def compatible(self) -> bool:
        return not self.differences


def check(
    new: Text,
    old_versions: Sequence[Text] | Text = (),
    *,
    schema_type: str = "AVRO",
    level: str = Level.BACKWARD,
    policy: str = Policy.STRICT,
    references: Mapping[str, Text] | None = None,
) -> Result:
    """Whether `new` may follow `old_versions` (the oldest first, as a registry numbers them) at a level.

    Schemas are JSON texts, or their parsed values. `references`: the schemas that these refer to, by any name, in any
    order. A first version is compatible. UsageError for a level, type or policy that is not known, or not supported
    yet; SchemaError when a schema is not valid.
    """
    if isinstance(old_versions, str | Mapping):
        old_versions = [old_versions]
    texts = [_text(schema) for schema in (*old_versions, new)]
    versions = [Version(f"v{number}", text) for number, text in enumerate(texts, 1)]
    *olds, last = _parsed(versions, schema_type, policy, references or {})
    return _result(olds, last, _level(level))


def check_history(
    versions: Sequence[Version],
    *,
    schema_type: str = "AVRO",
    level: str = Level.BACKWARD,
    policy: str = Policy.STRICT,
    references: Mapping[str, Text] | None = None,
) -> list[Result]:
    """Each version of a history, the oldest first, against those before it. Errors as `check`."""
    parsed = _parsed(versions, schema_type, policy, references or {})
    return [_result(parsed[:number], new, _level(level)) for number, new in enumerate(parsed)]


def _parsed(versions: Sequence[Version], schema_type: str, policy: str, references: Mapping[str, Text]) -> list[Parsed]:
    if _chosen("type", schema_type, TYPES) != "AVRO":
        raise UsageError(f"{schema_type} schemas cannot be compared yet; only AVRO can")
    _chosen("policy", policy, Policy)
    texts = {name: _text(schema) for name, schema in references.items()}
    return [
        (version.name, avro_schema.parse(version.text, texts, version.source or version.name)) for version in versions
    ]


def _result(olds: Sequence[Parsed], new: Parsed, level: Level) -> Result:
    found: list[tuple[Difference, bool]] = []  # and whether it is with the latest
    for number, old in enumerate(reversed(olds)):
        for direction, reader, writer in ((Direction.BACKWARD, new, old), (Direction.FORWARD, old, new)):
            inner = mismatches(reader[1], writer[1])
            found += [(difference(mismatch, direction, reader[0], writer[0]), number == 0) for mismatch in inner]
    return Result(
        new=new[0],
        level=level,
        differences=tuple(broken for broken, latest in found if level.asks(broken.direction, latest=latest)),
        accepted_by=tuple(
            known for known in Level if not any(known.asks(broken.direction, latest=latest) for broken, latest in found)
        ),
        before=len(olds),
    )


def _level(given: str) -> Level:
    return Level(_chosen("level", given, Level))


def _chosen(what: str, given: str, options: Any) -> str:
    known = [str(option) for option in options]
    if (chosen := str(given).upper()) not in known:
        raise UsageError(f'{what} "{given}" is not known{did_you_mean(chosen, known)}; there are {", ".join(known)}')
    return chosen


def _text(schema: Text) -> str:
    return schema if isinstance(schema, str) and schema not in avro_schema.PRIMITIVES else json.dumps(schema)
