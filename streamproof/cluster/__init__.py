"""Where Kafka runs: embedded processes of this machine, containers, or a cluster that exists."""

from streamproof.cluster.artifacts import DEFAULT_VERSION, kafka_jars, versions
from streamproof.cluster.backends import EMBEDDED, STARTED, open_cluster
from streamproof.cluster.base import Cluster, has_one_clock
from streamproof.cluster.embedded import EmbeddedCluster, start_embedded
from streamproof.cluster.existing import ExistingCluster, connect_existing

__all__ = [
    "DEFAULT_VERSION",
    "EMBEDDED",
    "STARTED",
    "Cluster",
    "EmbeddedCluster",
    "ExistingCluster",
    "connect_existing",
    "has_one_clock",
    "kafka_jars",
    "open_cluster",
    "start_embedded",
    "versions",
]
