"""Apache Kafka in containers, made with Testcontainers: the official image, a container for each broker.

Each container is on two networks. The brokers know each other by their names on the cluster's own, which leads nowhere
else; clients come in by ports of 127.0.0.1, published on Docker's default bridge, where no names are known. So a broker
that is taken off the first is cut from its peers, and still has its clients. The ports are chosen here: those that
Docker chooses move when a container starts again, and a broker would go on advertising the old ports.

The run's guardian ends containers and networks, so Testcontainers' Ryuk is not started.
"""

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException, ImageNotFound
from requests import RequestException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient, get_docker_host

from streamproof.cluster.artifacts import DEFAULT_VERSION, Say, silent
from streamproof.cluster.broker import STOP_TIMEOUT_S, new_id, numbers, take_ports, why_it_ended
from streamproof.cluster.java import HEAP, QUICK_START
from streamproof.cluster.owned import NetworkedCluster
from streamproof.cluster.ports import HOST, PortLease
from streamproof.cluster.security import Security
from streamproof.cluster.settings import BrokerPorts, broker_settings, check_quorum
from streamproof.errors import ArtifactError, ClusterError, UsageError
from streamproof.guardian import LABEL, Guardian

IMAGE = "apache/kafka"
DATA = "/var/lib/kafka/data"  # a volume of the image
EDGE = "bridge"
KILLED = 128 + signal.SIGKILL  # the exit status of a container that was
_STARTING = threading.Lock()
JAVA = {"KAFKA_HEAP_OPTS": HEAP, "KAFKA_JVM_PERFORMANCE_OPTS": " ".join(QUICK_START)}


class ContainerBroker:
    """A node. Not for several threads at once."""

    def __init__(self, node: int, *, ports: BrokerPorts, container: DockerContainer, network: Any, log: Path) -> None:
        self.node = node
        self.ports = ports
        self._container = container
        self._made: Any = None  # docker-py's object, of a container that is there
        self._network = network
        self._log = log

    @property
    def log(self) -> Path:
        """What the container has written until now."""
        with _asking(f"for the log of broker {self.node}"):
            self._log.write_bytes(self._made.logs())
        return self._log

    @property
    def running(self) -> bool:
        """Paused or not."""
        if not self._made:
            return False
        with _asking(f"for broker {self.node}"):
            self._made.reload()
        return self._made.status in ("running", "paused")

    def launch(self) -> None:
        """Make the container, or start it again, which must not be running."""
        with _asking(f"to start broker {self.node}", self.ports):
            if self._made:
                self._made.start()
            else:
                with _without_ryuk():
                    self._made = self._container.start().get_wrapped_container()
                self._made.client.networks.get(EDGE).connect(self._made)

    def why_it_ended(self) -> str:
        return why_it_ended(f"broker {self.node}", self._made.attrs["State"]["ExitCode"], self.log)

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        with self._doing("stop"):
            self._made.stop(timeout=int(timeout_s))
            return bool(self._made.wait()["StatusCode"] != KILLED)

    def kill(self) -> None:
        with self._doing("kill"):
            self._made.kill()
            self._made.wait()

    def pause(self) -> None:
        with self._doing("pause"):
            self._made.pause()

    def resume(self) -> None:
        with self._doing("resume"):
            self._made.unpause()

    def disconnect(self) -> None:
        with _asking(f"to disconnect broker {self.node}"):
            self._network.disconnect(self._made)

    def connect(self) -> None:
        with _asking(f"to connect broker {self.node}"):
            self._network.connect(self._made)

    def remove(self) -> None:
        """Keep its log, and end it in whatever state it is. What Docker refuses, the guardian asks for once more."""
        if self._made:
            with contextlib.suppress(ClusterError, OSError):
                _ = self.log
        with (
            contextlib.suppress(ClusterError),
            _asking(f"to remove broker {self.node}"),
            contextlib.closing(self._container.get_docker_client().client),
        ):
            self._container.stop()

    @contextlib.contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        if not self.running:
            raise ClusterError(f"broker {self.node} is not running; start it first")
        with _asking(f"to {what} broker {self.node}"):
            yield


class ContainerCluster(NetworkedCluster[ContainerBroker]):
    """Brokers in containers on a network of their own."""

    backend = "testcontainers"


