"""A proxy, and a broker behind it that is a socket in the test's hands, byte by byte."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from streamproof.wire import Proxy
from tests.wire.protocol import receive

PATIENCE_S = 30.0


@dataclass
class Peer:
    """The broker's side: `accept` takes the next connection that the proxy makes."""

    listening: socket.socket
    stack: ExitStack
    address: str = field(init=False)

    def __post_init__(self) -> None:
        host, port = self.listening.getsockname()
        self.address = f"{host}:{port}"

    def accept(self) -> socket.socket:
        connection, _ = self.listening.accept()
        connection.settimeout(PATIENCE_S)
        return self.stack.enter_context(connection)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def peer(stack: ExitStack) -> Peer:
    listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
    listening.settimeout(PATIENCE_S)
    return Peer(listening, stack)


@pytest.fixture
def proxy(peer: Peer) -> Iterator[Proxy]:
    proxy = Proxy(peer.address)
    proxy.start()
    yield proxy
    proxy.stop()


Connect = Callable[[], tuple[socket.socket, socket.socket]]


@pytest.fixture
def connect(proxy: Proxy, peer: Peer, stack: ExitStack) -> Connect:
    """A client's connection of instance 1 through the proxy, and the broker's end of it."""

    def connected() -> tuple[socket.socket, socket.socket]:
        host, port = proxy.servers(1).split(":")
        client = stack.enter_context(socket.create_connection((host, int(port)), timeout=PATIENCE_S))
        return client, peer.accept()

    return connected


def is_closed(connection: socket.socket) -> bool:
    """Whether the other end goes away; what it has still sent is read first."""
    try:
        while receive(connection, 1):
            pass
    except ConnectionError:
        return True
    return True
