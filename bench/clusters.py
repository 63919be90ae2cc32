"""How soon Kafka is there, beside the way of Kafka's own scripts: format with the tool, start with Java as it is."""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streamproof.cluster import DEFAULT_VERSION, start_embedded
from streamproof.cluster.broker import Broker, make_brokers, new_id, take_ports
from streamproof.cluster.cache import CACHE_DIR
from streamproof.cluster.owned import wait_until_ready
from streamproof.cluster.ports import PortLease
from streamproof.cluster.runtime import MAIN, Runtime, prepare
from streamproof.guardian import Guardian

REPEATS = 3
SCRIPTS = "kafka-storage format, kafka-server-start"
SCRIPT_FLAGS = ("-Xmx1G", "-Xms1G", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")  # those of kafka-server-start


def cluster_start() -> list[dict[str, Any]]:
    """Seconds until every broker knows all: 1 and 3 brokers, warm, and 3 from an empty cache (network included)."""
    ours(1)  # so that the cache is whole
    rows = []
    for brokers in (1, 3):
        value = statistics.median(ours(brokers) for _ in range(REPEATS))
        peer = statistics.median(by_script(brokers) for _ in range(REPEATS))
        rows.append(row(f"cluster start, warm, brokers: {brokers}", value, SCRIPTS, peer))
    with empty_cache():
        rows.append(row("cluster start, empty cache, brokers: 3", ours(3), None, None))
    return rows


def row(name: str, value: float, peer: str | None, peer_value: float | None) -> dict[str, Any]:
    ratio = round(value / peer_value, 2) if peer_value else None
    shown = round(peer_value, 2) if peer_value else None
    return {"name": name, "value": round(value, 2), "unit": "s", "peer": peer, "peer_value": shown, "ratio": ratio}


def ours(brokers: int) -> float:
    with Guardian() as guardian:
        started = time.perf_counter()
        with start_embedded(guardian, brokers=brokers, logs=guardian.directory / "logs"):
            return time.perf_counter() - started


def by_script(brokers: int) -> float:
    """The same settings, ports and jars, but formatted and started as Kafka's quick start does."""
    runtime, lease = prepare(DEFAULT_VERSION), PortLease()
    with Guardian() as guardian:
        logs = guardian.directory / "logs"
        made = make_brokers(guardian, runtime, take_ports(lease, brokers, None), logs=logs, settings={})
        started = time.perf_counter()
        cluster_id = new_id()
        for broker in made.values():
            format_and_launch(guardian, runtime, broker, cluster_id)
        wait_until_ready(list(made.values()), frozenset(made), 60)
        taken = time.perf_counter() - started
        for broker in made.values():
            broker.kill()
    lease.close()
    return taken


def format_and_launch(guardian: Guardian, runtime: Runtime, broker: Broker, cluster_id: str) -> None:
    properties = broker.properties  # the peer runs on what was laid out for ours
    for file in (broker.directory / "data").iterdir():
        file.unlink()
    java = [str(runtime.java.executable), *SCRIPT_FLAGS, "-cp", runtime.class_path]
    tool = [*java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(properties)]
    guardian.popen(tool, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait()
    with broker.log.open("ab") as log:
        broker._process = guardian.popen([*java, MAIN, str(properties)], stdout=log, stderr=log)  # noqa: SLF001


@contextmanager
def empty_cache() -> Iterator[Path]:
    """A cache of this run's own, that nothing is in yet."""
    before = os.environ.get(CACHE_DIR)
    with tempfile.TemporaryDirectory() as directory:
        os.environ[CACHE_DIR] = directory
        try:
            yield Path(directory)
        finally:
            if before is None:
                del os.environ[CACHE_DIR]
            else:
                os.environ[CACHE_DIR] = before
