"""The catalogue: a check is two files and a row; its header says what it is; a user's own is as good."""

import re
import shutil
from pathlib import Path

import duckdb
import pytest

from streamproof.checks import Outcome, Status, judge, load_checks, try_checks, write_witnesses
from streamproof.checks.catalogue import EVIDENCE, HERE
from streamproof.checks.make_docs import PAGE, page
from streamproof.errors import HistoryError, UsageError
from streamproof.history.promise import Delivery, Isolation
from streamproof.history.store import History
from streamproof.history.tables import TABLES
from tests.checks.histories import Scene
from tests.checks.scenes import clean

TOP = Path(__file__).parents[2]

HALF = """\
-- half: an input with an effect on alpha and none on beta.
-- origin: ours
-- forbidden: exactly-once
SELECT i.id FROM distinct_input i JOIN first_effect f ON f.id = i.id AND f.channel = 'alpha'
WHERE NOT EXISTS (SELECT 1 FROM first_effect o WHERE o.id = i.id AND o.channel = 'beta')
ORDER BY i.id
"""
HALF_EVIDENCE = "SELECT 'inputs' AS evidence, count(*) AS seen, count(*) > 0 AS enough FROM live_input\n"


def own(directory: Path, sql: str = HALF, evidence: str = HALF_EVIDENCE, name: str = "half") -> Path:
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.sql").write_text(sql)
    (directory / f"{name}{EVIDENCE}").write_text(evidence)
    return directory


def test_every_file_has_its_row_and_its_twin() -> None:
    """A check that is written and not in the table, or the other way round, does not go unseen."""
    files = {path.stem for path in (HERE / "anomalies").glob("*.sql") if not path.name.endswith(EVIDENCE)}
    assert files == {check.name for check in load_checks()}


def test_every_check_says_its_origin_what_it_assumes_and_what_it_comes_from() -> None:
    """The header defines the anomaly before any SQL."""
    for check in load_checks():
        assert check.definition, check.name
        assert check.origin, check.name
        assert check.uses <= TABLES.keys()
        assert check.assumes, check.name
        assert check.causes, check.name


def test_the_table_holds_only_words_that_mean_something(tmp_path: Path) -> None:
    """Each cell gives a status for each promise; a misspelt word would be counted, silently."""
    words = {"ordered", "read_committed", "read_uncommitted", "classic", "consumer", "share"}
    for check in load_checks():
        for meaning in check.meanings.values():
            assert meaning.removeprefix("if ") in words or meaning in set(Status) - {Status.NOT_JUDGED}
            assert meaning.startswith("if ") == (meaning.removeprefix("if ") in words)


@pytest.mark.parametrize(
    ("anomaly", "promise", "status"),
    [
        ("lost", "at-most-once", Status.COUNTED),
        ("lost", "at-least-once", Status.FORBIDDEN),
        ("duplicated", "at-least-once", Status.COUNTED),
        ("duplicated", "at-most-once", Status.FORBIDDEN),
        ("torn", "at-least-once", Status.COUNTED),
        ("torn", "exactly-once", Status.FORBIDDEN),
        ("late", "at-most-once", Status.NEVER_UPHELD),
        ("reordered", "exactly-once", Status.COUNTED),
    ],
)
def test_the_guarantees(anomaly: str, promise: str, status: Status) -> None:
    """What witnesses mean, under read_uncommitted and without a promised order."""
    promised = Scene(promise, ordered=False).promise.model_copy(update={"isolation": Isolation.READ_UNCOMMITTED})
    checks = {check.name: check for check in load_checks()}
    assert checks[anomaly].meaning(promised, "classic") is status


def test_what_torn_takes_from_lost_it_forbids() -> None:
    """Wherever a missing effect is called torn and not lost, torn must weigh as much."""
    checks = {check.name: check for check in load_checks()}
    for delivery in Delivery:
        promise = Scene(delivery).promise
        if checks["lost"].meaning(promise, "classic") is Status.FORBIDDEN:
            assert checks["torn"].meaning(promise, "classic") is Status.FORBIDDEN


def test_queries_are_portable() -> None:
    """No word in any query that a translation to another engine would miss; each gives its rows in an order."""
    for path in sorted(HERE.rglob("*.sql")):
        body = re.sub(r"--.*", "", path.read_text())
        assert '"' not in body, path
        assert not re.search(r"\b(QUALIFY|EXCLUDE|PIVOT|GROUP BY ALL|NOT IN \(SELECT)\b", body), path
        assert "//" not in body, path
        if path.parent == HERE / "anomalies" and not path.name.endswith(EVIDENCE):
            assert "ORDER BY" in body.rsplit(")", 1)[-1], path


def test_each_query_is_on_one_screen() -> None:
    """With its header; and in steps that have names."""
    for path in sorted(HERE.rglob("*.sql")):
        text = path.read_text()
        assert len(text.splitlines()) <= 60, path
        body = re.sub(r"--.*|'[^']*'", "", text)
        assert not re.search(r"\b(FROM|JOIN)\s+\w+(\s+AS)?\s+[a-z]\b", body), f"{path}: an alias of one letter"


