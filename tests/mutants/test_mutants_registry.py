"""What a mutant must be caught by follows from its journal, and from the tables where a kill leaves it open."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from mutants.families import FAMILIES, find, mutants_of, twins_of
from mutants.journal import Row, read
from mutants.judge import RunResult, judge_mutant
from mutants.mutant import Mutant
from mutants.ownership import done_again, done_by_two, taken_from_others
from mutants.plans import FAULTS
from mutants.registry import CLEAN, MUTANTS
from mutants.witnesses import with_poison_apart
from pipeline.errors import SettingsError
from streamproof.history.promise import Delivery, Promise, RunRecord
from streamproof.history.store import History, HistoryWriter
from streamproof.history.tables import TABLES

CHANNELS = ("out", "notes")
EFFECT = pa.schema(
    {
        "source_id": pa.string(),
        "channel": pa.string(),
        "visible": pa.bool_(),
        "t_append": pa.int64(),
        "part": pa.int32(),
    }
    | {"off": pa.int64()}
)


def rows(*acts: tuple[str, str]) -> list[Row]:
    """`("commit", "a b")`: an act and its ids; the rows are a second apart."""
    return [Row(float(t), "i-1", 1, t, act, tuple(ids.split()), {}) for t, (act, ids) in enumerate(acts)]


def tables(seen: Mapping[str, int], *, at_least: int = 1) -> dict[str, pa.Table]:
    """Each id with so many visible effects on each channel."""
    effects = [
        {"source_id": found, "channel": channel, "visible": True, "t_append": 0, "part": 0, "off": 0}
        for found, count in seen.items()
        for channel in CHANNELS
        for _ in range(count)
    ]
    expected = [
        {"id": found, "channel": channel, "at_least": at_least, "at_most": 1} for found in seen for channel in CHANNELS
    ]
    return {
        "effect": pa.Table.from_pylist(effects, EFFECT),
        "expected": pa.Table.from_pylist(expected),
        "input": TABLES["input"].empty_table(),
        "owner": TABLES["owner"].empty_table(),
        "batch": TABLES["batch"].empty_table(),
        "offset_commit": TABLES["offset_commit"].empty_table(),
        "wire": TABLES["wire"].empty_table(),
    }


@pytest.mark.parametrize(
    ("name", "acts", "seen", "expected"),
    [
        # every input is committed first; killed between the two, b is lost, and not merely late
        (
            "commit-first",
            [("commit", "a"), ("committed", "a"), ("produced", "a"), ("commit", "b"), ("committed", "b")],
            {"a": 1, "b": 0},
            {"commit-ahead": {"a"}, "lost": {"b"}},
        ),
        # killed after the transaction's commit and before the journal says so: not lost
        ("commit-first", [("commit", "a"), ("committed", "a")], {"a": 1}, {"commit-ahead": {"a"}, "lost": set()}),
        # killed before the commit was made: taken up again
        ("commit-first", [("commit", "a"), ("commit", "a"), ("produced", "a")], {"a": 1}, {"commit-ahead": {"a"}}),
        # aborted and passed over; b was aborted and taken up again by the next process
        (
            "no-rewind",
            [("aborting", "a"), ("passed-over", "a"), ("aborting", "b"), ("commit", "b")],
            {"a": 0, "b": 1},
            {"lost": {"a"}},
        ),
        # a's transaction was aborted by its coordinator, and not done again; b's too, and the next process did it
        (
            "passes-over",
            [("produce", "a"), ("passed-over", "a"), ("produce", "b"), ("passed-over", "b"), ("produce", "b")],
            {"a": 0, "b": 1},
            {"lost": {"a"}},
        ),
        # killed between produce and commit, and done again; c was cut short before anything of it was sent
        (
            "no-transaction",
            [("produce", "a"), ("produced", "a"), ("produce", "b c"), ("produce", "b c"), ("produced", "b c")],
            {"a": 1, "b": 2, "c": 1},
            {"duplicated": {"b"}},
        ),
        # b could not be written and was passed by; c too, but was killed before its commit, and taken up again
        (
            "skip-failed",
            [("write", "a"), ("written", "a"), ("write", "b c"), ("skipped", "b c"), ("write", "c"), ("written", "c")],
            {"a": 1, "b": 0, "c": 1},
            {"lost": {"b"}},
        ),
        # a had been written by a process that was killed before its commit, and is skipped by the next
        ("skip-failed", [("write", "a"), ("write", "a"), ("skipped", "a")], {"a": 1}, {"lost": set()}),
        # killed with b and c in hand, of which c had been written
        ("auto-commit", [("taken", "a"), ("done", "a"), ("taken", "b c")], {"a": 1, "b": 0, "c": 1}, {"lost": {"b"}}),
        # stopped with b and c in hand, of which c had been written by a process that was killed, or was read again
        (
            "commits-on-stop",
            [("taken", "a"), ("taken", "b c"), ("left", "b c"), ("taken", "d"), ("left", "d"), ("taken", "d")],
            {"a": 1, "b": 0, "c": 1, "d": 0},
            {"lost": {"b"}},
        ),
        # killed with b in hand, behind which c waited
        (
            "last-finished",
            [("taken", "a"), ("done", "a"), ("taken", "b")],
            {"a": 1, "b": 0, "c": 0},
            {"lost": {"b", "c"}},
        ),
        # b was spoilt in a transaction that was aborted, and done again
        (
            "swaps-payloads",
            [("sent", "a b c"), ("spoilt", "a b"), ("sent", "b c"), ("spoilt", "c")],
            {"a": 1, "b": 1, "c": 1},
            {"corrupted": {"a", "c"}},
        ),
        ("without-letter", [("sent", "a b"), ("spoilt", "b")], {"a": 1, "b": 0}, {"unaccounted": {"b"}}),
        ("wrong-key", [("sent", "a b"), ("spoilt", "b")], {"a": 1, "b": 1}, {"misrouted": {"b"}}),
    ],
)
def test_the_witnesses_follow_from_the_journal(
    name: str, acts: Iterable[tuple[str, str]], seen: dict[str, int], expected: dict[str, set[str]]
) -> None:
    """Exactly these inputs, of exactly these anomalies."""
    found = MUTANTS[name].witnesses(rows(*acts), tables(seen))
    assert {anomaly: set(ids) for anomaly, ids in found.items() if ids} == {a: i for a, i in expected.items() if i}


def test_what_was_reversed_is_overtaken_by_its_own_key_alone() -> None:
    """Of a reversed batch, a is behind b of its key; c and d were done again; e is alone; p is poison."""
    acts = [("reversed", "a b p c d e"), ("in-order", "c d"), ("in-order", "f g")]
    inputs = [("a", "k", "process"), ("b", "k", "process"), ("p", "k", "poison"), ("c", "m", "process")]
    inputs += [("d", "m", "process"), ("e", "n", "process"), ("f", "n", "process"), ("g", "n", "process")]
    fields = [{"id": i, "key": k, "part": 0, "off": off, "fate": fate} for off, (i, k, fate) in enumerate(inputs)]
    given = {**tables({}), "input": pa.Table.from_pylist(fields)}
    assert MUTANTS["out-of-order"].witnesses(rows(*acts), given) == {"reordered": {"a"}}


def test_what_nobody_ever_had_to_read_is_late() -> None:
    """Of two partitions the second had no owner; b was aborted upstream, and is nobody's."""
    fields = [("a", 0, True), ("b", 1, False), ("c", 1, True)]
    inputs = [{"id": found, "topic": "in", "part": part, "visible": seen} for found, part, seen in fields]
    given = {"input": pa.Table.from_pylist(inputs), "owner": pa.Table.from_pylist([{"topic": "in", "part": 0}])}
    assert MUTANTS["fixed-partitions"].witnesses([], given) == {"late": {"c"}}


