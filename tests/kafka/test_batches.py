"""Headers of batches are read from whatever bytes a broker sends."""

import struct

import pytest

from streamproof.kafka.batches import UNTOLD, headers

HEADER = struct.Struct(">qiibIhiqqqhii")
BEFORE_LENGTH = 12  # bytes, up to the end of the length
CONTROL = 0x20
COMMIT = b"\x10\0\0\0\x08\0\0\0\1"  # length, attributes, deltas, length of the key, the key: version and type


def batch(base: int, record: bytes = b"", *, attributes: int = 0, length: int | None = None) -> bytes:
    size = HEADER.size - BEFORE_LENGTH + len(record) if length is None else length
    return HEADER.pack(base, size, 0, 2, 0, attributes, 0, 0, 0, 7, 0, 0, 1) + record


@pytest.mark.parametrize("length", [-84_000_000, -BEFORE_LENGTH, 0, 48, 1000])
def test_what_is_no_batch_ends_the_batches(length: int) -> None:
    """A length that would lead back, to the same place for ever, into the header, or beyond the end."""
    records = batch(1) + batch(2, length=length) + batch(3)
    assert [found.base_off for found in headers(memoryview(records))] == [1]


@pytest.mark.parametrize("size", range(len(COMMIT) + 1))
def test_a_marker_that_ends_within_says_nothing(size: int) -> None:
    """It is a control batch all the same."""
    (found,) = headers(memoryview(batch(1, COMMIT[:size], attributes=CONTROL)))
    assert found.control == ("commit" if size == len(COMMIT) else UNTOLD)
