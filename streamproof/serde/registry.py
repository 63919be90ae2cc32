"""A schema registry that speaks Confluent's REST API, whoever made it: schemas by subject, and by id."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from streamproof.errors import RegistryError, RegistryUnreachable

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 30.0  # a registry on a busy machine was seen to be silent for over ten seconds
CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
SCHEMA_NOT_FOUND = 40403  # an id that was never given; a 404 with another code is a wrong address
REFUSED = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)  # incompatible with the version before, or no schema


class SchemaRegistry:
    """The registry at `url`. For any thread; holds nothing open.

    Every method raises RegistryUnreachable when the registry does not answer, and RegistryError when what answers is
    no registry.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def __str__(self) -> str:
        import httpx  # noqa: PLC0415

        return f"the schema registry at {httpx.URL(self.url).copy_with(userinfo=b'')}"

    def check(self) -> None:
        """Return when a registry answers."""
        self._answered(self._ask("GET", "/subjects"), list)

    def require_backward(self) -> None:
        """From now on refuse a schema that cannot read what the version before it wrote, as Confluent's does."""
        self._answered(self._ask("PUT", "/config", {"compatibility": "BACKWARD"}), dict)

    def register(self, subject: str, text: str, kind: str) -> int:
        """The id of a schema, whether it is new or not; RegistryError when it is refused. `kind`: such as AVRO."""
        body = {"schema": text, "schemaType": kind}
        answer = self._ask("POST", f"/subjects/{quote(subject, safe='')}/versions", body)
        if answer.status_code in REFUSED:
            why = _said(answer).get("message", answer.text)
            raise RegistryError(f"{self} refuses the schema of {subject}: {why}")
        return int(self._answered(answer, dict)["id"])

    def schema(self, number: int, kind: str) -> str | None:
        """The text of the schema with this id; `None` when none has it. RegistryError when it is of another kind."""
        answer = self._ask("GET", f"/schemas/ids/{number}")
        if answer.status_code == HTTPStatus.NOT_FOUND and _said(answer).get("error_code") == SCHEMA_NOT_FOUND:
            return None
        given = self._answered(answer, dict)
        if (found := given.get("schemaType", "AVRO")) != kind:  # Confluent's leaves out the type of Avro
            raise RegistryError(f"schema {number} of {self} is {found}, not {kind}")
        return str(given["schema"])

    def _ask(self, method: str, path: str, body: Any = None) -> "httpx.Response":
        import httpx  # noqa: PLC0415 - slow to import, for runs that need a registry

        try:
            return httpx.request(
                method, self.url + path, json=body, headers={"Content-Type": CONTENT_TYPE}, timeout=TIMEOUT_S
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RegistryUnreachable(f"{self} does not answer ({error}); start it, or correct the address") from error

    def _answered(self, answer: "httpx.Response", kind: type) -> Any:
        """The answer as JSON of this kind."""
        if answer.is_server_error:
            raise RegistryUnreachable(f"{self} answers with HTTP {answer.status_code}; look at its log")
        try:
            given = answer.json() if answer.is_success else None
        except ValueError:
            given = None
        if not isinstance(given, kind):
            raise RegistryError(
                f"what answers is no schema registry: {self} (HTTP {answer.status_code}); give the address of its "
                "Confluent API, such as http://HOST:8081, or an address that ends in /apis/ccompat/v7"
            )
        return given


def _said(answer: "httpx.Response") -> dict[str, Any]:
    """The message in an error's answer, if it has the form of a registry's errors."""
    try:
        given = answer.json()
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}
