"""Hops on a real broker: which topics are found, and what is read of them."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pyarrow.parquet as pq
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from streamproof.cluster import EmbeddedCluster
from streamproof.history.promise import Delivery, Promise, RunRecord
from streamproof.history.store import HistoryWriter
from streamproof.history.terms import Side
from streamproof.kafka.topics import TIMES, create_topics
from streamproof.recording.hops import HopRecords, Hops
from streamproof.serde.locators import Locator
from streamproof.wire import Sighting

T = TypeVar("T")
Send = Callable[..., None]
Commit = Callable[[str, str, int], None]
Make = Callable[..., "Reader"]
IDS = (Locator.parse("header:id"), Locator.parse("key"))


def wait_for(look: Callable[[], T | None]) -> T:
    """What `look` sees, once it sees something."""
    deadline = time.monotonic() + 30
    while (seen := look()) is None:
        assert time.monotonic() < deadline
    return seen


@pytest.fixture
def commit(broker: EmbeddedCluster) -> Commit:
    """`commit(group, topic, off)`: of the first partition, by a group that has no members."""

    def committed(group: str, topic: str, off: int) -> None:
        settings = {"bootstrap.servers": broker.bootstrap_servers, "group.id": group}
        consumer = Consumer(settings)
        consumer.commit(offsets=[TopicPartition(topic, 0, off)], asynchronous=False)
        consumer.close()

    return committed


class Reader:
    """Reads hops into a history of its own."""

    def __init__(self, broker: EmbeddedCluster, directory: Path, group: str, **hops: Any) -> None:
        self._directory, self._writer, self.group = directory, HistoryWriter(directory), group
        settings: dict[str, Any] = {"ours": (), "declared": (), "everyone": False} | hops
        found = Hops(broker.bootstrap_servers, group, **settings)
        self.records = HopRecords(broker.bootstrap_servers, found, IDS, {"a", "b", "c"})
        self.records.start(self._writer)

    def rows(self) -> list[dict[str, Any]]:
        self.records.stop()
        self.records.write(self._writer)
        self._writer.open("hop")
        promise = Promise(grp="g", inputs=(), channels=(), delivery=Delivery.EXACTLY_ONCE)
        self._writer.close(
            RunRecord(
                subject="s", promises=(promise,), seed=1, kafka_version="", backend="embedded", started_at=0, ended_at=1
            )
        )
        return list(pq.read_table(self._directory / "hop.parquet").to_pylist())


@pytest.fixture
def reader(broker: EmbeddedCluster, tmp_path: Path) -> Iterator[Make]:
    """`reader(**changed)`: for a group that is named after the test."""
    made: list[Reader] = []

    def make(**changed: Any) -> Reader:
        made.append(Reader(broker, tmp_path / str(len(made)), tmp_path.name, **changed))
        return made[-1]

    yield make
    for each in made:
        each.records.stop()


def test_a_topic_that_the_group_commits_in_is_a_hop(
    reader: Make, topic: str, send: Send, commit: Commit, tmp_path: Path
) -> None:
    """Its records of this run are read, those of before are not; each names its input, or none."""
    send(topic, "before")
    found = reader()
    assert not found.records.hops.topics
    send(topic, "a", "other", commit=True)
    send(topic, "b", commit=False)
    commit(tmp_path.name, topic, 1)
    assert found.records.behind() == [(topic, 0)]
    assert list(found.records.hops.topics) == [topic]
    assert list(found.records.hops.stages) == []
    commit(tmp_path.name, topic, 3)
    assert found.records.behind() == []
    rows = {row["off"]: row for row in found.rows()}
    assert {off: (row["id"], row["visible"], row["pid"] is not None) for off, row in rows.items()} == {
        1: ("a", True, True), 2: (None, True, True), 4: ("b", False, True)
    }  # fmt: skip
    assert all(row["t_append"] for row in rows.values())


def test_what_the_subject_deletes_is_read_before(
    broker: EmbeddedCluster, reader: Make, topic: str, send: Send, commit: Commit
) -> None:
    """Its request goes on once the hop was read; where nothing reads any more, at once."""
    found = reader()
    passed_on = threading.Event()
    keeper = SimpleNamespace(pass_on=passed_on.set)
    asked = Sighting(1, 1, 1, "broker:9092", "DeleteRecords", 2, None, Side.REQUEST)
    send(topic, "a", commit=True)
    commit(found.group, topic, 1)
    hold = wait_for(lambda: found.records.keep(asked))
    hold.take(asked, cast("Any", keeper))
    assert passed_on.wait(30)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    (deleted,) = admin.delete_records([TopicPartition(topic, 0, 1)]).values()
    deleted.result(30)
    assert [row["id"] for row in found.rows()] == ["a"]
    assert found.records.keep(asked) is None


@pytest.mark.parametrize("known", ["ours", "no new record"])
def test_what_is_no_hop(reader: Make, topic: str, send: Send, commit: Commit, tmp_path: Path, *, known: str) -> None:
    """The contract's own topics, and a topic into which this run wrote nothing."""
    if known == "no new record":
        send(topic, "a")
    found = reader(ours=[topic] if known == "ours" else [])
    if known == "ours":
        send(topic, "a")
    commit(tmp_path.name, topic, 1)
    assert found.records.behind() == []
    assert (found.records.hops.topics, found.rows()) == ((), [])


