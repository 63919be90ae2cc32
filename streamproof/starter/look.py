"""A look at a cluster that runs: which topics and groups there are, where ids may lie, and what values look like."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streamproof.kafka.groups import list_groups
from streamproof.kafka.topics import list_offsets, list_topics
from streamproof.recording.readback import RecordChunk, drain
from streamproof.serde.locators import Locator

RECORDS = 100  # of a partition: its last
REPEATED = 0.1  # of an id: at-least-once producers send some twice
_TYPES: Mapping[type, str] = {
    dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"
}  # fmt: skip
_ID = re.compile(r"(?:event|message|msg)?[-_.]?(?:id|uuid|guid)", re.IGNORECASE)
_SOME_ID = re.compile(r".*(?:[-_.]id|Id|ID)")


@dataclass(frozen=True)
class Seen:
    """What a cluster has: how many partitions each topic has, and the names of its groups."""

    topics: Mapping[str, int]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Guess:
    """What some records tell. `identities`: where an id may lie, the likeliest first; `schema`: None for no JSON."""

    identities: tuple[Locator, ...]
    schema: Mapping[str, Any] | None


def look(bootstrap: str) -> Seen:
    """ClusterError when no broker answers."""
    return Seen(dict(sorted(list_topics(bootstrap).items())), list_groups(bootstrap))


def guess(bootstrap: str, source: str, targets: Sequence[str]) -> Guess:
    """What the last records of the topics `source` and `targets` tell. Nothing is committed, nobody is disturbed."""
    ends = {
        place: (max(begin, stable - RECORDS), stable)
        for place, (begin, stable, _) in list_offsets(bootstrap, (source, *targets)).items()
    }
    chunks = list(drain(bootstrap, ends, "read_committed"))
    inputs = [chunk for chunk in chunks if chunk.topic == source]
    values = [_document(value) for chunk in inputs for value in chunk.values]
    objects = [value for value in values if isinstance(value, dict)]
    schema = schema_of(objects) if objects and len(objects) == len(values) else None
    return Guess(tuple(identities(inputs, [chunk for chunk in chunks if chunk.topic != source])), schema)


def identities(inputs: Sequence[RecordChunk], effects: Sequence[RecordChunk]) -> list[Locator]:
    """Where each input has an id of its own, those first whose ids effects carry at the same place."""
    found: list[tuple[int, int, Locator]] = []
    for locator in _places(inputs):
        ids = _at(locator, inputs)
        distinct = {text for text in ids if text is not None}
        if ids and None not in ids and len(distinct) >= len(ids) * (1 - REPEATED):
            shared = len(distinct & {text for text in _at(locator, effects) if text is not None})
            found.append((-shared, _unlikely(locator), locator))
    return [locator for _, _, locator in sorted(found, key=lambda found: found[:2])]


def _at(locator: Locator, chunks: Sequence[RecordChunk]) -> list[str | None]:
    return [text for chunk in chunks for text in locator.of_all(chunk)]


def _places(chunks: Sequence[RecordChunk]) -> Iterator[Locator]:
    """Everywhere that a record has a text or a whole number."""
    texts: dict[str, None] = {}
    for chunk in chunks:
        for key, value, headers in zip(chunk.keys, chunk.values, chunk.headers, strict=True):
            texts |= dict.fromkeys(f"header:{name}" for name, _ in headers)
            texts |= dict.fromkeys(f"json:{pointer}" for pointer in _pointers(_document(value)))
            texts |= dict.fromkeys(["key"] if key is not None else [])
    yield from map(Locator.parse, texts)


def _pointers(value: Any, pointer: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _pointers(child, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
    elif pointer and isinstance(value, str | int) and not isinstance(value, bool):
        yield pointer


def _unlikely(locator: Locator) -> int:
    """The smaller, the more the place is called as an id is."""
    name = locator.path.rpartition("/")[2]
    return 0 if _ID.fullmatch(name) else 1 if _SOME_ID.fullmatch(name) else 2


def _document(value: bytes | None) -> Any:
    try:
        return json.loads(value or b"null")
    except ValueError:
        return None


def schema_of(values: Sequence[Any]) -> dict[str, Any]:
    """A JSON Schema that all these values fit: their types and their fields, none of what they hold."""
    types = list(dict.fromkeys(_TYPES[type(value)] for value in values))
    if {"integer", "number"} <= set(types):
        types.remove("integer")
    schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
    if objects := [value for value in values if isinstance(value, dict)]:
        names = dict.fromkeys(name for value in objects for name in value)
        schema["properties"] = {name: schema_of([value[name] for value in objects if name in value]) for name in names}
        schema["required"] = [name for name in names if all(name in value for value in objects)]
    if items := [item for value in values if isinstance(value, list) for item in value]:
        schema["items"] = schema_of(items)
    if types == ["string"] and all(map(_is_time, values)):
        schema["format"] = "date-time"
    return schema


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
