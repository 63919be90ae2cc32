"""Each evidence query: with what it asks for it is enough; without it the verdict is unproven, and names it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from streamproof.checks import Outcome, Status, judge, load_checks
from tests.checks.histories import START, STEP, Row, Scene, clean, clean_plain, evidence, names, small

# what the clean run shows, anomaly by anomaly
SHOWN = {
    "lost": {
        "partitions with input that the group committed past": 2,
        "faults that took effect while inputs were in flight": 1,
    },
    "commit-ahead": {"commits while inputs were in flight": 2, "effects whose time is known": 240},
    "duplicated": {
        "interruptions between effects and their commit": 1,
        "effects in logs, which tell when they came": 260,
        "faults that took effect while inputs were in flight": 1,
    },
    "aborted-read": {"records of aborted transactions": 21},
    "torn": {"transactions over several partitions, interrupted": 1},
    "reordered": {
        "adjacent pairs of inputs with one key": 236,
        "pairs of inputs with one key across a change of owner": 4,
    },
    "phantom": {"effects that were read": 240, "partitions of effects that were read to their end": 4},
    "commit-regression": {"partitions committed before and after a change of owner": 2},
    "hanging-transaction": {"crashes inside a transaction": 1},
    "late": {"inputs in the log": 120},
}


def test_each_anomaly_has_its_evidence_here() -> None:
    """A new anomaly says in SHOWN what the clean run shows of it, and in REMOVED what takes that away."""
    assert SHOWN.keys() == {check.name for check in load_checks()}
    assert {anomaly for anomaly, _, _ in REMOVED} == SHOWN.keys()


def test_a_clean_run_shows_all_that_is_needed(tmp_path: Path) -> None:
    """The verdict is upheld, and each number is the run's own."""
    verdict = judge(clean().write(tmp_path), threads=1)
    assert verdict.outcome is Outcome.UPHELD
    assert {one.anomaly: {row.evidence: row.seen for row in one.evidence} for one in verdict.findings} == SHOWN
    assert all(row.enough for one in verdict.findings for row in one.evidence)


def one_partition_uncommitted(scene: Scene) -> None:
    scene.drop("offset_commit", lambda row: row["part"] == 1)


def no_fault(scene: Scene) -> None:
    scene.drop("fault")


def fault_without_effect(scene: Scene) -> None:
    scene.alter("fault", lambda _: True, effective=False)


def fault_before_all_input(scene: Scene) -> None:
    scene.alter("fault", lambda _: True, t_from=START - 2 * STEP, t_to=START - STEP)


def fault_after_all_commits(scene: Scene) -> None:
    scene.alter("fault", lambda _: True, t_from=scene.now + STEP, t_to=None)


def only_last_commits(scene: Scene) -> None:
    scene.drop("offset_commit", lambda row: row["off"] < 60)


def untimed_effects(scene: Scene) -> None:
    scene.alter("effect", lambda _: True, t_append=None)


def without_aborts(scene: Scene) -> None:
    scene.drop("effect", lambda row: not row["visible"]).drop("batch", lambda row: row["control"] == "abort")


def nothing_interrupted(scene: Scene) -> None:
    without_aborts(scene)
    scene.drop("owner", lambda row: row["generation"] == 2).alter("owner", lambda _: True, t_to=None)


def owner_kept_its_partitions(scene: Scene) -> None:
    """A rebalance after which the same member has the same partitions, whatever it had in flight."""
    without_aborts(scene)
    scene.alter("owner", lambda _: True, member="the one")


def another_died(scene: Scene) -> None:
    """A crash while another's inputs are in flight, who does them to the end: its partitions stay where they are."""
    owner_kept_its_partitions(scene)
    scene.alter("process", lambda _: True, instance=2)


def change_before_any_effect(scene: Scene) -> None:
    without_aborts(scene)
    first = min(row["t_append"] for row in scene.rows["effect"])
    _owner_changes(scene, first - STEP)


def change_after_all_commits(scene: Scene) -> None:
    without_aborts(scene)
    _owner_changes(scene, scene.wait())


def _owner_changes(scene: Scene, t: int) -> None:
    scene.alter("owner", lambda row: row["generation"] == 1, t_to=t)
    scene.alter("owner", lambda row: row["generation"] == 2, t_from=t)


