"""Where a contract says that identities, keys and sequences lie: read with the complaint that fits the channel."""

from collections.abc import Sequence

from streamproof.contract.fields import require_field
from streamproof.contract.model import Channel
from streamproof.contract.source_document import Node
from streamproof.serde.locators import IN_RECORDS, Locator

LOCATED = "where it lies: header:NAME, json:/POINTER or key"
IN_COLUMN = "the column where it lies, since the channel is a query: column:NAME"


def locator_in(channel: Channel, node: Node) -> Locator:
    """Where an identity lies: in a column of a query, or in a topic's records, as their values are written."""
    if channel.query is not None:
        return locator(node, ("column",), IN_COLUMN)
    schema = channel.payload.encoding
    if schema is None or schema.name in IN_RECORDS:
        found = locator(node)
    else:
        name = schema.name
        found = locator(node, ("header", name, "key"), f"where it lies: header:NAME, {name}:FIELD or key")
    require_field(found, channel, node)
    return found


def locator(node: Node, kinds: Sequence[str] = IN_RECORDS, expected: str = LOCATED) -> Locator:
    """The place that `node` writes; ContractError when it is none of `kinds`."""
    try:
        found = Locator.parse(node.text(expected))
    except ValueError as error:
        raise node.error(f"{node.path}: {error}") from error
    if found.kind not in kinds:
        raise node.wrong(expected)
    return found
