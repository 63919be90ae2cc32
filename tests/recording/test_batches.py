"""Batch headers: what a real log holds, and bytes that only an old or a compacted log holds."""

import struct
from collections.abc import Callable

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from streamproof.cluster import EmbeddedCluster
from streamproof.errors import HistoryError
from streamproof.history.tables import TABLES
from streamproof.kafka.batches import UNTOLD, Batch, Fetched, headers
from streamproof.recording import batches
from streamproof.recording.batches import batch_rows, read_batches, took_effect

Send = Callable[..., None]


def test_transactions_end_in_their_markers(broker: EmbeddedCluster, topic: str, send: Send) -> None:
    """Plain records, a committed and an aborted transaction: each batch has its producer, each marker its word."""
    send(topic, "a")
    send(topic, "b", "c", commit=True)
    send(topic, "d", commit=False)
    found = read_batches(broker.bootstrap_servers, [topic])
    plain, kept, committed, dropped, aborted = found[topic, 0]
    assert [(batch.base_off, batch.last_off) for batch in found[topic, 0]] == [(0, 0), (1, 2), (3, 3), (4, 4), (5, 5)]
    assert [batch.control for batch in found[topic, 0]] == ["none", "none", "commit", "none", "abort"]
    assert (plain.pid, plain.transactional, kept.transactional) == (-1, False, True)
    assert (kept.pid, kept.epoch) == (committed.pid, 0)
    assert dropped.pid == aborted.pid != kept.pid
    assert found[topic, 1] == []


def test_rows_fit_the_table(broker: EmbeddedCluster, topic: str, send: Send) -> None:
    """A row for each batch, in the order of partitions and offsets."""
    send(topic, "a", part=1)
    send(topic, "b", part=0)
    rows = batch_rows(read_batches(broker.bootstrap_servers, [topic]))
    assert all(list(row) == TABLES["batch"].names for row in rows)
    assert [(row["topic"], row["part"], row["base_off"]) for row in rows] == [(topic, 0, 0), (topic, 1, 0)]


def test_long_logs_take_several_answers(
    broker: EmbeddedCluster, topic: str, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log larger than an answer is read whole, each batch once."""
    for number in range(5):
        send(topic, str(number))
    monkeypatch.setattr(batches, "_MAX_BYTES", 150)  # a batch and a part of the next
    found = read_batches(broker.bootstrap_servers, [topic])[topic, 0]
    assert [batch.base_off for batch in found] == [0, 1, 2, 3, 4]


def test_logs_are_read_from_where_they_begin(broker: EmbeddedCluster, topic: str, send: Send) -> None:
    """What retention has taken is not asked for, and not missed."""
    for number in range(3):
        send(topic, str(number))
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    for future in admin.delete_records([TopicPartition(topic, 0, 2)]).values():
        future.result(20)
    found = read_batches(broker.bootstrap_servers, [topic], {(topic, 0): 2})
    assert [batch.base_off for batch in found[topic, 0]] == [2]
    with pytest.raises(HistoryError, match="OFFSET_OUT_OF_RANGE"):
        read_batches(broker.bootstrap_servers, [topic])


def test_a_topic_that_is_not_there_is_named(broker: EmbeddedCluster) -> None:
    """At once: nobody makes the topic now."""
    with pytest.raises(HistoryError, match='topic "nowhere": the broker answers UNKNOWN_TOPIC_OR_PARTITION'):
        read_batches(broker.bootstrap_servers, ["nowhere"])


def test_a_broker_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a while; then the error says which address did not answer."""
    monkeypatch.setattr(batches, "PATIENCE_S", 0.1)
    with pytest.raises(HistoryError, match=r"127\.0\.0\.1:1 .*look at the brokers' logs"):
        read_batches("127.0.0.1:1", ["any"])


def made(base: int, attributes: int, body: bytes = b"", *, count: int = 1) -> bytes:
    """A batch by hand: its header, and what it holds."""
    rest = struct.pack(">ibIhiqqqhii", 4, 2, 0, attributes, 0, 1000, 2000, 7, 3, 0, count) + body
    return struct.pack(">qi", base, len(rest)) + rest


def marker(kind: int) -> bytes:
    """A control record whose key has the given type, with a length of two bytes."""
    return b"\x80\x01" + b"\x00" + b"\x00\x00" + b"\x08" + struct.pack(">hh", 0, kind) + b"\x0c" + b"\x00" * 6


@pytest.mark.parametrize(
    ("body", "count", "control"),
    [(marker(0), 1, "abort"), (marker(1), 1, "commit"), (marker(9), 1, UNTOLD), (b"", 0, UNTOLD)],
)
def test_a_marker_says_which_way_or_nothing(body: bytes, count: int, control: str) -> None:
    """A marker that compaction has emptied, or of a kind that ends no transaction, is not taken for either."""
    (found,) = headers(memoryview(made(5, 0x30, body, count=count)))
    assert found == Batch(5, 5, 7, 3, True, control, 2_000_000, 4)


def test_a_batch_that_the_broker_cut_is_not_read() -> None:
    """The size limit may cut the last batch anywhere; it comes whole in the next answer."""
    whole, cut = made(0, 0), made(1, 0, b"records")
    for size in (5, 61, len(cut) - 1):
        assert [batch.base_off for batch in headers(memoryview(whole + cut[:size]))] == [0]


def test_each_batch_that_says_something_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer may begin with a batch that was read before; emptied markers are passed over."""
    log = made(0, 0) + made(1, 0) + made(2, 0x30, count=0) + made(3, 0)
    size = len(made(0, 0))
    answers = {0: log[: 2 * size], 2: log[size:]}
    monkeypatch.setattr(
        batches, "fetch", lambda _connection, _topic, _part, offset, **_: Fetched(4, memoryview(answers[offset]), 4)
    )
    found = batches._partition(None, "any", 0, 0)  # type: ignore[arg-type]
    assert [batch.base_off for batch in found] == [0, 1, 3]


def test_what_took_effect_is_plain_or_was_committed_by_its_own_producer() -> None:
    """A plain batch behind another's open transaction is in force already; that transaction is not."""
    fields = [
        (7, True, "none"), (8, True, "none"), (-1, False, "none"), (8, True, "abort"), (7, True, "commit"),
        (7, True, "none"), (-1, False, "none"), (8, True, "none"), (8, True, "commit"),
    ]  # fmt: skip
    batches = [
        Batch(off, off, pid, 0, transactional, control, 0, 0)
        for off, (pid, transactional, control) in enumerate(fields)
    ]
    assert took_effect(batches) == {0, 2, 6, 7}
