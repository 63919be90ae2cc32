"""Values as text that can be compared, whatever format they were read from: 5.0 is 5, a single-precision 0.1 is 0.1."""

import struct
from decimal import Decimal
from hashlib import blake2b
from typing import Any

LONGEST = 100  # of a longer text the end is told by a digest
KEPT = 80
EXACT = 2**53  # up to here each whole number has a float of its own
_SINGLE = struct.Struct("f")
_DIGITS = range(6, 10)  # of a single-precision number


def plain(found: Any) -> str | None:
    """The same text for the same value; `None` for no value, and for an empty text, which Protobuf does not write.

    True is 1, as in databases.
    """
    if isinstance(found, str):
        return _short(found) or None
    if isinstance(found, int):  # true and false too
        return str(int(found))
    if isinstance(found, bytes):
        return _short(found.decode(errors="replace")) or None
    if isinstance(found, float | Decimal):
        number = float(found)
        return str(int(number)) if abs(number) < EXACT and number == int(number) else _of_fraction(number)
    return None if found is None else _short(str(found))


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:KEPT]}… #{blake2b(text.encode(errors='replace'), digest_size=8).hexdigest()}"


def _of_fraction(number: float) -> str:
    """As it was written before single precision made another number of it, if it did."""
    try:
        single = _SINGLE.pack(number)
    except OverflowError:
        return repr(number)
    if _SINGLE.unpack(single)[0] != number:
        return repr(number)
    texts = (f"{number:.{digits}g}" for digits in _DIGITS)
    return next((text for text in texts if _SINGLE.pack(float(text)) == single), repr(number))
