"""The end of a run: what one small history looks like, table by table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streamproof.cluster import EmbeddedCluster, kafka_jars, start_embedded
from streamproof.contract.model import KEY, Field, Holds
from streamproof.errors import ClusterError, UsageError
from streamproof.guardian import Guardian
from streamproof.history.promise import Delivery, Part, Promise, RunRecord
from streamproof.history.store import HistoryWriter
from streamproof.history.tables import TABLES
from streamproof.history.terms import Fate
from streamproof.kafka.topics import create_topics, list_offsets
from streamproof.recording.coordinator_logs import GroupLog, TransactionLog
from streamproof.recording.source import Source, record
from streamproof.recording.topics import EffectTopic, InputTopic, TopicLogs
from streamproof.serde.locators import Locator
from streamproof.serde.partitioners import PARTITIONERS
from streamproof.workload import Event

Row = dict[str, Any]
ID = Locator.parse("header:id")
PARTS = 2
HOLDS = Holds((Field("key", KEY, KEY), Field("header:id", ID, ID)), partitioner="crc32")
EFFECTS = (
    EffectTopic("made", "out", ID, per_input=2, holds=HOLDS, partitions=PARTS),
    EffectTopic("dead", "dlq", ID, dead_letters=True),
)
FATES = {
    "good": (0, Fate.PROCESS),
    "twice": (1, Fate.PROCESS),
    "bad": (2, Fate.POISON),
    "dull": (3, Fate.FILTER),
    "gone": (4, Fate.ABORT),
    "never": (5, Fate.PROCESS),
}
EVENTS = {name: Event(name, "key", seq, fate, b"v", (("id", name.encode()),)) for name, (seq, fate) in FATES.items()}


@pytest.fixture(scope="module")
def own_broker(session_guardian: Guardian, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    """A broker whose coordinators hold what these tests did and nothing else."""
    with start_embedded(session_guardian, brokers=1, logs=tmp_path_factory.mktemp("recorded")) as cluster:
        yield cluster


class Recorder:
    """Records the topics and the coordinators' logs into a directory, and reads the tables."""

    def __init__(self, cluster: EmbeddedCluster, directory: Path, **changed: Any) -> None:
        self._writer, self.directory = HistoryWriter(directory), directory
        servers = cluster.bootstrap_servers
        jars = changed.get("jars", kafka_jars())
        effects = changed.get("effects", EFFECTS)
        input_topic = InputTopic(
            "in", changed.get("identity", ID), "group", FATES, effects, EVENTS, changed.get("keeps", tuple(Part))
        )
        self.sources: list[Source] = [
            TopicLogs(servers, effects, input_topic),
            GroupLog(servers, jars, grp="group"),
            TransactionLog(servers, jars),
        ]

    def record(self) -> tuple[str, ...]:
        lacking = record(self.sources, self._writer, lambda _: None)
        promise = Promise(grp="group", inputs=(), channels=(), delivery=Delivery.EXACTLY_ONCE)
        self._writer.close(
            RunRecord(
                subject="s", promises=(promise,), seed=1, kafka_version="", backend="embedded", started_at=0, ended_at=1
            )
        )
        return lacking

    def rows(self, table: str) -> list[Row]:
        found = pq.read_table(self.directory / f"{table}.parquet")
        assert found.schema == TABLES[table]
        return list(found.to_pylist())


def produce(cluster: EmbeddedCluster, tid: str | None, records: Sequence[tuple[str, str]], **end: Any) -> None:
    """Records (topic, id) in one transaction, with the group's `offset` of `in`-0 if given, ended as `commit` says."""
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers, **({"transactional.id": tid} if tid else {})})
    if tid:
        producer.init_transactions(20)
        producer.begin_transaction()
    for topic, id_ in records:
        producer.produce(topic, b"v", b"key", 0, headers=[("id", id_)])
    assert producer.flush(20) == 0
    if "offset" in end:
        consumer = Consumer({"bootstrap.servers": cluster.bootstrap_servers, "group.id": "group"})
        place = TopicPartition("in", 0, end["offset"])
        producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata(), 20)
        consumer.close()
    if tid:
        (producer.commit_transaction if end["commit"] else producer.abort_transaction)(20)


