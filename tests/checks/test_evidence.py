"""Each evidence query: with what it asks for it is enough; without it the verdict is unproven, and names it."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from streamproof.checks import Outcome, Status, Verdict, judge, load_checks
from tests.checks.cases import (
    Change,
    abort_of_one_partition,
    effects_in_no_log,
    load_cases,
    owner_changes,
    place,
    same_owner,
)
from tests.checks.histories import STEP, Row, Scene
from tests.checks.scenes import clean, clean_plain, evidence, names, small

CASES = load_cases()
REMOVED = [
    (anomaly, evidence, remove)
    for anomaly, case in CASES.items()
    for evidence, (_, *changes) in case.evidence.items()
    for remove in changes
]


@pytest.mark.parametrize("anomaly", [check.name for check in load_checks()])
def test_each_anomaly_has_its_case(anomaly: str) -> None:
    """For a new anomaly, this names the case that its tests lack, and the file where it belongs."""
    file = place(anomaly).replace(".", "/") + ".py"
    assert anomaly in CASES, f"{file} needs CASE = Case(evidence=..., wrong=...): see tests/checks/cases.py"
    asked = {row.evidence for row in judge_clean(CASES[anomaly].scene).finding(anomaly).evidence}
    assert CASES[anomaly].evidence.keys() == asked, f"CASE in {file} needs each evidence of {anomaly}, and no other"


@cache
def judge_clean(scene: Callable[[], Scene]) -> Verdict:
    with TemporaryDirectory() as directory:
        return judge(scene().write(Path(directory)), threads=1)


@pytest.mark.parametrize("anomaly", CASES)
def test_a_clean_run_shows_all_that_is_needed(anomaly: str) -> None:
    """The verdict is upheld, and each number is the run's own."""
    verdict = judge_clean(CASES[anomaly].scene)
    assert verdict.outcome is Outcome.UPHELD
    rows = verdict.finding(anomaly).evidence
    assert {row.evidence: row.seen for row in rows} == {
        name: seen for name, (seen, *_) in CASES[anomaly].evidence.items()
    }
    assert all(row.enough for row in rows)


@pytest.mark.parametrize("anomaly", CASES)
def test_what_is_wrong_is_told_in_a_sentence(tmp_path: Path, anomaly: str) -> None:
    """There are witnesses, and what the check itself says of them; none is left to its columns."""
    scene = CASES[anomaly].scene()
    CASES[anomaly].wrong(scene)
    told = judge(scene.write(tmp_path), threads=1).finding(anomaly).told
    assert told
    assert not [words for words in told if "·" in words or "None" in words or "nothing" in words]


@pytest.mark.parametrize(
    ("anomaly", "evidence", "remove"), REMOVED, ids=[f"{anomaly}-{remove.__name__}" for anomaly, _, remove in REMOVED]
)
def test_without_its_evidence_no_run_is_upheld(tmp_path: Path, anomaly: str, evidence: str, remove: Change) -> None:
    """The row says that it is not enough; what is missing names it and the anomaly, and says what to change."""
    scene = CASES[anomaly].scene()
    remove(scene)
    verdict = judge(scene.write(tmp_path), threads=1)
    row = next(row for row in verdict.finding(anomaly).evidence if row.evidence == evidence)
    assert row.enough is False
    assert verdict.outcome is not Outcome.UPHELD
    assert row.advice
    ending = f"judge {anomaly}; {row.advice}"
    assert any(text.startswith(evidence) and text.endswith(ending) for text in verdict.missing)


@pytest.mark.parametrize(("pairs", "enough"), [(99, False), (100, True)])
def test_a_hundred_pairs_are_enough(tmp_path: Path, pairs: int, enough: bool) -> None:
    """Adjacent inputs of one key on one channel."""
    scene = Scene()
    scene.inputs(names(0, pairs + 1))
    scene.effects(names(0, pairs + 1), channels=["alpha"])
    assert evidence(scene, tmp_path, "reordered")[0] == (pairs, enough)


def test_a_change_of_owner_before_an_effect_is_enough_where_commits_come_first(tmp_path: Path) -> None:
    """An at-most-once subject that keeps its promise has never an effect without its commit."""
    for promise, enough in (("at-most-once", True), ("exactly-once", False)):
        scene = Scene(promise)
        scene.rebalance()
        scene.inputs("ab")
        scene.commit(1)
        scene.effects("a")
        scene.rebalance()
        scene.commit(2)
        scene.effects("b")
        assert evidence(scene, tmp_path / promise, "duplicated")[-1][1] is enough


@pytest.mark.parametrize(
    ("inputs", "second", "seen", "enough"),
    [
        ("ab", {"off": 1, "part": 1}, 2, True),
        ("ab", {"off": 0, "part": 1}, 1, False),
        ("ab", {"off": 1, "part": 1, "grp": "others"}, 1, False),
        ("ab", {"off": 1, "part": 1, "topic": "other"}, 1, False),
        ("", {"off": 1, "part": 1}, 0, False),
    ],
)
def test_each_partition_with_input_must_be_committed_past(
    tmp_path: Path, inputs: str, second: Row, seen: int, enough: bool
) -> None:
    """Past its first input, by the subject's group; a run without any input shows nothing."""
    scene = Scene()
    for part, name in enumerate(inputs):
        scene.input(name, part=part)
    scene.commit(1)
    scene.commit(**second)
    assert evidence(scene, tmp_path, "lost")[-1] == (seen, enough)


