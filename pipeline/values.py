"""How values are written: JSON, or Avro in schemas that a registry keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.events import Encode, OrderEvent, as_json, parse
from pipeline.settings import ValueSettings


@dataclass(frozen=True)
class Values:
    """What a record's bytes mean, and what bytes an effect becomes. RegistryAway: not now, perhaps later."""

    parse: Callable[[bytes | None], OrderEvent] = parse
    encode: Encode = as_json


def values_of(settings: ValueSettings, topics: Mapping[str, str]) -> Values:
    """As VALUE_FORMAT says. `topics`: where records of each schema, by its name, are written to."""
    if settings.value_format == "json" or settings.schema_registry_url is None:
        return Values()
    from pipeline.avro import AvroValues, SchemaRegistry  # noqa: PLC0415 - JSON needs none of it, and starts sooner

    avro = AvroValues(SchemaRegistry(settings.schema_registry_url, settings.registry_timeout_ms), topics)
    return Values(avro.parse, avro.encode)
