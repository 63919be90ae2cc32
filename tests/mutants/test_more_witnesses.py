"""The witnesses of producers, of forwarders that read ahead or stand still, and of more that needs its own table."""

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa
import pytest

from mutants.registry import MUTANTS
from tests.mutants.test_mutants_registry import rows, tables


@pytest.mark.parametrize(
    ("name", "acts", "seen", "expected"),
    [
        # answered with ok: a was delivered, b died with its process, c was there, though nobody had heard so
        (
            "answers-early",
            [("answered", "a b c"), ("delivered", "a")],
            {"a": 1, "b": 0, "c": 1},
            {"lost": {"b"}},
        ),
        ("drops-when-full", [("dropped", "b")], {"a": 1, "b": 0}, {"lost": {"b"}}),
        ("forgets-flush", [("left", "a b")], {"a": 1, "b": 0}, {"lost": {"b"}}),
        # sent again, but b's process died before it was there again
        ("sends-again", [("again", "a b")], {"a": 2, "b": 1}, {"duplicated": {"a"}}),
        ("sends-again-renamed", [("again", "a b")], {"a": 1, "b": 1, "a-again": 1}, {"phantom": {"a-again"}}),
        # the note was sent in vain, and again after the abort; c was sent once
        ("notes-apart", [("produce", "a b"), ("produce", "a c")], {"a": 2, "b": 1, "c": 1}, {"duplicated": {"a"}}),
        ("slow-to-end", [("ending", "")], {}, {"slow-close": {"process 1"}}),
    ],
)
def test_the_witnesses_follow_from_the_journal(
    name: str, acts: Iterable[tuple[str, str]], seen: dict[str, int], expected: dict[str, set[str]]
) -> None:
    """Exactly these inputs, of exactly these anomalies."""
    found = MUTANTS[name].witnesses(rows(*acts), tables(seen))
    assert {anomaly: set(ids) for anomaly, ids in found.items() if ids} == expected


def test_a_deferred_record_is_overtaken_by_its_own_key_alone() -> None:
    """Of a batch that was sent as told, a comes behind b of its key; c is of another key."""
    inputs = [("a", "k"), ("b", "k"), ("c", "m")]
    fields = [{"id": i, "key": k, "part": 0, "off": off, "fate": "process"} for off, (i, k) in enumerate(inputs)]
    given = {**tables({}), "input": pa.Table.from_pylist(fields)}
    assert MUTANTS["retries-later"].witnesses(rows(("as-told", "b c a")), given) == {"reordered": {"a"}}


def test_what_lies_behind_a_later_event_of_its_key_was_overtaken() -> None:
    """In one partition; a is behind b there, and d, of another instance, has no order with them."""
    inputs = [("a", "k", 1, 0), ("b", "k", 1, 1), ("c", "m", 1, 2), ("d", "k", 2, 0)]
    effects = [("b", 0, 0), ("a", 0, 1), ("d", 0, 2), ("c", 1, 0)]
    given = {
        "input": pa.Table.from_pylist([{"id": i, "key": k, "part": part, "off": off} for i, k, part, off in inputs]),
        "effect": pa.Table.from_pylist([{"source_id": i, "part": part, "off": off} for i, part, off in effects]),
    }
    assert MUTANTS["two-clients"].witnesses([], given) == {"reordered": {"a"}}


def test_a_key_has_one_partition() -> None:
    """That which murmur2 gives: of six, `order-1` belongs to one, and lies there and elsewhere."""
    effects = [{"source_id": f"e{part}", "part": part} for part in range(6)]
    inputs = [{"id": f"e{part}", "key": "order-1"} for part in range(6)]
    given = {"input": pa.Table.from_pylist(inputs), "effect": pa.Table.from_pylist(effects)}
    (found,) = MUTANTS["own-partitioner"].witnesses([], given).values()
    assert len(found) == 5


@pytest.mark.parametrize(("appended", "ahead"), [(5, set()), (8, {"a"})])
def test_a_transactions_offsets_count_from_its_marker(appended: int, ahead: set[str]) -> None:
    """They lie in the log before its records: what comes by its end is not committed ahead."""
    commit = {"topic": "in", "part": 0, "off": 1, "n": 0, "pid": 1, "t_append": 4, "visible": True}
    given = {
        **tables({"a": 1}, at_least=0),
        "effect": pa.Table.from_pylist([{"source_id": "a", "channel": "out", "visible": True, "t_append": appended}]),
        "input": pa.Table.from_pylist([{"id": "a", "topic": "in", "part": 0, "off": 0}]),
        "offset_commit": pa.Table.from_pylist([commit]),
        "batch": pa.Table.from_pylist([{"pid": 1, "t_append": t, "control": "commit"} for t in (3, 6)]),
    }
    assert MUTANTS["reads-ahead"].witnesses(rows(("ahead", "a")), given)["commit-ahead"] == ahead


def waiting(*, t_to: int = 0) -> dict[str, pa.Table]:
    """Of partition 0 two inputs are committed, and two wait; of partition 1 the only input is committed."""
    inputs = [("a", 0, 0), ("b", 0, 1), ("c", 0, 2), ("d", 0, 3), ("e", 1, 0)]
    common = {"topic": "in", "t_append": 0}
    return {
        **tables({}),
        "input": pa.Table.from_pylist(
            [{**common, "id": i, "part": part, "off": off, "fate": "process"} for i, part, off in inputs]
        ),
        "offset_commit": pa.Table.from_pylist(
            [{**common, "part": part, "off": off, "n": off, "visible": True} for part, off in ((0, 2), (1, 1))]
        ),
        "fault": pa.Table.from_pylist([{"t_to": t_to, "effective": True}]),
    }


def test_what_waits_in_a_paused_partition_is_late_and_tells_where_it_stands() -> None:
    """The first of it; and what was paused and went on is neither."""
    acts = [replace(row, offsets={f"in[{n}]": 1}) for n, row in enumerate(rows(("paused", "b"), ("paused", "e")))]
    assert MUTANTS["leaves-paused"].witnesses(acts, waiting()) == {"late": {"c", "d"}, "stuck-partition": {"c"}}


@pytest.mark.parametrize(("went_on", "late"), [(8.0, False), (12.0, True), (None, True)])
def test_a_partition_went_on_late_where_its_next_commit_was_late(went_on: float | None, *, late: bool) -> None:
    """Counted from when the fault was over; a partition that had nothing to do is never late."""
    acts = [replace(row, offsets={"in[0]": 4}, t=went_on) for row in rows(("committed", "c d")) if went_on is not None]
    found = MUTANTS["patient"].witnesses(acts, waiting())
    assert found == {"slow-recovery": {"in[0]@2"} if late else set()}
