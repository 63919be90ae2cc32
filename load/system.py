"""What the load goes to: a cluster, started by `streamproof up` if none is given, and the pipeline's API on it."""

import json
import os
import sys
import time
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Self

import httpx

from streamproof.cluster import connect_existing
from streamproof.cluster.ports import HOST, PortLease
from streamproof.errors import ClusterError
from streamproof.guardian import Guardian
from streamproof.kafka.topics import create_topics

ROOT = Path(__file__).parent.parent
TOPIC = "order-events"
KEYS = "order-keys"  # of the API, which is ready when both are there
PARTITIONS = 6
READY_S = 60.0
LOOK_S = 0.05


class System:
    """Started once, by the process that users see; everything of it ends with `close`, or with that process."""

    def __init__(self) -> None:
        self._guardian = Guardian()
        self._ports = PortLease()
        self._up: Popen[bytes] | None = None

    @classmethod
    def start(cls, *, cluster: str, api: str, with_api: bool) -> tuple[Self, str, str]:
        """The system, its brokers' addresses and the API's. What is given as an address is used as it is."""
        system = cls()
        try:
            servers = cluster if ":" in cluster else system._start_cluster(cluster)
            replication = min(3, len(connect_existing(servers).brokers))
            create_topics(servers, dict.fromkeys((TOPIC, KEYS), PARTITIONS), replication=replication)
            return system, servers, api or (system._start_api(servers) if with_api else "")
        except BaseException:
            system.close()
            raise

    def close(self) -> None:
        if self._up is not None and self._up.poll() is None:
            self._up.terminate()
            self._up.wait()
        self._guardian.close()
        self._ports.close()

    def _start_cluster(self, cluster: str) -> str:
        command = [sys.executable, "-m", "streamproof", "up", "--json", "--cluster", cluster]
        self._up = self._guardian.popen(command, stdout=PIPE)
        assert self._up.stdout is not None  # noqa: S101 - it is a pipe
        line = self._up.stdout.readline()
        if not line:
            raise ClusterError(f"streamproof up --cluster {cluster} ended with status {self._up.wait()}")
        return str(json.loads(line)["bootstrap_servers"])

    def _start_api(self, servers: str) -> str:
        (port,) = self._ports.take(1)
        log = self._guardian.directory / "api.log"
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "INPUT_TOPIC": TOPIC,
            "HOST": HOST,
            "PORT": str(port),
        }
        with log.open("wb") as output:
            process = self._guardian.popen(
                [sys.executable, "-m", "pipeline", "api"], env=environment, cwd=ROOT, stdout=output, stderr=output
            )
        url = f"http://{HOST}:{port}"
        until = time.monotonic() + READY_S
        while not _answers(f"{url}/readyz"):
            if process.poll() is not None or time.monotonic() > until:
                lines = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
                raise ClusterError(f"the API was not ready; its last lines:\n{lines}")
            time.sleep(LOOK_S)
        return url


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.TransportError:
        return False
