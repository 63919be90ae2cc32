"""A contract and the registry that keeps its schemas."""

from collections.abc import Mapping
from dataclasses import replace

from streamproof.contract.model import Contract
from streamproof.history.locators import Locator
from streamproof.serde.avro import Field
from streamproof.serde.registry import SchemaRegistry


def register(contract: Contract, registry: SchemaRegistry) -> Mapping[str, int]:
    """The id of each topic's schema, registered under the topic's name, where producers look for it.

    RegistryError when it is refused, or the registry does not answer.
    """
    return {
        topic.topic: registry.register(f"{topic.topic}-value", topic.avro)
        for topic in contract.topics()
        if topic.avro is not None
    }


def through(contract: Contract, registry: SchemaRegistry) -> Contract:
    """The same contract, its identities found in Avro too, by the schema that each record was written in."""

    def found(locator: Locator) -> Locator:
        return locator.decoding(Field(registry, locator.path)) if locator.kind == "avro" else locator

    dead = contract.dead_letters
    return replace(
        contract,
        input=replace(contract.input, identity=found(contract.input.identity)),
        produces=tuple(replace(produced, identity=found(produced.identity)) for produced in contract.produces),
        dead_letters=replace(dead, identity=found(dead.identity)) if dead else None,
    )
