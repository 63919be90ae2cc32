"""Which broker leads a partition."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from streamproof.errors import ClusterError
from streamproof.kafka import requests

Partition = tuple[str, int]


def list_leaders(bootstrap: str, topic: str) -> tuple[int, ...]:
    """The node that leads each partition, in order; -1 where none does now. `NotYet` where the topic is not there."""
    (found,) = requests.find_metadata(bootstrap, (topic,)).topics
    requests.check(found.error_code, f'topic "{topic}"')
    return tuple(part.leader_id for part in sorted(found.partitions, key=lambda part: part.partition_index))


def wait_for_leaders(bootstrap: str, topic: str) -> tuple[int, ...]:
    """The node that leads each partition, in order, as soon as all have a leader."""

    def look() -> tuple[int, ...]:
        leaders = list_leaders(bootstrap, topic)
        if -1 in leaders:
            raise requests.NotYet(f"partition {leaders.index(-1)} of {topic} has no leader")
        return leaders

    return requests.patiently(look)


def find_leader(bootstrap: str, topic: str, part: int) -> int:
    """The node that leads a partition."""
    leaders = wait_for_leaders(bootstrap, topic)
    if part >= len(leaders):
        raise ClusterError(f'topic "{topic}" has no partition {part}; it has {len(leaders)}')
    return leaders[part]


def partitions_by_leader(bootstrap: str, topics: Iterable[str]) -> Mapping[str, Mapping[str, list[int]]]:
    """The partitions of `topics` by the address of the broker that leads them; `NotYet` while any has none."""
    seen = requests.find_metadata(bootstrap, topics)
    addresses = {broker.node_id: f"{broker.host}:{broker.port}" for broker in seen.brokers}
    led: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for topic in seen.topics:
        requests.check(topic.error_code, f'topic "{topic.name}"')
        for part in topic.partitions:
            if part.leader_id not in addresses:
                raise requests.NotYet(f"partition {part.partition_index} of {topic.name} has no leader")
            led[addresses[part.leader_id]][str(topic.name)].append(part.partition_index)
    return led
