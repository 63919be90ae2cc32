"""How values are written: plain JSON, or JSON, Avro or Protobuf in schemas that a registry keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.events import Encode, OrderEvent, as_json, parse
from pipeline.settings import ValueSettings

if TYPE_CHECKING:
    from pipeline.framed import Codec


@dataclass(frozen=True)
class Values:
    """What a record's bytes mean, and what bytes an effect becomes. RegistryAway: not now, perhaps later."""

    parse: Callable[[bytes | None], OrderEvent] = parse
    encode: Encode = as_json


def values_of(settings: ValueSettings, topics: Mapping[str, str]) -> Values:
    """As VALUE_FORMAT says. `topics`: where records of each schema, by its name, are written to."""
    if settings.value_format == "json" or settings.schema_registry_url is None:
        return Values()
    from pipeline.framed import FramedValues  # noqa: PLC0415 - JSON needs none of it, and starts sooner
    from pipeline.registry import SchemaRegistry  # noqa: PLC0415

    registry = SchemaRegistry(settings.schema_registry_url, settings.registry_timeout_ms)
    framed = FramedValues(_codec(settings.value_format), registry, topics)
    return Values(framed.parse, framed.encode)


def _codec(value_format: str) -> "Codec":
    if value_format == "avro":
        from pipeline.avro import Avro  # noqa: PLC0415

        return Avro()
    if value_format == "protobuf":
        from pipeline.protobuf import Protobuf  # noqa: PLC0415

        return Protobuf()
    from pipeline.json_schema import JsonSchema  # noqa: PLC0415

    return JsonSchema()
