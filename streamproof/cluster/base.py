"""The interface behind which Kafka runs, wherever it runs."""

import ipaddress
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from streamproof.capabilities import Capability
from streamproof.kafka.protocol import parse_address


class Cluster(Protocol):
    """Brokers that are up. Node ids are 1, 2, …; all methods block until done, and raise ClusterError.

    What a backend cannot do raises UnsupportedByCluster: an existing cluster's brokers cannot be killed.
    """

    @property
    def backend(self) -> str:
        """embedded, testcontainers or existing."""

    @property
    def version(self) -> str:
        """Of Apache Kafka; what the brokers say where it is known, else `unknown`."""

    @property
    def brokers(self) -> tuple[int, ...]:
        """Node ids, up or not."""

    @property
    def bootstrap_servers(self) -> str:
        """The direct listeners: for observers and administration."""

    @property
    def subject_bootstrap_servers(self) -> str:
        """The listeners that a subject gets: each advertises the address of a proxy, where a proxy is in use."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What a run may do to the brokers."""

    def address(self, node: int) -> str:
        """`host:port` of a broker's direct listener."""

    def stop(self, node: int) -> bool:
        """SIGTERM, and wait for the end; False when it did not end in time, and was killed."""

    def kill(self, node: int) -> None: ...

    def pause(self, node: int) -> None: ...

    def resume(self, node: int) -> None: ...

    def start(self, node: int) -> None:
        """Start a stopped or killed broker again, on the same ports and data; returns when it answers."""

    def disconnect(self, node: int) -> None:
        """Cut a broker from its peers: it goes on serving clients, as far as it can."""

    def connect(self, node: int) -> None:
        """Mend what `disconnect` cut."""

    def log(self, node: int) -> Path:
        """The broker's own log file."""

    def features(self) -> Mapping[str, int]:
        """Finalized feature levels, such as {"transaction.version": 2}."""


def has_one_clock(cluster: Cluster) -> bool:
    """Whether all brokers are on this machine, so that the times that they give can be compared.

    What is reached by way of loopback is, but where containers run in a virtual machine, as Docker's do outside Linux.
    """
    if cluster.backend != "embedded" and sys.platform != "linux":
        return False
    return all(_is_loopback(parse_address(cluster.address(node))[0]) for node in cluster.brokers)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
