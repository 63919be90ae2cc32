"""What every cluster has, wherever Kafka runs, and whoever runs it."""

import ipaddress
import sys
from collections.abc import Mapping
from typing import ClassVar

from streamproof.capabilities import OF_BACKEND, Capability
from streamproof.cluster.security import PLAIN, Security
from streamproof.errors import ClusterError
from streamproof.kafka import requests
from streamproof.kafka.protocol import parse_address


class Cluster:
    """Brokers that are up.

    `backend`: embedded, testcontainers or existing. `version`: of Apache Kafka, `unknown` where no broker says it.
    `bootstrap_servers`: the direct listeners, for observers and administration. `subject_bootstrap_servers`: the
    listeners that a subject gets; each advertises the address of a proxy, where a proxy is in use.
    """

    backend: ClassVar[str]
    security: Security | None = None  # of the listeners that a subject gets

    def __init__(self, version: str, addresses: Mapping[int, str], servers: str, subject_servers: str) -> None:
        self.version = version
        self._addresses = dict(sorted(addresses.items()))
        self.bootstrap_servers = servers
        self.subject_bootstrap_servers = subject_servers

    @property
    def brokers(self) -> tuple[int, ...]:
        """Node ids, up or not."""
        return tuple(self._addresses)

    @property
    def subject_values(self) -> Mapping[str, str]:
        """What a subject is told of the cluster, by placeholder."""
        secured = self.security.values if self.security else PLAIN
        return {"bootstrap_servers": self.subject_bootstrap_servers, **secured}

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What a run may do to the brokers."""
        return OF_BACKEND[self.backend]

    def address(self, node: int) -> str:
        """`host:port` of a broker's direct listener; `ClusterError` when there is no such broker."""
        try:
            return self._addresses[node]
        except KeyError:
            raise ClusterError(f"there is no broker {node}; brokers are {self.brokers}") from None

    def features(self) -> Mapping[str, int]:
        """Finalized feature levels, such as {"transaction.version": 2}; `ClusterError` when no broker answers."""
        return requests.first_answer(self.bootstrap_servers, requests.features)


def has_one_clock(cluster: Cluster) -> bool:
    """Whether all brokers are on this machine, so that the times that they give can be compared.

    Brokers on loopback are, unless containers run in a virtual machine, as Docker's do outside Linux.
    """
    if cluster.backend != "embedded" and sys.platform != "linux":
        return False
    return all(_is_loopback(parse_address(cluster.address(node))[0]) for node in cluster.brokers)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
