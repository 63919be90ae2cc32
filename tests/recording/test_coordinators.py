"""Reading the coordinators' records: against what a real broker says by other ways, and by hand-made bytes."""

import itertools
import struct
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import confluent_kafka as ck
import pyarrow as pa
import pytest
from confluent_kafka.admin import AdminClient

from streamproof.cluster import EmbeddedCluster, kafka_jars, start_embedded
from streamproof.errors import HistoryError
from streamproof.guardian import Guardian
from streamproof.history.tables import TABLES
from streamproof.kafka.topics import create_topics
from streamproof.recording.coordinators import Decoded, decode_consumer_offsets, decode_transaction_state
from streamproof.recording.log_records import LogRecord
from streamproof.recording.message_schemas import Schema, load_schemas

Row = dict[str, Any]
TOPIC, PARTS = "orders", 4


@pytest.fixture(scope="module")
def cluster(session_guardian: Guardian, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    """A broker of its own, so that its coordinators hold what these tests did and nothing else."""
    with start_embedded(session_guardian, brokers=1, logs=tmp_path_factory.mktemp("coordinators")) as cluster:
        create_topics(cluster.bootstrap_servers, {TOPIC: PARTS}, replication=1)
        yield cluster


@pytest.fixture(scope="module")
def schemas() -> Mapping[str, Schema]:
    return load_schemas(kafka_jars())


@pytest.fixture(scope="module")
def topic_names(cluster: EmbeddedCluster) -> Mapping[str, str]:
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    seen = admin.describe_topics(ck.TopicCollection([TOPIC]))[TOPIC].result(20).topic_id
    high, low = seen.get_most_significant_bits(), seen.get_least_significant_bits()
    return {str(uuid.UUID(bytes=struct.pack(">qq", high, low))): TOPIC}


def records(cluster: EmbeddedCluster, topic: str) -> list[LogRecord]:
    """All of a coordinator's topic. A client does not show producers, so they are unknown."""
    consumer = ck.Consumer(
        {
            "bootstrap.servers": cluster.bootstrap_servers,
            "group.id": "never-joined",
            "enable.auto.commit": False,
            "isolation.level": "read_uncommitted",
            "enable.partition.eof": True,
        }
    )
    read: list[LogRecord] = []
    try:
        consumer.assign([ck.TopicPartition(topic, 0, ck.OFFSET_BEGINNING)])
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is None:
                continue
            if (error := message.error()) is not None:
                assert error.code() == ck.KafkaError._PARTITION_EOF, error
                return read
            t = message.timestamp()[1] * 1000
            offset = message.offset()
            assert offset is not None
            read.append(LogRecord(0, offset, message.key(), message.value(), t, 0, -1, 0, False, True))
    finally:
        consumer.close()
    raise AssertionError(f"{topic} did not end in time")


def decoded(cluster: EmbeddedCluster, schemas: Mapping[str, Schema], names: Mapping[str, str]) -> Decoded:
    return decode_consumer_offsets(records(cluster, "__consumer_offsets"), schemas, names)


MAX_POLL_MS = 70_000


def member(cluster: EmbeddedCluster, group: str, **settings: object) -> ck.Consumer:
    consumer = ck.Consumer({"bootstrap.servers": cluster.bootstrap_servers, "group.id": group} | settings)
    consumer.subscribe([TOPIC])
    return consumer


def parts(consumer: ck.Consumer) -> set[int]:
    return {place.partition for place in consumer.assignment()}


def drive(seen: Callable[[], bool], *members: ck.Consumer) -> None:
    """Poll the members, which is how they rebalance, until something is seen."""
    deadline = time.monotonic() + 40
    while not seen():
        assert time.monotonic() < deadline, "not seen in time"
        for consumer in members:
            consumer.poll(0.05)


def split(first: ck.Consumer, second: ck.Consumer) -> bool:
    mine, theirs = parts(first), parts(second)
    return bool(mine and theirs) and mine | theirs == set(range(PARTS)) and not mine & theirs


def rows_of(rows: list[Row], group: str) -> list[Row]:
    return [row for row in rows if row["grp"] == group]


def owned_now(rows: list[Row]) -> dict[str, set[int]]:
    now: dict[str, set[int]] = {}
    for row in rows:
        if row["t_to"] is None:
            now.setdefault(str(row["member"]), set()).add(int(str(row["part"])))
    return now


def assert_fits(rows: list[Row], table: str) -> None:
    """Every row has the columns of its table, and nulls only where it may hold them."""
    assert rows
    assert all(set(row) == set(TABLES[table].names) for row in rows)
    pa.Table.from_pylist(rows, TABLES[table]).validate(full=True)
    for column in TABLES[table]:
        assert column.nullable or all(row[column.name] is not None for row in rows), column.name


def transact(cluster: EmbeddedCluster, tid: str, consumer: ck.Consumer, offset: int, *, commit: bool) -> None:
    producer = ck.Producer({"bootstrap.servers": cluster.bootstrap_servers, "transactional.id": tid})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(TOPIC, b"x", partition=1)
    metadata = consumer.consumer_group_metadata()
    producer.send_offsets_to_transaction([ck.TopicPartition(TOPIC, 0, offset)], metadata, 20)
    (producer.commit_transaction if commit else producer.abort_transaction)(20)


def settled(cluster: EmbeddedCluster, group: str, wait_until: Callable[[Callable[[], bool]], None]) -> int:
    """The offset that the coordinator reports for partition 0, when no transaction holds it any more."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    found: list[int] = []

    def look() -> bool:
        asked = ck.ConsumerGroupTopicPartitions(group, [ck.TopicPartition(TOPIC, 0)])
        future = admin.list_consumer_group_offsets([asked], require_stable=True)[group]
        place = future.result(20).topic_partitions[0]
        found[:] = [place.offset] if place.error is None else []
        return bool(found)

    wait_until(look)
    return found[0]


def test_commits_are_those_that_the_coordinator_reports(
    cluster: EmbeddedCluster,
    schemas: Mapping[str, Schema],
    topic_names: Mapping[str, str],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    """Plain, committed and aborted offsets appear in order, with every state of their transactions."""
    consumer = ck.Consumer({"bootstrap.servers": cluster.bootstrap_servers, "group.id": "plain"})
    try:
        consumer.commit(offsets=[ck.TopicPartition(TOPIC, 0, 3)], asynchronous=False)
        transact(cluster, "kept", consumer, 7, commit=True)
        assert settled(cluster, "plain", wait_until) == 7
        transact(cluster, "dropped", consumer, 11, commit=False)
        assert settled(cluster, "plain", wait_until) == 7
    finally:
        consumer.close()
    rows = rows_of(decoded(cluster, schemas, topic_names).offset_commit, "plain")
    assert_fits(rows, "offset_commit")
    assert [(row["topic"], row["part"], row["off"]) for row in rows] == [(TOPIC, 0, 3), (TOPIC, 0, 7), (TOPIC, 0, 11)]
    assert [row["n"] for row in rows] == sorted(row["n"] for row in rows)

    def states() -> dict[str, list[str]]:
        txns = decode_transaction_state(records(cluster, "__transaction_state"), schemas)
        assert_fits(txns, "txn")
        ongoing = {place for row in txns if row["state"] == "Ongoing" for place in row["partitions"]}
        assert ongoing == {f"{TOPIC}-1", "__consumer_offsets-0"}
        return {
            tid: list(dict.fromkeys(row["state"] for row in txns if row["tid"] == tid)) for tid in ("kept", "dropped")
        }

    wait_until(lambda: states()["dropped"][-1] == "CompleteAbort")
    assert states() == {
        "kept": ["Empty", "Ongoing", "PrepareCommit", "CompleteCommit"],
        "dropped": ["Empty", "Ongoing", "PrepareAbort", "CompleteAbort"],
    }


def test_a_deleted_commit_has_no_offset(
    cluster: EmbeddedCluster, schemas: Mapping[str, Schema], topic_names: Mapping[str, str]
) -> None:
    """Deleting a group ends its commits and its generations, and does not look like a commit of offset 0."""
    consumer = ck.Consumer({"bootstrap.servers": cluster.bootstrap_servers, "group.id": "deleted"})
    consumer.commit(offsets=[ck.TopicPartition(TOPIC, 2, 5)], asynchronous=False)
    consumer.close()
    # a client that nothing refers to is gone before its answer comes
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    admin.delete_consumer_groups(["deleted"])["deleted"].result(20)
    tables = decoded(cluster, schemas, topic_names)
    assert [row["off"] for row in rows_of(tables.offset_commit, "deleted")] == [5, None]
    assert rows_of(tables.generation, "deleted")[-1]["state"] == "Dead"


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_owners_are_those_that_the_members_report(
    cluster: EmbeddedCluster, schemas: Mapping[str, Schema], topic_names: Mapping[str, str], protocol: str
) -> None:
    """A second member takes over partitions; the rows say who has which, and when the first gave up the others."""
    settings = {"group.protocol": protocol, "max.poll.interval.ms": MAX_POLL_MS}
    first = member(cluster, protocol, **settings, **{"group.instance.id": "static"})
    try:
        drive(lambda: parts(first) == set(range(PARTS)), first)
        second = member(cluster, protocol, **settings)
        try:
            drive(lambda: split(first, second), first, second)
            expected = {first.memberid(): parts(first), second.memberid(): parts(second)}

            def settled_owners() -> bool:
                return owned_now(rows_of(decoded(cluster, schemas, topic_names).owner, protocol)) == expected

            drive(settled_owners, first, second)
            tables = decoded(cluster, schemas, topic_names)
        finally:
            second.close()
    finally:
        first.close()
    owners, generations = rows_of(tables.owner, protocol), rows_of(tables.generation, protocol)
    assert_fits(owners, "owner")
    assert_fits(generations, "generation")
    assert {row["topic"] for row in owners} == {TOPIC}
    assert {row["instance"] for row in owners} == {"static", None}
    given_up = [row for row in owners if row["t_to"] is not None]
    assert {row["part"] for row in given_up} >= expected[dynamic_member(expected, owners)]
    assert all(row["t_from"] <= row["t_to"] for row in given_up)
    assert {row["protocol"] for row in generations} == {protocol}
    assert generations[-1]["state"] == "Stable"
    assert set(generations[-1]["members"]) == expected.keys()
    assert {row["rebalance_ms"] for row in generations if row["members"]} == {MAX_POLL_MS}
    numbers = [row["generation"] for row in generations]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > 1
    assert not tables.skipped


def dynamic_member(expected: Mapping[str, set[int]], owners: list[Row]) -> str:
    """The member that is not static."""
    return next(str(row["member"]) for row in owners if row["member"] in expected and row["instance"] is None)


def test_no_partition_has_two_owners_at_once(
    cluster: EmbeddedCluster, schemas: Mapping[str, Schema], topic_names: Mapping[str, str]
) -> None:
    """For each partition the next owner begins no earlier than the last owner ended."""
    group = "dynamic"
    first = member(cluster, group, **{"group.protocol": "consumer"})
    second = member(cluster, group, **{"group.protocol": "consumer"})
    try:
        drive(lambda: split(first, second), first, second)
    finally:
        first.close()
        second.close()
    tables = decoded(cluster, schemas, topic_names)
    owners = rows_of(tables.owner, group)
    assert owned_now(owners) == {}
    for part in range(PARTS):
        spans = sorted((row["t_from"], row["t_to"]) for row in owners if row["part"] == part)
        assert spans
        assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    assert rows_of(tables.generation, group)[-1]["state"] == "Empty"


def record(key: bytes | None, value: bytes | None, off: int = 0, part: int = 0, t: int = 0) -> LogRecord:
    return LogRecord(part, off, key, value, t, -1, -1, 0, False, True)


def text(value: str) -> bytes:
    return struct.pack(">h", len(value)) + value.encode()


def commit_key(kind: int, group: str = "g") -> bytes:
    return struct.pack(">h", kind) + text(group) + text("orders") + struct.pack(">i", 1)


def test_unknown_kinds_are_counted_and_passed_over(schemas: Mapping[str, Schema]) -> None:
    """A record of a later release, or a record without a key, costs its own row and no other."""
    value = struct.pack(">hqih", 3, 42, -1, 0) + struct.pack(">q", 0)
    records = [record(b"\x7f\x00xx", b"?", 0), record(None, b"?", 1), record(commit_key(1), value, 2)]
    tables = decode_consumer_offsets(records, schemas, {})
    assert tables.skipped == {0x7F00: 1, -1: 1}
    assert [(row["off"], row["n"]) for row in tables.offset_commit] == [(42, 2)]


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("version", [0, 1, 2, 3, 4])
def test_every_version_of_a_commit_is_read(schemas: Mapping[str, Schema], kind: int, version: int) -> None:
    """The offset is the same, whichever version of key and value a broker wrote."""
    value = struct.pack(">hq", version, 42)
    value += struct.pack(">i", 5) if version >= 3 else b""
    value += b"\x05note" if version == 4 else text("note")
    value += struct.pack(">q", 1000)
    value += struct.pack(">q", 2000) if version == 1 else b""
    if version == 4:  # the topic's id, and a tag that no release knows yet
        value += b"\x02" + b"\x00\x10" + uuid.UUID(int=7).bytes + b"\x09\x03abc"
    tables = decode_consumer_offsets([record(commit_key(kind), value)], schemas, {})
    assert [(row["grp"], row["part"], row["off"]) for row in tables.offset_commit] == [("g", 1, 42)]


def test_a_partitions_order_is_that_of_its_offsets(schemas: Mapping[str, Schema]) -> None:
    """Whatever the times say: a coordinator that moves may move to a broker whose clock is behind."""
    records = [
        record(commit_key(1, "other"), None, off=0, part=1, t=1),
        record(commit_key(1, "second"), None, off=6, part=0, t=5),
        record(commit_key(1, "first"), None, off=5, part=0, t=9),
    ]
    rows = decode_consumer_offsets(records, schemas, {}).offset_commit
    assert [(row["grp"], row["n"]) for row in rows] == [("first", 0), ("second", 1), ("other", 2)]


def group_of(version: int, *members: tuple[str, int, int]) -> LogRecord:
    """A classic group of members that have nothing assigned, and these time-outs: a rebalance's, and a session's."""
    value = struct.pack(">h", version) + text("consumer") + struct.pack(">i", 5) + text("range") + text("a")
    value += struct.pack(">q", 1000) if version >= 2 else b""
    value += struct.pack(">i", len(members))
    for name, rebalance_ms, session_ms in members:
        value += text(name) + (struct.pack(">h", -1) if version >= 3 else b"") + text("client") + text("/127.0.0.1")
        value += struct.pack(">i", rebalance_ms) if version >= 1 else b""
        value += struct.pack(">i", session_ms) + struct.pack(">ii", 0, 0)
    return record(struct.pack(">h", 2) + text("g"), value)


@pytest.mark.parametrize(("version", "longest"), [(0, 9), (1, 70), (2, 70), (3, 70)])
def test_a_generation_tells_all_members_and_the_longest_that_one_may_take(
    schemas: Mapping[str, Schema], version: int, longest: int
) -> None:
    """With partitions or without; the oldest clients have one time-out, their session's."""
    [row] = decode_consumer_offsets([group_of(version, ("b", 70, 9), ("a", 60, 8))], schemas, {}).generation
    assert (row["members"], row["rebalance_ms"]) == (["a", "b"], longest)
    [row] = decode_consumer_offsets([group_of(version)], schemas, {}).generation
    assert (row["members"], row["rebalance_ms"]) == ([], None)


def current(off: int, epoch: int, assigned: list[int], revoking: list[int]) -> LogRecord:
    """A member of the consumer protocol, as its record says at the time `off`."""

    def places(numbers: list[int]) -> bytes:
        listed = struct.pack(f">B{len(numbers)}i", len(numbers) + 1, *numbers)
        return b"\x02" + uuid.UUID(int=7).bytes + listed + b"\x00" if numbers else b"\x01"

    key = struct.pack(">h", 8) + text("g") + text("m")
    value = struct.pack(">hiib", 0, epoch, epoch, 0) + places(assigned) + places(revoking) + b"\x00"
    return record(key, value, off=off, t=off)


def test_a_partition_is_its_members_until_it_has_let_go(schemas: Mapping[str, Schema]) -> None:
    """A revocation that the member has not confirmed leaves it the owner; a confirmed revocation does not."""
    records = [current(1, 3, [0, 1], []), current(2, 3, [0], [1]), current(5, 4, [0], [])]
    owners = decode_consumer_offsets(records, schemas, {str(uuid.UUID(int=7)): "orders"}).owner
    assert [(row["topic"], row["part"], row["generation"], row["t_from"], row["t_to"]) for row in owners] == [
        ("orders", 0, 3, 1, None),
        ("orders", 1, 3, 1, 5),
    ]


def test_a_static_member_that_is_away_owns_nothing(schemas: Mapping[str, Schema]) -> None:
    """Its partitions wait for it, but it is gone; and a topic whose name is not known goes by its id."""
    owners = decode_consumer_offsets([current(1, 3, [0], []), current(4, -2, [0], [])], schemas, {}).owner
    assert [(row["topic"], row["t_from"], row["t_to"]) for row in owners] == [(str(uuid.UUID(int=7)), 1, 4)]


@pytest.mark.parametrize(
    ("value", "why"), [(b"\x00\x63", "version 99"), (b"\x00\x03\x00", "ends early"), (b"\x00", "no version")]
)
def test_a_broken_record_is_named(schemas: Mapping[str, Schema], value: bytes, why: str) -> None:
    """A record of a known kind that cannot be read is an error that says where it lies, never a missing row."""
    with pytest.raises(HistoryError, match=f"offset 8 of partition 0 .*{why}"):
        decode_consumer_offsets([record(commit_key(1), value, off=8)], schemas, {})


@pytest.mark.versions
@pytest.mark.parametrize("version", ["3.9.1"])
def test_an_older_release_defines_the_same_records(version: str) -> None:
    """Keys that carry their kind as a version, as up to Kafka 3.9, give the same rows."""
    tables = decode_consumer_offsets([record(commit_key(1), None)], load_schemas(kafka_jars(version)), {})
    assert [row["off"] for row in tables.offset_commit] == [None]
