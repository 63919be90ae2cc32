"""What tests of several parts share: waiting with a deadline, and one real cluster for all that only use it."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streamproof.cluster import Cluster
from streamproof.guardian import Guardian

HOME = str(Path.home())
WaitUntil = Callable[[Callable[[], bool]], None]


@pytest.fixture
def own_home(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own home, where what was downloaded once lies; pytester moves into an empty one."""
    monkeypatch.setenv("HOME", HOME)


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
def session_guardian(kafka_guardian: Guardian) -> Guardian:
    return kafka_guardian


@pytest.fixture(scope="session")
def embedded_cluster(kafka_cluster: Cluster) -> Cluster:
    """The session's cluster, for tests that use it and leave it whole."""
    return kafka_cluster
