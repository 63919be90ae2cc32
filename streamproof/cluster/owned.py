"""Clusters that are started here, wherever their brokers run: they can be broken and mended."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from streamproof.cluster.artifacts import Say
from streamproof.cluster.base import Cluster
from streamproof.cluster.security import USER, Security
from streamproof.cluster.settings import BrokerPorts
from streamproof.errors import ClusterError, UnsupportedByCluster
from streamproof.kafka import requests
from streamproof.kafka.access import admit

READY_TIMEOUT_S = 60.0
LOOK_S = 0.02


class Node(Protocol):
    """A broker under control. A method that needs it running raises `ClusterError` when it is not."""

    node: int
    ports: BrokerPorts

    @property
    def log(self) -> Path: ...

    @property
    def running(self) -> bool: ...

    def launch(self) -> None:
        """Start it; returns at once."""

    def why_it_ended(self) -> str:
        """A sentence, and what of its log tells the cause."""

    def stop(self, timeout_s: float = ...) -> bool:
        """SIGTERM, and SIGKILL when that does not end it in time; whether it ended by itself."""

    def kill(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class NetworkedNode(Node, Protocol):
    """A broker on a network of the brokers' own."""

    def disconnect(self) -> None: ...

    def connect(self) -> None: ...


N = TypeVar("N", bound=Node)
NN = TypeVar("NN", bound=NetworkedNode)
C = TypeVar("C", bound=Cluster)


class OwnedCluster(Cluster, Generic[N]):
    """Brokers 1 to n, each broker and controller. All methods block until done, and raise `ClusterError`."""

    def __init__(self, version: str, brokers: Mapping[int, N]) -> None:
        addresses = {node: broker.ports.direct_address for node, broker in brokers.items()}
        subject_addresses = [broker.ports.subject_address for broker in brokers.values()]
        super().__init__(version, addresses, ",".join(addresses.values()), ",".join(subject_addresses))
        self._brokers = dict(brokers)

    def launch_all(self, say: Say, security: Security | None = None) -> None:
        """Start every broker, and return when each knows all, and who may come in."""
        count = len(self._brokers)
        say(f"starting {count} broker{'s' if count > 1 else ''}")
        for broker in self._brokers.values():
            broker.launch()
        wait_until_ready(self._brokers.values(), frozenset(self._brokers), READY_TIMEOUT_S)
        # their topics are made now: the first client that asks for a coordinator would wait half a second for them
        for kind in (requests.GROUP, requests.TRANSACTION):
            with contextlib.suppress(requests.NotYet, ClusterError):
                requests.find_coordinator(self.bootstrap_servers, kind, "any")
        if security:
            self.security = security
            if security.mode == "scram":
                admit(self.bootstrap_servers, USER, security.values["kafka_password"])

    def start(self, *nodes: int) -> None:
        """Start stopped or killed brokers again, on the same ports and data; returns when they answer."""
        brokers = [self.broker(node) for node in nodes]
        for broker in brokers:
            if broker.running:
                raise ClusterError(f"broker {broker.node} is already running")
        for broker in brokers:  # all before any is waited for: alone, none would find a quorum
            broker.launch()
        wait_until_ready(brokers, frozenset(nodes), READY_TIMEOUT_S)

    def stop(self, node: int) -> bool:
        """SIGTERM, and wait for the end; False when it did not end in time, and was killed."""
        return self.broker(node).stop()

    def kill(self, node: int) -> None:
        self.broker(node).kill()

    def pause(self, node: int) -> None:
        self.broker(node).pause()

    def resume(self, node: int) -> None:
        self.broker(node).resume()

    def log(self, node: int) -> Path:
        """The broker's own log file."""
        return self.broker(node).log

    def broker(self, node: int) -> N:
        """The broker itself; `ClusterError` when there is no such broker."""
        self.address(node)  # which says so
        return self._brokers[node]


class NetworkedCluster(OwnedCluster[NN]):
    """Brokers that can be cut from each other."""

    def disconnect(self, node: int) -> None:
        """Cut a broker from its peers: it goes on serving clients, as far as it can."""
        self.broker(node).disconnect()

    def connect(self, node: int) -> None:
        """Mend what `disconnect` cut."""
        self.broker(node).connect()


def under_control(cluster: Cluster, kind: type[C]) -> C:
    """The cluster, as the kind that can be broken so; `UnsupportedByCluster` when it is of another kind."""
    if not isinstance(cluster, kind):
        raise UnsupportedByCluster(f"this cannot be done to the brokers of a cluster that is {cluster.backend}")
    return cluster


def wait_until_ready(brokers: Iterable[Node], nodes: frozenset[int], timeout_s: float) -> None:
    """Until each of `brokers` knows all `nodes`; `ClusterError` when a broker ends, or not in time."""
    deadline = time.monotonic() + timeout_s
    waiting = list(brokers)
    while waiting := [broker for broker in waiting if not _knows(broker, nodes)]:
        if time.monotonic() > deadline:
            first = waiting[0]
            raise ClusterError(f"broker {first.node} is not ready after {timeout_s:.0f} s; its log: {first.log}")
        time.sleep(LOOK_S)


def _knows(broker: Node, nodes: frozenset[int]) -> bool:
    """Whether it answers, and knows all `nodes` and a controller. `ClusterError` when it has ended instead."""
    try:
        seen = requests.metadata(broker.ports.direct_address)
    except OSError:
        if not broker.running:
            raise ClusterError(broker.why_it_ended()) from None
        return False
    return seen.controller_id >= 0 and nodes <= {known.node_id for known in seen.brokers}
