"""Members of a question's group, by the requests that clients make of joining, committing and leaving."""

import datetime as dt
from typing import NamedTuple

from kio.schema.errors import ErrorCode
from kio.schema.heartbeat.v3.request import HeartbeatRequest
from kio.schema.heartbeat.v3.response import HeartbeatResponse
from kio.schema.join_group.v5.request import JoinGroupRequest, JoinGroupRequestProtocol
from kio.schema.join_group.v5.response import JoinGroupResponse
from kio.schema.leave_group.v3.request import LeaveGroupRequest, MemberIdentity
from kio.schema.leave_group.v3.response import LeaveGroupResponse
from kio.schema.offset_commit.v7.request import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from kio.schema.offset_commit.v7.response import OffsetCommitResponse
from kio.schema.offset_commit.v9.request import OffsetCommitRequest as OffsetCommitRequestV9
from kio.schema.offset_commit.v9.request import OffsetCommitRequestPartition as OffsetCommitRequestPartitionV9
from kio.schema.offset_commit.v9.request import OffsetCommitRequestTopic as OffsetCommitRequestTopicV9
from kio.schema.offset_commit.v9.response import OffsetCommitResponse as OffsetCommitResponseV9
from kio.schema.offset_fetch.v6.request import OffsetFetchRequest, OffsetFetchRequestTopic
from kio.schema.offset_fetch.v6.response import OffsetFetchResponse
from kio.schema.offset_fetch.v7.request import OffsetFetchRequest as StableRequest
from kio.schema.offset_fetch.v7.request import OffsetFetchRequestTopic as StableTopic
from kio.schema.offset_fetch.v7.response import OffsetFetchResponse as StableResponse
from kio.schema.sync_group.v3.request import SyncGroupRequest, SyncGroupRequestAssignment
from kio.schema.sync_group.v3.response import SyncGroupResponse
from kio.schema.txn_offset_commit.v3.request import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitRequestTopic,
)
from kio.schema.txn_offset_commit.v3.response import TxnOffsetCommitResponse
from kio.schema.types import GroupId, ProducerId, TopicName, TransactionalId
from kio.static.primitive import i16, i32, i32Timedelta, i64

from streamproof.kafka.requests import GROUP
from streamproof.probe.client import Client, Identity, must

SESSION = i32Timedelta.parse(dt.timedelta(seconds=30))
REBALANCE = i32Timedelta.parse(dt.timedelta(seconds=5))
SUBSCRIPTION = b"\0\0\0\0\0\0\xff\xff\xff\xff"  # of a consumer: version 0, no topics, no data of its own
FIRST = i32(0)  # the partition in which all is committed


class Member(NamedTuple):
    """A member of a classic group. `instance`: its static id."""

    id: str
    generation: int
    instance: str | None = None


NOBODY = Member("", -1)


def join(client: Client, member_id: str = "", instance: str | None = None) -> Member:
    """A member alone in its group, which leads it, with the generation that the group has then."""
    found = ask_to_join(client, member_id, instance)
    if found.error_code is ErrorCode.member_id_required:
        found = ask_to_join(client, found.member_id, instance)
    must(found.error_code, "JoinGroup")
    client.members.append(found.member_id)
    member = Member(found.member_id, int(found.generation_id), instance)
    request = SyncGroupRequest(
        group_id=GroupId(client.name),
        generation_id=i32(member.generation),
        member_id=member.id,
        group_instance_id=instance,
        assignments=(SyncGroupRequestAssignment(member_id=member.id, assignment=b""),),
    )
    must(client.coordinator(GROUP, request, SyncGroupResponse).error_code, "SyncGroup")
    return member


def ask_to_join(client: Client, member_id: str, instance: str | None = None) -> JoinGroupResponse:
    request = JoinGroupRequest(
        group_id=GroupId(client.name),
        session_timeout=SESSION,
        rebalance_timeout=REBALANCE,
        member_id=member_id,
        group_instance_id=instance,
        protocol_type="consumer",
        protocols=(JoinGroupRequestProtocol(name="range", metadata=SUBSCRIPTION),),
    )
    return client.coordinator(GROUP, request, JoinGroupResponse)


