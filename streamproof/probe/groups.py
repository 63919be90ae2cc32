"""Questions about groups: whose commit counts, and which protocols there are."""

from concurrent.futures import ThreadPoolExecutor

from kio.schema.consumer_group_heartbeat.v1.request import ConsumerGroupHeartbeatRequest
from kio.schema.consumer_group_heartbeat.v1.response import ConsumerGroupHeartbeatResponse
from kio.schema.errors import ErrorCode
from kio.schema.share_group_heartbeat.v1.request import ShareGroupHeartbeatRequest
from kio.schema.share_group_heartbeat.v1.response import ShareGroupHeartbeatResponse
from kio.schema.types import GroupId, TopicName
from kio.static.primitive import i32

from streamproof.kafka.requests import GROUP
from streamproof.probe.client import Client, must, seen
from streamproof.probe.members import (
    NOBODY,
    REBALANCE,
    Member,
    ask_to_join,
    commit,
    commit_by_epoch,
    commit_in_transaction,
    committed_stable,
    heartbeat,
    join,
)
from streamproof.probe.question import Answer, Question, Sign, named, question, refused, saw, wrong

OFFSETS, GENERATIONS, PROTOCOLS = "stable offsets", "generations", "protocols"
JOINS, LEAVES = 0, -1  # as epochs of a member
NOT_OFFERED = frozenset({ErrorCode.unsupported_version, ErrorCode.unsupported_assignor, ErrorCode.invalid_request})


@question(
    OFFSETS, right="UNSTABLE_OFFSET_COMMIT until the transaction ends, then the offset", lets_through=("duplicated",)
)
def require_stable(client: Client) -> Answer:
    """OffsetFetch with require_stable, while an open transaction holds an offset of the group"""
    must(commit(client, NOBODY, 1), "OffsetCommit")
    who = client.init()
    must(client.add_offsets(who), "AddOffsetsToTxn")
    must(commit_in_transaction(client, who, 3), "TxnOffsetCommit")
    code, offset = committed_stable(client)
    if code is not ErrorCode.unstable_offset_commit:
        return wrong(f"the offset before: {offset}" if code is ErrorCode.none else named(code))
    must(client.end(who, commit=True), "EndTxn")
    code, offset = seen(lambda: committed_stable(client), lambda found: found[0] is ErrorCode.none)
    return saw((code, offset) == (ErrorCode.none, 3), f"UNSTABLE_OFFSET_COMMIT, then {offset}")


@question(GENERATIONS, right="ILLEGAL_GENERATION", lets_through=("commit-regression", "duplicated"))
def stale_commit(client: Client) -> Answer:
    """OffsetCommit of a member with the generation before the group's"""
    old = join(client)
    must(commit(client, join(client, old.id), 3), "OffsetCommit")
    return refused(commit(client, old, 1), {ErrorCode.illegal_generation})


@question(GENERATIONS, right="ILLEGAL_GENERATION", lets_through=("duplicated", "lost", "commit-regression"))
def stale_transaction(client: Client) -> Answer:
    """TxnOffsetCommit of a member with the generation before the group's"""
    old = join(client)
    new = join(client, old.id)
    who = client.init()
    must(client.add_offsets(who), "AddOffsetsToTxn")
    must(commit_in_transaction(client, who, 3, new), "TxnOffsetCommit")
    return refused(commit_in_transaction(client, who, 1, old), {ErrorCode.illegal_generation})


@question(GENERATIONS, right="UNKNOWN_MEMBER_ID", lets_through=("commit-regression", "duplicated"))
def unknown_member(client: Client) -> Answer:
    """OffsetCommit of a member that the group does not have"""
    member = join(client)
    return refused(commit(client, Member("nobody", member.generation), 1), {ErrorCode.unknown_member_id})


@question(GENERATIONS, right="UNKNOWN_MEMBER_ID", lets_through=("commit-regression", "duplicated"))
def commit_of_nobody(client: Client) -> Answer:
    """OffsetCommit without a member, while the group has members"""
    join(client)
    return refused(commit(client, NOBODY, 1), {ErrorCode.unknown_member_id})


