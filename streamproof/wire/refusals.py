"""Errors that a broker could give without having done what it was asked: an answer in its place, and which are true."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import timedelta
from typing import Any, get_args, get_origin

from kio import index
from kio.schema.errors import ErrorCode

from streamproof.wire import codec
from streamproof.wire.codec import Header

_COORDINATOR = ("NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS")
_FENCED = ("INVALID_PRODUCER_EPOCH",)
_TRANSACTION = (*_COORDINATOR, "CONCURRENT_TRANSACTIONS", *_FENCED)
_MEMBER = (*_COORDINATOR, "UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "FENCED_INSTANCE_ID")
# by API, what a broker answers while it leaves all as it was
PLAUSIBLE: Mapping[str, tuple[str, ...]] = {
    "Produce": (
        "NOT_LEADER_OR_FOLLOWER", "NOT_ENOUGH_REPLICAS", "KAFKA_STORAGE_ERROR", "MESSAGE_TOO_LARGE", "INVALID_RECORD",
        "UNKNOWN_PRODUCER_ID", *_FENCED,
    ),
    "InitProducerId": _TRANSACTION,
    "AddPartitionsToTxn": _TRANSACTION,
    "AddOffsetsToTxn": _TRANSACTION,
    "EndTxn": _TRANSACTION,
    "TxnOffsetCommit": (*_MEMBER, *_FENCED),
    "OffsetCommit": (*_MEMBER, "REBALANCE_IN_PROGRESS", "STALE_MEMBER_EPOCH"),
    "Heartbeat": (*_MEMBER, "REBALANCE_IN_PROGRESS"),
    "ConsumerGroupHeartbeat": (*_COORDINATOR, "UNKNOWN_MEMBER_ID", "FENCED_MEMBER_EPOCH"),
    "JoinGroup": _MEMBER,
    "SyncGroup": (*_MEMBER, "REBALANCE_IN_PROGRESS"),
}  # fmt: skip
_TOPICS = ("topics", "topic_data", "v3_and_below_topics")
_PARTS = ("partitions", "partition_data")
# the list of the request that a list of the answer goes through; all other lists are empty
_ANSWERED = {
    "topics": _TOPICS, "responses": _TOPICS, "results_by_topic_v3_and_below": _TOPICS,
    "partitions": _PARTS, "partition_responses": _PARTS, "results_by_partition": _PARTS,
}  # fmt: skip
_SAME = frozenset({"name", "topic_id", "partition_index", "index", "member_id"})  # as asked
_EMPTY: Mapping[str, Any] = {"timedelta_i32": timedelta(0), "string": "", "bytes": b""}


def refusal(frame: bytes, header: Header, error: str) -> bytes:
    """The frame by which a broker refuses a request; NotDecodedError for a request that cannot be read."""
    request = codec.read_request(frame, header)
    answer = _filled(index.load_response_schema(header.key, header.version), request, ErrorCode[error.lower()])
    return codec.write_frame(codec.answer_header(header), answer)


def _filled(kind: Any, asked: Any, error: ErrorCode) -> Any:
    values: dict[str, Any] = {}
    for field in fields(kind):
        kafka_type = field.metadata.get("kafka_type")
        if kafka_type == "error_code":
            values[field.name] = error
        elif field.name in _SAME:
            values[field.name] = asked if isinstance(asked, int) else getattr(asked, field.name)
        elif field.name in _ANSWERED:
            (of, *_) = get_args(field.type)
            values[field.name] = tuple(_filled(of, item, error) for item in _list(asked, _ANSWERED[field.name]))
        elif field.default is MISSING:
            values[field.name] = () if get_origin(field.type) is tuple else _EMPTY.get(str(kafka_type), -1)
    return kind(**values)


def _list(asked: Any, names: Iterable[str]) -> tuple[Any, ...]:
    found = next((getattr(asked, name) for name in names if is_dataclass(asked) and hasattr(asked, name)), ())
    return found or ()  # bytes may say null of any list
