"""What the rest asks of a cluster, and tells it: topics, leaders, coordinators, transactions, groups, offsets.

Every function takes bootstrap addresses, asks afresh, waits while the cluster is electing or loading (at most
`requests.PATIENCE_S` seconds), and raises `ClusterError` when it cannot answer. All in the plain protocol: the client
library cannot ask half of it, and prints to stderr when brokers die.
"""

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kio.schema.consumer_group_describe.v0.request import ConsumerGroupDescribeRequest
from kio.schema.consumer_group_describe.v0.response import ConsumerGroupDescribeResponse
from kio.schema.create_topics.v6.request import CreatableTopic, CreatableTopicConfig, CreateTopicsRequest
from kio.schema.create_topics.v6.response import CreateTopicsResponse
from kio.schema.describe_configs.v4.request import DescribeConfigsRequest, DescribeConfigsResource
from kio.schema.describe_configs.v4.response import DescribeConfigsResponse
from kio.schema.describe_groups.v5.request import DescribeGroupsRequest
from kio.schema.describe_groups.v5.response import DescribeGroupsResponse
from kio.schema.describe_producers.v0.request import DescribeProducersRequest, TopicRequest
from kio.schema.describe_producers.v0.response import DescribeProducersResponse
from kio.schema.describe_transactions.v0.request import DescribeTransactionsRequest
from kio.schema.describe_transactions.v0.response import DescribeTransactionsResponse
from kio.schema.errors import ErrorCode
from kio.schema.list_offsets.v5.request import ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic
from kio.schema.list_offsets.v5.response import ListOffsetsResponse
from kio.schema.list_transactions.v0.request import ListTransactionsRequest
from kio.schema.list_transactions.v0.response import ListTransactionsResponse
from kio.schema.metadata.v12.response import MetadataResponse, MetadataResponsePartition
from kio.schema.offset_fetch.v8.request import OffsetFetchRequest, OffsetFetchRequestGroup
from kio.schema.offset_fetch.v8.response import OffsetFetchResponse
from kio.schema.types import BrokerId, GroupId, TopicName, TransactionalId
from kio.serial.errors import OutOfBoundValue
from kio.static.primitive import i8, i16, i32, i64

from streamproof.errors import ClusterError
from streamproof.kafka import requests
from streamproof.kafka.protocol import Connection

TOPIC = i8(2)  # among the kinds of things that have settings
EARLIEST, LATEST = i64(-2), i64(-1)
READ_UNCOMMITTED, READ_COMMITTED = i8(0), i8(1)

Partition = tuple[str, int]


@dataclass(frozen=True)
class Transaction:
    """A transactional id at its coordinator. `start_ms` since the epoch, `None` before the first transaction."""

    transactional_id: str
    state: str  # Empty, Ongoing, PrepareCommit, CompleteCommit, ...
    producer_id: int
    epoch: int
    start_ms: int | None
    timeout_ms: int


@dataclass(frozen=True)
class Group:
    """A consumer group of either protocol. `state` is Dead when there is none, with no members; `ids`: theirs."""

    state: str
    ids: frozenset[str]

    @property
    def members(self) -> int:
        return len(self.ids)


class Ends(NamedTuple):
    """Offsets of one partition: where its log begins, its last stable offset, its high watermark."""

    begin: int
    last_stable: int
    high_watermark: int


