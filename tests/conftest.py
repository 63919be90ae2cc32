"""What tests of several parts share: waiting with a deadline, Docker, and one real cluster for all that only use it."""

import contextlib
import http.server
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from streamproof.cli.main import main
from streamproof.cluster import DEFAULT_VERSION, Cluster
from streamproof.cluster.containers import engine, have_image
from streamproof.errors import StreamproofError
from streamproof.guardian import LABEL, Guardian
from tests.calling import Call, Called
from tests.peers import connect, peer, proxy, stack  # noqa: F401 - fixtures

HOME = str(Path.home())
WaitUntil = Callable[[Callable[[], bool]], None]


@pytest.fixture
def own_home(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own home, where what was downloaded once lies; pytester moves into an empty home."""
    monkeypatch.setenv("HOME", HOME)


@pytest.fixture(scope="session")
def wait_until() -> WaitUntil:
    """Wait until something is seen; the test fails when it is not within two minutes."""

    def wait(seen: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
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


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web_server() -> Iterator[str]:
    """The address of a server that is none of ours, and answers 404 to what it does not have."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def mock_brokers() -> Iterator[str]:
    """The mock cluster of librdkafka, which lives as long as the client that holds it."""
    holder = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 3, "log_level": 0})
    brokers = holder.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    del holder


@pytest.fixture(scope="session")
def docker() -> Iterator[Any]:
    """docker-py's client, with Kafka's image at hand. Without Docker a test is skipped; with CI set it fails."""
    try:
        client = engine()
        have_image(client, DEFAULT_VERSION)
    except StreamproofError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    with contextlib.closing(client):
        yield client


@pytest.fixture(scope="session")
def containers(docker: Any) -> Callable[[str], list[str]]:
    """Names of the containers and networks that a run with this label has now."""

    def names(label: str) -> list[str]:
        mine = {"label": f"{LABEL}={label}"}
        found = [*docker.api.containers(all=True, filters=mine), *docker.api.networks(filters=mine)]
        return [str(container["Id"]) for container in found]

    return names


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Call the command in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Called:
        monkeypatch.setattr(sys, "argv", ["streamproof", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return Called(int(left.value.code or 0), captured.out, captured.err)

    return run
