"""Real Apache Kafka as processes of this machine: the default place to run."""

import contextlib
import signal
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from streamproof.cluster import ask
from streamproof.cluster.artifacts import DEFAULT_VERSION, Say, silent
from streamproof.cluster.broker import Broker, make_brokers, take_ports, wait_until_ready
from streamproof.cluster.ports import HOST, PortLease
from streamproof.cluster.runtime import Runtime, prepare
from streamproof.cluster.settings import OWN
from streamproof.cluster.training import train
from streamproof.errors import ClusterError, UsageError
from streamproof.guardian import Guardian

READY_TIMEOUT_S = 60.0


class EmbeddedCluster:
    """Brokers 1 to n, each broker and controller. Closing it ends them all at once: its data is not for later."""

    backend = "embedded"
    can_break_brokers = True

    def __init__(self, runtime: Runtime, brokers: Mapping[int, Broker], ports: PortLease) -> None:
        self._runtime = runtime
        self._brokers = dict(brokers)
        self._ports = ports

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def launch_all(self) -> None:
        """Start every broker, and return when each knows all."""
        for broker in self._brokers.values():
            broker.launch(self._runtime.broker_flags())
        wait_until_ready(list(self._brokers.values()), frozenset(self._brokers), READY_TIMEOUT_S)

    def close(self) -> None:
        for broker in self._brokers.values():
            with contextlib.suppress(ClusterError):
                broker.signal(signal.SIGKILL)
        for broker in self._brokers.values():
            broker.wait()
        self._ports.close()

    @property
    def version(self) -> str:
        return self._runtime.release.version

    @property
    def brokers(self) -> tuple[int, ...]:
        return tuple(self._brokers)

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(broker.address for broker in self._brokers.values())

    @property
    def subject_bootstrap_servers(self) -> str:
        return ",".join(f"{HOST}:{broker.ports.subject}" for broker in self._brokers.values())

    def address(self, node: int) -> str:
        return self._broker(node).address

    def start(self, node: int) -> None:
        broker = self._broker(node)
        if broker.running:
            raise ClusterError(f"broker {node} is already running")
        broker.launch(self._runtime.broker_flags())
        wait_until_ready([broker], frozenset({node}), READY_TIMEOUT_S)

    def stop(self, node: int) -> None:
        self._broker(node).stop()

    def kill(self, node: int) -> None:
        self._broker(node).kill()

    def pause(self, node: int) -> None:
        self._broker(node).signal(signal.SIGSTOP)

    def resume(self, node: int) -> None:
        self._broker(node).signal(signal.SIGCONT)

    def log(self, node: int) -> Path:
        return self._broker(node).log

    def features(self) -> Mapping[str, int]:
        for broker in self._brokers.values():
            with contextlib.suppress(OSError):
                return ask.features(broker.address)
        raise ClusterError(f"no broker of {self.bootstrap_servers} answers")

    def _broker(self, node: int) -> Broker:
        try:
            return self._brokers[node]
        except KeyError:
            raise ClusterError(f"there is no broker {node}; brokers are {self.brokers}") from None


def start_embedded(
    guardian: Guardian,
    *,
    brokers: int = 3,
    version: str = DEFAULT_VERSION,
    logs: Path,
    settings: Mapping[str, str] | None = None,
    port: int | None = None,
    progress: Say = silent,
) -> EmbeddedCluster:
    """Start a cluster, and return when every broker knows all the others.

    `settings` override the brokers'; `port`: broker n listens (for observers) at `port + n - 1`, else anywhere.
    `UsageError` for an even number of brokers, an unknown version or a setting that is the cluster's own;
    `ArtifactError` when Kafka or Java cannot be had; `ClusterError` when a port is in use, or a broker ends or is not
    ready in 60 s.
    """
    if brokers < 1 or brokers % 2 == 0:
        raise UsageError(f"a cluster has an odd number of brokers, not {brokers}")
    if owned := OWN & set(settings or {}):
        raise UsageError(f"{', '.join(sorted(owned))} cannot be set: the cluster's own wiring needs it; leave it out")
    runtime = prepare(version, progress)
    train(guardian, runtime, progress)
    lease = PortLease()
    cluster = EmbeddedCluster(runtime, {}, lease)
    try:
        ports = take_ports(lease, brokers, port)
        made = make_brokers(guardian, runtime, ports, logs=logs, settings=settings or {})
        cluster = EmbeddedCluster(runtime, made, lease)
        progress(f"starting {brokers} broker{'s' if brokers > 1 else ''}")
        cluster.launch_all()
    except BaseException:
        cluster.close()
        raise
    return cluster
