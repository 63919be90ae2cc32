"""Which partition a key belongs to, as the usual clients have it: the same key, the same partition.

A record without a key, or with an empty key, goes anywhere.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from zlib import crc32

Partitioner = Callable[[bytes, int], int]  # of a key, and of how many partitions there are

_MULTIPLIER, _SEED, _MASK = 0x5BD1E995, 0x9747B28C, 0xFFFFFFFF
_WORD = 4


def _murmur2(key: bytes, partitions: int) -> int:
    """Java's and franz-go's default; librdkafka's `murmur2` and `murmur2_random`."""
    whole = len(key) - len(key) % _WORD
    found = _SEED ^ len(key)
    for at in range(0, whole, _WORD):
        word = int.from_bytes(key[at : at + _WORD], "little") * _MULTIPLIER & _MASK
        word = (word ^ word >> 24) * _MULTIPLIER & _MASK
        found = found * _MULTIPLIER & _MASK ^ word
    if rest := key[whole:]:
        found = (found ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _MASK
    found = (found ^ found >> 13) * _MULTIPLIER & _MASK
    return ((found ^ found >> 15) & 0x7FFFFFFF) % partitions


def _crc32(key: bytes, partitions: int) -> int:
    """Librdkafka's default, `consistent_random`, and its `consistent`."""
    return crc32(key) % partitions


# keys repeat, and a hash in Python takes longer than to look it up
PARTITIONERS: Mapping[str, Partitioner] = {
    "murmur2": lru_cache(maxsize=100_000)(_murmur2),
    "crc32": _crc32,
}
