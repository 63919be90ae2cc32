"""Java's ahead-of-time cache: made once by a broker that starts, does a little of everything, and stops.

With it a broker starts in half the time. It fits a single Java and class path, so it is kept under both; without it, or
when Java leaves it aside, all works the same, only slower.
"""

import contextlib
import tempfile
import time
from pathlib import Path

from streamproof.cluster.artifacts import Say
from streamproof.cluster.broker import make_brokers, take_ports
from streamproof.cluster.cache import make_once, write_whole
from streamproof.cluster.owned import wait_until_ready
from streamproof.cluster.ports import PortLease
from streamproof.cluster.runtime import Runtime
from streamproof.errors import ArtifactError, ClusterError
from streamproof.guardian import Guardian
from streamproof.kafka.groups import find_group_coordinator
from streamproof.kafka.topics import create_topics
from streamproof.kafka.transactions import find_transaction_coordinator

TIMEOUT_S = 120.0
UNUSED_S = 30 * 24 * 3600


def train(guardian: Guardian, runtime: Runtime, say: Say) -> None:
    """Make the cache if this Java can use it and it is not there; does nothing otherwise."""
    if runtime.java.has_aot:
        make_once(runtime.aot_cache, lambda: _train(guardian, runtime, say))


def _train(guardian: Guardian, runtime: Runtime, say: Say) -> None:
    say(f"preparing Apache Kafka {runtime.release.version} to start faster, once")
    made = Path(tempfile.mkdtemp(prefix="training-", dir=guardian.directory)) / "kafka.aot"
    with contextlib.suppress(ClusterError):
        _run_once(guardian, runtime, made)
    with contextlib.suppress(OSError, ArtifactError):
        _forget_unused(runtime.directory)
        write_whole(runtime.aot_cache, made.read_bytes())


def _run_once(guardian: Guardian, runtime: Runtime, output: Path) -> None:
    with contextlib.closing(PortLease()) as lease:
        ports = take_ports(lease, 1, None)
        (broker,) = make_brokers(guardian, runtime, ports, logs=output.parent, settings={}).values()
        broker.launch((f"-XX:AOTCacheOutput={output}",))
        try:
            wait_until_ready([broker], frozenset({1}), TIMEOUT_S)
            address = broker.ports.direct_address
            create_topics(address, {"training": 1}, replication=1)
            find_group_coordinator(address, "training")
            find_transaction_coordinator(address, "training")
        finally:
            broker.stop(TIMEOUT_S)  # it writes the cache after its end


def _forget_unused(directory: Path) -> None:
    for path in directory.glob("*.aot"):
        if path.stat().st_atime < time.time() - UNUSED_S:
            path.unlink()
