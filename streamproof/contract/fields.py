"""Which fields the values of a channel have: a locator of a field that its schema lacks is a mistake."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from streamproof.contract.model import Channel
from streamproof.contract.source_document import Node
from streamproof.errors import did_you_mean
from streamproof.serde.formats import FORMATS
from streamproof.serde.locators import Locator

BRANCHES = ("allOf", "anyOf", "oneOf")
SOME = 6  # fields that a complaint lists


def require_field(locator: Locator, channel: Channel, node: Node) -> None:
    """ContractError, at `node`, for a field of the value that the schema of the channel lacks."""
    for number, step in enumerate(locator.steps):
        way = locator.steps[:number]
        names = _names(channel, locator.kind, way)
        if names is None:
            return
        if step not in names:
            place = f" in {'.'.join(way)}" * bool(way)
            hint = did_you_mean(step, names) or (f"; it has {', '.join([*names][:SOME])}" if names else "")
            raise node.error(f"{node.path}: the schema of {channel.name} has no field {step}{place}{hint}")


def _names(channel: Channel, kind: str, way: Sequence[str]) -> Collection[str] | None:
    """The fields of what `way` leads to in a value; None where the schema leaves open which there are."""
    payload = channel.payload
    if kind in FORMATS:
        return payload.encoding.fields(way) if payload.encoding else None
    parts = [*_parts(payload.json_schema)]
    for step in way:
        parts = [inner for part in parts for inner in _parts(part.get("properties", {}).get(step))]
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
