"""Setting up a share group before its first member comes: what it reads is said by its settings, not by its clients."""

from streamproof.contract.model import Contract
from streamproof.kafka.groups import set_share_group

# the first members would else begin at the end of the log, whatever waits there for them
FROM_THE_BEGINNING = {"share.auto.offset.reset": "earliest"}


def set_up_share_group(servers: str, contract: Contract) -> None:
    """Nothing where the contract's group is none. ClusterError where the brokers have no share groups."""
    if contract.shared:
        isolated = {"share.isolation.level": contract.isolation}
        set_share_group(servers, contract.group, FROM_THE_BEGINNING | isolated)
