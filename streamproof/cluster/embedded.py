"""Real Apache Kafka as processes of this machine: the default place to run."""

import contextlib
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from streamproof.cluster.artifacts import DEFAULT_VERSION, Progress, silent
from streamproof.cluster.broker import Broker, make_brokers, take_ports
from streamproof.cluster.owned import OwnedCluster
from streamproof.cluster.ports import PortLease
from streamproof.cluster.runtime import prepare
from streamproof.cluster.settings import check_wanted
from streamproof.cluster.training import train
from streamproof.errors import ClusterError, UnsupportedByCluster
from streamproof.guardian import Guardian


class EmbeddedCluster(OwnedCluster[Broker]):
    """Brokers as local processes."""

    backend = "embedded"

    def disconnect(self, node: int) -> None:
        self._refuse("disconnect", node)

    def connect(self, node: int) -> None:
        self._refuse("connect", node)

    def _refuse(self, what: str, node: int) -> NoReturn:
        raise UnsupportedByCluster(
            f"cannot {what} broker {node}: embedded brokers have no network between them; use --cluster testcontainers"
        )

    def _end(self) -> None:
        for broker in self._brokers.values():
            with contextlib.suppress(ClusterError):
                broker.signal(signal.SIGKILL)
        for broker in self._brokers.values():
            broker.wait()


def start_embedded(
    guardian: Guardian,
    *,
    brokers: int = 3,
    version: str = DEFAULT_VERSION,
    logs: Path,
    settings: Mapping[str, str] | None = None,
    port: int | None = None,
    progress: Progress = silent,
) -> EmbeddedCluster:
    """Start a cluster, and return when every broker knows all the others.

    `settings` override the brokers'; `port`: broker n listens (for observers) at `port + n - 1`, else anywhere.
    `UsageError` for an even number of brokers, an unknown version or a setting that is the cluster's own;
    `ArtifactError` when Kafka or Java cannot be had; `ClusterError` when a port is in use, or a broker ends or is not
    ready in 60 s.
    """
    check_wanted(brokers, settings or {})
    runtime = prepare(version, progress)
    train(guardian, runtime, progress)
    lease = PortLease()
    cluster = EmbeddedCluster(version, {}, lease)
    try:
        ports = take_ports(lease, brokers, port)
        made = make_brokers(guardian, runtime, ports, logs=logs, settings=settings or {})
        cluster = EmbeddedCluster(version, made, lease)
        cluster.launch_all(progress)
    except BaseException:
        cluster.close()
        raise
    return cluster
