"""Which fields the values of a channel have: a locator of a field that its schema lacks is a mistake."""

from collections.abc import Collection, Sequence

from streamproof.contract.model import Channel
from streamproof.contract.source_document import Node
from streamproof.errors import did_you_mean
from streamproof.serde.formats import FORMATS
from streamproof.serde.json_schema import fields_of
from streamproof.serde.locators import Locator

SOME = 6  # fields that a complaint lists


def require_field(locator: Locator, channel: Channel, node: Node) -> None:
    """ContractError, at `node`, for a field of the value that the schema of the channel lacks.

    A JSON Schema that allows fields which it does not name lacks only what is nearly the name of another field.
    """
    for number, step in enumerate(locator.steps):
        way = locator.steps[:number]
        names, closed = _fields(channel, locator.kind, way)
        hint = did_you_mean(step, names)
        if step not in names and (closed or hint):
            place = f" in {'.'.join(way)}" * bool(way)
            hint = hint or (f"; it has {', '.join([*names][:SOME])}" if names else "")
            raise node.error(f"{node.path}: the schema of {channel.name} has no field {step}{place}{hint}")


def _fields(channel: Channel, kind: str, way: Sequence[str]) -> tuple[Collection[str], bool]:
    """The fields of what `way` leads to in a value, and whether there are no others."""
    payload = channel.payload
    if kind in FORMATS:
        return (payload.encoding.fields(way), True) if payload.encoding else ((), False)
    return fields_of(payload.json_schema, way)