@contextlib.contextmanager
def start_containers(
    guardian: Guardian,
    *,
    brokers: int = 3,
    version: str = DEFAULT_VERSION,
    logs: Path,
    settings: Mapping[str, str] | None = None,
    port: int | None = None,
    security: Security | None = None,
    say: Say = silent,
) -> Iterator[ContainerCluster]:
    """A cluster of `apache/kafka:<version>`; its containers and its network are gone when the block is left.

    As `start_embedded`; Docker must run on this machine, and be reached by its socket. `ArtifactError` when there is no
    such image here and none can be pulled, `ClusterError` also when Docker is not reachable or refuses something.
    """
    check_quorum(brokers)
    name, labels = f"streamproof-{guardian.label}-{next(numbers)}", {LABEL: guardian.label}
    with contextlib.ExitStack() as stack:
        docker = stack.enter_context(contextlib.closing(engine()))
        guardian.own_containers(engine_socket())
        have_image(docker, version, say)
        ports = take_ports(stack.enter_context(contextlib.closing(PortLease())), brokers, port)
        logs.mkdir(parents=True, exist_ok=True)
        network = stack.enter_context(_network(docker, name, labels))
        names = {node: f"{name}-broker-{node}" for node in ports}
        variables = {"CLUSTER_ID": new_id(), **JAVA}
        made: dict[int, ContainerBroker] = {}
        for node, own in ports.items():
            own_settings = broker_settings(node, ports, DATA, settings or {}, names=names, security=security)
            container = (
                DockerContainer(f"{IMAGE}:{version}", env={**variables, **as_variables(own_settings)})
                .with_name(names[node])
                .with_kwargs(labels=labels, network=name)
            )
            published: dict[str, Any] = {f"{port}/tcp": (HOST, port) for port in (own.direct, own.subject)}
            container.ports = published
            made[node] = ContainerBroker(
                node, ports=own, container=container, network=network, log=logs / f"broker-{node}.log"
            )
            stack.callback(made[node].remove)
        cluster = ContainerCluster(version, made)
        cluster.launch_all(say, security)
        yield cluster


@contextlib.contextmanager
def _network(docker: Any, name: str, labels: Mapping[str, str]) -> Iterator[Any]:
    """The brokers' own. What Docker refuses at its end, the guardian asks for once more."""
    with _asking("for a network"):
        network = docker.networks.create(name, internal=True, labels=labels)
    try:
        yield network
    finally:
        with contextlib.suppress(ClusterError), _asking("to remove the brokers' network"):
            network.remove()


def as_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """The image's variables: `log.dirs` is KAFKA_LOG_DIRS, with `__` for `_` and `___` for `-` in a name."""
    escaped = {name.replace("_", "__").replace("-", "___").replace(".", "_"): name for name in settings}
    lines = {name: value.replace("\n", "\\n") for name, value in settings.items()}  # it writes them as properties
    return {f"KAFKA_{variable.upper()}": lines[name] for variable, name in escaped.items()}


def engine_socket() -> str:
    """The socket of Docker's engine, as Testcontainers finds it; `ClusterError` when nobody answers there."""
    host = get_docker_host() or "unix:///var/run/docker.sock"
    path = host.removeprefix("unix://")
    if path == host:
        raise UsageError(
            f"Docker at {host} may be another machine's, and the brokers' ports are needed on this machine; "
            "point DOCKER_HOST to a socket, such as unix:///var/run/docker.sock"
        )
    try:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(path)
    except OSError as error:
        raise ClusterError(
            f"Docker cannot be reached at {path} ({error.strerror}); start it, point DOCKER_HOST to its socket, "
            "or use --cluster embedded, which needs none"
        ) from error
    return path


def engine() -> Any:
    """docker-py's client; `ClusterError` when Docker cannot be reached."""
    engine_socket()  # docker-py would leave a socket open, and give a reason of several lines
    with _asking("who it is"):
        return DockerClient().client


def have_image(docker: Any, version: str, say: Say = silent) -> None:
    """Pull the image if it is not here; `ArtifactError` when that cannot be done."""
    image = f"{testcontainers_config.hub_image_name_prefix}{IMAGE}:{version}"
    try:
        try:
            docker.images.get(image)
        except ImageNotFound:
            say(f"pulling {image}")
            docker.images.pull(image)
    except DockerException as error:
        raise ArtifactError(
            f"the image {image} is not here and cannot be pulled ({_reason(error)}); "
            "load it, or build it as docs/clusters.md says"
        ) from error


@contextlib.contextmanager
def _asking(what: str, ports: BrokerPorts | None = None) -> Iterator[None]:
    """Turns Docker's refusals into errors that name the request and, for a start, the ports that it needed."""
    try:
        yield
    except (DockerException, RequestException) as error:
        reason = _reason(error)
        if ports and ("already in use" in reason or "already allocated" in reason):
            raise ClusterError(
                f"asked {what}, Docker found one of its ports in use ({ports.direct}, {ports.subject} on {HOST}); "
                "end what listens there"
            ) from error
        raise ClusterError(f"asked {what}, Docker refused: {reason}") from error


def _reason(error: Exception) -> str:
    return str(error.explanation if isinstance(error, APIError) and error.explanation else error).strip()


@contextlib.contextmanager
def _without_ryuk() -> Iterator[None]:
    """For these containers alone: a user's own tests may want it for theirs."""
    with _STARTING:
        before = testcontainers_config.ryuk_disabled
        testcontainers_config.ryuk_disabled = True
        try:
            yield
        finally:
            testcontainers_config.ryuk_disabled = before
