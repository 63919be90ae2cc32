"""What the proxy saw, as a source of the history."""

import socket
from pathlib import Path

import pytest

from streamproof.errors import UsageError
from streamproof.guardian import Guardian
from streamproof.history.store import HistoryWriter
from streamproof.recording.source import NotRecorded
from streamproof.recording.wire import Wire
from streamproof.subject import ProcessSupervisor, SubjectSpec
from streamproof.wire import Deed, Proxy, Sighting
from tests.wire.protocol import end_txn, receive

TWO = SubjectSpec(name="two", command="true", instances=2)


@pytest.fixture
def broker() -> "socket.socket":
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
def proxy(broker: socket.socket) -> Proxy:
    host, port = broker.getsockname()
    return Proxy(f"{host}:{port}")


@pytest.fixture
def wire(proxy: Proxy, session_guardian: Guardian, tmp_path: Path) -> Wire:
    supervisor = ProcessSupervisor(session_guardian, TWO, {}, tmp_path)
    supervisor.start(1)
    return Wire(proxy, supervisor)


def send(proxy: Proxy, broker: socket.socket, data: bytes) -> None:
    """From instance 1, as far as the broker."""
    host, port = proxy.servers(1).split(":")
    with broker, socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(data)
        connection, _ = broker.accept()
        with connection:
            assert receive(connection, len(data)) == data


def test_who_never_came_through_the_proxy_is_told(
    wire: Wire, proxy: Proxy, broker: socket.socket, tmp_path: Path
) -> None:
    """By its number; and so are connections that could not be read."""
    writer = HistoryWriter(tmp_path / "history")
    wire.start(writer)
    send(proxy, broker, end_txn() + bytes.fromhex("16030100c801"))
    wire.stop()
    assert list(wire.write(writer)) == [
        "what instance 2 and its brokers said: no connection of it came through the proxy",
        "what 1 connections carried: it was not Kafka's protocol in plain text",
    ]


def test_a_subject_that_goes_past_the_proxy_has_no_table(wire: Wire, broker: socket.socket, tmp_path: Path) -> None:
    """It is not empty in its place."""
    writer = HistoryWriter(tmp_path / "history")
    wire.start(writer)
    wire.stop()
    broker.close()
    with pytest.raises(NotRecorded, match="no connection of it came through the proxy; give it their address by"):
        wire.write(writer)


def test_a_rule_that_failed_fails_the_run(wire: Wire, proxy: Proxy, broker: socket.socket, tmp_path: Path) -> None:
    """What it was asked about has passed all the same."""

    def wrong(_: Sighting) -> Deed | None:
        raise KeyError("mistake")

    wire.start(HistoryWriter(tmp_path / "history"))
    proxy.add(wrong)
    send(proxy, broker, end_txn())
    with pytest.raises(UsageError, match="a rule of the proxy failed: KeyError: 'mistake'"):
        wire.stop()
