"""A cluster that runs already, known by a bootstrap address: it can be used, not broken."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from streamproof.capabilities import Capability
from streamproof.errors import ClusterError, UnsupportedByCluster
from streamproof.kafka import requests


class ExistingCluster:
    """Somebody else's brokers: what needs control over them raises `UnsupportedByCluster`."""

    backend = "existing"
    capabilities: frozenset[Capability] = frozenset()
    version = "unknown"  # a broker does not say it

    def __init__(self, bootstrap_servers: str, addresses: Mapping[int, str], features: Mapping[str, int]) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._addresses = dict(addresses)
        self._features = dict(features)

    @property
    def brokers(self) -> tuple[int, ...]:
        return tuple(sorted(self._addresses))

    @property
    def bootstrap_servers(self) -> str:
        return self._bootstrap_servers

    @property
    def subject_bootstrap_servers(self) -> str:
        return self._bootstrap_servers

    def address(self, node: int) -> str:
        try:
            return self._addresses[node]
        except KeyError:
            raise ClusterError(f"there is no broker {node} at {self._bootstrap_servers}") from None

    def features(self) -> Mapping[str, int]:
        return dict(self._features)

    def start(self, node: int) -> None:
        self._refuse("start", node)

    def stop(self, node: int) -> bool:
        self._refuse("stop", node)

    def kill(self, node: int) -> None:
        self._refuse("kill", node)

    def pause(self, node: int) -> None:
        self._refuse("pause", node)

    def resume(self, node: int) -> None:
        self._refuse("resume", node)

    def disconnect(self, node: int) -> None:
        self._refuse("disconnect", node)

    def connect(self, node: int) -> None:
        self._refuse("connect", node)

    def log(self, node: int) -> Path:
        self._refuse("read the log of", node)

    def _refuse(self, what: str, node: int) -> NoReturn:
        raise UnsupportedByCluster(
            f"cannot {what} broker {node} of the existing cluster at {self._bootstrap_servers}; "
            "use an embedded cluster for faults of brokers"
        )


def connect_existing(bootstrap_servers: str) -> ExistingCluster:
    """Ask a cluster who its brokers are; `ClusterError` when none of the addresses answers."""

    def look(address: str) -> ExistingCluster:
        addresses = {
            int(broker.node_id): f"{broker.host}:{broker.port}" for broker in requests.metadata(address).brokers
        }
        return ExistingCluster(bootstrap_servers, addresses, requests.features(address))

    return requests.first_answer(bootstrap_servers, look)
