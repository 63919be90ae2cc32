"""A contract and the registry that keeps its schemas."""

from collections.abc import Mapping
from dataclasses import replace

from streamproof.contract.model import Contract
from streamproof.serde.registry import SchemaRegistry


def register(contract: Contract, registry: SchemaRegistry) -> Mapping[str, int]:
    """The id of each topic's schema, registered under the topic's name, where producers look for it.

    RegistryError when it is refused, or the registry does not answer.
    """
    return {
        topic.topic: registry.register(f"{topic.topic}-value", schema.text, schema.registry_type)
        for topic in contract.topics()
        if (schema := topic.payload.encoding) is not None
    }


def through(contract: Contract, registry: SchemaRegistry) -> Contract:
    """The same contract, its identities and fields found by the schema that each record was written in."""
    dead = contract.dead_letters
    return replace(
        contract,
        input=replace(contract.input, identity=contract.input.identity.through(registry)),
        produces=tuple(
            replace(
                produced,
                identity=produced.identity.through(registry),
                holds=replace(
                    produced.holds,
                    fields=tuple(
                        replace(field, place=field.place.through(registry)) for field in produced.holds.fields
                    ),
                ),
            )
            for produced in contract.produces
        ),
        dead_letters=replace(dead, identity=dead.identity.through(registry)) if dead else None,
    )
