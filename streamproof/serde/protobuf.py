"""Protobuf: its schemas, and messages without the frame that names their schema. protoc reads the schemas.

A value is the first message of its schema, unless its frame says which other it is.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from streamproof.errors import UsageError

if TYPE_CHECKING:  # an extra: who has no Protobuf need not install it
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

FILE = "schema.proto"
FIRST = b"\x00"  # where the frame says which message of its schema follows: the first
TIMEOUT_S = 60.0
_WELL_KNOWN: Mapping[str, Mapping[str, Any]] = {
    "Timestamp": {"type": "string", "format": "date-time"},
    "Duration": {"enum": ["0.250s", "1s", "3600s"]},
    "StringValue": {"type": "string"},
    "BoolValue": {"type": "boolean"},
    "DoubleValue": {"type": "number"},
    "FloatValue": {"type": "number"},
    "Int32Value": {"type": "integer"},
    "Int64Value": {"type": "integer"},
    "UInt32Value": {"type": "integer", "minimum": 0},
    "UInt64Value": {"type": "integer", "minimum": 0},
}


@dataclass(frozen=True)
class ProtobufSchema:
    """The text of a .proto file; its first message is what values are."""

    document: str
    _message: "type[Message]" = field(repr=False, compare=False)
    name = "protobuf"
    registry_type = "PROTOBUF"

    @property
    def text(self) -> str:
        return self.document

    @property
    def _descriptor(self) -> "Descriptor":
        return cast("Descriptor", self._message.DESCRIPTOR)

    def json_schema(self) -> dict[str, Any]:
        """Bytes, and a message within itself, are left out: no field of a message has to be there."""
        return _json_schema(self._descriptor, ())

    def fields(self, within: Sequence[str]) -> list[str]:
        message: Descriptor | None = self._descriptor
        for name in within:
            known = message.fields_by_name.get(name) if message else None
            message = known.message_type if known and not known.is_repeated else None
        return [known.name for known in message.fields] if message else []

    def check(self, value: Any) -> None:
        self._made(value)

    def encoded(self, value: Any) -> bytes:
        return FIRST + self._made(value).SerializeToString(deterministic=True)

    def _made(self, value: Any) -> "Message":
        from google.protobuf.json_format import ParseDict, ParseError  # noqa: PLC0415 - an extra

        if not isinstance(value, dict):
            raise ValueError("expected an object with the fields of the message")  # noqa: TRY004 - of the value's form
        try:
            return ParseDict(value, self._message())
        except ParseError as error:
            raise ValueError(str(error).replace("\n", ";")) from error


class Protobuf:
    """The `Format` of messages in Protobuf."""

    name = ProtobufSchema.name
    title = "Protobuf"
    registry_type = ProtobufSchema.registry_type
    media_type = "application/vnd.google.protobuf"
    content_type = "application/protobuf"
    declaration = "{ schemaFormat: 'application/vnd.google.protobuf;version=3', schema: { $ref: './NAME.proto' } }"
    expected = "a Protobuf schema: its text, or a $ref to a .proto file"
    makeable = "Protobuf"

    def schema(self, document: Any) -> ProtobufSchema:
        if not isinstance(document, str):
            raise TypeError(f"expected {self.expected}")
        try:
            return ProtobufSchema(document, _Messages(document).at((0,)))
        except ValueError as error:
            raise ValueError(f"no valid Protobuf schema: {error}") from error

    def decoder(self, text: str, path: str) -> Callable[[bytes], Any]:
        """Decodes the field at `path` of a message that the schema `text` describes; `None` if it has no such field."""
        messages, names = _Messages(text), path.split(".")

        def decode(body: bytes) -> Any:
            place, start = _place(body)
            found: Any = messages.at(place).FromString(body[start:])
            for name in names[:-1]:
                if not found.HasField(name):
                    return None
                found = getattr(found, name)
            return _scalar(found, names[-1])

        return decode


PROTOBUF = Protobuf()


class _Messages:
    """The messages of a schema, by the indexes that lead to them: (1, 0) is the first within the second."""

    def __init__(self, text: str) -> None:
        """ValueError for what protoc refuses; UsageError where there is no protoc."""
        from google.protobuf.descriptor_pb2 import FileDescriptorSet  # noqa: PLC0415 - an extra
        from google.protobuf.descriptor_pool import DescriptorPool  # noqa: PLC0415

        self._pool = DescriptorPool()
        files = FileDescriptorSet.FromString(_compiled(text)).file
        for file in files:
            self._pool.Add(file)
        self._file = files[-1]  # what it imports comes before it
        if not self._file.message_type:
            raise ValueError("it has no message")
        self._known: dict[tuple[int, ...], type[Message]] = {}

    def at(self, place: tuple[int, ...]) -> "type[Message]":
        """LookupError where there is none."""
        from google.protobuf.message_factory import GetMessageClass  # noqa: PLC0415 - an extra

        if place not in self._known:
            within, names = self._file.message_type, [self._file.package] if self._file.package else []
            for index in place:
                names.append(within[index].name)
                within = within[index].nested_type
            self._known[place] = GetMessageClass(self._pool.FindMessageTypeByName(".".join(names)))
        return self._known[place]


@lru_cache(maxsize=64)
def _compiled(text: str) -> bytes:
    """The descriptors of a schema and of what it imports, as protoc writes them."""
    if find_spec("grpc_tools") is None:
        raise UsageError('Protobuf is read by protoc, which is not installed: pip install "streamproof[protobuf]"')
    with tempfile.TemporaryDirectory(prefix="streamproof-proto-") as name:
        folder = Path(name)
        (folder / FILE).write_text(text, encoding="utf-8")
        out = folder / "descriptors"
        protoc = [sys.executable, "-m", "grpc_tools.protoc"]  # which knows where Google's own schemas lie
        flags = ["-I.", "--include_imports", f"--descriptor_set_out={out}", FILE]
        done = subprocess.run(
            [*protoc, *flags], capture_output=True, text=True, cwd=folder, timeout=TIMEOUT_S, check=False
        )
        if done.returncode:
            raise ValueError("; ".join(_told(done.stderr)))
        return out.read_bytes()


def _told(lines: str) -> Iterator[str]:
    """Protoc's complaints, `schema.proto:3:5: …`, in words."""
    for line in lines.splitlines():
        file, _, rest = line.partition(":")
        number, _, what = rest.partition(":")
        if rest.strip() == "File not found.":
            yield f"{file} is imported, and a schema must stand by itself: write its messages into this schema"
            return
        if file == FILE and number.isdecimal():  # all else are warnings
            yield f"line {number}:{what.partition(':')[2]}"


