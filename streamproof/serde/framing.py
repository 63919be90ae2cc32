"""Confluent's framing of any format: a zero byte, four bytes of the schema's id in the registry, the value."""

import struct
from typing import Any

from streamproof.errors import RegistryError
from streamproof.serde.formats import Decoder, Format
from streamproof.serde.registry import SchemaRegistry

FRAME = struct.Struct(">bI")
MAGIC = 0


def framed(number: int, body: bytes) -> bytes:
    """An encoded value, under its schema's id."""
    return FRAME.pack(MAGIC, number) + body


UNREADABLE = (b"", framed(2**31 - 1, b""))  # what to put before JSON: no frame, and an id that no registry reaches


class Field:
    """Finds one field of a record's value: `event_id`, or `order.id` for a field of a record within the value."""

    def __init__(self, registry: SchemaRegistry, written_in: Format, path: str) -> None:
        self._registry, self._format, self._path = registry, written_in, path
        self._decoders: dict[bytes, Decoder | None] = {}  # by frame; None: no such schema, or no such field in it

    def __call__(self, value: bytes | None) -> Any:
        """The field's value, `None` where there is none: no frame, an id that the registry never gave, no such field.

        RegistryError when the registry does not answer.
        """
        value = value or b""
        frame = value[: FRAME.size]
        try:
            decode = self._decoders[frame]
        except KeyError:
            decode = self._decoders[frame] = self._look_up(frame)
        if decode is None:
            return None
        try:
            found = decode(value[FRAME.size :])
        except Exception:  # noqa: BLE001 - bytes that are no such value lead the decoder anywhere
            return None
        return None if isinstance(found, dict | list) else found

    def _look_up(self, frame: bytes) -> Decoder | None:
        if len(frame) < FRAME.size or frame[0] != MAGIC:
            return None
        number: int = FRAME.unpack(frame)[1]
        text = self._registry.schema(number, self._format.registry_type)
        try:
            return None if text is None else self._format.decoder(text, self._path)
        except ValueError as error:  # the schema may refer to schemas of other subjects
            raise RegistryError(f"schema {number} of {self._registry} cannot be read by itself: {error}") from error
