"""JSON whose schema a registry keeps: the same values as plain JSON, under a frame that names their schema."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for

BRANCHES = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True)
class JsonSchema:
    """A valid JSON Schema, its references followed. What lies in its values is found as in any JSON."""

    document: Mapping[str, Any]
    name = "json"
    registry_type = "JSON"

    @property
    def text(self) -> str:
        return json.dumps(self.document)

    def json_schema(self) -> Mapping[str, Any]:
        return self.document

    def fields(self, within: Sequence[str]) -> Collection[str]:
        return fields_of(self.document, within) or ()

    def check(self, value: Any) -> None:
        validator: Any = validator_for(self.document, default=Draft7Validator)(self.document)
        if broken := best_match(validator.iter_errors(value)):
            where = ".".join(str(step) for step in broken.absolute_path)
            raise ValueError(f"{where}: {broken.message}" if where else broken.message)

    def encoded(self, value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()


def fields_of(schema: Any, within: Sequence[str]) -> Collection[str] | None:
    """The fields of what `within` leads to in a value; None where the schema leaves open which there are."""
    parts = [*_parts(schema)]
    for name in within:
        parts = [inner for part in parts for inner in _parts(part.get("properties", {}).get(name))]
    if any(part.get("additionalProperties") or "patternProperties" in part for part in parts):
        return None
    return [name for part in parts for name in part.get("properties", {})] or None


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """The schema, and those that it is put together from."""
    if isinstance(schema, Mapping):
        yield schema
        for word in BRANCHES:
            for branch in schema.get(word, ()):
                yield from _parts(branch)
