"""Levels of compatibility, and whole histories of a schema's versions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streamproof.compat import avro
from streamproof.compat.difference import Difference
from streamproof.errors import UsageError, did_you_mean

Text = str | Mapping[str, Any] | Sequence[Any]  # a schema's JSON, or what it says; or a primitive's bare name
TYPES = ("AVRO", "JSON", "PROTOBUF")


class Level(StrEnum):
    """Which readers must read which writers; the transitive ones ask of all earlier versions, not of the latest."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def transitive(self) -> bool:
        return self.endswith("_TRANSITIVE")

    @property
    def backward(self) -> bool:
        """Whether new readers must read what old writers wrote."""
        return self.startswith(("BACKWARD", "FULL"))

    @property
    def forward(self) -> bool:
        """Whether old readers must read what new writers write."""
        return self.startswith(("FORWARD", "FULL"))


class Policy(StrEnum):
    """How strict; for JSON Schema alone."""

    STRICT = "STRICT"
    LENIENT = "LENIENT"


@dataclass(frozen=True)
class Version:
    """One version of a schema. `text` is its JSON."""

    name: str
    text: str


@dataclass(frozen=True)
class Found:
    """A difference between two versions. `direction` is BACKWARD where `reader` is the newer one, else FORWARD."""

    direction: Level
    reader: str
    writer: str
    difference: Difference


@dataclass(frozen=True)
class Result:
    """`differences`: what forbids `new`, the latest version's first. `accepted_by`: the levels that would accept it."""

    new: str
    level: Level
    found: tuple[Found, ...]
    accepted_by: tuple[Level, ...]

    @property
    def compatible(self) -> bool:
        return not self.found

    @property
    def differences(self) -> tuple[Difference, ...]:
        return tuple(one.difference for one in self.found)


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

    Schemas are JSON texts, or what those say. `references`: the schemas that these refer to, by name, each after those
    that it refers to itself. A first version is compatible. UsageError for a level, type or policy that there is not,
    or not yet; SchemaError for a schema that is none.
    """
    if isinstance(old_versions, str | Mapping):
        old_versions = [old_versions]
    olds = [Version(f"v{number}", _text(one)) for number, one in enumerate(old_versions, 1)]
    return _check(
        Version(f"v{len(olds) + 1}", _text(new)),
        olds,
        level=_chosen("level", level, Level),
        parse=_parser(schema_type, policy, references or {}),
    )


def check_history(
    versions: Sequence[Version],
    *,
    schema_type: str = "AVRO",
    level: str = Level.BACKWARD,
    policy: str = Policy.STRICT,
    references: Mapping[str, Text] | None = None,
) -> list[Result]:
    """Each version of a history, the oldest first, against those before it. Errors as `check`."""
    chosen, parse = _chosen("level", level, Level), _parser(schema_type, policy, references or {})
    return [_check(one, versions[:number], level=chosen, parse=parse) for number, one in enumerate(versions)]


def _check(new: Version, olds: Sequence[Version], *, level: Level, parse: "Any") -> Result:
    schema = parse(new)
    parsed = [(one, parse(one)) for one in reversed(olds)]
    pairs: list[Found] = []
    for old, before in parsed:
        pairs += [Found(Level.BACKWARD, new.name, old.name, one) for one in avro.differences(schema, before)]
        pairs += [Found(Level.FORWARD, old.name, new.name, one) for one in avro.differences(before, schema)]
    latest = olds[-1].name if olds else ""
    return Result(
        new=new.name,
        level=level,
        found=tuple(one for one in pairs if _forbids(one, level, latest)),
        accepted_by=tuple(one for one in Level if not any(_forbids(pair, one, latest) for pair in pairs)),
    )


def _forbids(found: Found, level: Level, latest: str) -> bool:
    asked = level.backward if found.direction is Level.BACKWARD else level.forward
    return asked and (level.transitive or latest in (found.reader, found.writer))


def _parser(schema_type: str, policy: str, references: Mapping[str, Text]) -> "Any":
    if _chosen("type", schema_type, TYPES) != "AVRO":
        raise UsageError(f"{schema_type} schemas cannot be compared yet; only AVRO can")
    _chosen("policy", policy, Policy)
    texts = {name: _text(one) for name, one in references.items()}
    return lambda version: avro.parse(version.text, texts, version.name)


def _chosen(what: str, given: str, options: Any) -> Any:
    known = [str(one) for one in options]
    if str(given).upper() not in known:
        raise UsageError(
            f'{what} "{given}" is not known{did_you_mean(str(given).upper(), known)}; there are {", ".join(known)}'
        )
    return options(given.upper()) if isinstance(options, type) else given.upper()


def _text(schema: Text) -> str:
    return schema if isinstance(schema, str) and schema not in avro.PRIMITIVES else json.dumps(schema)