def test_where_a_zombie_went_back_to_is_told_by_the_commits_of_the_input() -> None:
    """From one commit to the next, in the broker's order; what is not visible, or of another topic, says nothing."""
    commits = [
        ("in", 7, True),
        ("in", 5, True),
        ("in", 6, True),
        ("in", 3, False),
        ("other", 9, True),
        ("other", 2, True),
    ]
    fields = [
        {"topic": topic, "part": 0, "off": off, "n": n, "visible": visible, "pid": 1, "epoch": 0, "t_append": n}
        for n, (topic, off, visible) in enumerate(commits)
    ]
    given = {
        **tables({"a": 2, "b": 1}),
        "input": pa.Table.from_pylist([{"id": "c", "topic": "in", "part": 0}]),
        "offset_commit": pa.Table.from_pylist(fields[::-1]),
    }
    found = MUTANTS["no-generation"].witnesses(rows(("produce", "a b"), ("produce", "a")), given)
    assert found == {
        "duplicated": {"a"},
        "commit-regression": {"in[0]@5"},
        "dual-ownership": set(),
        "foreign-commit": set(),
    }


def deeds(*effects: tuple[str, int, int, int]) -> dict[str, pa.Table]:
    """Input, producer, offset and time of each effect; the partition is m1's to 20, and then m2's."""
    owners = [("m1", 0, 10), ("m1", 10, 20), ("m2", 20, None)]
    marks = [(1, 3, 15), (2, 13, 26), (1, 20, 30)]
    return {
        "input": pa.Table.from_pylist([{"id": found, "topic": "in", "part": 0} for found in "abc"]),
        "owner": pa.Table.from_pylist(
            [{"topic": "in", "part": 0, "member": who, "t_from": begin, "t_to": end} for who, begin, end in owners]
        ),
        "effect": pa.Table.from_pylist(
            [
                {"source_id": found, "channel": "out", "topic": "out", "part": 0, "off": off, "pid": pid, "t_append": t}
                | {"epoch": 0, "visible": True}
                for found, pid, off, t in effects
            ]
        ),
        "batch": pa.Table.from_pylist(
            [
                {"topic": "out", "part": 0, "pid": pid, "base_off": off, "t_append": t, "control": "commit"}
                for pid, off, t in marks
            ]
        ),
    }


