"""What a contract says that each effect must hold: fields that echo its input's, or of which a function tells."""

from collections.abc import Mapping
from dataclasses import replace

from streamproof.contract.extensions import ExpectExtension, HoldsExtension
from streamproof.contract.locators import locator_in
from streamproof.contract.model import KEY, Channel, Field, Holds
from streamproof.contract.oracles import ORACLE, load_oracle
from streamproof.contract.source_document import Node
from streamproof.serde.formats import FORMATS
from streamproof.serde.locators import Locator
from streamproof.serde.partitioners import PARTITIONERS

FIELDS = "a list of fields, such as [key, amount], or of what they echo under another name: [{ total: amount }]"
FIELD = "a field of the value by its name, key, header:NAME or, of a query, a column"


def read_holds(node: Node, channel: Channel, source: Channel) -> Holds:
    """What effects on `channel` must hold by `node`, whose inputs are records of `source`."""
    echo, expect, partitioner = (node.get(name) for name in HoldsExtension.names())
    fields = [_echo(item, channel, source) for item in echo.items()] if echo else []
    oracle = None
    if expect:
        expect.only(ExpectExtension.names())
        oracle = load_oracle(expect.need("by", ORACLE))
        fields += [
            Field(item.text(FIELD), _place(item, channel), None) for item in expect.need("fields", FIELDS).items()
        ]
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise (echo or node).error(f"{node.path}: the field {name} stands twice; say once what it must hold")
    if partitioner and channel.query is not None:
        raise partitioner.error(f"{partitioner.path}: {channel.name} is a query, and has no partitions; leave it out")
    return Holds(
        fields=tuple(sorted(fields, key=lambda field: field.place != KEY)),
        oracle=oracle,
        partitioner=partitioner.choice(PARTITIONERS) if partitioner else None,
    )


def _echo(item: Node, channel: Channel, source: Channel) -> Field:
    if isinstance(item.value, Mapping):
        if len(item.value) != 1:
            raise item.wrong(FIELDS)
        ((name, other),) = item.mapping().items()
        named = replace(other, value=name)
    else:
        named = other = item
    # inputs are told of by the JSON that they are written from
    return Field(named.text(FIELDS), _place(named, channel), _place(other, source).in_json)


def _place(node: Node, channel: Channel) -> Locator:
    """Where a field lies: one that is named without a kind is a field of the value, or a column."""
    name = node.text(FIELD)
    if ":" not in name and name != KEY.kind:
        schema = channel.payload.encoding
        if channel.query is not None:
            name = f"column:{name}"
        elif schema is not None and schema.name in FORMATS:
            name = f"{schema.name}:{name}"
        else:
            name = f"json:/{name.replace('.', '/')}"
    return locator_in(channel, replace(node, value=name))
