"""A run whose payloads have schemas in a registry: the schemas are registered, the input is written in its own."""

from dataclasses import replace

from streamproof.contract.registration import register, through
from streamproof.engine.spec import RunSpec
from streamproof.serde.registry import SchemaRegistry
from streamproof.workload import encoded


def registered(spec: RunSpec, registry: SchemaRegistry) -> RunSpec:
    """The same run, with the contract's schemas in `registry`; who sends by itself writes its own records.

    RegistryError when a schema is refused, or the registry does not answer.
    """
    numbers = register(spec.contract, registry)
    source = spec.contract.input.channel
    events = spec.events
    if source.payload.encoding is not None and not spec.contract.sends:
        events = tuple(encoded(events, source.payload.encoding, numbers[source.topic]))
    return replace(spec, contract=through(spec.contract, registry), events=events)
