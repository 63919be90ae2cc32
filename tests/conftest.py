"""What tests of several parts share: waiting with a deadline, and one real cluster for all that only use it."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from streamproof.cluster import EmbeddedCluster, start_embedded
from streamproof.guardian import Guardian

WaitUntil = Callable[[Callable[[], bool]], None]


@pytest.fixture(scope="session")
def wait_until() -> WaitUntil:
    """Wait until something is seen; the test fails when it is not in 30 s."""

    def wait(seen: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        pause = threading.Event()
        while not seen():
            assert time.monotonic() < deadline, "not seen in time"
            pause.wait(0.02)

    return wait


@pytest.fixture(scope="session")
def session_guardian() -> Iterator[Guardian]:
    with Guardian() as guardian:
        yield guardian


@pytest.fixture(scope="session")
def embedded_cluster(session_guardian: Guardian) -> Iterator[EmbeddedCluster]:
    """Three brokers for the whole session: use them, leave them whole."""
    with start_embedded(session_guardian, brokers=3, logs=session_guardian.directory / "logs") as cluster:
        yield cluster
