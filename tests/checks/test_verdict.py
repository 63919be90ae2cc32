"""The verdict: what witnesses, evidence, missing tables and the probe amount to."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from streamproof.checks import Outcome, Status, Verdict, check, judge, missing_from, try_checks, write_witnesses
from streamproof.errors import HistoryError, Unproven, UsageError
from streamproof.history.promise import Delivery
from streamproof.report.text import explain
from tests.checks.histories import Scene
from tests.checks.scenes import clean, clean_plain


def verdict_of(scene: Scene, directory: Path) -> Verdict:
    return judge(scene.write(directory), threads=1)


def doubled(promise: str) -> Scene:
    scene = clean(promise)
    scene.effect("x059", "alpha")
    return scene


def test_a_forbidden_anomaly_violates(tmp_path: Path) -> None:
    """One duplicate of 240 effects is enough, with all its evidence there."""
    verdict = verdict_of(doubled("exactly-once"), tmp_path)
    assert verdict.outcome is Outcome.VIOLATED
    assert verdict.missing == ()


def test_witnesses_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    """A file may lie where their directory should be: it is not ours to remove."""
    history = doubled("exactly-once").write(tmp_path / "history")
    taken = tmp_path / "witnesses"
    taken.write_text("mine")
    with pytest.raises(HistoryError, match=re.escape(f"{taken}: witnesses cannot be written there (File exists); ")):
        write_witnesses(history, judge(history, threads=1), taken)
    assert taken.read_text() == "mine"


def test_what_the_promise_allows_is_counted(tmp_path: Path) -> None:
    """At-least-once may duplicate: upheld, with the witnesses listed."""
    verdict = verdict_of(doubled("at-least-once"), tmp_path)
    assert verdict.outcome is Outcome.UPHELD
    assert (verdict.finding("duplicated").status, verdict.finding("duplicated").witnesses) == (Status.COUNTED, 1)


def test_at_most_once_may_lose(tmp_path: Path) -> None:
    """What is forbidden to the others is counted here, and needs no evidence."""
    scene = clean("at-most-once").drop("effect", lambda row: row["source_id"] == "x058")
    verdict = verdict_of(scene, tmp_path)
    assert verdict.outcome is Outcome.UPHELD
    assert (verdict.finding("lost").status, verdict.finding("lost").witnesses) == (Status.COUNTED, 2)


def test_order_is_forbidden_only_where_it_is_promised(tmp_path: Path) -> None:
    """A swap violates an ordered promise, and is counted for another."""
    for ordered, outcome in ((True, Outcome.VIOLATED), (False, Outcome.UPHELD)):
        scene = clean(ordered=ordered)
        first, second = (
            next(row for row in scene.rows["effect"] if row["source_id"] == name and row["channel"] == "alpha")
            for name in ("x040", "x041")
        )
        first["source_id"], second["source_id"] = second["source_id"], first["source_id"]
        verdict = verdict_of(scene, tmp_path / str(ordered))
        assert verdict.outcome is outcome
        assert verdict.finding("reordered").witnesses == 1


def test_nothing_late_is_ever_upheld(tmp_path: Path) -> None:
    """An input left behind makes the verdict unproven, and says how many: in a sentence, the story once."""
    scene = clean()
    scene.input("behind", part=1)
    verdict = verdict_of(scene, tmp_path)
    assert verdict.outcome is Outcome.UNPROVEN
    assert verdict.missing[0].startswith("late: 1 witnesses, such as: input behind")
    assert "\n" not in verdict.missing[0]
    with pytest.raises(Unproven) as told:
        verdict.require_upheld()
    assert str(told.value).count("such as: input behind") == 1
    assert "never         committed past" in str(told.value)


def test_a_subject_that_never_commits_is_not_upheld(tmp_path: Path) -> None:
    """All its effects are there; it is unproven, by all its inputs."""
    verdict = verdict_of(clean_plain().drop("offset_commit"), tmp_path)
    assert verdict.outcome is Outcome.UNPROVEN
    assert verdict.finding("late").witnesses == 120


def test_a_broker_that_fails_its_probe_proves_nothing(tmp_path: Path) -> None:
    """Neither for nor against an exactly-once subject; the others do not depend on it."""
    for promise, outcome in (("exactly-once", Outcome.UNPROVEN), ("at-most-once", Outcome.VIOLATED)):
        scene = doubled(promise)
        scene.probe["isolates"] = False
        verdict = verdict_of(scene, tmp_path / promise)
        assert verdict.outcome is outcome
        assert any("isolates" in sentence for sentence in verdict.missing) == (promise == "exactly-once")


def test_a_broker_that_was_not_probed_cannot_vouch_for_exactly_once(tmp_path: Path) -> None:
    """No probe: nothing is upheld, but what is violated stays so."""
    for scene, outcome in ((clean(), Outcome.UNPROVEN), (doubled("exactly-once"), Outcome.VIOLATED)):
        scene.probe = {}
        verdict = verdict_of(scene, tmp_path / outcome)
        assert verdict.outcome is outcome
        assert verdict.missing == ("the broker was not probed: whether it isolates transactions is not known",)


def test_what_one_run_has_shown_another_need_not(tmp_path: Path) -> None:
    """But what is late in one of them, stays late."""
    calm = clean()
    calm.drop("fault")
    late = clean()
    late.inputs(["z"])
    verdicts = {name: verdict_of(scene, tmp_path / name) for name, scene in (("calm", calm), ("late", late))}
    assert missing_from([verdicts["calm"]]) == verdicts["calm"].missing != ()
    together = missing_from([verdicts["calm"], verdict_of(clean(), tmp_path / "clean")])
    assert together == ()
    (left,) = missing_from([*verdicts.values(), verdict_of(clean(), tmp_path / "again")])
    assert left.startswith("late")


@pytest.mark.parametrize("table", ["input", "expected", "effect", "offset_commit"])
def test_without_a_core_table_nothing_is_upheld(tmp_path: Path, table: str) -> None:
    """What cannot be judged at the core is missing, never silently fine."""
    verdict = verdict_of(clean().absent(table), tmp_path)
    assert verdict.outcome is Outcome.UNPROVEN
    assert any(f"no {table}" in sentence and "not judged" in sentence for sentence in verdict.missing)


UNSEEN = ("commit-ahead", "torn", "hanging-transaction")  # without the transaction coordinator's log


def test_what_could_not_be_judged_leaves_a_verdict_open(tmp_path: Path) -> None:
    """Transactions that could not be seen may have been torn; what is missing says how to do without."""
    history = clean().absent("txn").write(tmp_path)
    verdict = judge(history, threads=1)
    assert verdict.outcome is Outcome.UNPROVEN
    unseen = tuple(text for text in verdict.not_judged if "no txn table" in text)
    assert unseen == tuple(f"{name} (no txn table in this history)" for name in UNSEEN)
    assert verdict.missing == tuple(
        f"{name} is not judged: no txn table in this history; --without {name}, or without in streamproof.toml, "
        "asks for a verdict without it"
        for name in UNSEEN
    )
    assert judge(history, without=UNSEEN[1:], threads=1).missing == verdict.missing[:1]


def test_a_verdict_does_without_what_it_is_asked_to(tmp_path: Path) -> None:
    """It says so; of what could be judged it does without nothing, and what the promise allows nobody misses."""
    history = clean().absent("txn").write(tmp_path / "txn")
    verdict = check(history.directory, without=(*UNSEEN, "phantom"))
    assert (verdict.outcome, verdict.without) == (Outcome.UPHELD, UNSEEN)
    assert "exactly-once, ordered by key; without: commit-ahead, torn, hanging-transaction: " in explain(verdict)
    verdict.require_delivery(Delivery.EXACTLY_ONCE)
    history = clean("at-most-once").absent("txn").write(tmp_path / "allowed")
    assert judge(history, without=UNSEEN, threads=1).without == UNSEEN[1:]
    scene = clean()
    scene.effect("nobody")
    verdict = judge(scene.write(tmp_path / "seen"), without=["phantom"], threads=1)
    assert (verdict.outcome, verdict.without) == (Outcome.VIOLATED, ())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lost", "nothing is upheld unless it is judged; what may be left out: unaccounted, archived, "),
        ("tron", r'no such anomaly \(did you mean "torn"\?\)'),
        ("x", "no such anomaly; there are lost, unaccounted, "),
    ],
)
def test_nothing_is_left_out_that_cannot_be(tmp_path: Path, name: str, message: str) -> None:
    """The core, and what is no anomaly: told when it is judged by, and before a run is spent on it."""
    history = clean().write(tmp_path)
    with pytest.raises(UsageError, match=f'without "{name}": .*{message}'):
        judge(history, without=[name], threads=1)
    with pytest.raises(UsageError, match=f'without "{name}": .*{message}'):
        try_checks([], [name])


def test_where_what_a_run_has_shown_cannot_be_known_nothing_is_judged_by_its_absence(tmp_path: Path) -> None:
    """A table that was not recorded is not an empty table, to the evidence either."""
    verdict = verdict_of(clean().absent("generation"), tmp_path)
    assert "commit-regression (no generation table in this history)" in verdict.not_judged


def test_without_commits_duplicates_still_violate(tmp_path: Path) -> None:
    """Effects alone can show too many of them."""
    verdict = verdict_of(doubled("exactly-once").absent("offset_commit", "txn"), tmp_path)
    assert verdict.outcome is Outcome.VIOLATED


@pytest.mark.parametrize(
    ("again", "advice"),
    [
        ("streamproof verify orders", "use more events (--events)"),
        ("pytest tests/test_orders.py::test_it", "use more events (records)"),
        (None, "use more events (records)"),
    ],
)
def test_what_is_missing_is_advised_in_the_words_of_who_started_the_run(
    tmp_path: Path, again: str | None, advice: str
) -> None:
    """A command has flags, a test has arguments."""
    scene = Scene()
    history = scene.write(tmp_path)
    history.record = history.record.model_copy(update={"again": again})
    missing = judge(history, threads=1).missing
    assert any(sentence.endswith(advice) for sentence in missing), missing
    assert not any("{" in sentence for sentence in missing)


def test_a_verdict_is_json(tmp_path: Path) -> None:
    """All of it, witnesses included, and back again."""
    verdict = verdict_of(doubled("exactly-once"), tmp_path)
    text = json.dumps(verdict.to_json())
    assert Verdict.model_validate_json(text) == verdict


def test_all_witnesses_are_written(tmp_path: Path) -> None:
    """The verdict holds the first; a file for each anomaly holds them all, in the same order."""
    scene = clean().drop("effect", lambda row: row["source_id"].startswith("x01") and row["channel"] == "alpha")
    history = scene.write(tmp_path / "history")
    verdict = judge(history, threads=1)
    files = write_witnesses(history, verdict, tmp_path / "witnesses")
    assert list(files) == ["lost"]
    rows = pq.read_table(files["lost"]).to_pylist()
    assert len(rows) == verdict.finding("lost").witnesses == 10
    assert tuple(rows[:5]) == verdict.finding("lost").sample


def test_require_names_the_first_witness(tmp_path: Path) -> None:
    """A test's own assertion: by anomaly, by promise, or for an upheld verdict."""
    verdict = verdict_of(doubled("exactly-once"), tmp_path)
    verdict.require("lost", "late", "reordered")
    with pytest.raises(AssertionError, match=r"duplicated: 1 witnesses, such as: input x059"):
        verdict.require("lost", "duplicated")
    with pytest.raises(AssertionError, match=r"\n    14:13:20\.434  effect at alpha\[0\]@73\n    No fault was between"):
        verdict.require("duplicated")
    with pytest.raises(AssertionError, match="violated, not upheld:\n  duplicated"):
        verdict.require("exactly-once")
    with pytest.raises(UsageError, match="promises exactly-once, so at-least-once was not judged"):
        verdict.require("at-least-once")
    with pytest.raises(UsageError, match=r'"losst" is no anomaly \(did you mean "lost"\?\)'):
        verdict.require("losst")