ONCE = (("a", 1, 0, 5), ("b", 1, 1, 6), ("c", 1, 2, 7))
AGAIN = (("a", 2, 10, 25), ("b", 2, 11, 25))


def test_two_did_an_input_where_one_had_its_partition_before_its_owner_came() -> None:
    """Both 1 and 2 did a and b, but only a by 1 in the time of m2: what counts is when it is to be seen."""
    assert done_by_two(deeds(*ONCE, *AGAIN, ("a", 1, 19, 21))) == {"a"}


def test_an_owner_did_again_what_was_done_before_it_came() -> None:
    """Told by its producer, which is new to the partition."""
    assert done_again(deeds(*ONCE, *AGAIN)) == {"a", "b"}
    assert done_again(deeds(*ONCE, *AGAIN, ("c", 2, 9, 8))) == set()


@pytest.mark.parametrize("other", [(2, 1), (1, 2)])
def test_a_commit_of_what_its_process_had_lost_by_then_is_taken_from_another(other: tuple[int, int]) -> None:
    """The wire tells that m1, as producer 1, is of a process, and m2 of another, perhaps of that instance.

    Another that comes in its place is the same producer, of another epoch.
    """
    one, third = (1, 1), (3, 1)
    members = [("m1", None, None, *one), ("m2", None, None, *other)]
    producers = [(None, 1, 0, *one), (None, 1, 1, *third), (None, 2, 0, *other), (None, 3, 0, *third)]
    columns = ("member", "pid", "epoch", "instance", "incarnation")
    commits = [(1, 15, True), (1, 25, True), (1, 26, False), (2, 27, True), (3, 28, True)]
    given = deeds(*ONCE) | {
        "wire": pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in members + producers]),
        "offset_commit": pa.Table.from_pylist(
            [
                {"topic": "in", "part": 0, "off": n, "pid": pid, "epoch": 0, "t_append": t, "visible": visible}
                for n, (pid, t, visible) in enumerate(commits)
            ]
        ),
    }
    assert taken_from_others(given) == {"in[0]@1"}