def create_topics(
    bootstrap: str,
    partitions: Mapping[str, int],
    *,
    replication: int,
    config: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Create what is not there yet, and return when every partition has a leader. `config`: of each topic its own.

    `ClusterError` for a topic that exists with another number of partitions.
    """
    topics = tuple(
        CreatableTopic(
            name=TopicName(name),
            num_partitions=i32(count),
            replication_factor=i16(replication),
            assignments=(),
            configs=tuple(
                CreatableTopicConfig(name=setting, value=value)
                for setting, value in (config or {}).get(name, {}).items()
            ),
        )
        for name, count in partitions.items()
    )
    answer = requests.patiently(
        lambda: requests.ask_any(
            bootstrap,
            lambda address: requests.ask(address, CreateTopicsRequest(topics=topics), CreateTopicsResponse, 30.0),
        )
    )
    for topic in answer.topics:
        if topic.error_code not in (ErrorCode.none, ErrorCode.topic_already_exists):
            raise ClusterError(
                f'topic "{topic.name}" cannot be created: {topic.error_message or topic.error_code.name}'
            )
    for name, count in partitions.items():
        there = len(_when_led(bootstrap, name))
        if there != count:
            raise ClusterError(
                f'topic "{name}" exists with {there} partitions, not {count}; delete it, or use another name'
            )


def topic_setting(bootstrap: str, topics: Iterable[str], name: str) -> dict[str, str | None]:
    """What one setting is for each of these topics, their own or the brokers' default."""
    resources = tuple(
        DescribeConfigsResource(resource_type=TOPIC, resource_name=topic, configuration_keys=(name,))
        for topic in topics
    )
    request = DescribeConfigsRequest(resources=resources)

    def look() -> dict[str, str | None]:
        answer = requests.ask_any(bootstrap, lambda address: requests.ask(address, request, DescribeConfigsResponse))
        found: dict[str, str | None] = {}
        for topic in answer.results:
            requests.check(topic.error_code, f'topic "{topic.resource_name}"')
            found[topic.resource_name] = next((config.value for config in topic.configs if config.name == name), None)
        return found

    return requests.patiently(look)


def absent(bootstrap: str, topics: Iterable[str]) -> frozenset[str]:
    """Those of `topics` that are not there, such as the coordinators' own before anyone has asked for a coordinator."""
    names = tuple(topics)
    seen = requests.ask_any(bootstrap, lambda address: requests.metadata(address, names))
    return frozenset(
        str(topic.name) for topic in seen.topics if topic.error_code is ErrorCode.unknown_topic_or_partition
    )


def leader(bootstrap: str, topic: str, part: int) -> int:
    """The node that leads a partition."""
    led = _when_led(bootstrap, topic)
    try:
        return led[part].leader_id
    except KeyError:
        raise ClusterError(f'topic "{topic}" has no partition {part}; it has {len(led)}') from None


def leaders(bootstrap: str, topic: str) -> tuple[int, ...]:
    """The node that leads each partition, in order; -1 where none does now."""
    seen = requests.ask_any(bootstrap, lambda address: requests.metadata(address, (topic,)))
    return tuple(part.leader_id for _, part in sorted(_partitions(seen, topic).items()))


def _when_led(bootstrap: str, topic: str) -> Mapping[int, MetadataResponsePartition]:
    return requests.patiently(lambda: _led(bootstrap, topic))


def _led(bootstrap: str, topic: str) -> Mapping[int, MetadataResponsePartition]:
    seen = requests.ask_any(bootstrap, lambda address: requests.metadata(address, (topic,)))
    parts = _partitions(seen, topic)
    for part in parts.values():
        requests.check(part.error_code, f"partition {part.partition_index} of {topic}")
    return parts


def _partitions(seen: MetadataResponse, topic: str) -> Mapping[int, MetadataResponsePartition]:
    (found,) = seen.topics
    requests.check(found.error_code, f'topic "{topic}"')
    return {part.partition_index: part for part in found.partitions}


def group_coordinator(bootstrap: str, group: str) -> int:
    """The node; the coordinators' own topic is made when this is the first group of all."""
    return requests.patiently(lambda: requests.coordinator(bootstrap, requests.GROUP, group))[0]


def transaction_coordinator(bootstrap: str, transactional_id: str) -> int:
    return requests.patiently(lambda: requests.coordinator(bootstrap, requests.TRANSACTION, transactional_id))[0]


def describe_transaction(bootstrap: str, transactional_id: str) -> Transaction | None:
    """What the coordinator holds of this id; `None` when it never saw it."""

    def look() -> Transaction | None:
        _, address = requests.coordinator(bootstrap, requests.TRANSACTION, transactional_id)
        with Connection(address, timeout_s=requests.TIMEOUT_S) as connection:
            return _describe(connection, transactional_id)

    return requests.patiently(look)


def list_transactions(bootstrap: str) -> tuple[Transaction, ...]:
    """Every transactional id that a broker now answers for, in whatever state; a broker that is silent has none."""
    seen = requests.ask_any(bootstrap, requests.metadata)
    found: dict[str, Transaction] = {}
    for broker in seen.brokers:
        with (
            contextlib.suppress(OSError, requests.NotYet),
            Connection(f"{broker.host}:{broker.port}", timeout_s=requests.TIMEOUT_S) as it,
        ):
            listed = it.ask(ListTransactionsRequest(state_filters=(), producer_id_filters=()), ListTransactionsResponse)
            for transaction in listed.transaction_states:
                described = _describe(it, transaction.transactional_id)
                if described is not None:
                    found[transaction.transactional_id] = described
    return tuple(found[name] for name in sorted(found))


def _describe(connection: Connection, transactional_id: str) -> Transaction | None:
    """What the coordinator at the other end holds of one id; `None` when it never saw it."""
    request = DescribeTransactionsRequest(transactional_ids=(TransactionalId(transactional_id),))
    try:
        (state,) = connection.ask(request, DescribeTransactionsResponse).transaction_states
    except OutOfBoundValue:  # no transaction has begun: kio takes no start time of -1
        return Transaction(transactional_id, "Empty", -1, -1, None, 0)
    if state.error_code is ErrorCode.transactional_id_not_found:
        return None
    requests.check(state.error_code, f'transactional id "{transactional_id}"')
    return Transaction(
        transactional_id=state.transactional_id,
        state=state.transaction_state,
        producer_id=state.producer_id,
        epoch=state.producer_epoch,
        start_ms=round(state.transaction_start_time.timestamp() * 1000),
        timeout_ms=round(state.transaction_timeout.total_seconds() * 1000),
    )


def group(bootstrap: str, name: str) -> Group:
    """A group's state and the ids of its members, classic or KIP-848."""

    def look() -> Group:
        _, address = requests.coordinator(bootstrap, requests.GROUP, name)
        classic = DescribeGroupsRequest(groups=(GroupId(name),), include_authorized_operations=False)
        (seen,) = requests.ask(address, classic, DescribeGroupsResponse).groups
        requests.check(seen.error_code, f'group "{name}"')
        if seen.group_state != "Dead":
            return Group(seen.group_state, frozenset(str(member.member_id) for member in seen.members))
        modern = ConsumerGroupDescribeRequest(group_ids=(GroupId(name),), include_authorized_operations=False)
        (found,) = requests.ask(address, modern, ConsumerGroupDescribeResponse).groups
        if found.error_code in {ErrorCode.group_id_not_found, ErrorCode.unsupported_version}:
            return Group("Dead", frozenset())
        requests.check(found.error_code, f'group "{name}"')
        return Group(found.group_state, frozenset(str(member.member_id) for member in found.members))

    return requests.patiently(look)


def log_ends(bootstrap: str, topics: Iterable[str]) -> dict[Partition, Ends]:
    """The ends of every partition of `topics`, each asked of its leader."""
    names = tuple(topics)
    return requests.patiently(lambda: _log_ends(bootstrap, names)) if names else {}


def _log_ends(bootstrap: str, topics: tuple[str, ...]) -> dict[Partition, Ends]:
    ends: dict[Partition, Ends] = {}
    for address, parts in by_leader(bootstrap, topics).items():
        with Connection(address, timeout_s=requests.TIMEOUT_S) as connection:
            begin = _offsets(connection, parts, EARLIEST, READ_UNCOMMITTED)
            # in this order: what is stable was written before, so no answer shows it above the high watermark
            stable = _offsets(connection, parts, LATEST, READ_COMMITTED)
            high = _offsets(connection, parts, LATEST, READ_UNCOMMITTED)
        ends |= {key: Ends(begin[key], stable[key], high[key]) for key in begin}
    return ends


def by_leader(bootstrap: str, topics: tuple[str, ...]) -> Mapping[str, Mapping[str, list[int]]]:
    """The partitions of `topics` by the address of the broker that leads them."""
    seen = requests.ask_any(bootstrap, lambda address: requests.metadata(address, topics))
    addresses = {broker.node_id: f"{broker.host}:{broker.port}" for broker in seen.brokers}
    led: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for topic in topics:
        found = next(one for one in seen.topics if one.name == topic)
        requests.check(found.error_code, f'topic "{topic}"')
        for part in found.partitions:
            requests.check(part.error_code, f"partition {part.partition_index} of {topic}")
            if part.leader_id not in addresses:
                raise requests.NotYet(f"broker {part.leader_id} leads {topic}, but is gone")
            led[addresses[part.leader_id]][topic].append(part.partition_index)
    return led


def writing(bootstrap: str, topics: Iterable[str]) -> frozenset[int]:
    """The ids of the producers that have records of an open transaction in a partition of `topics`."""
    names = tuple(topics)

    def look() -> frozenset[int]:
        found: set[int] = set()
        for address, parts in by_leader(bootstrap, names).items():
            request = DescribeProducersRequest(
                topics=tuple(
                    TopicRequest(name=TopicName(topic), partition_indexes=tuple(map(i32, indexes)))
                    for topic, indexes in parts.items()
                )
            )
            for topic in requests.ask(address, request, DescribeProducersResponse).topics:
                for part in topic.partitions:
                    requests.check(part.error_code, f"partition {part.partition_index} of {topic.name}")
                    found |= {
                        active_producer.producer_id
                        for active_producer in part.active_producers
                        if active_producer.current_txn_start_offset >= 0
                    }
        return frozenset(found)

    return requests.patiently(look)


def _offsets(
    connection: Connection, parts: Mapping[str, list[int]], timestamp: i64, isolation: i8
) -> dict[Partition, int]:
    request = ListOffsetsRequest(
        replica_id=BrokerId(-1),
        isolation_level=isolation,
        topics=tuple(
            ListOffsetsTopic(
                name=TopicName(topic),
                partitions=tuple(
                    ListOffsetsPartition(partition_index=i32(index), timestamp=timestamp) for index in indexes
                ),
            )
            for topic, indexes in parts.items()
        ),
    )
    offsets: dict[Partition, int] = {}
    for topic in connection.ask(request, ListOffsetsResponse).topics:
        for part in topic.partitions:
            requests.check(part.error_code, f"partition {part.partition_index} of {topic.name}")
            offsets[topic.name, part.partition_index] = part.offset
    return offsets


def committed(bootstrap: str, name: str) -> dict[Partition, int]:
    """The offsets that a group has committed; those of open transactions do not count."""

    def look() -> dict[Partition, int]:
        _, address = requests.coordinator(bootstrap, requests.GROUP, name)
        request = OffsetFetchRequest(
            groups=(OffsetFetchRequestGroup(group_id=GroupId(name), topics=None),), require_stable=False
        )
        (seen,) = requests.ask(address, request, OffsetFetchResponse).groups
        requests.check(seen.error_code, f'group "{name}"')
        return {
            (topic.name, part.partition_index): part.committed_offset
            for topic in seen.topics
            for part in topic.partitions
            if part.committed_offset >= 0
        }

    return requests.patiently(look)


def topic_ids(bootstrap: str, topics: Iterable[str]) -> dict[str, str]:
    """The name of each topic by its id, as the coordinators' logs write it (a UUID)."""
    names = tuple(topics)
    seen = requests.ask_any(bootstrap, lambda address: requests.metadata(address, names))
    return {str(topic.topic_id): str(topic.name) for topic in seen.topics if topic.name is not None}
