"""The schema-driven decoder of coordinators' records, on hand-made schemas and bytes."""

import struct
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streamproof.errors import HistoryError
from streamproof.recording.message_schemas import Schema, load_schemas

Row = dict[str, Any]


def schema(*fields: Mapping[str, object], flexible: str = "1+") -> Schema:
    return Schema({"name": "Made", "validVersions": "0-2", "flexibleVersions": flexible, "fields": list(fields)})


ALL_KINDS = (
    {"name": "Flag", "type": "bool", "versions": "0+"},
    {"name": "Id", "type": "uuid", "versions": "0+"},
    {"name": "Share", "type": "float64", "versions": "0+"},
    {"name": "Port", "type": "uint16", "versions": "0+"},
    {"name": "Name", "type": "string", "versions": "0+", "nullableVersions": "0+"},
    {"name": "Old", "type": "string", "versions": "0+", "flexibleVersions": "none"},
    {"name": "Data", "type": "bytes", "versions": "0+"},
    {
        "name": "Rows",
        "type": "[]Row",
        "versions": "0+",
        "nullableVersions": "0+",
        "fields": [{"name": "N", "type": "int8", "versions": "0+"}],
    },
    {"name": "Note", "type": "string", "versions": "1+", "tag": 0, "taggedVersions": "1+", "default": "none"},
    {
        "name": "Extra",
        "type": "Row2",
        "versions": "1+",
        "nullableVersions": "1+",
        "tag": 1,
        "taggedVersions": "1+",
        "default": "null",
        "fields": [{"name": "N", "type": "int32", "versions": "0+"}],
    },
    {"name": "New", "type": "int32", "versions": "2+", "default": "0x7f"},
)
HEAD = b"\x01" + uuid.UUID(int=9).bytes + struct.pack(">dH", 0.5, 65535)
PLAIN = {"flag": True, "id": uuid.UUID(int=9), "share": 0.5, "port": 65535, "name": None, "old": "ab", "data": b"xyz"}


def test_the_old_encoding_is_read() -> None:
    """Fixed-width lengths, -1 for null, and no tags before the flexible versions; what is missing has its default."""
    data = HEAD + b"\xff\xff" + b"\x00\x02ab" + b"\x00\x00\x00\x03xyz" + b"\x00\x00\x00\x02\x05\xfa"
    row = schema(*ALL_KINDS).decode(data, 0)
    assert row == PLAIN | {"rows": [{"n": 5}, {"n": -6}], "note": "none", "extra": None, "new": 127}


def test_the_compact_encoding_is_read() -> None:
    """Lengths are varints, each 1 too large, each structure ends in tags, and unknown tags are passed over."""
    name = b"n" * 200
    data = HEAD + b"\xc9\x01" + name + b"\x00\x02ab" + b"\x04xyz" + b"\x03\x05\x00\xfa\x01\x07\x02??"
    data += struct.pack(">i", 8)
    data += b"\x03" + b"\x00\x03\x03hi" + b"\x01\x06\x01\x00\x00\x00\x04\x00" + b"\x80\x01\x01!"
    row = schema(*ALL_KINDS).decode(data, 2)
    assert row == PLAIN | {
        "name": name.decode(),
        "rows": [{"n": 5}, {"n": -6}],
        "note": "hi",
        "extra": {"n": 4},
        "new": 8,
    }


@pytest.mark.parametrize(("tagged", "seen"), [(b"\x01\x01\x00", None), (b"\x01\x06\x01\x00\x00\x00\x04\x00", {"n": 4})])
def test_a_structure_in_a_tag_may_be_null(tagged: bytes, seen: Row | None) -> None:
    """Within a tag 0 stands for no structure; outside of tags it is a negative byte."""
    extra = next(field for field in ALL_KINDS if field["name"] == "Extra")
    assert schema(extra).decode(b"\x01" + tagged, 1) == {"extra": seen}
    plain = {name: value for name, value in extra.items() if name not in ("tag", "taggedVersions")}
    assert schema(plain).decode(b"\xff\x00", 1) == {"extra": None}
    assert schema(plain).decode(b"\x01\x00\x00\x00\x04\x00\x00", 1) == {"extra": {"n": 4}}


def test_null_and_empty_are_told_apart() -> None:
    """In the compact encoding 0 is null and 1 is empty."""
    fields = [{"name": name, "type": "[]int32", "versions": "0+", "nullableVersions": "0+"} for name in ("A", "B")]
    assert schema(*fields).decode(b"\x00\x01\x00", 1) == {"a": None, "b": []}


def test_common_structures_are_found() -> None:
    """A structure that several fields share is defined beside them."""
    made = Schema(
        {
            "name": "Made",
            "validVersions": "0",
            "flexibleVersions": "none",
            "fields": [{"name": "First", "type": "Pair", "versions": "0+"}],
            "commonStructs": [{"name": "Pair", "fields": [{"name": "X", "type": "int16", "versions": "0+"}]}],
        }
    )
    assert made.decode(b"\x00\x03", 0) == {"first": {"x": 3}}


def test_a_jar_that_is_none_is_named(tmp_path: Path) -> None:
    """A file that is not a jar ends in one sentence with its name."""
    (tmp_path / "kafka.jar").write_bytes(b"no")
    with pytest.raises(HistoryError, match=r"kafka\.jar cannot be read"):
        load_schemas((tmp_path / "kafka.jar",))