def test_what_was_aborted_upstream_must_not_be_read() -> None:
    """Its fate tells."""
    given = {**tables({}), "input": pa.Table.from_pylist([{"id": "a", "fate": "abort"}, {"id": "b", "fate": "poison"}])}
    assert MUTANTS["read-uncommitted"].witnesses([], given) == {"aborted-read": {"a"}}


def test_what_is_lost_of_poison_is_its_letter() -> None:
    """And so not lost, but unaccounted, whatever mutant passed it by."""
    given = {"input": pa.Table.from_pylist([{"id": "a", "fate": "process"}, {"id": "b", "fate": "poison"}])}
    found = {"lost": frozenset("ab"), "skip": frozenset("b")}
    assert with_poison_apart(found, given) == {"lost": {"a"}, "unaccounted": {"b"}, "skip": {"b"}}


def test_what_lay_before_the_first_that_was_taken_is_lost() -> None:
    """Of each partition by itself; c is late, not lost, for nobody took anything of its partition."""
    acts = [replace(row, offsets={"in[0]": 2}) for row in rows(("sent", "b"))]
    inputs = [("a", 0, 0), ("d", 0, 1), ("b", 0, 2), ("c", 1, 0)]
    fields = [{"id": found, "topic": "in", "part": part, "off": off} for found, part, off in inputs]
    given = {**tables({"a": 0, "b": 1, "c": 0, "d": 0}), "input": pa.Table.from_pylist(fields)}
    assert MUTANTS["latest"].witnesses(acts, given) == {"lost": {"a", "d"}, "skip": {"a"}}


def test_what_was_renamed_and_done_again_keeps_its_name() -> None:
    """Of two, a has another name, and b had another name in a transaction that was aborted."""
    acts = [("sent", "a b"), ("renamed", "a b"), ("sent", "b c")]
    assert MUTANTS["renames"].witnesses(rows(*acts), {}) == {"phantom": {"a-processed"}, "lost": {"a"}}


def test_going_back_counts_where_it_was_committed() -> None:
    """A commit went back, another was refused; what lay between was done twice where another took it up."""
    acts = [replace(row, offsets={"in[0]": int(row.t) + 7}) for row in rows(("going-back", "a"), ("going-back", "b"))]
    commits = [{"topic": "in", "part": 0, "off": 7, "transactional": False}]
    commits += [{"topic": "in", "part": 0, "off": 8, "transactional": True}]
    given = {**tables({"a": 2, "b": 1, "c": 2}), "offset_commit": pa.Table.from_pylist(commits)}
    found = MUTANTS["goes-back"].witnesses(acts, given)
    assert found == {"commit-regression": {"in[0]@7"}, "duplicated": {"a"}}


def test_a_mutant_is_expected_only_by_its_own_anomalies() -> None:
    """What the witnesses name is what the mutant may be caught by; a clean twin by nothing."""
    for mutant in (*MUTANTS.values(), *CLEAN.values()):
        assert set(mutant.witnesses([], tables({"a": 1}))) == set(mutant.anomalies)


def test_a_mutant_is_found_by_its_name() -> None:
    """In whatever family it is; no two have a name in common, and an unknown name is a mistake that is told."""
    for name, mutant in (MUTANTS | CLEAN).items():
        assert find(name) is mutant
    assert len(MUTANTS) + len(CLEAN) == sum(len([*mutants_of(one), *twins_of(one)]) for one in FAMILIES)
    with pytest.raises(SettingsError, match="there is no mutant foo"):
        find("foo")


