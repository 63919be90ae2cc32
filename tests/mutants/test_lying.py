"""What a lying broker says, and what must be found of it: both follow from the place that it lied about."""

import io
import struct
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from kio.schema.consumer_protocol_assignment.v0.data import ConsumerProtocolAssignment, TopicPartition
from kio.schema.errors import ErrorCode
from kio.schema.fetch.v11.response import (
    AbortedTransaction,
    FetchableTopicResponse,
    FetchResponse,
    PartitionData,
)
from kio.schema.sync_group.v3.request import SyncGroupRequest, SyncGroupRequestAssignment
from kio.schema.txn_offset_commit.v3.request import TxnOffsetCommitRequest
from kio.serial import entity_reader, entity_writer

from mutants.journal import Journal, Row, read
from mutants.lies import LIES
from mutants.registry import MUTANTS
from streamproof.history.tables import TABLES
from streamproof.history.terms import Side
from streamproof.wire import Change, Proxy, Sighting
from tests.mutants.test_mutants_registry import tables

BATCH = struct.Struct(">qiibIhiqqqhii")
TRANSACTIONAL = 0x10


def batch(base: int, records: bytes, attributes: int = 0) -> bytes:
    """A batch with as many records as bytes; what is in it is no matter."""
    count = len(records)
    fields = (base, BATCH.size - 12 + count, 0, 2, 0, attributes, count - 1, 0, 0, 7, 0, 0, count)
    return BATCH.pack(*fields) + records


def made(kind: Any, **values: Any) -> Any:
    """An entity of kio's, from plain values."""
    return kind(**values)


def fetched(*batches: bytes, aborted: tuple[int, ...] = ()) -> Any:
    part = made(
        PartitionData,
        partition_index=0,
        error_code=ErrorCode.none,
        high_watermark=99,
        aborted_transactions=tuple(made(AbortedTransaction, producer_id=7, first_offset=off) for off in aborted),
        records=b"".join(batches),
    )
    topic = made(FetchableTopicResponse, topic="in", partitions=(part,))
    return made(FetchResponse, throttle_time=timedelta(0), error_code=ErrorCode.none, responses=(topic,))


class Liar:
    """A rule of `LIES`, with its journal."""

    def __init__(self, name: str, directory: Path) -> None:
        self._path = directory / "journal"
        self._rule = LIES[name].rule(Proxy("broker:9"), Journal(self._path, "broker"))

    def says(self, api: str, side: Side, body: Any) -> Any:
        deed = self._rule(Sighting(1, 1, 1, "broker:9", api, 1, None, side))
        assert isinstance(deed, Change)
        return deed.by(body)

    def shows(self, *batches: bytes) -> bytes:
        records: bytes = self.says("Fetch", Side.RESPONSE, fetched(*batches)).responses[0].partitions[0].records
        return records

    @property
    def rows(self) -> list[Row]:
        return read([self._path])


EARLY, LIED, NEXT = batch(38, b"ab"), batch(40, b"cd"), batch(42, b"ef")


def test_a_batch_comes_twice(tmp_path: Path) -> None:
    """The first that begins where there are others before it; to all who read."""
    liar = Liar("twice", tmp_path)
    assert liar.shows(EARLY, LIED, NEXT) == EARLY + LIED + LIED + NEXT
    assert liar.shows(LIED) == LIED + LIED
    assert MUTANTS["served-twice"].witnesses(liar.rows, {}) == {"nonmonotonic-read": {"in[0]@40"}}


def test_a_batch_is_hidden(tmp_path: Path) -> None:
    """What is left of it is as long as it was in offsets, and has no record."""
    liar = Liar("hidden", tmp_path)
    hidden = liar.shows(EARLY, LIED, NEXT).removeprefix(EARLY).removesuffix(NEXT)
    base, length, *_, count = BATCH.unpack(hidden)
    assert (base, length, count) == (40, BATCH.size - 12, 0)
    assert hidden[12:57] == LIED[12:57]
    assert MUTANTS["hides-records"].witnesses(liar.rows, {}) == {"skipped-read": {"in[0]@40", "in[0]@41"}}


