"""Whether a frame's lists can be as long as they say. kio makes room for a list before it reads it.

A number that is no length, in bytes that are no such request, would ask for more memory than any machine has, and the
process would end there and then. So a frame is walked through before it is decoded.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_origin

Walk = Callable[[bytes, int], int]  # from where a value begins to where it ends

_FIXED = {
    "bool": 1, "int8": 1, "int16": 2, "uint16": 2, "error_code": 2, "int32": 4, "timedelta_i32": 4, "int64": 8,
    "timedelta_i64": 8, "datetime_i64": 8, "float64": 8, "uuid": 16,
}  # fmt: skip
_LONGEST_VARINT = 5


class ImpossibleLengthError(ValueError):
    """A list has more items than there are bytes, or a value is longer than the frame."""


@cache
def walk_of(entity: Any) -> Walk:
    """How to go over an entity. IndexError, too, for a frame that ends within it."""
    flexible: bool = entity.__flexible__
    steps = [_walk(field, flexible=flexible) for field in fields(entity) if "tag" not in field.metadata]
    tagged = {
        field.metadata["tag"]: _walk(field, flexible=flexible, optional=False)
        for field in fields(entity)
        if "tag" in field.metadata
    }

    def walk(frame: bytes, at: int) -> int:
        for step in steps:
            at = step(frame, at)
        return _over_tags(tagged, frame, at) if flexible else at

    return walk


def _over_tags(tagged: dict[int, Walk], frame: bytes, at: int) -> int:
    count, at = _varint(frame, at)
    for _ in range(count):
        tag, at = _varint(frame, at)
        size, at = _varint(frame, at)
        if tag in tagged:
            tagged[tag](frame, at)
        at = _within(frame, at + size)
    return at


def _walk(field: Any, *, flexible: bool, optional: bool = True) -> Walk:
    inner: Any = next((kind for kind in get_args(field.type) if kind is not type(None)), field.type)
    if get_origin(field.type) is tuple or get_origin(inner) is tuple:
        item = inner if get_origin(inner) is not tuple else get_args(inner)[0]
        of: Any = next((kind for kind in get_args(item) if kind is not type(None)), item)
        return _list(walk_of(of) if _is_entity(of) else _value(field, flexible=flexible), flexible=flexible)
    if _is_entity(inner):
        nullable = optional and inner is not field.type
        return _nullable(walk_of(inner)) if nullable else walk_of(inner)
    return _value(field, flexible=flexible)


def _value(field: Any, *, flexible: bool) -> Walk:
    kind = field.metadata["kafka_type"]
    if kind in _FIXED:
        size = _FIXED[kind]
        return lambda _, at: at + size
    width = 2 if kind == "string" else 4

    def walk(frame: bytes, at: int) -> int:
        count, at = _count(frame, at, width, flexible=flexible)
        return _within(frame, at + count)

    return walk


def _list(item: Walk, *, flexible: bool) -> Walk:
    def walk(frame: bytes, at: int) -> int:
        count, at = _count(frame, at, 4, flexible=flexible)
        _within(frame, at + count)  # an item takes a byte at least
        for _ in range(count):
            at = item(frame, at)
        return at

    return walk


def _nullable(walk_there: Walk) -> Walk:
    def walk(frame: bytes, at: int) -> int:
        return walk_there(frame, at + 1) if frame[at] == 1 else at + 1

    return walk


def _count(frame: bytes, at: int, width: int, *, flexible: bool) -> tuple[int, int]:
    """A length, 0 for null, and where what it is of begins."""
    if flexible:
        count, at = _varint(frame, at)
        return max(0, count - 1), at
    return max(0, int.from_bytes(frame[at : at + width], signed=True)), at + width


def _varint(frame: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_LONGEST_VARINT):
        byte = frame[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number has no highest bit
            return value, at + place + 1
    raise ImpossibleLengthError("a length has no end")


def _within(frame: bytes, end: int) -> int:
    if end > len(frame):
        raise ImpossibleLengthError(f"{end - len(frame)} bytes beyond the frame's end")
    return end


def _is_entity(kind: Any) -> bool:
    return is_dataclass(kind)
