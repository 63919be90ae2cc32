"""On which brokers partitions are, and which of these should lead them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from kio.schema.alter_partition_reassignments.v0.request import (
    AlterPartitionReassignmentsRequest,
    ReassignablePartition,
    ReassignableTopic,
)
from kio.schema.alter_partition_reassignments.v0.response import AlterPartitionReassignmentsResponse
from kio.schema.elect_leaders.v2.request import ElectLeadersRequest, TopicPartitions
from kio.schema.elect_leaders.v2.response import ElectLeadersResponse
from kio.schema.errors import ErrorCode
from kio.schema.types import BrokerId, TopicName
from kio.static.primitive import i8, i32

from streamproof.kafka import requests
from streamproof.kafka.leaders import Partition

PREFERRED = i8(0)  # of the kinds of elections
Order = tuple[int, ...]  # the nodes that have a partition; the first should lead it


def list_replicas(bootstrap: str, topics: Iterable[str]) -> dict[Partition, tuple[int, Order]]:
    """Who leads each partition of `topics`, and who has it, in order; `NotYet` where a topic is not there."""
    found: dict[Partition, tuple[int, Order]] = {}
    for topic in requests.find_metadata(bootstrap, topics).topics:
        requests.check(topic.error_code, f'topic "{topic.name}"')
        for part in topic.partitions:
            replicas = tuple(int(node) for node in part.replica_nodes)
            found[str(topic.name), int(part.partition_index)] = int(part.leader_id), replicas
    return found


def let_lead(bootstrap: str, orders: Mapping[Partition, Order]) -> None:
    """Give each partition's replicas this order, and have the first of them elected: in good order, nobody is away."""
    reorder(bootstrap, orders)
    requests.patiently(lambda: _elect(bootstrap, _by_topic(orders)))


def reorder(bootstrap: str, orders: Mapping[Partition, Order]) -> None:
    """Give each partition's replicas this order; who leads now leads on."""
    requests.patiently(lambda: _reorder(bootstrap, _by_topic(orders)))


def _by_topic(orders: Mapping[Partition, Order]) -> Mapping[str, Mapping[int, Order]]:
    by_topic: dict[str, dict[int, Order]] = defaultdict(dict)
    for (topic, part), order in orders.items():
        by_topic[topic][part] = order
    return by_topic


def _reorder(bootstrap: str, orders: Mapping[str, Mapping[int, Order]]) -> None:
    topics = tuple(
        ReassignableTopic(
            name=TopicName(topic),
            partitions=tuple(
                ReassignablePartition(partition_index=i32(part), replicas=tuple(map(BrokerId, order)))
                for part, order in parts.items()
            ),
        )
        for topic, parts in orders.items()
    )
    request = AlterPartitionReassignmentsRequest(topics=topics)
    answer = requests.ask_any(bootstrap, request, AlterPartitionReassignmentsResponse)
    requests.check(answer.error_code, "the order of replicas")
    for topic in answer.responses:
        for part in topic.partitions:
            requests.check(part.error_code, f"the replicas of partition {part.partition_index} of {topic.name}")


def _elect(bootstrap: str, orders: Mapping[str, Mapping[int, Order]]) -> None:
    wanted = tuple(
        TopicPartitions(topic=TopicName(topic), partitions=tuple(map(i32, parts))) for topic, parts in orders.items()
    )
    request = ElectLeadersRequest(election_type=PREFERRED, topic_partitions=wanted)
    answer = requests.ask_any(bootstrap, request, ElectLeadersResponse)
    requests.check(answer.error_code, "the election of leaders")
    for topic in answer.replica_election_results:
        for part in topic.partition_result:
            if part.error_code is not ErrorCode.election_not_needed:
                requests.check(part.error_code, f"the leader of partition {part.partition_id} of {topic.topic}")
