"""What the coordinators decided: rows of offset_commit, generation, owner and txn, from the records of their topics.

`__consumer_offsets` and `__transaction_state` hold every committed offset, generation, member and transaction state in
the broker's order. This module reads their records, and knows neither how they were fetched nor whose groups they are.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from streamproof.recording.log_records import (
    VERSION_BYTES,
    LogRecord,
    Row,
    Schemas,
    definition,
    in_order,
    kind_of,
    number_of,
    read_record,
)
from streamproof.recording.message_schemas import Schema

# The first two bytes of a key. 0 and 1 are the same: an offset's record had two versions before it had a type.
_OFFSET_KINDS: Final = {
    0: "OffsetCommit",
    1: "OffsetCommit",
    2: "GroupMetadata",
    3: "ConsumerGroupMetadata",
    5: "ConsumerGroupMemberMetadata",
    6: "ConsumerGroupTargetAssignmentMetadata",
    8: "ConsumerGroupCurrentMemberAssignment",
}
# Known, and of no use here: what a group subscribes to, what is assigned before a member has taken it, and the
# members of share groups (10 to 15), who own nothing.
_UNUSED_KINDS: Final = {4, 7, *range(10, 17)}

_TXN_KINDS: Final = {0: "TransactionLog"}
TXN_STATES: Final = (
    "Empty",
    "Ongoing",
    "PrepareCommit",
    "PrepareAbort",
    "CompleteCommit",
    "CompleteAbort",
    "Dead",
    "PrepareEpochFence",
)

_MEMBER_STABLE: Final = 0


@dataclass(frozen=True)
class Decoded:
    """Rows of three tables. `skipped`: how many records of each kind (-1: no key) are of no known kind."""

    offset_commit: list[Row] = field(default_factory=list)
    generation: list[Row] = field(default_factory=list)
    owner: list[Row] = field(default_factory=list)
    skipped: Counter[int] = field(default_factory=Counter)


def decode_consumer_offsets(records: Iterable[LogRecord], schemas: Schemas, topic_names: Mapping[str, str]) -> Decoded:
    """Read the records of `__consumer_offsets`. `n` is the record's place.

    The order is that of the offsets; where the topic has several partitions, that of time.
    `topic_names`: by `str(uuid.UUID)` of the topic; a topic that is not in it keeps its id for a name.
    Raises HistoryError where a record of a known kind cannot be read.
    """
    decoded = Decoded()
    groups: dict[str, _Group] = {}
    assignment = definition(schemas, "ConsumerProtocolAssignment")
    for n, record in enumerate(in_order(records)):
        kind = kind_of(record)
        if kind not in _OFFSET_KINDS:
            if kind not in _UNUSED_KINDS:
                decoded.skipped[kind] += 1
            continue
        name = _OFFSET_KINDS[kind]
        key, value = read_record(record, kind, name, schemas)
        if name == "OffsetCommit":
            decoded.offset_commit.append(_offset_row(record, n, key, value))
            continue
        grp: str = key["group"] if "group" in key else key["groupId"]
        group = groups.setdefault(grp, _Group(grp, decoded, assignment, topic_names))
        group.take(name, key, value, n, record.t_append)
    return decoded


def decode_transaction_state(records: Iterable[LogRecord], schemas: Schemas) -> list[Row]:
    """Rows of `txn` from the records of `__transaction_state`; a forgotten transactional id has the state Dead.

    Raises HistoryError where a record cannot be read.
    """
    rows: list[Row] = []
    last: dict[str, tuple[int, int]] = {}
    for n, record in enumerate(in_order(records)):
        kind = kind_of(record)
        if kind not in _TXN_KINDS:
            continue
        key, value = read_record(record, kind, _TXN_KINDS[kind], schemas)
        tid = key["transactionalId"]
        if value is None:
            pid, epoch = last.pop(tid, (-1, -1))
            state, partitions = "Dead", []
        else:
            pid, epoch = value["producerId"], value["producerEpoch"]
            last[tid] = pid, epoch
            state = _txn_state(value["transactionStatus"])
            partitions = [
                f"{topic['topic']}-{part}"
                for topic in value["transactionPartitions"] or ()
                for part in topic["partitionIds"]
            ]
        rows.append(
            {
                "tid": tid,
                "pid": pid,
                "epoch": epoch,
                "state": state,
                "partitions": partitions,
                "n": n,
                "t_append": record.t_append,
            }
        )
    return rows


def _txn_state(number: int) -> str:
    return TXN_STATES[number] if 0 <= number < len(TXN_STATES) else f"state {number}"


def _offset_row(record: LogRecord, n: int, key: Row, value: Row | None) -> Row:
    return {
        "grp": key["group"],
        "topic": key["topic"],
        "part": key["partition"],
        "off": None if value is None else value["offset"],
        "n": n,
        "t_append": record.t_append,
        "pid": record.pid,
        "epoch": record.epoch,
        "leader_epoch": record.leader_epoch,
        "transactional": record.transactional,
        "visible": record.visible,
    }


_Place = tuple[str, int]  # topic, partition
_Held = tuple[str, str | None, str, int]  # member, instance, topic, partition


class _Group:
    """A group, as its records tell it in their order. It may change its protocol on the way."""

    def __init__(self, name: str, out: Decoded, assignment: Schema, topic_names: Mapping[str, str]) -> None:
        self._name = name
        self._out = out
        self._assignment = assignment
        self._topic_names = topic_names
        self._open: dict[_Held, Row] = {}  # rows of owner that have not ended
        self._generation = -1
        self._target = -1  # the epoch that the target assignment was made for
        self._instances: dict[str, str | None] = {}
        self._rebalance_ms: dict[str, int] = {}  # of each member
        self._members: dict[str, tuple[int, int]] = {}  # consumer protocol: epoch and state
        self._last_state: tuple[int, str] | None = None

    def take(self, kind: str, key: Row, value: Row | None, n: int, t: int) -> None:
        match kind:
            case "GroupMetadata":
                self._classic(value, n, t)
            case "ConsumerGroupMetadata":
                self._epoch(value, n, t)
            case "ConsumerGroupTargetAssignmentMetadata":
                if value is not None:
                    self._target = value["assignmentEpoch"]
                    self._consumer_state(n, t)
            case "ConsumerGroupMemberMetadata":
                self._member(key["memberId"], value)
            case "ConsumerGroupCurrentMemberAssignment":
                self._current(key["memberId"], value, n, t)

    def _state(self, n: int, t: int, protocol: str, state: str) -> None:
        row = {"grp": self._name, "generation": self._generation, "n": n, "t_append": t}
        row |= {"members": sorted(self._rebalance_ms), "rebalance_ms": max(self._rebalance_ms.values(), default=None)}
        self._out.generation.append(row | {"protocol": protocol, "state": state})

    def _own(self, held: Iterable[_Held], generation: int, t: int) -> None:
        """Begin a row of owner for each that has none yet."""
        for held_part in held:
            if held_part not in self._open:
                member, instance, topic, part = held_part
                row: Row = {"grp": self._name, "generation": generation, "member": member, "instance": instance}
                row |= {"topic": topic, "part": part, "t_from": t, "t_to": None}
                self._open[held_part] = row
                self._out.owner.append(row)

    def _disown(self, held: Iterable[_Held], t: int) -> None:
        for held_part in held:
            self._open.pop(held_part)["t_to"] = t

    # the classic protocol: one record holds the whole group

    def _classic(self, value: Row | None, n: int, t: int) -> None:
        if value is None:
            self._disown(list(self._open), t)
            self._rebalance_ms.clear()
            self._state(n, t, "classic", "Dead")
            return
        held = set(self._held_in(value))
        same = value["generation"] == self._generation
        # the same generation is written again when a static member comes back: the others own on
        self._disown([held_part for held_part in self._open if not same or held_part not in held], t)
        self._generation = value["generation"]
        self._own(sorted(held, key=_by_place), self._generation, t)
        self._rebalance_ms = {
            # before it was told apart, the session's time-out was that of a rebalance too
            member["memberId"]: member["rebalanceTimeout"]
            if member["rebalanceTimeout"] >= 0
            else member["sessionTimeout"]
            for member in value["members"]
        }
        self._state(n, t, "classic", _classic_state(value["members"]))

    def _held_in(self, value: Row) -> Iterator[_Held]:
        # other protocols (connect) share the group's record and put bytes of their own in the assignment
        if value["protocolType"] != "consumer":
            return
        for member in value["members"]:
            data = member["assignment"]
            if not data:
                continue
            # as Kafka's own clients do: a version of the future is read as the last that is known
            version = min(number_of(data), self._assignment.versions.last)
            for topic in self._assignment.decode(data[VERSION_BYTES:], version)["assignedPartitions"]:
                for part in topic["partitions"]:
                    yield member["memberId"], member["groupInstanceId"], topic["topic"], part

    # the consumer protocol: a record for each member, and another for the group's epoch

    def _epoch(self, value: Row | None, n: int, t: int) -> None:
        if value is None:
            self._disown(list(self._open), t)
            self._rebalance_ms.clear()
            self._state(n, t, "consumer", "Dead")
            self._last_state = None
            return
        self._generation = value["epoch"]
        self._consumer_state(n, t)

    def _consumer_state(self, n: int, t: int) -> None:
        if not self._instances:
            state = "Empty"
        elif self._target < self._generation:
            state = "Assigning"
        elif all(self._members.get(instance) == (self._target, _MEMBER_STABLE) for instance in self._instances):
            state = "Stable"
        else:
            state = "Reconciling"
        # many records leave the group as it was
        if self._last_state != (self._generation, state):
            self._last_state = self._generation, state
            self._state(n, t, "consumer", state)

    def _member(self, member: str, value: Row | None) -> None:
        if value is None:
            self._instances.pop(member, None)
            self._rebalance_ms.pop(member, None)
        else:
            self._instances[member] = value["instanceId"]
            self._rebalance_ms[member] = value["rebalanceTimeoutMs"]

    def _current(self, member: str, value: Row | None, n: int, t: int) -> None:
        mine = [held_part for held_part in self._open if held_part[0] == member]
        # a static member that is away has a negative epoch: its partitions wait for it, and nobody reads them
        if value is None or value["memberEpoch"] < 0:
            self._members.pop(member, None)
            self._disown(mine, t)
            return
        self._members[member] = value["memberEpoch"], value["state"]
        # a partition is its member's until the member has confirmed that it let go
        places = set(self._places(value["assignedPartitions"] + value["partitionsPendingRevocation"]))
        self._disown([held_part for held_part in mine if (held_part[2], held_part[3]) not in places], t)
        instance = self._instances.get(member)
        self._own([(member, instance, *place) for place in sorted(places)], value["memberEpoch"], t)
        self._consumer_state(n, t)

    def _places(self, assigned: Iterable[Row]) -> Iterator[_Place]:
        for topic in assigned:
            topic_id = str(topic["topicId"])
            for part in topic["partitions"]:
                yield self._topic_names.get(topic_id, topic_id), part


def _classic_state(members: list[Row]) -> str:
    if not members:
        return "Empty"
    return "Stable" if any(member["assignment"] for member in members) else "CompletingRebalance"


def _by_place(held: _Held) -> tuple[str, int, str]:
    return held[2], held[3], held[0]
