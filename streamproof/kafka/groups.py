"""Groups, classic, KIP-848 and share: their state, members, settings and the offsets that they committed."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kio.schema.consumer_group_describe.v0.request import ConsumerGroupDescribeRequest
from kio.schema.consumer_group_describe.v0.response import ConsumerGroupDescribeResponse
from kio.schema.consumer_protocol_assignment.v0.data import ConsumerProtocolAssignment
from kio.schema.consumer_protocol_subscription.v0.data import ConsumerProtocolSubscription
from kio.schema.delete_groups.v2.request import DeleteGroupsRequest
from kio.schema.delete_groups.v2.response import DeleteGroupsResponse
from kio.schema.describe_groups.v5.request import DescribeGroupsRequest
from kio.schema.describe_groups.v5.response import DescribeGroupsResponse
from kio.schema.errors import ErrorCode
from kio.schema.incremental_alter_configs.v1.request import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from kio.schema.incremental_alter_configs.v1.response import IncrementalAlterConfigsResponse
from kio.schema.list_groups.v4.request import ListGroupsRequest
from kio.schema.list_groups.v4.response import ListGroupsResponse
from kio.schema.offset_fetch.v8.request import OffsetFetchRequest, OffsetFetchRequestGroup
from kio.schema.offset_fetch.v8.response import OffsetFetchResponse
from kio.schema.share_group_describe.v1.request import ShareGroupDescribeRequest
from kio.schema.share_group_describe.v1.response import ShareGroupDescribeResponse
from kio.schema.types import GroupId
from kio.serial import entity_reader
from kio.static.primitive import i8

from streamproof.errors import ClusterError
from streamproof.kafka import requests
from streamproof.kafka.leaders import Partition
from streamproof.kafka.protocol import Connection, NotUnderstood

VERSION_BYTES = 2
CONSUMERS = ("consumer", "")  # kinds of groups; the second commits, and has never had a member
IDLE = ("Empty", "Dead")  # the states of a group without members
GROUP, SET = i8(32), i8(0)  # among the kinds of things that have settings; what is done to a setting
SHARES = "share.version"  # the feature
OWN_PREFIX = "streamproof-"  # of the names of the verifier's own groups, topics and transactional ids


@dataclass(frozen=True)
class Group:
    """A group of any protocol. `state` is Dead when there is no such group. `ids`: its members'.

    `topics`: those that its members have subscribed to by name; none where the broker does not know them now.
    `assigned`: the partitions that they have. `epoch`: of a KIP-848 group; a classic group's generation is not told.
    """

    state: str
    ids: frozenset[str]
    topics: frozenset[str] = frozenset()
    assigned: frozenset[Partition] = frozenset()
    epoch: int | None = None

    @property
    def members(self) -> int:
        return len(self.ids)


def find_group_coordinator(bootstrap: str, group: str) -> int:
    """The node; the coordinators' own topic is made when this is the first group of all."""
    return requests.patiently(lambda: requests.find_coordinator(bootstrap, requests.GROUP, group))[0]


def list_groups(bootstrap: str) -> tuple[str, ...]:
    """The name of every consumer group that the brokers know, in order."""

    def look() -> tuple[str, ...]:
        found: set[str] = set()
        for broker in requests.find_metadata(bootstrap).brokers:
            answer = requests.ask(f"{broker.host}:{broker.port}", ListGroupsRequest(), ListGroupsResponse)
            requests.check(answer.error_code, "the list of groups")
            found |= {str(group.group_id) for group in answer.groups if group.protocol_type in CONSUMERS}
        return tuple(sorted(found))

    return requests.patiently(look)


def describe_group(bootstrap: str, name: str) -> Group:
    """A group's state and the ids of its members."""

    def describe(coordinator: Connection) -> Group:
        classic = DescribeGroupsRequest(groups=(GroupId(name),), include_authorized_operations=False)
        (seen,) = coordinator.ask(classic, DescribeGroupsResponse).groups
        requests.check(seen.error_code, f'group "{name}"')
        if seen.group_state != "Dead":
            ids = frozenset(str(member.member_id) for member in seen.members)
            topics = _subscribed(member.member_metadata for member in seen.members)
            return Group(seen.group_state, ids, topics, _assigned(member.member_assignment for member in seen.members))
        kinds: tuple[tuple[Any, Any], ...] = (
            (ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse),
            (ShareGroupDescribeRequest, ShareGroupDescribeResponse),
        )
        for request, answer in kinds:
            try:
                asked = request(group_ids=(GroupId(name),), include_authorized_operations=False)
                (found,) = coordinator.ask(asked, answer).groups
            except NotUnderstood:  # a broker that has no such groups
                break
            if found.error_code in {ErrorCode.group_id_not_found, ErrorCode.unsupported_version}:
                continue
            requests.check(found.error_code, f'group "{name}"')
            return _described(found)
        return Group("Dead", frozenset())

    return requests.ask_coordinator(bootstrap, requests.GROUP, name, describe)


