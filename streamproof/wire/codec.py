"""Frames as kio's typed requests and answers, and back."""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from kio import index
from kio.schema.index import api_key_map, schema_name_map
from kio.schema.response_header.v0.header import ResponseHeader as ResponseHeaderV0
from kio.serial import entity_reader, entity_writer
from kio.static.constants import EntityType

from streamproof.history.terms import Side
from streamproof.kafka.protocol import API_VERSIONS
from streamproof.wire.frames import SIZE
from streamproof.wire.lengths import Walk, walk_of

_HEADER = struct.Struct(">hhih")  # API, version, correlation id, length of the client's id

# the name of each API as Kafka writes it, by its key
APIS = {key: "".join(word.capitalize() for word in name.split("_")) for key, name in api_key_map.items()}


class NotDecodedError(Exception):
    """A frame that cannot be understood; it is passed on as it came."""


@dataclass(frozen=True, slots=True)
class Header:
    """The beginning of a request."""

    key: int
    version: int
    correlation: int
    client: str | None

    @property
    def api(self) -> str:
        return APIS.get(self.key, f"Api{self.key}")


def request_header(frame: bytes) -> Header:
    """NotDecodedError for a frame that is too short to have one."""
    try:
        key, version, correlation, length = _HEADER.unpack_from(frame, SIZE)
    except struct.error as error:
        raise NotDecodedError from error
    start = SIZE + _HEADER.size
    client = frame[start : start + length].decode(errors="replace") if length >= 0 else None
    return Header(key, version, correlation, client)


def correlation_of(answer: bytes) -> int | None:
    """Which request an answer is for; None where the frame is too short."""
    if len(answer) < SIZE + 4:
        return None
    correlation: int = struct.unpack_from(">i", answer, SIZE)[0]
    return correlation


def read_request(frame: bytes, header: Header) -> Any:
    """NotDecodedError for what kio does not know, or cannot read to its end."""
    return _read(frame, header, EntityType.request)[1]


def read_answer(frame: bytes, header: Header) -> tuple[Any, Any]:
    """Of the answer to a request: its header and its body. NotDecodedError as for requests."""
    return _read(frame, header, EntityType.response)


def _read(frame: bytes, header: Header, kind: EntityType) -> tuple[Any, Any]:
    try:
        of_header, of_body, walk = _readers(header.key, header.version, kind)
        head, before = of_header(frame, SIZE)
        end = walk(frame, SIZE + before)
        body, size = of_body(frame, SIZE + before)
    except Exception as error:
        raise NotDecodedError from error
    if not SIZE + before + size == end == len(frame):
        raise NotDecodedError
    return head, body


def changed(frame: bytes, header: Header, side: Side, by: Callable[[Any], Any]) -> bytes:
    """The frame with another body in the place of its own; the same frame where `by` gives that back.

    NotDecodedError as above.
    """
    head, body = _read(frame, header, EntityType.request if side is Side.REQUEST else EntityType.response)
    other = by(body)
    return frame if other is body else write_frame(head, other)


def write_frame(header: Any, body: Any) -> bytes:
    """The frame of a request, or of an answer."""
    buffer = io.BytesIO()
    entity_writer(type(header))(buffer, header)
    entity_writer(type(body))(buffer, body)
    payload = buffer.getvalue()
    return struct.pack(">i", len(payload)) + payload


def answer_header(header: Header) -> Any:
    """The header of an answer that is made up."""
    return _header_type(index.load_response_schema(header.key, header.version))(correlation_id=header.correlation)


@cache
def _readers(key: int, version: int, kind: Any) -> tuple[Any, Any, Walk]:
    load: Any = index.load_request_schema if kind is EntityType.request else index.load_response_schema
    body = load(key, version)
    header = _header_type(body) if kind is EntityType.response else body.__header_schema__
    return entity_reader(header), entity_reader(body), walk_of(body)


def _header_type(body: Any) -> Any:
    # ApiVersions is answered always with header version 0: who asks does not know yet what the broker knows
    return ResponseHeaderV0 if body.__api_key__ == API_VERSIONS else body.__header_schema__


@cache
def highest_version(key: int) -> int:
    """The highest that kio knows of an API; -1 for an API that it does not know."""
    return max(schema_name_map[api_key_map[key]], default=-1) if key in api_key_map else -1