def test_a_projects_own_check_is_judged(tmp_path: Path) -> None:
    """Two files in a directory: its witnesses count as its header says, and are written with the others."""
    directory = own(tmp_path / "checks")
    for promise, outcome in (("exactly-once", Outcome.VIOLATED), ("at-most-once", Outcome.UPHELD)):
        scene = clean(promise).drop(
            "effect", lambda row: row["source_id"] == "x003" and row["channel"] == "beta" and row["visible"]
        )
        history = scene.write(tmp_path / promise)
        verdict = judge(history, extra=[directory], threads=1)
        assert verdict.outcome is outcome
        assert verdict.finding("half").sample == ({"id": "x003"},)
        assert "half" in write_witnesses(history, verdict, tmp_path / "witnesses", extra=[directory])


@pytest.mark.parametrize(
    ("sql", "evidence", "message"),
    [
        ("SELECT 1", HALF_EVIDENCE, r'half\.sql does not begin with "-- half: " and its definition'),
        (HALF.replace("-- forbidden: exactly-once\n", ""), HALF_EVIDENCE, "does not say"),
        (HALF.replace("exactly-once", "exactly-twice"), HALF_EVIDENCE, 'forbidden: exactly-twice" is no promise'),
        (HALF.replace("-- forbidden", "-- between: effect\n-- forbidden"), HALF_EVIDENCE, "does not name two kinds of"),
        (HALF.replace("-- forbidden", "-- between: effect, afect\n-- forbidden"), HALF_EVIDENCE, "there are sent, "),
        (HALF.replace("i.id FROM", "i.ide FROM"), HALF_EVIDENCE, r"half\.sql is not a query .* column .*ide"),
        (HALF.replace("SELECT i.id", "SELEKT"), HALF_EVIDENCE, r"half\.sql is not a query"),
        (HALF.replace("distinct_input", "inputs"), HALF_EVIDENCE, r"half\.sql is not a query .*inputs"),
        (HALF, "SELECT 1 AS number", r"half\.evidence\.sql must give the columns evidence"),
        (HALF, "SELEKT", r"half\.evidence\.sql is not a query"),
    ],
)
def test_a_wrong_check_is_told_in_one_sentence(tmp_path: Path, sql: str, evidence: str, message: str) -> None:
    """What, where, and what to do: when it is judged by, and before a run is spent on it."""
    history = clean().write(tmp_path / "history")
    extra = [own(tmp_path / "checks", sql, evidence)]
    with pytest.raises(UsageError, match=message):
        judge(history, extra=extra, threads=1)
    with pytest.raises(UsageError, match=message):
        try_checks(extra)


def test_what_a_witness_cannot_say_is_told_before_there_is_one(tmp_path: Path) -> None:
    """A sentence with a column that its query does not give; with the right column the same check passes."""
    says = HALF.replace("-- forbidden", "-- witness: {id} was {halved}\n-- forbidden")
    with pytest.raises(UsageError, match=r"half\.sql: its header's witness has {halved}, which is no column"):
        try_checks([own(tmp_path / "wrong", says)])
    try_checks([own(tmp_path / "right", says.replace("{halved}", "halved"))])


def test_a_check_without_its_twin_or_its_own_name_is_refused(tmp_path: Path) -> None:
    """Evidence is not optional, and a name means one thing."""
    with pytest.raises(UsageError, match="is not a directory"):
        load_checks([tmp_path / "nowhere"])
    directory = own(tmp_path / "alone")
    (directory / f"half{EVIDENCE}").unlink()
    with pytest.raises(UsageError, match=r"has no half\.evidence\.sql beside it"):
        load_checks([directory])
    with pytest.raises(UsageError, match='2 checks named "lost"'):
        load_checks([own(tmp_path / "again", HALF.replace("-- half", "-- lost"), name="lost")])


@pytest.mark.parametrize("name", ["half.sql", f"half{EVIDENCE}"])
def test_a_query_that_is_no_text_is_refused(tmp_path: Path, name: str) -> None:
    """Bytes that are not UTF-8 are no crash."""
    directory = own(tmp_path / "checks")
    (directory / name).write_bytes(HALF.encode() + b"\xff")
    with pytest.raises(UsageError, match=re.escape(f"{name} cannot be read (it is no UTF-8 text); write it as")):
        load_checks([directory])


def test_a_broken_table_is_told(tmp_path: Path) -> None:
    """A history whose file is no Parquet cannot be judged, and says which directory."""
    history = clean().write(tmp_path)
    history.tables["effect"].write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(HistoryError, match=re.escape(str(tmp_path))):
        judge(history, threads=1)


def test_a_history_may_lie_anywhere(tmp_path: Path) -> None:
    """Quotes and wildcards in a path are part of its name."""
    place = tmp_path / "it's *this* [of 2]?"
    shutil.copytree(clean().write(tmp_path / "plain").directory, place)
    assert judge(History.read(place), threads=1).outcome is Outcome.UPHELD


def test_nothing_is_left_in_the_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was spilled is gone with the verdict."""
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    judge(clean().write(tmp_path / "history"), threads=1)
    assert list(spill.iterdir()) == []


def test_the_page_of_anomalies_is_what_the_headers_say() -> None:
    """docs/anomalies.md is made by `python -m streamproof.checks.make_docs`."""
    assert (TOP / PAGE).read_text() == page()


def test_a_header_survives_its_engine() -> None:
    """Every query parses, alone, as one statement."""
    for path in sorted(HERE.rglob("*.sql")):
        assert len(duckdb.extract_statements(path.read_text())) == 1, path
