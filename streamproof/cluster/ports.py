"""Ports of this machine that no parallel run takes too.

A port is a file in a directory of this user, locked for as long as the lease is held: the kernel drops the lock when
the holder dies. Ports lie outside the range that the system gives to outgoing connections, so that a broker finds its
port free when it starts again.
"""

import contextlib
import fcntl
import itertools
import os
import random
import socket
from pathlib import Path

import platformdirs

from streamproof.errors import ClusterError
from streamproof.kafka.protocol import LAST_PORT

FIRST, LAST = 20000, 32767
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
HOST = "127.0.0.1"


class PortLease:
    """Ports, held until `close` or the end of this process."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}  # port: descriptor of its lock

    def take(self, count: int) -> tuple[int, ...]:
        """`count` free ports; `ClusterError` when there are not so many."""
        candidates = _candidates()
        shuffled = random.sample(candidates, len(candidates))
        taken = tuple(itertools.islice(filter(self._hold, shuffled), count))
        if len(taken) < count:
            raise ClusterError(f"no {count} free ports on {HOST} from {FIRST} to {LAST}; end what holds them")
        return taken

    def take_at(self, port: int) -> int:
        """Exactly `port`; `ClusterError` when it is in use, or no port at all."""
        if not 0 < port <= LAST_PORT:
            raise ClusterError(f"{port} is no port; choose a number from 1 to {LAST_PORT}")
        if not self._hold(port):
            raise ClusterError(f"port {port} on {HOST} is in use; end what listens there, or choose another")
        return port

    def close(self) -> None:
        for descriptor in self._held.values():
            os.close(descriptor)
        self._held.clear()

    def _hold(self, port: int) -> bool:
        directory = platformdirs.user_state_path("streamproof") / "ports"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(directory / str(port), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ClusterError(f"ports cannot be locked in {directory} ({error.strerror}); make it writable") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            free = is_free(port)
        except BlockingIOError:
            free = False
        if free:
            self._held[port] = descriptor
        else:
            os.close(descriptor)
        return free


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: closed connections do not count
        try:
            server.bind((HOST, port))
        except OSError:
            return False
    return True


def _candidates() -> range:
    with contextlib.suppress(OSError, ValueError):
        lowest_outgoing = int(EPHEMERAL.read_text().split()[0])
        if lowest_outgoing > FIRST:
            return range(FIRST, min(LAST + 1, lowest_outgoing))
    return range(FIRST, LAST + 1)
