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
    return fields_of(payload.json_schema, way)
