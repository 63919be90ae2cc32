"""The schema registry, by its Confluent API: schemas by subject, and by id. Knows no Kafka client, and no format."""

import json
from pathlib import Path
from typing import Any

import httpx

from pipeline.errors import FatalError, RegistryAway
from pipeline.events import PoisonError

SCHEMAS = Path(__file__).parent.parent / "contracts" / "schemas"
LATEST = {"order-event.avsc": "order_event/v3.avsc"}  # of those that have a history
LARGEST_ID = 2**31 - 1
SCHEMA_NOT_FOUND = 40403
HEADERS = {"Content-Type": "application/vnd.schemaregistry.v1+json"}


def own_schema(name: str) -> str:
    """The schema that this version of the pipeline is written for, such as `order-event.proto`."""
    return (SCHEMAS / LATEST.get(name, name)).read_text(encoding="utf-8")


class SchemaRegistry:
    """A registry at `url`. A schema never changes under its id, so each is asked for once."""

    def __init__(self, url: str, timeout_ms: int) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_ms / 1000
        self._ids: dict[str, int] = {}

    def id_of(self, subject: str, schema: str, kind: str) -> int:
        """The id of a schema, registered if it is new; RegistryAway, or FatalError when it is refused."""
        if subject not in self._ids:
            answer = self._ask("POST", f"/subjects/{subject}/versions", {"schema": schema, "schemaType": kind})
            if not answer.is_success:
                raise FatalError(f"the schema registry refuses the schema of {subject}: {answer.text}")
            self._ids[subject] = answer.json()["id"]
        return self._ids[subject]

    def schema(self, number: int, kind: str) -> str:
        """The schema with this id; PoisonError when there is none, or none of this kind; or RegistryAway."""
        if number > LARGEST_ID:
            raise PoisonError("unknown-schema", f"a registry gives no id such as {number}")
        answer = self._ask("GET", f"/schemas/ids/{number}")
        if answer.status_code == httpx.codes.NOT_FOUND and _error_code(answer) == SCHEMA_NOT_FOUND:
            raise PoisonError("unknown-schema", f"the registry has no schema {number}")
        if not answer.is_success:
            raise FatalError(f"the schema registry answers {answer.status_code}: {answer.text}")
        found = json.loads(answer.text)
        if (known := found.get("schemaType", "AVRO")) != kind:
            raise PoisonError(f"not-{kind.lower()}", f"schema {number} is {known}")
        return str(found["schema"])

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