def _described(found: Any) -> Group:
    """A KIP-848 group, or a share group: their answers have the same fields."""
    return Group(
        found.group_state,
        ids=frozenset(str(member.member_id) for member in found.members),
        topics=frozenset(str(topic) for member in found.members for topic in member.subscribed_topic_names),
        assigned=frozenset(
            (str(topic.topic_name), int(part))
            for member in found.members
            for topic in member.assignment.topic_partitions
            for part in topic.partitions
        ),
        epoch=int(found.group_epoch),
    )


def set_share_group(bootstrap: str, name: str, settings: Mapping[str, str]) -> None:
    """Set these of a share group, which need not be there yet; ClusterError where the brokers have no share groups."""
    broker = requests.find_metadata(bootstrap).brokers[0]
    if not requests.patiently(lambda: requests.features(f"{broker.host}:{broker.port}")).get(SHARES):
        raise ClusterError(f'group "{name}": these brokers have no share groups; use Apache Kafka 4.2 or later')
    configs = tuple(AlterableConfig(name=key, config_operation=SET, value=value) for key, value in settings.items())
    resource = AlterConfigsResource(resource_type=GROUP, resource_name=name, configs=configs)
    request = IncrementalAlterConfigsRequest(resources=(resource,), validate_only=False)

    def alter() -> None:
        (answer,) = requests.ask_any(bootstrap, request, IncrementalAlterConfigsResponse).responses
        requests.check(answer.error_code, f'the settings of group "{name}"')

    requests.patiently(alter)


def _subscribed(members: Iterable[bytes]) -> frozenset[str]:
    """The topics in what members of a classic group sent when they joined: a version, then what all versions have."""
    read = entity_reader(ConsumerProtocolSubscription)
    return frozenset(
        topic for sent in members if len(sent) > VERSION_BYTES for topic in read(sent, VERSION_BYTES)[0].topics
    )


def _assigned(members: Iterable[bytes]) -> frozenset[Partition]:
    """The partitions in what the leader of a classic group sent for its members, of the same form."""
    read = entity_reader(ConsumerProtocolAssignment)
    return frozenset(
        (str(one.topic), int(part))
        for sent in members
        if len(sent) > VERSION_BYTES
        for one in read(sent, VERSION_BYTES)[0].assigned_partitions
        for part in one.partitions
    )


def list_groups_in_use(bootstrap: str) -> frozenset[str]:
    """The names of the groups that have members; those of a broker that is silent are missing."""
    return frozenset(name for name, state in list_group_states(bootstrap).items() if state not in IDLE)


def list_group_states(bootstrap: str) -> dict[str, str]:
    """The state of each group, also of those that have no members; those of a broker that is silent are missing."""
    found: dict[str, str] = {}
    for broker in requests.find_metadata(bootstrap).brokers:
        with contextlib.suppress(OSError):
            listed = requests.ask(f"{broker.host}:{broker.port}", ListGroupsRequest(), ListGroupsResponse).groups
            found |= {str(group.group_id): group.group_state for group in listed}
    return found


def list_committed_offsets(bootstrap: str, name: str) -> dict[Partition, int]:
    """The offsets that a group has committed; those of open transactions do not count."""

    def fetch(coordinator: Connection) -> dict[Partition, int]:
        asked = OffsetFetchRequestGroup(group_id=GroupId(name), topics=None)
        request = OffsetFetchRequest(groups=(asked,), require_stable=False)
        (seen,) = coordinator.ask(request, OffsetFetchResponse).groups
        requests.check(seen.error_code, f'group "{name}"')
        return {
            (topic.name, part.partition_index): part.committed_offset
            for topic in seen.topics
            for part in topic.partitions
            if part.committed_offset >= 0
        }

    return requests.ask_coordinator(bootstrap, requests.GROUP, name, fetch)


def delete_group(bootstrap: str, name: str) -> None:
    """Delete a group that has no members; one that is not there is deleted."""
    request = DeleteGroupsRequest(groups_names=(GroupId(name),))

    def delete(coordinator: Connection) -> None:
        (seen,) = coordinator.ask(request, DeleteGroupsResponse).results
        if seen.error_code is not ErrorCode.group_id_not_found:
            requests.check(seen.error_code, f'group "{name}"')

    requests.ask_coordinator(bootstrap, requests.GROUP, name, delete)