def test_each_mutant_has_faults_to_show_it() -> None:
    """Those of its subject, or others, by a name that there is."""
    for mutant in (MUTANTS | CLEAN).values():
        assert FAULTS[mutant.faults or mutant.subject]


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path: Path) -> None:
    """Journals of several processes are merged by time."""
    fields = {"instance": "i", "process": 1, "batch": 1, "act": "commit", "ids": ["a"], "offsets": {}}
    (tmp_path / "first").write_text(json.dumps({"t": 2.0, **fields}) + '\n{"t": 3.0, "inst')
    (tmp_path / "second").write_text(json.dumps({"t": 1.0, **fields}) + "\n")
    assert [row.t for row in read([tmp_path / "first", tmp_path / "second"])] == [1.0, 2.0]


@pytest.fixture
def history(tmp_path: Path) -> History:
    """An input, c, that is lost."""
    writer = HistoryWriter(tmp_path / "history")
    writer.open("effect")
    writer.open("input")
    writer.append("expected", [{"id": "c", "grp": "g", "channel": "out", "at_least": 1, "at_most": 1}])
    return writer.close(
        RunRecord(
            subject="orders",
            promises=(Promise(grp="g", inputs=(), channels=(), delivery=Delivery.EXACTLY_ONCE),),
            seed=1,
            kafka_version="4.3.1",
            backend="embedded",
            started_at=0,
            ended_at=1,
        )
    )


@pytest.mark.parametrize(
    ("verdict", "witnesses", "fault"),
    [
        ("violated", {"lost": {"c"}}, None),
        ("upheld", {"lost": {"c"}}, "the verdict is upheld, not violated"),
        ("violated", {"lost": {"c", "d"}}, "lost: 1 of 1 raised wrongly, such as d"),
        ("violated", {"lost": set()}, "lost: 1 of 1 missed, such as c"),
        ("violated", {"lost": {"c"}, "phantom": {"x"}}, "phantom: 1 of 0 raised wrongly, such as x"),
    ],
)
def test_the_verifier_is_judged_by_exact_witnesses(
    history: History, verdict: str, witnesses: dict[str, set[str]], fault: str | None
) -> None:
    """A witness too many or too few, another anomaly, or the wrong verdict: each is the verifier's fault."""

    def run(mutant: Mutant, journal: Path) -> RunResult:
        assert mutant.command == "python -m mutants no-rewind"
        row = {"t": 1.0, "instance": "i", "process": 1, "batch": 1, "act": "passed-over", "ids": ["c"], "offsets": {}}
        Path(str(journal).format(instance=1)).write_text(json.dumps(row) + "\n")
        return RunResult(verdict, {name: frozenset(ids) for name, ids in witnesses.items()}, history)

    judgement = judge_mutant(run, MUTANTS["no-rewind"])
    assert judgement.faults == ((fault,) if fault else ())


@pytest.mark.parametrize(
    ("name", "verdict", "fault"),
    [
        ("no-rewind", "unproven", None),
        ("no-rewind", "upheld", None),
        ("no-rewind", "violated", "the verdict is violated, not upheld"),
        ("aborting", "upheld", None),
        ("aborting", "unproven", "the verdict is unproven, not upheld"),
    ],
)
def test_a_mutant_that_did_no_wrong_may_show_too_little_and_is_not_caught(
    history: History, name: str, verdict: str, fault: str | None
) -> None:
    """It had no occasion, and may have another run; its clean twin needs none, and is upheld."""
    judgement = judge_mutant(lambda *_: RunResult(verdict, {}, history), (MUTANTS | CLEAN)[name])
    assert judgement.faults == ((fault,) if fault else ())
    assert judgement.had_occasion is (name == "aborting")