def _place(body: bytes) -> tuple[tuple[int, ...], int]:
    """Which message of its schema follows, and where it begins: a count and as many indexes, zigzag, or one zero."""
    numbers: list[int] = []
    at = 0
    while not numbers or len(numbers) <= numbers[0]:
        number = shift = 0
        while True:
            byte = body[at]
            at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 - the last byte of a varint
                break
        numbers.append(number >> 1)  # none is negative
    return tuple(numbers[1:]) or (0,), at


def _scalar(message: Any, name: str) -> Any:
    """The field's value, `None` where there is none: a text that is empty is one that was never set."""
    known = message.DESCRIPTOR.fields_by_name.get(name)
    if known is None or known.is_repeated or known.message_type is not None:
        return None
    found = getattr(message, name)
    if known.has_presence and not message.HasField(name):
        return None
    if known.enum_type is not None:
        named = known.enum_type.values_by_number.get(found)
        return named.name if named else found
    return None if found in ("", b"") else found


def _json_schema(message: "Descriptor", inside: tuple[str, ...]) -> dict[str, Any]:
    inside = (*inside, message.full_name)
    made = {known.name: schema for known in message.fields if (schema := _of(known, inside)) is not None}
    chosen = {oneof.fields[0].name for oneof in message.oneofs}
    once = [
        known.name
        for known in message.fields
        if known.name in made and not known.is_repeated and (known.containing_oneof is None or known.name in chosen)
    ]
    others = {known.name for oneof in message.oneofs for known in oneof.fields[1:]}  # of a oneof, one is set
    properties = {name: schema for name, schema in made.items() if name not in others}
    return {"type": "object", "properties": properties, "required": once, "additionalProperties": False}


def _of(known: "FieldDescriptor", inside: tuple[str, ...]) -> dict[str, Any] | None:
    """The JSON of a field; `None` where it is left out."""
    if not known.is_repeated:
        return _single(known, inside)
    if known.message_type is not None and known.message_type.GetOptions().map_entry:
        key, value = (known.message_type.fields_by_name[name] for name in ("key", "value"))
        inner = _single(value, inside)
        is_text = key.type == key.TYPE_STRING
        return {"type": "object", "additionalProperties": inner} if inner is not None and is_text else None
    inner = _single(known, inside)
    return None if inner is None else {"type": "array", "items": inner}


def _single(known: "FieldDescriptor", inside: tuple[str, ...]) -> dict[str, Any] | None:  # noqa: PLR0911 - a return for each kind
    if (message := known.message_type) is not None:
        package, _, name = message.full_name.rpartition(".")
        if package == "google.protobuf":
            return dict(_WELL_KNOWN[name]) if name in _WELL_KNOWN else None
        return None if message.full_name in inside else _json_schema(message, inside)
    if (enum := known.enum_type) is not None:
        return {"enum": [value.name for value in enum.values]}
    kind = known.cpp_type
    if kind == known.CPPTYPE_STRING:
        return {"type": "string"} if known.type == known.TYPE_STRING else None
    if kind == known.CPPTYPE_BOOL:
        return {"type": "boolean"}
    if kind in (known.CPPTYPE_DOUBLE, known.CPPTYPE_FLOAT):
        return {"type": "number"}
    unsigned = kind in (known.CPPTYPE_UINT32, known.CPPTYPE_UINT64)
    return {"type": "integer", "minimum": 0} if unsigned else {"type": "integer"}
