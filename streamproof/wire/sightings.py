"""What the proxy sees: a request, or the answer to it, with what matters inside."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from kio.schema.errors import ErrorCode

from streamproof.history.terms import Side

# requests, and their answers, that are looked into; of all others the header is enough
TOLD = frozenset({
    "Produce", "InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn",
    "OffsetCommit", "OffsetFetch", "FindCoordinator", "JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup",
    "ConsumerGroupHeartbeat", "ShareGroupHeartbeat", "ShareAcknowledge", "StreamsGroupHeartbeat",
})  # fmt: skip
_PRODUCER = struct.Struct(">qh")  # a batch's producer id and epoch, and where they lie in it
_PRODUCER_AT, _MAGIC_AT, _MAGIC = 43, 16, 2
_TRANSACTION = 1  # of the kinds of coordinators
TopicName = Callable[[Any], str]  # of a topic's id


@dataclass(frozen=True, slots=True)
class Content:
    """What a request says; None, or empty, where it says nothing of the kind.

    `tid`: the transactional id; `pid`, `epoch`: the producer's; `parts`: as `topic-0`; `committed`: of a transaction's
    end, whether it is a commit. `silent`: no answer will come.
    """

    tid: str | None = None
    pid: int | None = None
    epoch: int | None = None
    grp: str | None = None
    member: str | None = None
    generation: int | None = None
    parts: tuple[str, ...] = ()
    committed: bool | None = None
    silent: bool = False


NOTHING = Content()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A request or an answer at the proxy. An answer has the content of its request, and its own error, if any.

    `address`: the broker's, as it advertises it. `size`: in bytes.
    """

    conn: int
    instance: int
    incarnation: int
    address: str
    api: str
    version: int
    client: str | None
    side: Side
    content: Content = NOTHING
    error: str | None = None
    size: int = field(default=0, compare=False)


def content_of(request: Any, topic_name: TopicName) -> Content:
    """What a request says, whatever its API and version: by the names that its fields have in Kafka's schemas."""
    tid = _first(request, "transactional_id", "v3_and_below_transactional_id")
    pid = _first(request, "producer_id", "v3_and_below_producer_id")
    epoch = _first(request, "producer_epoch", "v3_and_below_producer_epoch")
    grp = _first(request, "group_id")
    member = _first(request, "member_id")
    looked_for = next(iter(_first(request, "coordinator_keys") or ()), _first(request, "key"))
    if looked_for:
        tid, grp = (looked_for, None) if _first(request, "key_type") == _TRANSACTION else (None, looked_for)
    for group in _first(request, "groups") or ():  # OffsetFetch asks for several
        grp, member = grp or group.group_id, member or _first(group, "member_id")
    for leaving in _first(request, "members") or ():
        member = member or leaving.member_id
    if pid is None and (found := _producer(request)):
        pid, epoch = found
    known = pid is not None and pid >= 0
    generation = _first(request, "generation_id", "generation_id_or_member_epoch", "member_epoch")
    return Content(
        tid=tid or None,
        pid=pid if known else None,
        epoch=epoch if known else None,
        grp=grp or None,
        member=member or None,
        generation=generation,
        parts=tuple(_places(request, topic_name)),
        committed=_first(request, "committed"),
        silent=_first(request, "acks") == 0,
    )


def error_of(answer: Any) -> str | None:
    """The first error in an answer, in its order, as Kafka writes it: NOT_COORDINATOR."""
    for part in fields(answer):
        value = getattr(answer, part.name)
        if isinstance(value, ErrorCode):
            if value is not ErrorCode.none:
                return value.name.upper()
        elif isinstance(value, tuple):
            for item in value:
                if not is_dataclass(item):
                    break
                if found := error_of(item):
                    return found
    return None


def _first(entity: Any, *names: str) -> Any:
    return next((getattr(entity, name) for name in names if hasattr(entity, name)), None)


def _places(request: Any, topic_name: TopicName) -> Iterator[str]:
    for topic in _first(request, "topics", "topic_data", "v3_and_below_topics", "topic_partitions") or ():
        if not is_dataclass(topic):  # JoinGroup and its kin name topics, without partitions
            continue
        named = _first(topic, "name", "topic_name", "topic")
        name = named or topic_name(_first(topic, "topic_id"))
        for part in _first(topic, "partitions", "partition_data", "partition_indexes") or ():
            yield f"{name}-{part if isinstance(part, int) else _first(part, 'partition_index', 'index')}"


def _producer(request: Any) -> tuple[int, int] | None:
    """Of the first batch of a Produce request: its header is not compressed."""
    for topic in _first(request, "topic_data") or ():
        for part in topic.partition_data:
            records = part.records or b""
            if len(records) >= _PRODUCER_AT + _PRODUCER.size and records[_MAGIC_AT] == _MAGIC:
                pid, epoch = _PRODUCER.unpack_from(records, _PRODUCER_AT)
                return pid, epoch
    return None
