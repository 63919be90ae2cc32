"""Topics of a cluster, their settings, and the offsets at which their partitions begin and end."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kio.schema.create_partitions.v3.request import CreatePartitionsRequest, CreatePartitionsTopic
from kio.schema.create_partitions.v3.response import CreatePartitionsResponse
from kio.schema.create_topics.v6.request import CreatableTopic, CreatableTopicConfig, CreateTopicsRequest
from kio.schema.create_topics.v6.response import CreateTopicsResponse
from kio.schema.delete_topics.v5.request import DeleteTopicsRequest
from kio.schema.delete_topics.v5.response import DeleteTopicsResponse
from kio.schema.describe_configs.v4.request import DescribeConfigsRequest, DescribeConfigsResource
from kio.schema.describe_configs.v4.response import DescribeConfigsResponse
from kio.schema.errors import ErrorCode
from kio.schema.list_offsets.v5.request import ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic
from kio.schema.list_offsets.v5.response import ListOffsetsResponse
from kio.schema.types import BrokerId, TopicName
from kio.static.primitive import i8, i16, i32, i32Timedelta, i64

from streamproof.errors import ClusterError
from streamproof.kafka import requests
from streamproof.kafka.leaders import Partition, partitions_by_leader, wait_for_leaders
from streamproof.kafka.protocol import Connection

TOPIC = i8(2)  # among the kinds of things that have settings
EARLIEST, LATEST = i64(-2), i64(-1)
READ_UNCOMMITTED, READ_COMMITTED = i8(0), i8(1)
GROWS_WITHIN_S = 15.0
TIMES, BY_BROKER = "message.timestamp.type", "LogAppendTime"


class Offsets(NamedTuple):
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
    request = CreateTopicsRequest(topics=topics)
    answer = requests.patiently(
        lambda: requests.ask_controller(bootstrap, request, CreateTopicsResponse, timeout_s=30.0)
    )
    for topic in answer.topics:
        if topic.error_code not in (ErrorCode.none, ErrorCode.topic_already_exists):
            raise ClusterError(
                f'topic "{topic.name}" cannot be created: {topic.error_message or topic.error_code.name}'
            )
    for name, count in partitions.items():
        there = len(wait_for_leaders(bootstrap, name))
        if there != count:
            raise ClusterError(
                f'topic "{name}" exists with {there} partitions, not {count}; delete it, or use another name'
            )


def delete_topics(bootstrap: str, topics: Iterable[str]) -> frozenset[str]:
    """Delete topics; those that could not be deleted are returned. A topic that is not there is none of them."""
    names = tuple(TopicName(name) for name in topics)
    request = DeleteTopicsRequest(topic_names=names, timeout=i32Timedelta.parse(dt.timedelta(seconds=30)))
    answer = requests.patiently(
        lambda: requests.ask_controller(bootstrap, request, DeleteTopicsResponse, timeout_s=30.0)
    )
    gone = {ErrorCode.none, ErrorCode.unknown_topic_or_partition}
    return frozenset(str(topic.name) for topic in answer.responses if topic.error_code not in gone)


def add_partitions(bootstrap: str, topic: str, more: int) -> range:
    """Give a topic so many partitions more, and return them once each has a leader. They cannot be taken away again."""
    before = len(wait_for_leaders(bootstrap, topic))
    request = CreatePartitionsRequest(
        topics=(CreatePartitionsTopic(name=TopicName(topic), count=i32(before + more), assignments=None),),
        timeout=i32Timedelta.parse(dt.timedelta(seconds=GROWS_WITHIN_S)),
        validate_only=False,
    )

    def grow() -> None:
        (grown,) = requests.ask_any(bootstrap, request, CreatePartitionsResponse, GROWS_WITHIN_S).results
        requests.check(grown.error_code, f'topic "{topic}"')

    def look() -> range:
        there = len(wait_for_leaders(bootstrap, topic))
        if there < before + more:
            raise requests.NotYet(f'topic "{topic}" has {there} partitions, not {before + more}')
        return range(before, there)

    requests.patiently(grow)
    return requests.patiently(look)


def describe_config(bootstrap: str, topics: Iterable[str], name: str) -> dict[str, str | None]:
    """What one setting is for each of these topics, their own or the brokers' default."""
    resources = tuple(
        DescribeConfigsResource(resource_type=TOPIC, resource_name=topic, configuration_keys=(name,))
        for topic in topics
    )
    request = DescribeConfigsRequest(resources=resources)

    def look() -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for topic in requests.ask_any(bootstrap, request, DescribeConfigsResponse).results:
            requests.check(topic.error_code, f'topic "{topic.resource_name}"')
            found[topic.resource_name] = next((config.value for config in topic.configs if config.name == name), None)
        return found

    return requests.patiently(look)


def list_topics(bootstrap: str) -> dict[str, int]:
    """How many partitions each topic has; the brokers' own topics are left out."""
    return {
        str(topic.name): len(topic.partitions)
        for topic in requests.find_metadata(bootstrap, None).topics
        if topic.name is not None and not topic.is_internal
    }


def list_missing_topics(bootstrap: str, topics: Iterable[str]) -> frozenset[str]:
    """Those of `topics` that are not there, such as the coordinators' own before anyone has asked for a coordinator."""
    return frozenset(
        str(topic.name)
        for topic in requests.find_metadata(bootstrap, topics).topics
        if topic.error_code is ErrorCode.unknown_topic_or_partition
    )


def list_topic_names(bootstrap: str) -> dict[str, str]:
    """The name of every topic by its id, as the coordinators' logs write it (a UUID)."""
    found = requests.find_metadata(bootstrap, None).topics
    return {str(topic.topic_id): str(topic.name) for topic in found if topic.name is not None}


def list_offsets(bootstrap: str, topics: Iterable[str]) -> dict[Partition, Offsets]:
    """The offsets of every partition of `topics`, each asked of its leader."""
    names = tuple(topics)

    def look() -> dict[Partition, Offsets]:
        found: dict[Partition, Offsets] = {}
        for address, parts in partitions_by_leader(bootstrap, names).items():
            with Connection(address, timeout_s=requests.TIMEOUT_S) as connection:
                begin = _list_offsets(connection, parts, EARLIEST, READ_UNCOMMITTED)
                # in this order: what is stable was written before, so no answer shows it above the high watermark
                stable = _list_offsets(connection, parts, LATEST, READ_COMMITTED)
                high = _list_offsets(connection, parts, LATEST, READ_UNCOMMITTED)
            found |= {key: Offsets(begin[key], stable[key], high[key]) for key in begin}
        return found

    return requests.patiently(look) if names else {}


def _list_offsets(
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
