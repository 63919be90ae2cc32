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
        return fields_of(self.document, within)[0]

    def check(self, value: Any) -> None:
        validator: Any = validator_for(self.document, default=Draft7Validator)(self.document)
        if broken := best_match(validator.iter_errors(value)):
            where = ".".join(str(step) for step in broken.absolute_path)
            raise ValueError(f"{where}: {broken.message}" if where else broken.message)

    def encoded(self, value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()


def fields_of(schema: Any, within: Sequence[str]) -> tuple[list[str], bool]:
    """The fields of what `within` leads to in a value, and whether the schema allows no others."""
    parts = [*_parts(schema)]
    for name in within:
        parts = [inner for part in parts for inner in _parts(part.get("properties", {}).get(name))]
    open_ = any("patternProperties" in part for part in parts)
    return [name for part in parts for name in part.get("properties", {})], not open_ and any(map(_is_closed, parts))


def _is_closed(part: Mapping[str, Any]) -> bool:
    return any(part.get(word) is False for word in ("additionalProperties", "unevaluatedProperties"))


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """The schema, and those that it is put together from."""
    if not isinstance(schema, Mapping):
        return
    yield schema
    branches = [branch for word in BRANCHES for branch in schema.get(word, ())]
    branches += [schema[word] for word in ("then", "else") if word in schema]
    for branch in [*branches, *schema.get("dependentSchemas", {}).values()]:
        yield from _parts(branch)
