"""A frame is walked through before it is decoded: where a value ends, and that no list is longer than its frame."""

import io
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_origin
from uuid import UUID

import pytest
from kio import index
from kio.schema.errors import ErrorCode
from kio.schema.index import schema_name_map
from kio.serial import entity_writer
from kio.static.constants import EntityType

from streamproof.wire import codec
from streamproof.wire.addresses import ALWAYS, AT_TIMES
from streamproof.wire.codec import Header, NotDecodedError
from streamproof.wire.lengths import ImpossibleLengthError, walk_of
from streamproof.wire.sightings import TOLD

LOOKED_INTO = {*TOLD, *ALWAYS, *AT_TIMES, "ApiVersions"}
VALUES = {
    "bool": True, "error_code": ErrorCode.none, "timedelta_i32": timedelta(0), "timedelta_i64": timedelta(0),
    "datetime_i64": datetime(2026, 1, 1, tzinfo=UTC), "uuid": UUID(int=7), "string": "texts", "bytes": b"bytes",
    "records": b"records", "float64": 1.5,
}  # fmt: skip


def entities() -> Iterator[Any]:
    """Each request and each answer that the proxy looks into, in each version."""
    for key, api in codec.APIS.items():
        if api in LOOKED_INTO:
            for version in schema_name_map[index._name_from_key(key)]:
                for kind in (EntityType.request, EntityType.response):
                    yield index.load_entity_schema(index._name_from_key(key), version, kind)


def full(kind: Any) -> Any:
    """An entity with a value everywhere, and two items in each list; tagged fields too."""
    values: dict[str, Any] = {}
    for field in fields(kind):
        inner = next((one for one in get_args(field.type) if one is not type(None)), field.type)
        if get_origin(inner) is tuple or get_origin(field.type) is tuple:
            of = get_args(inner)[0] if get_origin(inner) is tuple else inner
            item = full(of) if is_dataclass(of) else VALUES.get(field.metadata["kafka_type"], 5)
            values[field.name] = (item, item)
        else:
            values[field.name] = full(inner) if is_dataclass(inner) else VALUES.get(field.metadata["kafka_type"], 5)
    return kind(**values)


def written(entity: Any) -> bytes:
    buffer = io.BytesIO()
    entity_writer(type(entity))(buffer, entity)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", list(entities()), ids=lambda kind: f"{kind.__name__}-{kind.__version__}")
def test_the_end_is_found_of_all_that_is_looked_into(kind: Any) -> None:
    """With every field there, tagged fields too."""
    whole = written(full(kind))
    assert walk_of(kind)(whole, 0) == len(whole)


def test_a_list_that_cannot_be_so_long_is_refused_before_it_is_read() -> None:
    """Compact, and as older versions write it."""
    newest, oldest = (index.load_entity_schema("metadata", version, EntityType.request) for version in (12, 0))
    for kind, length in ((newest, b"\xff\xff\xff\xff\x0f"), (oldest, b"\x7f\xff\xff\xff")):
        with pytest.raises(ImpossibleLengthError):
            walk_of(kind)(length + bytes(20), 0)


def test_a_length_without_an_end_is_refused() -> None:
    """Five bytes at most."""
    newest = index.load_entity_schema("metadata", 12, EntityType.request)
    with pytest.raises(ImpossibleLengthError, match="no end"):
        walk_of(newest)(b"\xff" * 20, 0)


def test_such_a_frame_is_not_decoded() -> None:
    """It is passed on like any that cannot be read; kio alone would end the process by it."""
    header = Header(60, 0, 1, None)  # DescribeCluster, whose answer lists brokers
    start = (1).to_bytes(4) + b"\0" + bytes(4 + 2 + 1 + 1 + 4)
    frame = start + b"\xff\xff\xff\xff\x0f" + bytes(20)
    with pytest.raises(NotDecodedError):
        codec.read_answer(len(frame).to_bytes(4) + frame, header)
