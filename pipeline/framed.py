"""Values whose schemas a registry keeps: five bytes that say which schema, and the record in one of three formats."""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from cachetools import TTLCache

from pipeline.events import OrderEvent, PoisonError, validated
from pipeline.registry import SchemaRegistry, own_schema

FRAME = struct.Struct(">bI")  # a zero, and the schema's id
UNKNOWN_S = 5.0  # for so long an id that the registry does not know is not asked for again
Read = Callable[[bytes], Any]
Write = Callable[[Mapping[str, Any]], bytes]


class Codec(Protocol):
    """A format. `kind` is the registry's word for it, `suffix` that of its schemas in `contracts/schemas`.

    `model` is what an order event in this format is; its `reader` may raise anything on bytes that are no such record.
    """

    kind: str
    suffix: str

    @property
    def model(self) -> type[OrderEvent]: ...

    def reader(self, schema: str) -> Read:
        """Reads what was written in `schema` as an order event; ValueError for a schema that cannot be used."""

    def writer(self, schema: str) -> Write: ...


class FramedValues:
    """Reads events by their writer's schema, as this version's; writes under the id that the registry gave.

    `topics`: where records of each schema, by its name, are written to; a schema's subject is its topic's.
    """

    def __init__(self, codec: Codec, registry: SchemaRegistry, topics: Mapping[str, str]) -> None:
        self._codec = codec
        self._registry = registry
        self._topics = topics
        self._schemas = {name: own_schema(name + codec.suffix) for name in topics}
        self._writers = {name: codec.writer(schema) for name, schema in self._schemas.items()}
        self._readers: dict[int, Read | PoisonError] = {}  # by the schema's id, under which it never changes
        self._unknown: TTLCache[int, PoisonError] = TTLCache(10_000, UNKNOWN_S)  # it may be given to a schema later
        self._poison = f"not-{codec.kind.lower()}"

    def parse(self, value: bytes | None) -> OrderEvent:
        """PoisonError for bytes that are no such record, and never will be; RegistryAway when that is not known yet."""
        if value is None:
            raise PoisonError(self._poison, "the record has no value")
        if len(value) < FRAME.size or value[0] != 0:
            raise PoisonError(self._poison, "the value does not begin with a schema's id")
        read = self._reader(FRAME.unpack_from(value)[1])
        try:
            record = read(value[FRAME.size :])
        except Exception as error:  # what is no such record leads the reader anywhere
            raise PoisonError(self._poison, f"{type(error).__name__}: {error}") from error
        return validated(self._codec.model, record)

    def encode(self, name: str, record: Mapping[str, Any]) -> bytes:
        """`record` in the schema `name`; RegistryAway."""
        number = self._registry.id_of(f"{self._topics[name]}-value", self._schemas[name], self._codec.kind)
        return FRAME.pack(0, number) + self._writers[name](record)

    def _reader(self, number: int) -> Read:
        """Asked for once: among thousands of bad records, to ask for each would outlast the time between two polls."""
        known = self._readers.get(number) or self._unknown.get(number)
        if known is None:
            try:
                known = self._readers[number] = self._codec.reader(self._registry.schema(number, self._codec.kind))
            except PoisonError as poison:
                known = self._unknown[number] = poison
            except ValueError as error:  # such as a schema that refers to others
                known = self._readers[number] = PoisonError(self._poison, f"schema {number} cannot be used: {error}")
        if isinstance(known, PoisonError):
            raise known
        return known
