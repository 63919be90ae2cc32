"""Values as text that can be compared across formats."""

import struct
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.serde.plain import plain


def single(number: float) -> float:
    """What a field of single precision makes of it."""
    found: float = struct.unpack("f", struct.pack("f", number))[0]
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (5, 5.0),
        (5, Decimal("5.00")),
        (True, 1),
        (0.1, single(0.1)),
        (19.99, Decimal("19.99")),
        ("text", b"text"),
        ("", None),
        (0.0, -0.0),
        ("5", 5),
    ],
)
def test_the_same_value_is_the_same_text_in_any_format(one: Any, other: Any) -> None:
    """As JSON, Avro, Protobuf or a database have it."""
    assert plain(one) == plain(other)


@pytest.mark.parametrize(
    ("one", "other"), [(5, 6), (0.1, 0.2), (2**53, 2**53 + 1), ("a", "A"), (None, 0), ("x" * 200, "x" * 199 + "y")]
)
def test_other_values_are_other_texts(one: Any, other: Any) -> None:
    """However long they are; nothing is no number."""
    assert plain(one) != plain(other)


def test_a_long_text_is_told_by_its_beginning() -> None:
    """So that a history does not hold all payloads once more."""
    text = plain("x" * 10_000)
    assert text is not None
    assert len(text) < 110


@given(st.floats())
def test_every_number_has_a_text(number: float) -> None:
    """Infinity too, and what is none."""
    assert plain(number)


@given(st.floats(min_value=-1e6, max_value=1e6).map(lambda number: round(number, 2)))
def test_a_price_survives_single_precision_as_far_as_that_knows_it(price: float) -> None:
    """Up to seven digits, of which two are cents, are the same after it; others differ by less than a cent's half."""
    if abs(price) < 10_000:
        assert plain(single(price)) == plain(price)
