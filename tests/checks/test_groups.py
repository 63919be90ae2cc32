"""Several groups in one history: each is judged by its own promise, over what is its own."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from streamproof.checks import Outcome, Verdict, check, judge, write_witnesses
from streamproof.errors import UsageError
from streamproof.history.promise import Promise, RunRecord
from streamproof.history.store import History, HistoryWriter
from tests.checks.histories import Row, Scene
from tests.checks.scenes import clean, clean_plain

OTHER = {"movers": "billers", "in": "bills", "alpha": "paid", "beta": "booked", "dead": "unpaid"}


def _losing() -> Scene:
    """At least once, but for the input x007, which has no effect on `alpha`."""
    return clean_plain().drop("effect", lambda row: (row["source_id"], row["channel"]) == ("x007", "alpha"))


def _of_billers(scene: Scene, directory: Path) -> History:
    """The same as another group would do it, with topics of its own, from inputs with the same ids."""
    history = scene.write(directory / "movers")
    promise = history.record.promise().model_dump(mode="json")
    promise |= {"grp": "billers", "inputs": ["bills"], "joined": ["paid", "booked"]}
    promise["channels"] = ["paid", "booked", "unpaid"]
    record = history.record.model_copy(update={"promises": (Promise.model_validate(promise),)})
    return _written([_rows(history, OTHER)], record, directory / "billers")


def _rows(history: History, renamed: Mapping[str, str] | None = None) -> dict[str, list[Row]]:
    def value_of(value: Any) -> Any:
        if isinstance(value, list):
            return [re.sub(r"^[a-z]+", lambda name: (renamed or {}).get(name[0], name[0]), place) for place in value]
        return (renamed or {}).get(value, value)

    return {
        table: [{name: value_of(value) for name, value in row.items()} for row in pq.read_table(path).to_pylist()]
        for table, path in history.tables.items()
    }


def _written(parts: Iterable[Mapping[str, list[Row]]], record: RunRecord, directory: Path) -> History:
    writer = HistoryWriter(directory)
    for part in parts:
        for table, rows in part.items():
            writer.open(table)
            writer.append(table, rows)
    return writer.close(record)


def _together(first: History, second: History, directory: Path) -> History:
    """One run of both groups: the tables of both, but the faults of the second alone."""
    others = {table: rows for table, rows in _rows(first).items() if table not in {"fault", "process"}}
    promises = (*first.record.promises, *second.record.promises)
    record = second.record.model_copy(update={"promises": promises})
    return _written([_rows(second), others], record, directory)


@pytest.fixture
def both(tmp_path: Path) -> History:
    """Of `movers`, which lose an input, and `billers`, which do not."""
    right = _of_billers(clean(), tmp_path / "right")
    return _together(_losing().write(tmp_path / "wrong"), right, tmp_path / "both")


def _found(verdict: Verdict) -> dict[str, int]:
    return {finding.anomaly: finding.witnesses for finding in verdict.findings if finding.witnesses}


def test_each_group_is_judged_by_its_own_promise(both: History, tmp_path: Path) -> None:
    """The group that loses is violated, and what it lost is not held against the other."""
    wrong = judge(both, "movers")
    assert (wrong.group, wrong.outcome, _found(wrong)) == ("movers", Outcome.VIOLATED, {"lost": 1, "duplicated": 40})
    assert wrong.finding("lost").sample[0]["id"] == "x007"
    right = check(both.directory, "billers")
    assert (right.group, right.outcome, _found(right)) == ("billers", Outcome.UPHELD, {})
    assert write_witnesses(both, wrong, tmp_path / "witnesses").keys() == {"lost", "duplicated"}


def test_a_group_is_judged_in_company_as_it_is_alone(both: History, tmp_path: Path) -> None:
    """Not a witness and not a piece of evidence comes from the other group."""
    alone = _of_billers(clean(), tmp_path / "alone")
    assert judge(both, "billers") == judge(alone)


def test_of_several_groups_one_must_be_named(both: History) -> None:
    """The error names those that there are."""
    with pytest.raises(UsageError, match="several groups; name the group to judge \\(--group\\): movers, billers"):
        judge(both)
    with pytest.raises(UsageError, match='no group "shippers"; there are movers, billers'):
        judge(both, "shippers")


def test_another_groups_changes_of_owner_interrupt_nobody_here(tmp_path: Path) -> None:
    """Two groups may read one topic: who keeps its partitions in the other is nothing to this."""
    disturbed = clean().write(tmp_path / "disturbed")
    assert (judge(disturbed).finding("commit-regression").evidence[0].seen) > 0
    scene = clean()
    for row in scene.rows["owner"]:
        row["grp"] = "others"
    assert judge(scene.write(tmp_path / "others")).finding("commit-regression").evidence[0].seen == 0
