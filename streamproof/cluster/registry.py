"""A real schema registry: a process of this machine (Apicurio Registry), or a registry that exists."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streamproof.cluster.artifacts import Say, silent
from streamproof.cluster.broker import why_it_ended
from streamproof.cluster.distribution import distribution, pinned
from streamproof.cluster.java import find_java, java_environment, start_java
from streamproof.cluster.ports import HOST, PortLease
from streamproof.errors import RegistryError, RegistryUnreachable
from streamproof.guardian import Guardian
from streamproof.serde.registry import SchemaRegistry

OLDEST_JAVA = 21
READY_TIMEOUT_S = 60.0
LOOK_S = 0.05
CONFLUENT_API = "/apis/ccompat/v7"
OWN_SETTINGS = ("QUARKUS_", "APICURIO_")  # variables that would change what is started


@dataclass(frozen=True)
class Registry:
    """A registry that answers. `url`: of its Confluent API; `name`: for people; `log`: of a registry started here."""

    url: str
    name: str
    log: Path | None = None

    @property
    def client(self) -> SchemaRegistry:
        return SchemaRegistry(self.url)


@contextmanager
def open_registry(where: str | None, guardian: Guardian, *, logs: Path, say: Say = silent) -> Iterator[Registry]:
    """The registry at the URL `where`; with None a new registry, which is ended when the block is left."""
    if where is not None:
        yield connect_registry(where)
    else:
        with start_registry(guardian, logs=logs, say=say) as registry:
            yield registry


def connect_registry(url: str) -> Registry:
    """A registry that exists. RegistryUnreachable when it does not answer, RegistryError when it is none."""
    client = SchemaRegistry(url)
    client.check()
    return Registry(client.url, str(client))


@contextmanager
def start_registry(guardian: Guardian, *, logs: Path, say: Say = silent) -> Iterator[Registry]:
    """Start an empty registry that keeps all in memory; it ends when the block is left. It listens on loopback alone.

    Like Confluent's, and unlike Apicurio's own default, it refuses schemas that are not backward compatible.
    `ArtifactError` when it or Java cannot be had; `RegistryError` when it ends, or is not ready in 60 s.
    """
    java = find_java(OLDEST_JAVA)
    home = distribution(say)
    directory = guardian.directory / f"registry-{time.monotonic_ns()}"
    directory.mkdir()
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / "registry.log"
    with contextlib.closing(PortLease()) as lease:
        port, management = lease.take(2)
        say("starting the registry")
        with log.open("wb") as output:
            command = java.command("-jar", str(home / "quarkus-run.jar"), directory=directory)
            process = start_java(guardian, command, directory, output, _environment(port, management))
        try:
            registry = Registry(f"http://{HOST}:{port}{CONFLUENT_API}", f"Apicurio Registry {pinned().version}", log)
            _wait_ready(process, registry)
            registry.client.require_backward()
            yield registry
        finally:
            process.kill()  # what it holds is in memory: there is nothing to put in order
            process.wait()


def _environment(port: int, management: int) -> dict[str, str]:
    around = {name: value for name, value in java_environment().items() if not name.startswith(OWN_SETTINGS)}
    return around | {
        "QUARKUS_HTTP_HOST": HOST,
        "QUARKUS_HTTP_PORT": str(port),
        "QUARKUS_MANAGEMENT_HOST": HOST,  # health and metrics; else on port 9000 of every address
        "QUARKUS_MANAGEMENT_PORT": str(management),
        # a request was seen to wait until an idle worker's keep-alive ended, 30 s by default
        "QUARKUS_THREAD_POOL_KEEP_ALIVE_TIME": "1S",
    }


def _wait_ready(process: "subprocess.Popen[bytes]", registry: Registry) -> None:
    assert registry.log is not None  # noqa: S101 - it was started here
    deadline = time.monotonic() + READY_TIMEOUT_S
    while True:
        with contextlib.suppress(RegistryUnreachable):
            registry.client.check()
            return
        if process.poll() is not None:
            raise RegistryError(why_it_ended(registry.name, process.returncode, registry.log))
        if time.monotonic() > deadline:
            raise RegistryError(f"{registry.name} is not ready after {READY_TIMEOUT_S:.0f} s; its log: {registry.log}")
        time.sleep(LOOK_S)
