"""The formats that a record's value may be written in, beside plain JSON: what each must know, and which there are."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from streamproof.serde.avro import AVRO
from streamproof.serde.protobuf import PROTOBUF

Decoder = Callable[[bytes], Any]


class Schema(Protocol):
    """A valid schema, which a registry keeps. Two of the same document are equal.

    `name` is the kind of locators that find values in it, `registry_type` the registry's name for its language.
    """

    name: str
    registry_type: str

    @property
    def document(self) -> Any:
        """The schema as a contract holds it."""

    @property
    def text(self) -> str:
        """The schema as a registry keeps it."""

    def json_schema(self) -> Mapping[str, Any]:
        """The JSON that values are written from. ValueError where no JSON can be."""

    def fields(self, within: Sequence[str]) -> Collection[str]:
        """The names of a value's fields; of those in the field that the names `within` lead to."""

    def check(self, value: Any) -> None:
        """ValueError, with the field, when the schema does not allow `value`."""

    def encoded(self, value: Any) -> bytes:
        """A value that `check` passes, without the frame that names the schema."""


class Format(Protocol):
    """A language of schemas, and how its values are written.

    `name` stands in locators, and is a part of a message's contentType. `registry_type` is the registry's name for the
    format, `media_type` how AsyncAPI's schemaFormat begins. The rest completes sentences to the user: `title`,
    `content_type`, `declaration` (how a contract declares such a payload), `expected` (what a schema must be) and
    `makeable` (the schemas that events can be made from).
    """

    name: str
    title: str
    registry_type: str
    media_type: str
    content_type: str
    declaration: str
    expected: str
    makeable: str

    def schema(self, document: Any) -> Schema:
        """The schema in a contract. TypeError where it is not what is `expected`, ValueError where it is not valid."""

    def decoder(self, text: str, path: str) -> Decoder | None:
        """Finds a field in values written in the schema that a registry gave as `text`; `None` for no such field.

        The decoder may raise anything on bytes that are no such value. ValueError for a schema that cannot be read.
        """


FORMATS: Mapping[str, Format] = {known.name: known for known in (AVRO, PROTOBUF)}