@pytest.mark.parametrize(
    ("hops", "is_seen"), [({}, False), ({"everyone": True}, True), ({"declared": True}, True)], ids=str
)
def test_another_group_is_the_subjects_on_its_own_cluster_or_where_it_is_declared(
    reader: Make, topic: str, send: Send, commit: Commit, tmp_path: Path, *, hops: dict[str, Any], is_seen: bool
) -> None:
    """Groups that were there before the run, and have no members, are of earlier runs."""
    send(topic, "a")
    commit(f"{tmp_path.name}-before", topic, 1)
    found = reader(**{name: [topic] if name == "declared" else value for name, value in hops.items()})
    send(topic, "b")
    commit(f"{tmp_path.name}-second", topic, 1)
    assert found.records.behind() == ([(topic, 0)] if is_seen else [])
    assert found.records.hops.stages == ((f"{tmp_path.name}-second",) if is_seen else ())
    assert [row["id"] for row in found.rows()] == (["b"] if is_seen else [])


def test_of_several_groups_each_must_be_done(
    reader: Make, topic: str, send: Send, commit: Commit, tmp_path: Path
) -> None:
    """And where nobody commits at all, nobody is done."""
    found = reader(declared=[topic])
    assert found.records.behind() == []
    send(topic, "a")
    assert found.records.behind() == [(topic, 0)]
    commit(tmp_path.name, topic, 1)
    commit(f"{tmp_path.name}-second", topic, 0)
    assert found.records.behind() == [(topic, 0)]
    commit(f"{tmp_path.name}-second", topic, 1)
    assert found.records.behind() == []


def test_records_that_are_deleted_once_they_are_done_have_been_read(
    broker: EmbeddedCluster, reader: Make, topic: str, send: Send, wait_until: Callable[..., None]
) -> None:
    """As Kafka Streams deletes behind itself; what was deleted before it was read names no input."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    found = reader(declared=[topic])
    send(topic, "a")
    assert found.records.behind() == [(topic, 0)]
    for off in (1, 2):
        if off == 2:
            found.records.stop()
            send(topic, "b")
        (deleted,) = admin.delete_records([TopicPartition(topic, 0, off)]).values()
        assert deleted.result(20).low_watermark == off
    send(topic, "c")
    assert [(row["off"], row["id"]) for row in found.rows()] == [(0, "a"), (1, None), (2, "c")]


def test_a_topic_with_its_producers_times_has_no_times(
    broker: EmbeddedCluster, reader: Make, topic: str, send: Send
) -> None:
    """When a record came there is not known."""
    name = f"{topic}-own"
    create_topics(broker.bootstrap_servers, {name: 1}, replication=1, config={name: {TIMES: "CreateTime"}})
    found = reader(declared=[name])
    send(name, "a")
    assert [(row["id"], row["t_append"]) for row in found.rows()] == [("a", None)]