def leave(client: Client, *member_ids: str) -> None:
    members = tuple(MemberIdentity(member_id=member_id) for member_id in member_ids)
    request = LeaveGroupRequest(group_id=GroupId(client.name), members=members)
    client.coordinator(GROUP, request, LeaveGroupResponse)


def heartbeat(client: Client, member: Member) -> ErrorCode:
    request = HeartbeatRequest(
        group_id=GroupId(client.name),
        generation_id=i32(member.generation),
        member_id=member.id,
        group_instance_id=member.instance,
    )
    return client.coordinator(GROUP, request, HeartbeatResponse).error_code


def commit(client: Client, member: Member, offset: int) -> ErrorCode:
    """OffsetCommit in the client's topic."""
    partition = OffsetCommitRequestPartition(
        partition_index=FIRST, committed_offset=i64(offset), committed_metadata=None
    )
    request = OffsetCommitRequest(
        group_id=GroupId(client.name),
        generation_id_or_member_epoch=i32(member.generation),
        member_id=member.id,
        group_instance_id=member.instance,
        topics=(OffsetCommitRequestTopic(name=TopicName(client.name), partitions=(partition,)),),
    )

    def code(answer: OffsetCommitResponse) -> ErrorCode:
        return answer.topics[0].partitions[0].error_code

    return code(client.coordinator(GROUP, request, OffsetCommitResponse, code))


def commit_by_epoch(client: Client, member_id: str, epoch: int) -> ErrorCode:
    """OffsetCommit as members of KIP-848's protocol say it: theirs is an epoch, and other errors refuse it."""
    partition = OffsetCommitRequestPartitionV9(partition_index=FIRST, committed_offset=i64(1), committed_metadata=None)
    request = OffsetCommitRequestV9(
        group_id=GroupId(client.name),
        generation_id_or_member_epoch=i32(epoch),
        member_id=member_id,
        topics=(OffsetCommitRequestTopicV9(name=TopicName(client.name), partitions=(partition,)),),
    )

    def code(answer: OffsetCommitResponseV9) -> ErrorCode:
        return answer.topics[0].partitions[0].error_code

    return code(client.coordinator(GROUP, request, OffsetCommitResponseV9, code))


def commit_in_transaction(client: Client, who: Identity, offset: int, member: Member = NOBODY) -> ErrorCode:
    """TxnOffsetCommit in the client's topic, for an offset of a transaction that has the group."""
    partition = TxnOffsetCommitRequestPartition(
        partition_index=FIRST, committed_offset=i64(offset), committed_metadata=None
    )
    request = TxnOffsetCommitRequest(
        transactional_id=TransactionalId(client.name),
        group_id=GroupId(client.name),
        producer_id=ProducerId(who.pid),
        producer_epoch=i16(who.epoch),
        generation_id=i32(member.generation),
        member_id=member.id,
        group_instance_id=member.instance,
        topics=(TxnOffsetCommitRequestTopic(name=TopicName(client.name), partitions=(partition,)),),
    )

    def code(answer: TxnOffsetCommitResponse) -> ErrorCode:
        return answer.topics[0].partitions[0].error_code

    return code(client.coordinator(GROUP, request, TxnOffsetCommitResponse, code))


def committed(client: Client) -> int:
    """The group's offset in the client's topic, whatever is open; -1 when it has none."""
    topic = OffsetFetchRequestTopic(name=TopicName(client.name), partition_indexes=(FIRST,))
    request = OffsetFetchRequest(group_id=GroupId(client.name), topics=(topic,))
    for told in client.coordinator(GROUP, request, OffsetFetchResponse).topics:
        must(told.partitions[0].error_code, "OffsetFetch")
        return int(told.partitions[0].committed_offset)
    return -1


def committed_stable(client: Client) -> tuple[ErrorCode, int]:
    """As a client asks that must not read an offset which an open transaction may replace."""
    topic = StableTopic(name=TopicName(client.name), partition_indexes=(FIRST,))
    request = StableRequest(group_id=GroupId(client.name), topics=(topic,), require_stable=True)
    found = client.coordinator(GROUP, request, StableResponse).topics[0].partitions[0]
    return found.error_code, int(found.committed_offset)
