"""Readers that watch while things break: what they note, and that a broken broker does not end them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from confluent_kafka import Producer

from streamproof.cluster import EmbeddedCluster, start_embedded
from streamproof.errors import HistoryError, UsageError
from streamproof.guardian import Guardian
from streamproof.history.promise import Delivery, Promise, RunRecord
from streamproof.history.store import HistoryWriter
from streamproof.kafka.topics import create_topics
from streamproof.recording.observers import Observers
from streamproof.recording.source import record
from streamproof.serde.locators import Locator

Row = dict[str, Any]
Send = Callable[..., None]
WaitUntil = Callable[[Callable[[], bool]], None]
ID = Locator.parse("header:id")
RECORD = RunRecord(
    subject="s", promises=(Promise(grp="g", inputs=(), channels=(), delivery=Delivery.EXACTLY_ONCE),), seed=1,
    kafka_version="", backend="", started_at=0, ended_at=1,
)  # fmt: skip


class Watched:
    """An observer on topics `in` and `out`, and what it wrote."""

    def __init__(self, cluster: EmbeddedCluster, directory: Path, name: str, identity: Locator = ID) -> None:
        self.input, self.output = f"{name}-in", f"{name}-out"
        self._path = directory / "read.parquet"
        self._writer = HistoryWriter(directory)
        topics = {self.input: 2, self.output: 2}
        create_topics(cluster.bootstrap_servers, topics, replication=1)
        identities = dict.fromkeys(topics, identity)
        self.observer = Observers(cluster.bootstrap_servers, self.input, identities, topics)

    def start(self) -> None:
        self.observer.start(self._writer)

    def read_so_far(self) -> dict[str, int]:
        return dict(self.observer.counts)

    def rows(self) -> list[Row]:
        """After the end."""
        record([self.observer], self._writer, lambda _: None)
        self._writer.close(RECORD)
        return list(pq.read_table(self._path).to_pylist())


@pytest.fixture
def watched(broker: EmbeddedCluster, tmp_path: Path, request: pytest.FixtureRequest) -> Watched:
    return Watched(broker, tmp_path, request.node.name)


@pytest.fixture(scope="module")
def breakable(session_guardian: Guardian, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    with start_embedded(session_guardian, brokers=1, logs=tmp_path_factory.mktemp("observed")) as cluster:
        yield cluster


def test_each_isolation_is_watched(watched: Watched, send: Send, wait_until: WaitUntil) -> None:
    """What is aborted is seen under read_uncommitted alone, each record once, in an order, with its place and id."""
    watched.start()
    send(watched.output, "kept", commit=True)
    send(watched.output, "dropped", commit=False)
    send(watched.input, "plain", part=1)
    wait_until(lambda: watched.read_so_far() == {"read_committed": 2, "read_uncommitted": 3})
    watched.observer.stop()
    rows = watched.rows()
    assert {(row["reader"], row["phase"]) for row in rows} == {
        ("observer-read_committed", "during"),
        ("observer-read_uncommitted", "during"),
    }
    committed = {
        (row["topic"], row["part"], row["off"], row["id"]) for row in rows if "uncommitted" not in row["reader"]
    }
    everything = {(row["topic"], row["part"], row["off"], row["id"]) for row in rows if "uncommitted" in row["reader"]}
    assert committed == {(watched.output, 0, 0, "kept"), (watched.input, 1, 0, "plain")}
    assert everything == committed | {(watched.output, 0, 2, "dropped")}
    assert [row["n"] for row in rows if "uncommitted" in row["reader"]] == [0, 1, 2]


def test_what_is_in_flight_is_known(watched: Watched, send: Send, wait_until: WaitUntil) -> None:
    """An input with an effect in the log, visible or not, that the group has not committed past."""
    watched.start()
    send(watched.input, "a", "b", "c")
    send(watched.output, "a", "b", "nobody", commit=False)
    wait_until(lambda: watched.observer.in_flight({}) == {(0, 0), (0, 1)})
    assert watched.observer.in_flight({(watched.input, 0): 1}) == {(0, 1)}
    assert watched.observer.in_flight({(watched.input, 0): 2}) == set()
    watched.observer.stop()


def test_all_is_done_when_the_last_visible_input_is_committed_past(
    watched: Watched, send: Send, wait_until: WaitUntil
) -> None:
    """What an upstream aborted comes last in its partition: no group commits past it, and it is nobody's work."""
    watched.start()
    assert watched.observer.done({}), "nothing is there to do"
    send(watched.input, "a", "b")
    send(watched.input, "plain", part=1)
    send(watched.input, "dropped", commit=False)
    wait_until(lambda: watched.read_so_far() == {"read_committed": 3, "read_uncommitted": 4})
    for first, second in ((1, 1), (2, 0)):
        assert not watched.observer.done({(watched.input, 0): first, (watched.input, 1): second})
    assert watched.observer.done({(watched.input, 0): 2, (watched.input, 1): 1})
    watched.observer.stop()


def test_what_a_subject_was_told_is_done_when_all_of_it_is_accounted_for(watched: Watched) -> None:
    """Lines have places of their own: the last of each instance counts."""
    watched.observer._told = lambda: {"a": (1, 0), "c": (2, 0), "b": (1, 1)}
    assert not watched.observer.done({(watched.input, 1): 1, (watched.input, 2): 1})
    assert watched.observer.done({(watched.input, 1): 2, (watched.input, 2): 1})


def test_a_broker_that_dies_is_outlived(breakable: EmbeddedCluster, tmp_path: Path, wait_until: WaitUntil) -> None:
    """Both readers go on where they were when it is back, without a gap and without a record twice."""
    watched = Watched(breakable, tmp_path, "dies")
    watched.start()
    produce(breakable, watched.output, "before")
    wait_until(lambda: set(watched.read_so_far().values()) == {1})
    breakable.kill(1)
    breakable.start(1)
    produce(breakable, watched.output, "after")
    wait_until(lambda: set(watched.read_so_far().values()) == {2})
    watched.observer.stop()
    rows = watched.rows()
    for isolation in ("read_committed", "read_uncommitted"):
        assert [row["id"] for row in rows if row["isolation"] == isolation] == ["before", "after"]


def produce(cluster: EmbeddedCluster, topic: str, event_id: str) -> None:
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers, "log_level": 0})
    producer.produce(topic, b"v", headers=[("id", event_id.encode())])
    assert producer.flush(30) == 0


def test_a_reader_that_failed_is_told_at_the_end(
    watched: Watched, send: Send, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that ended in silence would look like a log in which nothing happened."""

    def fail(*_: object) -> None:
        raise RuntimeError("no way to find it")

    monkeypatch.setattr(Locator, "of_all", fail)
    watched.start()
    send(watched.output, "a")
    thread = watched.observer._thread
    wait_until(lambda: thread is not None and not thread.is_alive())
    with pytest.raises(HistoryError, match="what observers read: observing ended early: no way to find it"):
        watched.observer.stop()


def test_an_identity_that_no_record_holds_is_refused(broker: EmbeddedCluster, tmp_path: Path) -> None:
    """At once, not when the first record comes."""
    with pytest.raises(UsageError, match="column:id"):
        Watched(broker, tmp_path, "refused", Locator.parse("column:id"))
