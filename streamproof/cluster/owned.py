"""What clusters that are started here have in common, wherever their brokers run: they can be broken and mended."""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from streamproof.capabilities import OF_BACKEND, Capability
from streamproof.cluster.artifacts import Progress
from streamproof.cluster.ports import HOST, PortLease
from streamproof.cluster.settings import BrokerPorts
from streamproof.errors import ClusterError
from streamproof.kafka import requests

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

    def knows(self, nodes: frozenset[int]) -> bool:
        """Whether it answers, and knows all `nodes` and a controller. `ClusterError` when it has ended instead."""

    def stop(self, timeout_s: float = ...) -> bool:
        """SIGTERM, and SIGKILL when that does not end it in time; whether it ended by itself."""

    def kill(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


N = TypeVar("N", bound=Node)


class OwnedCluster(ABC, Generic[N]):
    """Brokers 1 to n, each broker and controller. Closing it ends them all at once: its data is not for later."""

    backend: str

    def __init__(self, version: str, brokers: Mapping[int, N], ports: PortLease) -> None:
        self.version = version
        self._brokers = dict(brokers)
        self._ports = ports

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def launch_all(self, progress: Progress) -> None:
        """Start every broker, and return when each knows all."""
        count = len(self._brokers)
        progress(f"starting {count} broker{'s' if count > 1 else ''}")
        for broker in self._brokers.values():
            broker.launch()
        wait_until_ready(self._brokers.values(), frozenset(self._brokers), READY_TIMEOUT_S)
        # their topics are made now: the first client that asks for a coordinator would wait half a second for them
        for kind in (requests.GROUP, requests.TRANSACTION):
            with contextlib.suppress(requests.NotYet, ClusterError):
                requests.find_coordinator(self.bootstrap_servers, kind, "any")

    def close(self) -> None:
        try:
            self._end()
        finally:
            self._ports.close()

    @abstractmethod
    def _end(self) -> None:
        """End all brokers, in whatever state they are."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        return OF_BACKEND[self.backend]

    @property
    def brokers(self) -> tuple[int, ...]:
        return tuple(self._brokers)

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(map(self.address, self._brokers))

    @property
    def subject_bootstrap_servers(self) -> str:
        return ",".join(f"{HOST}:{broker.ports.subject}" for broker in self._brokers.values())

    def address(self, node: int) -> str:
        return f"{HOST}:{self._broker(node).ports.direct}"

    def start(self, node: int) -> None:
        broker = self._broker(node)
        if broker.running:
            raise ClusterError(f"broker {node} is already running")
        broker.launch()
        wait_until_ready([broker], frozenset({node}), READY_TIMEOUT_S)

    def stop(self, node: int) -> bool:
        return self._broker(node).stop()

    def kill(self, node: int) -> None:
        self._broker(node).kill()

    def pause(self, node: int) -> None:
        self._broker(node).pause()

    def resume(self, node: int) -> None:
        self._broker(node).resume()

    def log(self, node: int) -> Path:
        return self._broker(node).log

    def features(self) -> Mapping[str, int]:
        for node in self._brokers:
            with contextlib.suppress(OSError):
                return requests.features(self.address(node))
        raise ClusterError(f"no broker of {self.bootstrap_servers} answers")

    def _broker(self, node: int) -> N:
        try:
            return self._brokers[node]
        except KeyError:
            raise ClusterError(f"there is no broker {node}; brokers are {self.brokers}") from None


def wait_until_ready(brokers: Iterable[Node], nodes: frozenset[int], timeout_s: float) -> None:
    """Until each of `brokers` knows all `nodes`; `ClusterError` when a broker ends, or not in time."""
    deadline = time.monotonic() + timeout_s
    waiting = list(brokers)
    while waiting := [broker for broker in waiting if not broker.knows(nodes)]:
        if time.monotonic() > deadline:
            first = waiting[0]
            raise ClusterError(f"broker {first.node} is not ready after {timeout_s:.0f} s; its log: {first.log}")
        time.sleep(LOOK_S)
