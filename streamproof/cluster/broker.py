"""A broker as a local process: formatted, started, ended and started again on the same ports and data."""

import base64
import itertools
import resource
import secrets
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from streamproof.cluster.java import start_java
from streamproof.cluster.ports import HOST, PortLease
from streamproof.cluster.runtime import CHECKPOINT, MAIN, Runtime
from streamproof.cluster.security import Security
from streamproof.cluster.settings import BrokerPorts, broker_settings, write_properties
from streamproof.errors import ClusterError
from streamproof.guardian import Guardian

LAST_LINES = 12
STOP_TIMEOUT_S = 10.0  # a broker that is told to stop waits for its controllers, which may be gone for good
numbers = itertools.count(1)  # of the clusters of this process


def new_id() -> str:
    """An id as Kafka writes it: 16 random bytes in URL-safe base64. Never with a dash first, which tools take amiss."""
    while (made := base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")).startswith("-"):
        pass
    return made


@dataclass(eq=False)
class Broker:
    """A node. Not for several threads at once. `directory`: of its settings and its data."""

    guardian: Guardian
    runtime: Runtime
    node: int
    ports: BrokerPorts
    directory: Path
    log: Path
    _process: "subprocess.Popen[bytes] | None" = None
    _log_start: int = 0  # in bytes, of the process that was started last

    @property
    def properties(self) -> Path:
        return self.directory / "server.properties"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def format(self, cluster_id: str, checkpoint: bytes, settings: Mapping[str, str]) -> None:
        """Make its directory: what Kafka's tool would write, without a start of Java."""
        data = Path(settings["log.dirs"])
        data.mkdir(parents=True)
        (data / CHECKPOINT).write_bytes(checkpoint)
        identity = {"version": "1", "cluster.id": cluster_id, "node.id": str(self.node), "directory.id": new_id()}
        write_properties(data / "meta.properties", identity)
        write_properties(self.properties, settings)

    def launch(self, flags: tuple[str, ...] | None = None) -> None:
        """Start its process; returns at once. `flags` are Java's, in place of those that make a start quick."""
        flags = self.runtime.broker_flags() if flags is None else flags
        command = self.runtime.command(MAIN, str(self.properties), directory=self.directory, flags=flags)
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            self._process = start_java(self.guardian, command, self.directory, output)

    def signal(self, number: int) -> None:
        if self._process is None or self._process.poll() is not None:
            raise ClusterError(f"broker {self.node} is not running; start it first")
        self._process.send_signal(number)

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def fill_disk(self) -> None:
        """Let it write nothing more: no file of its process may grow. To it that is a disk without room."""
        if self._process is None or self._process.poll() is not None:
            raise ClusterError(f"broker {self.node} is not running; start it first")
        _, most = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (0, most))

    def wait(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Until its process has ended, by force if need be; whether it needed none."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True

    def why_it_ended(self) -> str:
        if b"Address already in use" in self.log.read_bytes()[self._log_start :]:
            taken = ", ".join(map(str, astuple(self.ports)))
            return f"broker {self.node} found one of its ports in use ({taken} on {HOST}); end what listens there"
        status = self._process.returncode if self._process else None
        return why_it_ended(f"broker {self.node}", status, self.log, self._log_start)


def why_it_ended(who: str, status: int | None, log: Path, since: int = 0) -> str:
    """A sentence, and what of the log tells the cause, from the byte `since` on."""
    lines = log.read_bytes()[since:].decode(errors="replace").splitlines()
    last = "\n".join(f"    {line}" for line in _telling(lines))
    return f"{who} ended with status {status}; its last lines:\n{last}\nwhole log: {log}"


def _telling(lines: list[str]) -> list[str]:
    """The last lines that say why: from the first error on, without stack frames and what is said besides."""
    messages = [line for line in lines if line.strip() and not line[0].isspace()]
    errors = itertools.dropwhile(lambda line: " ERROR " not in line and " FATAL " not in line, messages)
    why = [line for line in errors if " INFO " not in line and " WARN " not in line]
    return (why or messages)[-LAST_LINES:] or ["(it wrote nothing)"]


def take_ports(lease: PortLease, brokers: int, first: int | None) -> dict[int, BrokerPorts]:
    """Four ports a broker; the first listener's from `first` on, if given. `ClusterError` when a port is in use."""
    ports = {}
    for node in range(1, brokers + 1):
        direct = lease.take(1)[0] if first is None else lease.take_at(first + node - 1)
        ports[node] = BrokerPorts(direct, *lease.take(3))
    return ports


def make_brokers(
    guardian: Guardian,
    runtime: Runtime,
    ports: Mapping[int, BrokerPorts],
    *,
    logs: Path,
    settings: Mapping[str, str],
    security: Security | None = None,
) -> dict[int, Broker]:
    """Format every broker, in a directory of this cluster."""
    logs.mkdir(parents=True, exist_ok=True)
    home = guardian.directory / f"cluster-{next(numbers)}"
    cluster_id = new_id()
    made = {}
    for node, own in ports.items():
        directory = home / f"broker-{node}"
        own_settings = broker_settings(node, ports, str(directory / "data"), settings, security=security)
        broker = Broker(guardian, runtime, node, own, directory, logs / f"broker-{node}.log")
        broker.format(cluster_id, runtime.checkpoint(guardian, own_settings), own_settings)
        made[node] = broker
    return made