def test_an_offset_has_two_contents(tmp_path: Path) -> None:
    """Those of an earlier batch with as many records; who was told the truth of a batch first is told it again."""
    liar = Liar("other", tmp_path)
    assert liar.shows(LIED, LIED, batch(42, b"efg"), batch(45, b"hi")) == (
        LIED + LIED + batch(42, b"efg") + batch(45, b"cd")
    )
    inputs = [{"id": str(off), "topic": "in", "part": 0, "off": off} for off in range(40, 50)]
    given = {"input": pa.Table.from_pylist(inputs)}
    assert MUTANTS["two-contents"].witnesses(liar.rows, given) == {"inconsistent-offset": {"45", "46"}}


@pytest.mark.parametrize("name", ["twice", "hidden", "other"])
def test_no_lie_is_told_of_transactions(tmp_path: Path, name: str) -> None:
    """Some who read are not given them."""
    ours = [batch(off, b"ab", TRANSACTIONAL) for off in (40, 42, 44)]
    liar = Liar(name, tmp_path)
    assert liar.shows(*ours) == b"".join(ours)
    assert liar.rows == []


def test_nothing_was_aborted(tmp_path: Path) -> None:
    """What lies between the beginning of each such transaction and its marker is shown; what follows is another's."""
    liar = Liar("nothing-aborted", tmp_path)
    said = liar.says("Fetch", Side.RESPONSE, fetched(EARLY, aborted=(38,))).responses[0].partitions[0]
    assert said.aborted_transactions == ()
    columns = ("base_off", "last_off", "pid", "control")
    batches = [(38, 39, 7, "none"), (40, 41, 8, "none"), (42, 43, 7, "none"), (44, 44, 7, "abort"), (45, 46, 7, "none")]
    given = {
        "batch": pa.Table.from_pylist(
            [{"topic": "in", "part": 0, **dict(zip(columns, row, strict=True))} for row in batches]
        )
    }
    assert MUTANTS["tells-no-aborts"].witnesses(liar.rows, given) == {
        "aborted-read": {"in[0]@38", "in[0]@39", "in[0]@42", "in[0]@43"}
    }


def test_an_honest_answer_stays_as_it_is(tmp_path: Path) -> None:
    """Records and all."""
    answer = fetched(EARLY, LIED, aborted=(38,))
    assert Liar("none", tmp_path).says("Fetch", Side.RESPONSE, answer) == answer


def test_a_members_offsets_come_from_nobody(tmp_path: Path) -> None:
    """All else is as it was."""
    asked = made(
        TxnOffsetCommitRequest,
        transactional_id="t",
        group_id="g",
        producer_id=7,
        producer_epoch=1,
        generation_id=3,
        member_id="m",
        topics=(),
    )
    said = Liar("from-nobody", tmp_path).says("TxnOffsetCommit", Side.REQUEST, asked)
    assert said == replace(asked, generation_id=-1, member_id="")


def test_nobody_is_given_the_first_partition(tmp_path: Path) -> None:
    """What waits there is late; the others have their owners."""
    data = made(ConsumerProtocolAssignment, assigned_partitions=(made(TopicPartition, topic="in", partitions=(0, 2)),))
    writer = io.BytesIO()
    entity_writer(ConsumerProtocolAssignment)(writer, data)
    asked = made(
        SyncGroupRequest,
        group_id="g",
        generation_id=3,
        member_id="m",
        assignments=(made(SyncGroupRequestAssignment, member_id="m", assignment=b"\0\1" + writer.getvalue()),),
    )
    liar = Liar("without-owner", tmp_path)
    (said,) = liar.says("SyncGroup", Side.REQUEST, asked).assignments
    assert said.assignment.startswith(b"\0\1")
    left, _ = entity_reader(ConsumerProtocolAssignment)(said.assignment, 2)
    assert [(topic.topic, topic.partitions) for topic in left.assigned_partitions] == [("in", (2,))]
    inputs = [{"id": f"{part}-{off}", "topic": "in", "part": part, "off": off} for part in (0, 1) for off in (0, 1)]
    given = {
        **tables({}),
        "input": pa.Table.from_pylist([{**row, "fate": "process", "t_append": 0} for row in inputs]),
        "offset_commit": pa.Table.from_pylist(
            [{"n": 1, "topic": "in", "part": 0, "off": 1, "t_append": 0, "visible": True}],
            TABLES["offset_commit"],
        ),
    }
    assert MUTANTS["forgets-owner"].witnesses(liar.rows, given) == {"orphan": {"in[0]"}, "late": {"0-1"}}
