"""Which of the logs that the subject uses a broker leads: what is missed when it goes."""

import contextlib
from collections.abc import Collection, Iterable, Mapping

from streamproof.errors import ClusterError
from streamproof.faults.system import System
from streamproof.kafka.leaders import list_leaders

GROUPS, TRANSACTIONS = "__consumer_offsets", "__transaction_state"
Logs = Mapping[str, frozenset[int] | None]  # of each topic these partitions, or all


def logs_of(system: System, transactional_ids: Iterable[str]) -> Logs:
    """What the subject uses: its input, topics that it writes to, and of the coordinators' logs its own partitions."""
    servers = system.cluster.bootstrap_servers
    ids = {GROUPS: [system.group] if system.group else [], TRANSACTIONS: list(transactional_ids)}
    own = {topic: _partitions_of(servers, topic, names) for topic, names in ids.items() if names}
    return {**dict.fromkeys((system.topic, *system.list_written_topics())), **own}


def _partitions_of(servers: str, topic: str, names: Collection[str]) -> frozenset[int]:
    """Where a coordinators' topic keeps these; none when it is not there."""
    with contextlib.suppress(ClusterError):
        count = len(list_leaders(servers, topic))
        return frozenset(_hash(name) % count for name in names)
    return frozenset()


def _hash(name: str) -> int:
    """By which Kafka chooses the partition: Java's String.hashCode without its sign; 0 for the least int."""
    found = 0
    units = name.encode("utf-16-be")
    for high, low in zip(units[::2], units[1::2], strict=True):
        found = (31 * found + (high << 8 | low)) & 0xFFFFFFFF
    return min(found, 2**32 - found) % 2**31


def led_by(node: int, logs: Logs, servers: str) -> int:
    """How many of these partitions a broker leads, as `servers` know it.

    ClusterError or NotYet when they do not answer: what is not known is not gone.
    """
    return sum(
        leader == node
        for topic, parts in logs.items()
        for part, leader in enumerate(list_leaders(servers, topic) if parts is None or parts else ())
        if parts is None or part in parts
    )


def leads_nothing(node: int, logs: Logs, others: Collection[str]) -> bool:
    """Whether each of the others has heard so: a broker that lags would still name it the leader when asked next."""
    try:
        return bool(others) and all(led_by(node, logs, other) == 0 for other in others)
    except ClusterError:
        return False
