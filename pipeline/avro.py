"""Records in Avro: what an older or a newer producer wrote is read as this version's schema has it."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Annotated, Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import SchemaParseException
from pydantic import Field

from pipeline.events import TIME, OrderEvent
from pipeline.framed import Read, Write
from pipeline.registry import own_schema


class _OrderEvent(OrderEvent):
    """As `order_event/v3.avsc` has it: the first versions recorded no time, and are read with an empty time."""

    occurred_at: Annotated[str, Field(pattern=f"^({TIME})?$")]


class Avro:
    kind = "AVRO"
    suffix = ".avsc"
    model = _OrderEvent

    def __init__(self) -> None:
        self._own = parse_schema(json.loads(own_schema("order-event.avsc")))

    def reader(self, schema: str) -> Read:
        try:
            written_in = parse_schema(json.loads(schema))
        except SchemaParseException as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        return lambda body: schemaless_reader(BytesIO(body), written_in, self._own)

    def writer(self, schema: str) -> Write:
        parsed = parse_schema(json.loads(schema))

        def write(record: Mapping[str, Any]) -> bytes:
            output = BytesIO()
            schemaless_writer(output, parsed, record)
            return output.getvalue()

        return write
