"""Idempotency-Key: what a key says of its request, and that no two requests with a key are under way at once."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Self

from pipeline.events import Result
from pipeline.producer import Answer


class KeyReusedError(Exception):
    """The key came before with another body."""


class KeyInUseError(Exception):
    """The key's first request has no answer yet."""


class Keyed(NamedTuple):
    """An event, and the key that its request came with. `digest`: of the event's bytes."""

    key: str
    event: bytes
    digest: str

    @classmethod
    def of(cls, key: str, event: bytes) -> Self:
        return cls(key, event, hashlib.sha256(event).hexdigest())


class First(NamedTuple):
    """What is kept of a key whose event is in the log: the digest of its request, and where the event lies."""

    digest: str
    id: str
    partition: int
    offset: int

    @classmethod
    def read(cls, value: bytes) -> Self:
        """From the value of a record; ValueError or TypeError when it is no such value."""
        return cls(**json.loads(value))

    def record(self, key: str) -> Result:
        return Result(key.encode(), json.dumps(self._asdict()).encode(), [])

    def answer_to(self, asked: Keyed) -> Answer | KeyReusedError:
        """The first answer once more, or that this is another request."""
        if asked.digest != self.digest:
            return KeyReusedError()
        return Answer("ok", self.id, self.partition, self.offset)


class OpenKeys:
    """The keys of requests that have no answer yet. For a single event loop."""

    def __init__(self) -> None:
        self._digests: dict[str, str] = {}

    async def once(self, asked: Keyed, send: Callable[[Keyed], Awaitable[Answer]]) -> Answer:
        """What `send` answers. While another request has the key: KeyInUseError, or KeyReusedError for another body."""
        first = self._digests.get(asked.key)
        if first is not None:
            raise KeyInUseError if first == asked.digest else KeyReusedError
        self._digests[asked.key] = asked.digest
        try:
            return await send(asked)
        finally:
            del self._digests[asked.key]
