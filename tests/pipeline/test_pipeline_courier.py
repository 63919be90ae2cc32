"""The producer's own thread: whatever becomes of it, nobody who asked waits for ever."""

import asyncio
from collections.abc import Sequence

import pytest

from pipeline.courier import Courier, Tell
from pipeline.errors import FatalError, RetriableError
from pipeline.events import Header
from pipeline.process import Stop


class Refused:
    """A producer whose registry refuses the schema."""

    failed = None

    def send(self, _event: bytes, _reply: Tell, _trace: Sequence[Header]) -> None:
        raise FatalError("the registry refuses the schema")

    def poll(self) -> None:
        pass

    def flush(self) -> int:
        return 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_is_told_to_all_who_ask() -> None:
    """To the caller whose event met it, and to those that come after; it is why nothing can be sent any more."""
    courier: Courier[bytes] = Courier(Refused(), Stop(1000), limit=10)

    async def asked() -> None:
        for _ in range(2):
            with pytest.raises(RetriableError, match="the registry refuses the schema"):
                await asyncio.wait_for(courier.send(b"{}"), 10)

    courier.start()
    asyncio.run(asked())
    courier.close()
    assert courier.failure == "the registry refuses the schema"