@pytest.fixture(scope="module")
def fed(own_broker: EmbeddedCluster, wait_until: Callable[[Callable[[], bool]], None]) -> EmbeddedCluster:
    """Seven inputs: an id is sent twice, another in an aborted transaction; a committed and an aborted output."""
    for topic in ("in", "out", "dlq"):
        create_topics(own_broker.bootstrap_servers, {topic: PARTS}, replication=1)
    produce(own_broker, None, [("in", id_) for id_ in ("good", "twice", "twice", "bad", "dull", "stray")])
    produce(own_broker, "upstream", [("in", "gone")], commit=False)
    produce(own_broker, "pipe", [("out", "good"), ("out", "good"), ("dlq", "bad")], commit=True, offset=4)
    produce(own_broker, "zombie", [("out", "twice")], commit=False, offset=6)
    logs = ["in", "out", "dlq", "__consumer_offsets"]

    def stable() -> bool:
        ends = list_offsets(own_broker.bootstrap_servers, logs).values()
        return all(end.last_stable == end.high_watermark for end in ends)

    wait_until(stable)
    return own_broker


@pytest.fixture(scope="module")
def recorder(fed: EmbeddedCluster, tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    made = Recorder(fed, tmp_path_factory.mktemp("history"))
    assert made.record() == ()
    return made


def test_inputs_have_their_fates_and_producers(recorder: Recorder) -> None:
    """All that stands in the log, in its order; what a transaction aborted is there and not visible."""
    rows = recorder.rows("input")
    assert [(row["id"], row["seq"], row["fate"], row["visible"]) for row in rows] == [
        ("good", 0, "process", True),
        ("twice", 1, "process", True),
        ("twice", 1, "process", True),
        ("bad", 2, "poison", True),
        ("dull", 3, "filter", True),
        ("stray", None, "process", True),
        ("gone", 4, "abort", False),
    ]
    assert [row["off"] for row in rows] == [0, 1, 2, 3, 4, 5, 6]
    assert {row["key"] for row in rows} == {"key"}
    assert [row["pid"] is None for row in rows] == [True] * 6 + [False]


def test_effects_are_of_their_channels(recorder: Recorder) -> None:
    """With source, visibility and the producer's id and epoch."""
    rows = sorted(recorder.rows("effect"), key=lambda row: (row["channel"], row["off"]))
    assert [(row["channel"], row["source_id"], row["off"], row["visible"]) for row in rows] == [
        ("dead", "bad", 0, True),
        ("made", "good", 0, True),
        ("made", "good", 1, True),
        ("made", "twice", 3, False),
    ]
    assert sorted(row["ordinal"] for row in rows) == [0, 1, 2, 3]
    assert len({row["pid"] for row in rows}) == 2
    assert {row["epoch"] for row in rows} == {0}
    assert len({row["value_hash"] for row in rows}) == 1


def test_expected_follows_from_fate_and_the_log(recorder: Recorder) -> None:
    """An input that is visible twice may have its effects twice, and must have them once; an aborted input has none."""
    rows = recorder.rows("expected")
    assert {row["grp"] for row in rows} == {"group"}
    assert {(row["id"], row["channel"]): (row["at_least"], row["at_most"]) for row in rows} == {
        ("good", "made"): (2, 2), ("good", "dead"): (0, 0),
        ("twice", "made"): (2, 4), ("twice", "dead"): (0, 0),
        ("bad", "made"): (0, 0), ("bad", "dead"): (1, 1),
        ("dull", "made"): (0, 0), ("dull", "dead"): (0, 0),
        ("stray", "made"): (2, 2), ("stray", "dead"): (0, 0),
        ("gone", "made"): (0, 0), ("gone", "dead"): (0, 0),
    }  # fmt: skip


def test_what_effects_must_hold_is_said_of_what_was_sent_to_be_processed(recorder: Recorder) -> None:
    """On the channel of which the contract says it; nothing is known of what somebody else sent."""
    echoes = {row["id"]: row["echo"] for row in recorder.rows("expected") if row["channel"] == "made"}
    assert echoes == {
        "good": ["key=key", "header:id=good"], "twice": ["key=key", "header:id=twice"],
        "bad": None, "dull": None, "stray": None, "gone": None,
    }  # fmt: skip
    assert {row["echo"] for row in recorder.rows("expected") if row["channel"] == "dead"} == {None}


def test_effects_tell_what_they_hold_and_where_they_belong(recorder: Recorder) -> None:
    """Hidden ones too; of dead letters nothing was asked."""
    home = PARTITIONERS["crc32"](b"key", PARTS)
    assert sorted((row["channel"], row["source_id"], row["echo"], row["home"]) for row in recorder.rows("effect")) == [
        ("dead", "bad", None, None),
        ("made", "good", ["key=key", "header:id=good"], home),
        ("made", "good", ["key=key", "header:id=good"], home),
        ("made", "twice", ["key=key", "header:id=twice"], home),
    ]


def test_dead_letters_and_inputs_tell_what_the_one_keeps_of_the_other(recorder: Recorder) -> None:
    """A letter's value and headers, and those of its input; of other effects nobody asks for headers."""
    (bad,) = (row for row in recorder.rows("input") if row["id"] == "bad")
    letter, *others = sorted(recorder.rows("effect"), key=lambda row: row["channel"])
    assert bad["value_hash"] is not None
    assert (bad["value_hash"], bad["headers"]) == (letter["value_hash"], letter["headers"])
    assert letter["headers"] == ["id=bad"]
    assert {row["headers"] is None for row in others} == {True}


def test_what_no_letter_keeps_is_not_recorded(fed: EmbeddedCluster, tmp_path: Path) -> None:
    """To read it costs time."""
    made = Recorder(fed, tmp_path, keeps=(Part.KEY,))
    made.record()
    assert {(row["value_hash"], row["headers"]) for row in made.rows("input")} == {(None, None)}


def test_in_a_topic_with_other_partitions_than_the_contract_says_no_key_is_at_home(
    fed: EmbeddedCluster, tmp_path: Path
) -> None:
    """It may have grown while the run went on: then a key has two homes."""
    made = Recorder(fed, tmp_path, effects=(replace(EFFECTS[0], partitions=PARTS - 1), EFFECTS[1]))
    made.record()
    assert {row["home"] for row in made.rows("effect")} == {None}


def test_commits_of_aborted_transactions_are_not_visible(recorder: Recorder, fed: EmbeddedCluster) -> None:
    """The offset that the coordinator answers with is the last visible offset; the other is there, and told apart."""
    rows = recorder.rows("offset_commit")
    assert [(row["off"], row["transactional"], row["visible"]) for row in rows] == [(4, True, True), (6, True, False)]
    client = AdminClient({"bootstrap.servers": fed.bootstrap_servers})
    asked = ConsumerGroupTopicPartitions("group", [TopicPartition("in", 0)])
    answer = client.list_consumer_group_offsets([asked])["group"].result(20)
    assert answer.topic_partitions[0].offset == rows[0]["off"]


def test_markers_end_what_the_transactions_wrote(recorder: Recorder) -> None:
    """In every log that they wrote to, the coordinators' own among them, by the producer that wrote."""
    controls = [row for row in recorder.rows("batch") if row["control"] != "none"]
    pids = {row["tid"]: row["pid"] for row in recorder.rows("txn")}
    assert {(row["topic"], row["pid"], row["control"]) for row in controls} == {
        ("in", pids["upstream"], "abort"),
        ("out", pids["pipe"], "commit"), ("dlq", pids["pipe"], "commit"),
        ("__consumer_offsets", pids["pipe"], "commit"),
        ("out", pids["zombie"], "abort"), ("__consumer_offsets", pids["zombie"], "abort"),
    }  # fmt: skip


def test_ends_and_final_reads_are_those_of_the_log(recorder: Recorder) -> None:
    """Every record is read once under each isolation that lets it pass, in an order, and markers by nobody."""
    ends = {(row["topic"], row["part"]): row for row in recorder.rows("ends")}
    assert {place: row["hw"] for place, row in ends.items() if place[1] == 0} == {
        ("in", 0): 8, ("out", 0): 5, ("dlq", 0): 2,
    }  # fmt: skip
    assert all(row["lso"] == row["hw"] and row["begin"] == 0 for row in ends.values())
    reads = recorder.rows("read")
    assert {row["phase"] for row in reads} == {"final"}
    for isolation, count in (("read_committed", 9), ("read_uncommitted", 11)):
        mine = [row for row in reads if row["isolation"] == isolation]
        assert [row["n"] for row in mine] == list(range(count))
        assert len({(row["topic"], row["off"]) for row in mine}) == count


@pytest.mark.parametrize(
    ("refused", "gone", "there"),
    [
        ("__consumer_offsets", ["offset_commit", "generation", "owner"], ["txn"]),
        ("__transaction_state", ["txn"], ["offset_commit", "generation", "owner"]),
    ],
)
def test_a_log_that_may_not_be_read_has_no_tables(
    fed: EmbeddedCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    refused: str,
    gone: list[str],
    there: list[str],
) -> None:
    """They are absent, not empty, and a sentence says so; the other log's are there."""

    def refusing(servers: str, topics: Sequence[str]) -> Mapping[tuple[str, int], tuple[int, int, int]]:
        if refused in topics:
            raise ClusterError(f"{topics[0]}: the broker answers TOPIC_AUTHORIZATION_FAILED")
        return list_offsets(servers, topics)

    monkeypatch.setattr("streamproof.recording.coordinator_logs.list_offsets", refusing)
    made = Recorder(fed, tmp_path)
    (sentence,) = made.record()
    assert sentence.startswith(f"no {', '.join(gone)}: {refused} could not be read: ")
    assert "TOPIC_AUTHORIZATION_FAILED" in sentence
    assert [table for table in (*gone, *there) if (tmp_path / f"{table}.parquet").exists()] == there


def test_without_jars_the_rest_is_recorded(fed: EmbeddedCluster, tmp_path: Path) -> None:
    """The coordinators' records cannot be understood then; everything else stands."""
    made = Recorder(fed, tmp_path, jars=())
    sentences = made.record()
    assert len(sentences) == 2
    assert all("is defined in none of the jars given" in sentence for sentence in sentences)
    assert len(made.rows("input")) == 7
    assert not (tmp_path / "txn.parquet").exists()


def test_an_input_without_its_id_is_named_by_its_place(fed: EmbeddedCluster, tmp_path: Path) -> None:
    """It is an input all the same: that nobody can trace its effects must not make it vanish."""
    made = Recorder(fed, tmp_path, identity=Locator.parse("header:other"))
    made.record()
    assert [row["id"] for row in made.rows("input")][:2] == ["in[0]@0", "in[0]@1"]


def test_an_identity_that_no_record_holds_is_refused_first(fed: EmbeddedCluster, tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(UsageError, match="avro:id"):
        Recorder(fed, tmp_path, identity=Locator.parse("avro:id"))
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_was_never_made_holds_nothing(broker: EmbeddedCluster, tmp_path: Path) -> None:
    """Where no transaction ever was, the table is there and empty: nothing is missing."""

    class NeverMade(TransactionLog):
        topic = "__never_made"

    made = Recorder(broker, tmp_path)
    made.sources = [NeverMade(broker.bootstrap_servers, kafka_jars())]
    assert made.record() == ()
    assert made.rows("txn") == []