def hidden_behind_an_open_transaction(scene: Scene) -> None:
    """What was not shown yet, but not aborted either."""
    _owner_changes(scene, scene.wait())
    scene.drop("batch", lambda row: row["control"] == "abort")


def effects_in_no_log(scene: Scene) -> None:
    scene.alter("effect", lambda _: True, topic=None, part=None, off=None)


def stopped_in_order(scene: Scene) -> None:
    scene.alter("process", lambda _: True, cause="stopped")


def nothing_aborted(scene: Scene) -> None:
    without_aborts(scene)
    scene.drop("input", lambda row: not row["visible"])


def not_yet_aborted(scene: Scene) -> None:
    """Inputs and effects that are hidden only because their transactions are open still."""
    scene.drop("batch", lambda row: row["control"] == "abort").alter("input", lambda _: True, fate="process")


def abort_of_one_partition(scene: Scene) -> None:
    ongoing = [row for row in scene.rows["txn"] if row["partitions"] == ["alpha-0", "beta-0"]]
    for row in ongoing:
        row["partitions"] = ["alpha-0"]


def every_key_once(scene: Scene) -> None:
    for number, row in enumerate(scene.rows["input"]):
        row["key"] = f"key{number}"


def no_keys(scene: Scene) -> None:
    scene.alter("input", lambda _: True, key=None)


def same_owner(scene: Scene) -> None:
    scene.alter("owner", lambda _: True, member="the one")


def disturbed_before_and_after(scene: Scene) -> None:
    _owner_changes(scene, scene.wait())


def no_effects(scene: Scene) -> None:
    scene.drop("effect").drop("batch", lambda row: row["topic"] in {"alpha", "beta"})


def unread_end(scene: Scene) -> None:
    scene.append("alpha", 0)


def unread_partition(scene: Scene) -> None:
    scene.append("alpha", 3)


def crash_between_transactions(scene: Scene) -> None:
    scene.alter("process", lambda _: True, t_end=START)


def crash_in_what_was_committed(scene: Scene) -> None:
    first = next(row for row in scene.rows["txn"] if row["tid"] == "mover-7" and row["state"] == "PrepareCommit")
    scene.alter("process", lambda _: True, t_end=first["t_append"] - STEP)


def no_input(scene: Scene) -> None:
    scene.alter("input", lambda _: True, visible=False)


REMOVED: list[tuple[str, str, Callable[[Scene], None]]] = [
    ("lost", "partitions with input that the group committed past", one_partition_uncommitted),
    ("lost", "faults that took effect while inputs were in flight", no_fault),
    ("lost", "faults that took effect while inputs were in flight", fault_without_effect),
    ("lost", "faults that took effect while inputs were in flight", fault_before_all_input),
    ("lost", "faults that took effect while inputs were in flight", fault_after_all_commits),
    ("commit-ahead", "commits while inputs were in flight", only_last_commits),
    ("commit-ahead", "effects whose time is known", untimed_effects),
    ("duplicated", "interruptions between effects and their commit", nothing_interrupted),
    ("duplicated", "interruptions between effects and their commit", owner_kept_its_partitions),
    ("duplicated", "interruptions between effects and their commit", another_died),
    ("duplicated", "interruptions between effects and their commit", change_before_any_effect),
    ("duplicated", "interruptions between effects and their commit", change_after_all_commits),
    ("duplicated", "interruptions between effects and their commit", hidden_behind_an_open_transaction),
    ("duplicated", "effects in logs, which tell when they came", effects_in_no_log),
    ("duplicated", "faults that took effect while inputs were in flight", no_fault),
    ("aborted-read", "records of aborted transactions", nothing_aborted),
    ("aborted-read", "records of aborted transactions", not_yet_aborted),
    ("torn", "transactions over several partitions, interrupted", abort_of_one_partition),
    ("reordered", "adjacent pairs of inputs with one key", every_key_once),
    ("reordered", "adjacent pairs of inputs with one key", no_keys),
    ("reordered", "pairs of inputs with one key across a change of owner", same_owner),
    ("reordered", "pairs of inputs with one key across a change of owner", disturbed_before_and_after),
    ("phantom", "effects that were read", no_effects),
    ("phantom", "partitions of effects that were read to their end", unread_end),
    ("phantom", "partitions of effects that were read to their end", unread_partition),
    ("commit-regression", "partitions committed before and after a change of owner", same_owner),
    ("commit-regression", "partitions committed before and after a change of owner", disturbed_before_and_after),
    ("hanging-transaction", "crashes inside a transaction", crash_between_transactions),
    ("hanging-transaction", "crashes inside a transaction", crash_in_what_was_committed),
    ("hanging-transaction", "crashes inside a transaction", stopped_in_order),
    ("late", "inputs in the log", no_input),
]


