"""A cluster that runs already, known by a bootstrap address: it can be used, not broken."""

from streamproof.cluster.base import Cluster
from streamproof.kafka import requests


class ExistingCluster(Cluster):
    """Somebody else's brokers."""

    backend = "existing"


def connect_existing(bootstrap_servers: str) -> ExistingCluster:
    """Ask a cluster who its brokers are; `ClusterError` when none of the addresses answers."""
    found = requests.find_metadata(bootstrap_servers).brokers
    addresses = {int(broker.node_id): f"{broker.host}:{broker.port}" for broker in found}
    return ExistingCluster("unknown", addresses, bootstrap_servers, bootstrap_servers)
