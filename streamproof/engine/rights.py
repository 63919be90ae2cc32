"""What a subject may do on a cluster that asks who it is: what its contract names, and nothing else."""

from collections.abc import Iterator

from streamproof.cluster import Cluster
from streamproof.contract.model import Contract
from streamproof.kafka.access import ALL_NAMES, DESCRIBE, GROUP, READ, TOPIC, TRANSACTIONAL_ID, WRITE, Right, grant


def grant_rights(cluster: Cluster, contract: Contract) -> None:
    """In place of the rights of the run before; returns when every broker knows.

    Nothing to do where subjects do not say who they are.
    """
    if cluster.security and (principal := cluster.security.principal):
        grant(cluster.bootstrap_servers, principal, rights(contract))


def rights(contract: Contract) -> Iterator[Right]:
    """To read its input as its group, and hops; to write its effects, dead letters and hops, in transactions or not."""
    written = [produced.channel for produced in contract.produces if produced.channel.query is None]
    written += [contract.dead_letters.channel] if contract.dead_letters else []
    read = [] if contract.sends else [contract.input.channel]
    for channels, operation in ((read, READ), (written, WRITE), (contract.through, READ), (contract.through, WRITE)):
        for channel in channels:
            yield Right(TOPIC, channel.topic, operation)
            yield Right(TOPIC, channel.topic, DESCRIBE)
    if not contract.sends:
        yield Right(GROUP, ALL_NAMES if contract.through else contract.group, READ)  # later stages have their own
    for operation in (WRITE, DESCRIBE):  # no contract names transactional ids
        yield Right(TRANSACTIONAL_ID, ALL_NAMES, operation)