@question(GENERATIONS, right="FENCED_INSTANCE_ID", lets_through=("dual-ownership", "duplicated"))
def replaced_static(client: Client) -> Answer:
    """OffsetCommit of a static member whose group.instance.id another member has taken over"""
    old = join(client, instance="probe")
    join(client, instance="probe")
    return refused(commit(client, old, 1), {ErrorCode.fenced_instance_id})


@question(
    PROTOCOLS,
    right="told of a rebalance; both join the next generation",
    lets_through=("dual-ownership", "stuck-partition"),
)
def classic(client: Client) -> Answer:
    """The first member of a classic group (by its heartbeat), when a second asks to join"""
    first = join(client)
    second = ask_to_join(client, "").member_id
    client.members.append(second)
    with ThreadPoolExecutor(1) as pool:
        joining = pool.submit(ask_to_join, client, second)
        code = seen(lambda: heartbeat(client, first), lambda code: code is not ErrorCode.none)
        again = ask_to_join(client, first.id)
        generations = int(again.generation_id), int(joining.result().generation_id)
    right = code is ErrorCode.rebalance_in_progress and generations == (first.generation + 1,) * 2
    joined = "both join the next generation" if generations[0] == generations[1] else "they join different generations"
    return saw(right, f"{'told nothing' if code is ErrorCode.none else named(code)}; {joined}")


@question(
    PROTOCOLS, right="offered; UNKNOWN_MEMBER_ID for its commit", lets_through=("commit-regression",), optional=True
)
def consumer(client: Client) -> Answer:
    """A group of the protocol of KIP-848: a member joins, leaves, and commits"""

    def beat(epoch: int) -> ConsumerGroupHeartbeatResponse:
        request = ConsumerGroupHeartbeatRequest(
            group_id=GroupId(client.name),
            member_id=client.name,
            member_epoch=i32(epoch),
            rebalance_timeout=REBALANCE,
            # a regex that is null beside names ends the process that librdkafka's mock cluster lives in
            subscribed_topic_names=(TopicName(client.name),) if epoch == JOINS else None,
            subscribed_topic_regex="" if epoch == JOINS else None,
            topic_partitions=(),
        )
        return client.coordinator(GROUP, request, ConsumerGroupHeartbeatResponse)

    joined = beat(JOINS)
    if joined.error_code in NOT_OFFERED:
        return Answer(Sign.ABSENT, f"not offered: {named(joined.error_code)}")
    must(joined.error_code, "ConsumerGroupHeartbeat")
    must(beat(LEAVES).error_code, "ConsumerGroupHeartbeat")
    left = refused(commit_by_epoch(client, client.name, int(joined.member_epoch)), {ErrorCode.unknown_member_id})
    return Answer(left.sign, f"offered; the commit of the member that left: {left.told}")


@question(PROTOCOLS, right="offered", lets_through=(), optional=True)
def share(client: Client) -> Answer:
    """A share group (KIP-932): a member joins and leaves"""

    def beat(epoch: int) -> ErrorCode:
        request = ShareGroupHeartbeatRequest(
            group_id=GroupId(client.name),
            member_id=client.name,
            member_epoch=i32(epoch),
            subscribed_topic_names=(TopicName(client.name),),
        )
        return client.coordinator(GROUP, request, ShareGroupHeartbeatResponse).error_code

    code = beat(JOINS)
    if code in NOT_OFFERED:
        return Answer(Sign.ABSENT, f"not offered: {named(code)}")
    must(code, "ShareGroupHeartbeat")
    must(beat(LEAVES), "ShareGroupHeartbeat")
    return Answer(Sign.RIGHT, "offered")


ALL: tuple[Question, ...] = (
    require_stable, stale_commit, stale_transaction, unknown_member, commit_of_nobody, replaced_static, classic,
    consumer, share,
)  # fmt: skip