def test_one_is_enough_of_what_must_have_been_seen(tmp_path: Path) -> None:
    """An input, and an effect that was read to its end."""
    scene = Scene()
    scene.input("a")
    scene.effect("a")
    assert evidence(scene, tmp_path, "late") == [(1, True)]
    assert evidence(scene, tmp_path, "phantom") == [(1, True), (1, True)]
    assert evidence(scene, tmp_path, "reordered") == [(0, False), (0, False)]


@pytest.mark.parametrize(
    ("after_ms", "topic", "across"),
    [(0, "in", 0), (1, "in", 1), (3, "in", 1), (4, "in", 0), (5, "in", 0), (2, "other", 0)],
)
def test_a_pair_is_across_a_change_of_owner_between_its_effects(
    tmp_path: Path, after_ms: int, topic: str, across: int
) -> None:
    """After the first and before the last, and of the partition that the inputs are in."""
    scene = Scene()
    scene.rebalance()
    scene.rebalance()
    scene.inputs("ab")
    scene.effect("a")
    first = scene.now
    scene.wait(3)
    scene.effect("b")
    owner_changes(scene, first + after_ms * STEP)
    scene.alter("owner", lambda _: True, topic=topic)
    assert evidence(scene, tmp_path, "reordered")[-1] == (across, across > 0)


def test_a_change_of_owner_or_an_abort_is_an_interruption(tmp_path: Path) -> None:
    """Either is enough without the other."""
    aborted = clean()
    same_owner(aborted)
    assert evidence(aborted, tmp_path / "aborted", "duplicated")[-1] == (1, True)
    assert evidence(clean_plain(), tmp_path / "taken", "duplicated")[-1] == (1, True)


def test_rows_of_a_query_show_no_duplicates_unless_commits_come_first(tmp_path: Path) -> None:
    """When they came is not told; where the commit comes before, nobody needs to know. An effect in a log is enough."""
    for promise, enough in (("at-most-once", True), ("exactly-once", False)):
        scene = clean(promise)
        effects_in_no_log(scene)
        assert evidence(scene, tmp_path / promise, "duplicated")[0] == (0, enough)
        scene.rows["effect"][0]["topic"] = "alpha"
        assert evidence(scene, tmp_path / f"topic-{promise}", "duplicated")[0] == (1, True)


def test_each_record_that_was_aborted_could_have_been_read(tmp_path: Path) -> None:
    """An input by its marker or by what it says of itself, once if by both; an effect by its marker; all of a batch."""
    marked, meant, written, many = (small("exactly-once", "a") for _ in range(4))
    marked.aborted_input("never")
    marked.alter("input", lambda row: not row["visible"], fate="process")
    meant.input("never", fate="abort")
    written.transaction().effects("a", channels=["alpha"]).abort()
    many.aborted_input("never")
    many.alter("batch", lambda row: row["transactional"], last_off=3)
    many.transaction().effects("a", channels=["alpha"]).abort()
    many.alter("batch", lambda row: row["topic"] == "alpha", last_off=2)
    scenes = {"marked": marked, "meant": meant, "written": written, "many": many}
    seen = {name: evidence(scene, tmp_path / name, "aborted-read") for name, scene in scenes.items()}
    assert seen == {name: [(6 if name == "many" else 1, True)] for name in scenes}


def test_rows_without_an_order_are_no_pairs(tmp_path: Path) -> None:
    """A query's rows stand nowhere in their channel."""
    scene = clean()
    effects_in_no_log(scene)
    scene.alter("effect", lambda _: True, ordinal=None)
    assert evidence(scene, tmp_path, "reordered") == [(0, False), (0, False)]


def test_an_abort_of_one_partition_is_no_interruption_of_several(tmp_path: Path) -> None:
    """What it had left to do on the others it had not begun."""
    scene = clean()
    abort_of_one_partition(scene)
    assert evidence(scene, tmp_path, "torn") == [(0, False)]


def test_a_subject_without_transactions_is_not_judged_by_them(tmp_path: Path) -> None:
    """An at-least-once subject with plain producers can be upheld; what was not judged is listed, with its reason."""
    verdict = judge(clean_plain().write(tmp_path), threads=1)
    assert verdict.outcome is Outcome.UPHELD
    assert {"aborted-read", "torn", "hanging-transaction"} <= {text.split(" ")[0] for text in verdict.not_judged}
    assert verdict.finding("torn").status is Status.NOT_JUDGED


def test_upstream_aborts_judge_a_plain_subject(tmp_path: Path) -> None:
    """It may read what was aborted, whatever it writes with."""
    scene = clean_plain()
    scene.aborted_input("never")
    verdict = judge(scene.write(tmp_path), threads=1)
    assert verdict.finding("aborted-read").status is Status.FORBIDDEN
    assert verdict.outcome is Outcome.UPHELD