@pytest.mark.parametrize(
    ("anomaly", "evidence", "remove"), REMOVED, ids=[f"{anomaly}-{remove.__name__}" for anomaly, _, remove in REMOVED]
)
def test_without_its_evidence_no_run_is_upheld(
    tmp_path: Path, anomaly: str, evidence: str, remove: Callable[[Scene], None]
) -> None:
    """The row says that it is not enough, and what is missing names it and the anomaly."""
    scene = clean()
    remove(scene)
    verdict = judge(scene.write(tmp_path), threads=1)
    row = next(row for row in verdict.finding(anomaly).evidence if row.evidence == evidence)
    assert row.enough is False
    assert verdict.outcome is not Outcome.UPHELD
    assert any(one.startswith(evidence) and one.endswith(f"judge {anomaly}") for one in verdict.missing)


def test_every_evidence_is_taken_away_once() -> None:
    """Each row of each evidence query has its own case above."""
    assert {(anomaly, evidence) for anomaly, evidence, _ in REMOVED} == {
        (anomaly, evidence) for anomaly, rows in SHOWN.items() for evidence in rows
    }


@pytest.mark.parametrize(("pairs", "enough"), [(99, False), (100, True)])
def test_a_hundred_pairs_are_enough(tmp_path: Path, pairs: int, enough: bool) -> None:
    """Adjacent inputs of one key on one channel."""
    scene = Scene()
    scene.inputs(names(0, pairs + 1))
    scene.effects(names(0, pairs + 1), channels=["alpha"])
    verdict = judge(scene.write(tmp_path), threads=1)
    row = next(row for row in verdict.finding("reordered").evidence if "adjacent" in row.evidence)
    assert (row.seen, row.enough) == (pairs, enough)


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
        verdict = judge(scene.write(tmp_path / promise), threads=1)
        row = next(row for row in verdict.finding("duplicated").evidence if "interruptions" in row.evidence)
        assert row.enough is enough


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
    _owner_changes(scene, first + after_ms * STEP)
    scene.alter("owner", lambda _: True, topic=topic)
    assert evidence(scene, tmp_path, "reordered")[-1] == (across, across > 0)


def test_a_change_of_owner_or_an_abort_is_an_interruption(tmp_path: Path) -> None:
    """Either is enough without the other."""
    aborted = clean()
    same_owner(aborted)
    assert evidence(aborted, tmp_path / "aborted", "duplicated")[-1] == (1, True)
    assert evidence(clean_plain(), tmp_path / "taken", "duplicated")[-1] == (1, True)


def test_rows_of_a_query_show_no_duplicates_unless_commits_come_first(tmp_path: Path) -> None:
    """When they came is not told; where the commit comes before, nobody needs to know. One in a log is enough."""
    for promise, enough in (("at-most-once", True), ("exactly-once", False)):
        scene = clean(promise)
        effects_in_no_log(scene)
        assert evidence(scene, tmp_path / promise, "duplicated")[0] == (0, enough)
        scene.rows["effect"][0]["topic"] = "alpha"
        assert evidence(scene, tmp_path / f"one-{promise}", "duplicated")[0] == (1, True)


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
    assert [one.split(" ")[0] for one in verdict.not_judged] == ["aborted-read", "torn", "hanging-transaction"]
    assert verdict.finding("torn").status is Status.NOT_JUDGED


def test_upstream_aborts_judge_a_plain_subject(tmp_path: Path) -> None:
    """It may read what was aborted, whatever it writes with."""
    scene = clean_plain()
    scene.aborted_input("never")
    verdict = judge(scene.write(tmp_path), threads=1)
    assert verdict.finding("aborted-read").status is Status.FORBIDDEN
    assert verdict.outcome is Outcome.UPHELD
