"""Real Apache Kafka as processes of this machine: the default place to run."""

import contextlib
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

from streamproof.cluster.artifacts import DEFAULT_VERSION, Say, silent
from streamproof.cluster.broker import Broker, make_brokers, take_ports
from streamproof.cluster.owned import OwnedCluster
from streamproof.cluster.ports import PortLease
from streamproof.cluster.runtime import prepare
from streamproof.cluster.security import Security
from streamproof.cluster.settings import check_quorum
from streamproof.cluster.training import train
from streamproof.errors import ClusterError
from streamproof.guardian import Guardian


class EmbeddedCluster(OwnedCluster[Broker]):
    """Brokers as local processes."""

    backend = "embedded"


@contextlib.contextmanager
def start_embedded(
    guardian: Guardian,
    *,
    brokers: int = 3,
    version: str = DEFAULT_VERSION,
    logs: Path,
    settings: Mapping[str, str] | None = None,
    port: int | None = None,
    security: Security | None = None,
    say: Say = silent,
) -> Iterator[EmbeddedCluster]:
    """A cluster in which every broker knows all the others; its brokers are killed when the block is left.

    `settings` override the brokers'; `port`: broker n listens (for observers) at `port + n - 1`, else anywhere.
    `UsageError` for an even number of brokers, an unknown version or a setting that is the cluster's own;
    `ArtifactError` when Kafka or Java cannot be had; `ClusterError` when a port is in use, or a broker ends or is not
    ready in 60 s.
    """
    check_quorum(brokers)
    runtime = prepare(version, say)
    train(guardian, runtime, say)
    with contextlib.closing(PortLease()) as lease:
        ports = take_ports(lease, brokers, port)
        made = make_brokers(guardian, runtime, ports, logs=logs, settings=settings or {}, security=security)
        try:
            cluster = EmbeddedCluster(version, made)
            cluster.launch_all(say, security)
            yield cluster
        finally:
            for broker in made.values():
                with contextlib.suppress(ClusterError):
                    broker.signal(signal.SIGKILL)
            for broker in made.values():
                broker.wait()
