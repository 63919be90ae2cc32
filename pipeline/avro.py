"""Avro values: five bytes that say which schema of the registry, and the record. Knows no Kafka client."""

import json
import struct
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import SchemaParseException
from pydantic import Field

from pipeline.errors import FatalError, RegistryAway
from pipeline.events import TIME, OrderEvent, PoisonError, validated

SCHEMAS = Path(__file__).parent.parent / "contracts" / "schemas"
LATEST = {"order-event": "order_event/v3"}  # of those that have a history
FRAME = struct.Struct(">bI")  # a zero, and the schema's id
LARGEST_ID = 2**31 - 1
SCHEMA_NOT_FOUND = 40403
HEADERS = {"Content-Type": "application/vnd.schemaregistry.v1+json"}


def own_schema(name: str) -> Any:
    """The schema that this version of the pipeline is written for."""
    return json.loads((SCHEMAS / f"{LATEST.get(name, name)}.avsc").read_text())


class SchemaRegistry:
    """A registry by its Confluent API. A schema never changes under its id, so each is asked for once."""

    def __init__(self, url: str, timeout_ms: int) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_ms / 1000
        self._ids: dict[str, int] = {}
        self._schemas: dict[int, Any] = {}

    def id_of(self, subject: str, schema: Any) -> int:
        """The id of a schema, registered if it is new; RegistryAway, or FatalError when it is refused."""
        if subject not in self._ids:
            answer = self._ask("POST", f"/subjects/{subject}/versions", {"schema": json.dumps(schema)})
            if not answer.is_success:
                raise FatalError(f"the schema registry refuses the schema of {subject}: {answer.text}")
            self._ids[subject] = answer.json()["id"]
        return self._ids[subject]

    def schema(self, number: int) -> Any:
        """The parsed schema with this id; PoisonError when it is no Avro schema; or RegistryAway."""
        if number not in self._schemas:
            self._schemas[number] = self._written_in(number)
        return self._schemas[number]

    def _written_in(self, number: int) -> Any:
        if number > LARGEST_ID:
            raise PoisonError("unknown-schema", f"a registry gives no id such as {number}")
        answer = self._ask("GET", f"/schemas/ids/{number}")
        if answer.status_code == httpx.codes.NOT_FOUND and _error_code(answer) == SCHEMA_NOT_FOUND:
            raise PoisonError("unknown-schema", f"the registry has no schema {number}")
        if not answer.is_success:
            raise FatalError(f"the schema registry answers {answer.status_code}: {answer.text}")
        found = answer.json()
        kind = found.get("schemaType", "AVRO")
        if kind != "AVRO":
            raise PoisonError("not-avro", f"schema {number} is {kind}")
        try:
            return parse_schema(json.loads(found["schema"]))
        except (SchemaParseException, ValueError) as error:  # such as a schema that refers to others
            raise PoisonError("not-avro", f"schema {number} cannot be used: {type(error).__name__}: {error}") from error

    def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        try:
            answer = httpx.request(method, self._url + path, json=body, headers=HEADERS, timeout=self._timeout_s)
        except httpx.TransportError as error:
            raise RegistryAway(f"the schema registry does not answer: {error}") from error
        if answer.is_server_error:
            raise RegistryAway(f"the schema registry answers {answer.status_code}")
        return answer


def _error_code(answer: httpx.Response) -> Any:
    """The registry's own code, finer than HTTP's; None when the answer is not the registry's."""
    try:
        return answer.json().get("error_code")
    except (ValueError, AttributeError):
        return None


class _AvroOrderEvent(OrderEvent):
    """As `order_event/v3.avsc` has it: the first versions recorded no time, and are read with an empty time."""

    occurred_at: Annotated[str, Field(pattern=f"^({TIME})?$")]


class AvroValues:
    """Reads events by their writer's schema, as this version's; writes under the id that the registry gave.

    `topics`: where records of each schema, by its name in `contracts/schemas`, are written to.
    """

    def __init__(self, registry: SchemaRegistry, topics: Mapping[str, str]) -> None:
        self._registry = registry
        self._topics = topics
        self._reader = parse_schema(own_schema("order-event"))
        self._schemas = {name: own_schema(name) for name in topics}
        self._writers = {name: parse_schema(schema) for name, schema in self._schemas.items()}

    def parse(self, value: bytes | None) -> OrderEvent:
        """PoisonError for bytes that are no such record, and never will be; RegistryAway when that is not known yet."""
        if value is None:
            raise PoisonError("not-avro", "the record has no value")
        if len(value) < FRAME.size or value[0] != 0:
            raise PoisonError("not-avro", "the value does not begin with a schema's id")
        writer = self._registry.schema(FRAME.unpack_from(value)[1])
        try:
            record: Any = schemaless_reader(BytesIO(value[FRAME.size :]), writer, self._reader)
        except Exception as error:  # what is no such record leads the decoder anywhere
            raise PoisonError("not-avro", f"{type(error).__name__}: {error}") from error
        return validated(_AvroOrderEvent, record)

    def encode(self, name: str, record: Mapping[str, Any]) -> bytes:
        """`record` in the schema `name`; RegistryAway."""
        number = self._registry.id_of(f"{self._topics[name]}-value", self._schemas[name])
        output = BytesIO()
        output.write(FRAME.pack(0, number))
        schemaless_writer(output, self._writers[name], record)
        return output.getvalue()