def test_require_asks_for_what_needs_no_fault(tmp_path: Path) -> None:
    """A scenario breaks what it wants; but without pairs there is no order, and a broker that fails shows nothing."""
    calm = clean().drop("fault", lambda _: True)
    verdict = verdict_of(calm, tmp_path / "calm")
    assert any(row.enough is False for row in verdict.finding("lost").evidence)
    verdict.require("lost", "reordered")
    unlike = clean()
    for n, row in enumerate(unlike.rows["input"]):
        row["key"] = f"k{n}"
    with pytest.raises(
        AssertionError, match="with one key: 0 of 100 seen, which is not enough to judge reordered; use more events"
    ):
        verdict_of(unlike, tmp_path / "unlike").require("reordered")
    deaf = clean()
    deaf.probe = {"isolates": False, "fences": True}
    with pytest.raises(AssertionError, match=r"the broker failed its probe \(isolates\)"):
        verdict_of(deaf, tmp_path / "deaf").require("lost")


def test_require_refuses_what_was_not_judged(tmp_path: Path) -> None:
    """Not judged is not fine."""
    verdict = verdict_of(clean().absent("txn"), tmp_path)
    with pytest.raises(AssertionError, match="torn is not judged: no txn table"):
        verdict.require("torn")


def test_a_delivery_is_required_of_every_anomaly_that_has_no_place_in_it(tmp_path: Path) -> None:
    """The list is that of the guarantees; order is a promise of its own, and is not asked for here."""
    verdict = judge(clean().write(tmp_path), threads=1)
    excluded = {
        name: {finding.anomaly for finding in verdict.findings if name in finding.excluded_by} for name in Delivery
    }
    assert {"lost", "duplicated", "torn", "commit-regression"} <= excluded[Delivery.EXACTLY_ONCE]
    assert excluded[Delivery.EXACTLY_ONCE] - excluded[Delivery.AT_LEAST_ONCE] >= {"duplicated"}
    assert excluded[Delivery.EXACTLY_ONCE] - excluded[Delivery.AT_MOST_ONCE] >= {"lost", "commit-ahead"}
    assert not any("reordered" in anomalies for anomalies in excluded.values()), "order is a promise of its own"
    for delivery in Delivery:
        verdict.require_delivery(delivery)


def test_a_delivery_fails_by_a_witness_that_the_contract_allows(tmp_path: Path) -> None:
    """A scenario may ask for more than the contract promises, and for less."""
    scene = clean("at-least-once")
    scene.effect("x001", part=0)
    verdict = judge(scene.write(tmp_path), threads=1)
    assert verdict.outcome is Outcome.UPHELD
    verdict.require_delivery(Delivery.AT_LEAST_ONCE)
    with pytest.raises(AssertionError, match="duplicated: 1 witnesses, such as"):
        verdict.require_delivery(Delivery.EXACTLY_ONCE)


def test_what_could_not_be_recorded_is_missed(tmp_path: Path) -> None:
    """Without commits nothing says what is lost; without transactions' states nobody knows what was torn."""
    verdict = judge(clean().absent("txn").write(tmp_path / "txn"), threads=1)
    with pytest.raises(AssertionError, match="commit-ahead is not judged: no txn table"):
        verdict.require_delivery(Delivery.EXACTLY_ONCE)
    verdict = judge(clean().absent("offset_commit").write(tmp_path / "commits"), threads=1)
    with pytest.raises(AssertionError, match="lost is not judged: no offset_commit table"):
        verdict.require_delivery(Delivery.EXACTLY_ONCE)
