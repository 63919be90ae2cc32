"""Ports: taken by one run at a time, free again when its holder is gone."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from streamproof.cluster.ports import HOST, PortLease, is_free
from streamproof.errors import ClusterError

HOLD = """
import sys
from streamproof.cluster.ports import PortLease
lease = PortLease()
print(*lease.take(1), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def lease() -> Iterator[PortLease]:
    lease = PortLease()
    yield lease
    lease.close()


@pytest.fixture
def other() -> Iterator[PortLease]:
    other = PortLease()
    yield other
    other.close()


def test_a_port_belongs_to_one_lease(lease: PortLease, other: PortLease) -> None:
    """A port that is held is refused to others, though nothing listens there, until it is given back."""
    (port,) = lease.take(1)
    assert is_free(port)
    with pytest.raises(ClusterError, match=f"port {port} on {HOST} is in use"):
        other.take_at(port)
    lease.close()
    assert other.take_at(port) == port


def test_leases_never_share(lease: PortLease, other: PortLease) -> None:
    """Two clusters never get the same port."""
    mine, theirs = lease.take(200), other.take(200)
    assert len({*mine, *theirs}) == 400


def test_a_port_where_something_listens_is_refused(lease: PortLease, other: PortLease) -> None:
    """A server that holds no lease is seen all the same."""
    (port,) = lease.take(1)
    lease.close()
    with socket.create_server((HOST, port)), pytest.raises(ClusterError, match="is in use"):
        other.take_at(port)


def test_a_killed_holder_holds_nothing(lease: PortLease) -> None:
    """The ports of a run that was killed are free at once."""
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        port = int(holder.stdout.readline())
        with pytest.raises(ClusterError):
            lease.take_at(port)
        holder.kill()
    assert lease.take_at(port) == port
