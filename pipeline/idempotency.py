"""Idempotency-Key: a request that comes again gets the answer of the first, and does nothing.

An idempotent producer cannot do this: it knows its own retries, not a client's. Nor does this outlive the process: the
keys lie in its memory, so a restart forgets them, and another instance never knew them. Where more is needed, readers
must drop an event id that they have seen.
"""

import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from cachetools import TTLCache

from pipeline.producer import Answer


class KeyReusedError(Exception):
    """The key came before with another body."""


class KeyInUseError(Exception):
    """The key's first request has no answer yet."""


class _First(NamedTuple):
    body: bytes  # its digest
    answer: Answer | None


class Keys:
    """The last `limit` keys, each for `window_s` seconds from its answer on. For a single event loop."""

    def __init__(self, limit: int, window_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._open: dict[str, _First] = {}
        self._answered: TTLCache[str, _First] = TTLCache(limit, window_s, clock)

    async def once(self, key: str, body: bytes, send: Callable[[], Awaitable[Answer]]) -> Answer:
        """What `send()` answers, or has answered to this key. An event that failed is not in the log: not remembered.

        KeyReusedError, KeyInUseError, or whatever `send` raises.
        """
        digest = hashlib.sha256(body).digest()
        first = self._open.get(key) or self._answered.get(key)
        if first is None:
            return await self._first(key, digest, send)
        if first.body != digest:
            raise KeyReusedError
        if first.answer is None:
            raise KeyInUseError
        return first.answer

    async def _first(self, key: str, digest: bytes, send: Callable[[], Awaitable[Answer]]) -> Answer:
        self._open[key] = _First(digest, None)
        try:
            answer = await send()
        finally:
            del self._open[key]
        if answer.outcome != "fail":
            self._answered[key] = _First(digest, answer)
        return answer
