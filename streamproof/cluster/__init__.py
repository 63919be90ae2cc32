"""Where Kafka runs: embedded processes of this machine, containers, or a cluster that exists."""

from streamproof.cluster.artifacts import DEFAULT_VERSION, kafka_jars, versions
from streamproof.cluster.backends import EMBEDDED, EXISTING, STARTED, check_cluster, open_cluster
from streamproof.cluster.base import Cluster, has_one_clock
from streamproof.cluster.embedded import EmbeddedCluster, start_embedded
from streamproof.cluster.existing import ExistingCluster, connect_existing
from streamproof.cluster.owned import NetworkedCluster, OwnedCluster, under_control

__all__ = [
    "DEFAULT_VERSION",
    "EMBEDDED",
    "EXISTING",
    "STARTED",
    "Cluster",
    "EmbeddedCluster",
    "ExistingCluster",
    "NetworkedCluster",
    "OwnedCluster",
    "check_cluster",
    "connect_existing",
    "has_one_clock",
    "kafka_jars",
    "open_cluster",
    "start_embedded",
    "under_control",
    "versions",
]
