"""What requests and answers tell, by the names of their fields, whatever their API and version."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kio.schema.api_versions.v3.response import ApiVersion, ApiVersionsResponse
from kio.schema.errors import ErrorCode
from kio.schema.fetch.v16.response import FetchResponse, NodeEndpoint
from kio.schema.find_coordinator.v2.request import FindCoordinatorRequest as FindOne
from kio.schema.find_coordinator.v4.request import FindCoordinatorRequest as FindSeveral
from kio.schema.find_coordinator.v4.response import Coordinator, FindCoordinatorResponse
from kio.schema.leave_group.v5.request import LeaveGroupRequest, MemberIdentity
from kio.schema.offset_commit.v10.request import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from kio.schema.offset_fetch.v9.request import OffsetFetchRequest, OffsetFetchRequestGroup
from kio.schema.txn_offset_commit.v3.response import (
    TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition,
    TxnOffsetCommitResponseTopic,
)
from kio.schema.types import BrokerId, GroupId, TopicName
from kio.static.primitive import i8, i16, i32, i64

from streamproof.wire import Content, codec
from streamproof.wire.addresses import lowered, may_tell, readdressed
from streamproof.wire.codec import Header, NotDecodedError
from streamproof.wire.sightings import content_of, error_of
from tests.wire.protocol import answer, request

TOPIC = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("asked", "content"),
    [
        (FindOne(key="orders", key_type=i8(0)), Content(grp="orders")),
        (FindOne(key="orders-1", key_type=i8(1)), Content(tid="orders-1")),
        (FindSeveral(key_type=i8(1), coordinator_keys=("orders-1",)), Content(tid="orders-1")),
        (
            LeaveGroupRequest(
                group_id=GroupId("g"), members=(MemberIdentity(member_id="m", group_instance_id=None, reason=None),)
            ),
            Content(grp="g", member="m"),
        ),
        (
            OffsetFetchRequest(
                groups=(OffsetFetchRequestGroup(group_id=GroupId("g"), member_id="m", topics=None),),
                require_stable=True,
            ),
            Content(grp="g", member="m"),
        ),
        (
            OffsetCommitRequest(
                group_id=GroupId("g"),
                generation_id_or_member_epoch=i32(4),
                member_id="m",
                topics=(
                    OffsetCommitRequestTopic(
                        topic_id=TOPIC,
                        partitions=(
                            OffsetCommitRequestPartition(
                                partition_index=i32(2), committed_offset=i64(9), committed_metadata=None
                            ),
                        ),
                    ),
                ),
            ),
            Content(grp="g", member="m", generation=4, parts=("orders-2",)),
        ),
    ],
)
def test_what_a_request_says(asked: object, content: Content) -> None:
    """A topic that is given by its id is told by its name."""
    frame = request(asked)
    read = codec.read_request(frame, codec.request_header(frame))
    assert content_of(read, {TOPIC: "orders"}.__getitem__) == content


def test_the_first_error_of_an_answer_is_told() -> None:
    """Wherever it stands in it."""
    parts = tuple(
        TxnOffsetCommitResponsePartition(partition_index=i32(number), error_code=error)
        for number, error in enumerate((ErrorCode.none, ErrorCode.unknown_member_id, ErrorCode.not_coordinator))
    )
    topic = TxnOffsetCommitResponseTopic(name=TopicName("a"), partitions=parts)
    told = TxnOffsetCommitResponse(throttle_time=timedelta(0), topics=(topic,))  # type: ignore[arg-type]
    assert error_of(told) == "UNKNOWN_MEMBER_ID"


@settings(deadline=None)  # a version is imported the first time that it is read
@given(st.binary(min_size=14, max_size=80), st.sampled_from(sorted(codec.APIS)), st.integers(0, 12))
def test_no_bytes_can_do_more_than_not_be_understood(body: bytes, key: int, version: int) -> None:
    """Requests and answers alike."""
    header = Header(key, version, 1, None)
    for read in (codec.read_request, codec.read_answer):
        try:
            read(len(body).to_bytes(4) + body, header)
        except NotDecodedError:
            continue


def test_versions_whose_addresses_we_could_not_rewrite_are_not_offered() -> None:
    """All others stay, however new; an answer that needs no change is left as it came."""

    def versions(**highest: int) -> ApiVersionsResponse:
        keys = {name: key for key, name in codec.APIS.items()}
        offered = tuple(
            ApiVersion(api_key=i16(keys[name]), min_version=i16(0), max_version=i16(version))
            for name, version in highest.items()
        )
        return ApiVersionsResponse(error_code=ErrorCode.none, api_keys=offered, throttle_time=timedelta(0))  # type: ignore[arg-type]

    newer = lowered(versions(Metadata=99, TxnOffsetCommit=99))
    assert newer is not None
    assert [api.max_version for api in newer.api_keys] == [codec.highest_version(3), 99]
    assert lowered(versions(Metadata=1, EndTxn=99)) is None


def at_proxy(_host: str, port: int) -> tuple[str, int]:
    return "proxy", port + 1


def test_addresses_are_put_in_place_of_the_brokers() -> None:
    """Of coordinators and new leaders too; where there is none, as where an error stands, nothing is changed."""
    there = Coordinator(
        key="a", node_id=BrokerId(1), host="broker", port=i32(9), error_code=ErrorCode.none, error_message=None
    )
    nobody = Coordinator(
        key="b", node_id=BrokerId(-1), host="", port=i32(-1), error_code=ErrorCode.coordinator_not_available,
        error_message=None,
    )  # fmt: skip
    found = FindCoordinatorResponse(throttle_time=timedelta(0), coordinators=(there, nobody))  # type: ignore[arg-type]
    first, second = readdressed(found, at_proxy).coordinators
    assert (first.host, first.port) == ("proxy", 10)
    assert second == nobody
    moved = FetchResponse(
        throttle_time=timedelta(0),  # type: ignore[arg-type]
        error_code=ErrorCode.none,
        responses=(),
        node_endpoints=(NodeEndpoint(node_id=BrokerId(1), host="broker", port=i32(9), rack=None),),
    )
    assert readdressed(moved, at_proxy).node_endpoints[0].host == "proxy"
    assert may_tell("Fetch", answer(moved), {b"broker"})
    assert not may_tell("Fetch", answer(moved), {b"another"})
    assert not may_tell("EndTxn", answer(moved), {b"broker"})
