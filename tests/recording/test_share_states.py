"""What became of a share group's records, by hand-made bytes of its coordinator's log."""

import struct
import uuid
from collections.abc import Mapping, Sequence

import pytest

from streamproof.cluster import kafka_jars
from streamproof.errors import HistoryError
from streamproof.recording.log_records import LogRecord
from streamproof.recording.message_schemas import Schema, load_schemas
from streamproof.recording.share_states import ShareStates

AVAILABLE, ACKNOWLEDGED, ARCHIVED = 0, 2, 4
SNAPSHOT, UPDATE = 0, 1
TOPIC = uuid.UUID(int=7)
NAMES = {str(TOPIC): "orders"}
Batch = tuple[int, int, int, int]  # first, last, state, deliveries


@pytest.fixture(scope="module")
def schemas() -> Mapping[str, Schema]:
    return load_schemas(kafka_jars())


def record(kind: int, start: int, *batches: Batch, epoch: int = 0, grp: str = "g") -> LogRecord:
    """As Kafka 4.3 writes it, version 0."""
    key = struct.pack(">hh", kind, len(grp)) + grp.encode() + TOPIC.bytes + struct.pack(">i", 0)
    value = struct.pack(">hi", 0, 0) + (struct.pack(">i", epoch) if kind == SNAPSHOT else b"")
    value += struct.pack(">iq", 0, start) + (struct.pack(">qq", 0, 0) if kind == SNAPSHOT else b"")
    value += bytes([len(batches) + 1]) + b"".join(struct.pack(">qqbhb", *batch, 0) for batch in batches) + b"\0"
    return LogRecord(0, 0, key, value, 1_000, -1, -1, -1, transactional=False, visible=True)


def taken(schemas: Mapping[str, Schema], given: Sequence[int], *records: LogRecord) -> ShareStates:
    states = ShareStates("g", schemas, {("orders", 0): given})
    for one in records:
        states.take([one], NAMES)
    return states


def rows(states: ShareStates) -> list[tuple[int, int, str, int]]:
    return [(row["first_off"], row["last_off"], row["state"], row["deliveries"]) for row in states.states]


def starts(states: ShareStates) -> list[int]:
    return [row["off"] for row in states.starts]


def test_each_change_is_a_row_and_what_is_repeated_is_none(schemas: Mapping[str, Schema]) -> None:
    """A snapshot repeats all that is known, in other ranges."""
    told = taken(
        schemas,
        range(10),
        record(SNAPSHOT, -1),
        record(UPDATE, 0, (0, 3, ACKNOWLEDGED, 1), (4, 5, AVAILABLE, 1)),
        record(SNAPSHOT, 0, (0, 3, ACKNOWLEDGED, 1), (4, 5, AVAILABLE, 1)),
        record(UPDATE, -1, (3, 6, ARCHIVED, 2)),
    )
    assert rows(told) == [(0, 3, "acknowledged", 1), (4, 5, "available", 1), (3, 6, "archived", 2)]


def test_the_start_goes_past_what_is_acknowledged_before_the_log_says_so(schemas: Mapping[str, Schema]) -> None:
    """It stops before what is let go, and before what nothing is said of."""
    told = taken(
        schemas,
        range(10),
        record(UPDATE, 0, (0, 3, ACKNOWLEDGED, 1), (4, 4, AVAILABLE, 1), (5, 6, ACKNOWLEDGED, 1)),
        record(UPDATE, -1, (4, 4, ARCHIVED, 5)),
    )
    assert starts(told) == [4, 7]
    assert told.start_of() == {("orders", 0): 7}


def test_offsets_that_nobody_is_given_do_not_hold_the_start_back(schemas: Mapping[str, Schema]) -> None:
    """A transaction's marker, or an aborted record, of which the log says nothing."""
    told = taken(schemas, [0, 1, 5, 6], record(UPDATE, 0, (0, 1, ACKNOWLEDGED, 1), (5, 5, ACKNOWLEDGED, 1)))
    assert starts(told) == [6]


def test_a_start_that_is_set_anew_is_a_commit_that_goes_back(schemas: Mapping[str, Schema]) -> None:
    """By an operator: what was known before is told again."""
    told = taken(
        schemas,
        range(10),
        record(SNAPSHOT, 0, (0, 3, ACKNOWLEDGED, 1)),
        record(SNAPSHOT, 1, epoch=1),
        record(UPDATE, -1, (1, 1, ACKNOWLEDGED, 1)),
    )
    assert starts(told) == [4, 1, 2]
    assert rows(told)[-1] == (1, 1, "acknowledged", 1)


def test_other_groups_are_passed_over(schemas: Mapping[str, Schema]) -> None:
    """A cluster has several."""
    told = taken(schemas, range(10), record(UPDATE, 0, (0, 3, ACKNOWLEDGED, 1), grp="h"))
    assert (rows(told), starts(told)) == ([], [])


def test_a_record_that_is_cut_off_is_an_error(schemas: Mapping[str, Schema]) -> None:
    """What cannot be read is no record of nothing."""
    whole = record(UPDATE, 0, (0, 3, ACKNOWLEDGED, 1))
    cut = LogRecord(0, 0, whole.key, (whole.value or b"")[:-3], 1_000, -1, -1, -1, transactional=False, visible=True)
    with pytest.raises(HistoryError, match="ends early"):
        taken(schemas, range(10), cut)
