"""Reading topics back: all there is and no more, and what each isolation level lets pass."""

from collections.abc import Callable, Mapping

import pytest

from streamproof.cluster import EmbeddedCluster
from streamproof.errors import HistoryError
from streamproof.kafka.batches import Batch
from streamproof.kafka.topics import list_offsets
from streamproof.recording import readback
from streamproof.recording.batches import Place, read_batches
from streamproof.recording.readback import Origins, Visible, drain

Send = Callable[..., None]


def ends_of(broker: EmbeddedCluster, topic: str) -> Mapping[Place, tuple[int, int]]:
    return {
        place: (end.begin, end.high_watermark) for place, end in list_offsets(broker.bootstrap_servers, [topic]).items()
    }


def read(broker: EmbeddedCluster, ends: Mapping[Place, tuple[int, int]], isolation: str) -> dict[Place, bytes | None]:
    """The key of every record, by partition and offset."""
    return {
        (f"{chunk.part}", off): key
        for chunk in drain(broker.bootstrap_servers, ends, isolation)
        for off, key in zip(chunk.offsets, chunk.keys, strict=True)
    }


def test_aborted_records_are_read_uncommitted_alone(broker: EmbeddedCluster, topic: str, send: Send) -> None:
    """Both readers come to the end, though the log ends in what one of them is not shown."""
    send(topic, "a", "b", commit=True)
    send(topic, "c", commit=False)
    send(topic, "d", part=1, commit=False)
    ends = ends_of(broker, topic)
    committed = {("0", 0): b"a", ("0", 1): b"b"}
    assert read(broker, ends, "read_committed") == committed
    assert read(broker, ends, "read_uncommitted") == committed | {("0", 3): b"c", ("1", 0): b"d"}


def test_reading_stops_at_the_ends_given(broker: EmbeddedCluster, topic: str, send: Send) -> None:
    """What was written after the ends were asked for is not read, nor what lies before the beginning given."""
    send(topic, "a", "b", "c", "d")
    assert list(read(broker, {(topic, 0): (1, 3), (topic, 1): (0, 0)}, "read_committed")) == [("0", 1), ("0", 2)]


def test_a_stretch_holds_all_parts_of_its_records(broker: EmbeddedCluster, topic: str, send: Send) -> None:
    """Keys, values, headers and times, each a column, in the order of offsets."""
    send(topic, "a", "b")
    send(topic, "c")
    parts = list(drain(broker.bootstrap_servers, ends_of(broker, topic), "read_committed"))
    assert {chunk.place for chunk in parts} == {(topic, 0)}
    assert [off for chunk in parts for off in chunk.offsets] == [0, 1, 2]
    assert [value for chunk in parts for value in chunk.values] == [b"value of a", b"value of b", b"value of c"]
    assert [found for chunk in parts for found in chunk.headers] == [[("id", b"a")], [("id", b"b")], [("id", b"c")]]
    times = [t for chunk in parts for t in chunk.times]
    assert max(times) == max(batch.t_append for batch in read_batches(broker.bootstrap_servers, [topic])[topic, 0])


def test_a_partition_that_stalls_is_named(
    broker: EmbeddedCluster, topic: str, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that ends before the offset that was promised is an error, not a short history."""
    send(topic, "a")
    monkeypatch.setattr(readback, "SILENCE_S", 0.3)
    with pytest.raises(HistoryError, match=rf"reading {topic}\[0\] back stalled under read_committed"):
        list(drain(broker.bootstrap_servers, {(topic, 0): (0, 9)}, "read_committed"))


def test_a_beginning_that_is_gone_is_told(broker: EmbeddedCluster, topic: str) -> None:
    """An offset that the log does not have is not silently replaced by another."""
    with pytest.raises(HistoryError, match="cannot be read back under read_uncommitted"):
        list(drain(broker.bootstrap_servers, {(topic, 0): (5, 9)}, "read_uncommitted"))


def test_visible_is_what_was_added() -> None:
    """Offsets that were not added, or lie outside of what was read, are not visible."""
    visible = Visible({("t", 0): (10, 13), ("t", 1): (0, 0)})
    visible.add(("t", 0), [10, 12])
    assert visible.among(("t", 0), [9, 10, 11, 12, 13]) == [False, True, False, True, False]
    assert visible.among(("t", 1), [0]) == [False]


def test_an_offset_is_traced_to_its_batch() -> None:
    """Across record_chunks, over gaps and beyond the last batch."""
    first, second = Batch(0, 2, 7, 0, True, "none", 1, 0), Batch(5, 5, 8, 0, True, "none", 1, 0)
    origins = Origins({("t", 0): [first, second]})
    assert origins.of(("t", 0), [0, 2]) == [first, first]
    assert origins.of(("t", 0), [3, 5, 6]) == [None, second, None]
    assert origins.of(("t", 1), [0]) == [None]
