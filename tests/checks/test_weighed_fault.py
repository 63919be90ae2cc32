"""Evidence of faults, held against the record: what that contradicts has shown nothing, and the verdict says so."""

from pathlib import Path
from typing import Any

import pytest

from streamproof.checks import Outcome, judge
from streamproof.report.text import explain
from tests.checks.histories import Scene
from tests.checks.scenes import clean, small


def contradicted(scene: Scene, directory: Path) -> tuple[str, ...]:
    """What the record says against the faults; as many faults are without effect."""
    verdict = judge(scene.write(directory), threads=1)
    idle = sum(not row["effective"] for row in scene.rows["fault"])
    assert verdict.seen["faults_without_effect"] == idle + len(verdict.contradicted)
    assert verdict.seen["faults"] == len(scene.rows["fault"]) - verdict.seen["faults_without_effect"]
    return verdict.contradicted


def fault(scene: Scene, **row: Any) -> None:
    """A fault that lasts 3 ms, and whose evidence says so much."""
    scene.fault()
    scene.rows["fault"][-1] |= row


@pytest.mark.parametrize("ends", ["commit", "abort"])
@pytest.mark.parametrize("kind", ["kill", "pause-beyond-session"])
@pytest.mark.parametrize("later_ms", [0, 9])
def test_who_is_dead_commits_nothing_and_who_sleeps_nothing_until_it_wakes(
    tmp_path: Path, ends: str, kind: str, later_ms: int
) -> None:
    """The transaction was another's: it is committed though the instance that was said to hold it cannot."""
    scene = small("exactly-once", "a")
    held = scene.transaction().effects("a", channels=["alpha"])
    fault(scene, kind=kind, held=["mover-7"])
    scene.wait(later_ms)
    held.commit() if ends == "commit" else held.abort()
    false = ends == "commit" and (kind == "kill" or later_ms == 0)
    said = "seen, but the record shows that transaction mover-7 was committed after that"
    assert contradicted(scene, tmp_path) == ((said,) if false else ())


def test_a_transaction_of_before_or_of_later_is_another(tmp_path: Path) -> None:
    """Its id is the same: what was committed before the kill, and what its successor commits, contradict nothing."""
    scene = small("exactly-once", "a", "b")
    scene.transaction().effects("a").offsets(1).commit()
    held = scene.transaction().effects("b")
    fault(scene, held=["mover-7"])
    held.abort(fenced=True)
    scene.transaction(epoch=1).effects("b").offsets(2).commit()
    assert contradicted(scene, tmp_path) == ()


@pytest.mark.parametrize(("held", "false"), [(["mover-7", "mover-8"], False), (["mover-8"], True)])
def test_one_of_several_that_was_its_own_is_enough(tmp_path: Path, held: list[str], false: bool) -> None:
    """What looked like its own beside it takes nothing from that."""
    scene = small("exactly-once", "a", "b")
    own, anothers = scene.transaction().effects("a"), scene.transaction(pid=8).effects("b")
    fault(scene, held=held)
    own.abort()
    anothers.commit()
    assert bool(contradicted(scene, tmp_path)) is false


@pytest.mark.parametrize(
    ("member", "lost_ms", "false"),
    [
        ("member-1", 2, False),
        ("member-1", -3, True),
        ("member-1", 9, True),
        ("member-1", None, True),
        ("idle", None, False),
    ],
)
def test_a_member_that_was_given_up_lost_what_it_owned(
    tmp_path: Path, member: str, lost_ms: int | None, false: bool
) -> None:
    """While the fault lasted; of a member that owned nothing, the record knows nothing."""
    scene = Scene()
    scene.rebalance(parts=(0,))
    scene.input("a")
    scene.wait(9)
    fault(scene, given_up=[member])
    if lost_ms is not None:
        scene.alter("owner", lambda _: True, t_to=scene.now + lost_ms * 1_000)
    said = "seen, but the record shows that member member-1 lost nothing that it owned then"
    assert contradicted(scene, tmp_path) == ((said,) if false else ())


@pytest.mark.parametrize(
    ("kind", "recovered_ms", "lost_ms", "false"),
    [("stop", 9, 8, False), ("stop", 7, 8, True), ("stop", None, 8, False), ("pause-beyond-session", 9, 8, True)],
)
def test_who_left_in_good_order_loses_what_it_owned_when_the_others_have_met(
    tmp_path: Path, *, kind: str, recovered_ms: int | None, lost_ms: int, false: bool
) -> None:
    """Which may be after it was started again, but not after the group had recovered; a zombie has woken by then."""
    scene = Scene()
    scene.rebalance(parts=(0,))
    scene.input("a")
    scene.wait(9)
    recovered = None if recovered_ms is None else scene.now + recovered_ms * 1_000
    fault(scene, kind=kind, given_up=["member-1"], t_recovered=recovered)
    scene.alter("owner", lambda _: True, t_to=scene.now + lost_ms * 1_000)
    scene.wait(9)
    assert bool(contradicted(scene, tmp_path)) is false


def test_a_run_rests_on_no_fault_that_the_record_contradicts(tmp_path: Path) -> None:
    """It is unproven as if the fault had had no effect; the verdict says why, and the rest is judged as before."""
    scene = clean()
    scene.alter("fault", lambda _: True, held=["mover-7"])
    assert judge(scene.write(tmp_path / "true"), threads=1).outcome is Outcome.UPHELD
    scene.alter("fault", lambda _: True, held=[], given_up=["member-2"])
    verdict = judge(scene.write(tmp_path / "false"), threads=1)
    assert verdict.outcome is Outcome.UNPROVEN
    assert any(text.startswith("faults that took effect while inputs were in flight") for text in verdict.missing)
    assert "Contradicted: seen, but the record shows that member member-2 lost nothing" in explain(verdict)


def test_a_fault_that_was_tried_again_counts_by_its_last_try(tmp_path: Path) -> None:
    """That the first had no effect is no matter where the second had."""
    scene = clean()
    fault(scene, effective=False, tried_again=True)
    fault(scene)
    seen = judge(scene.write(tmp_path), threads=1).seen
    assert (seen["faults"], seen["faults_without_effect"]) == (2, 0)


def test_without_the_coordinators_log_the_faults_are_taken_at_their_word(tmp_path: Path) -> None:
    """What could not be seen contradicts nothing, and keeps no core check from being judged."""
    scene = clean()
    scene.alter("fault", lambda _: True, held=["mover-7"])
    verdict = judge(scene.absent("txn").write(tmp_path), threads=1)
    assert (verdict.contradicted, verdict.finding("lost").reason) == ((), None)


def test_a_member_that_went_before_the_instance_was_stopped_is_another(tmp_path: Path) -> None:
    """It was looked at before, and ran on: what the group lost meanwhile was not this instance."""
    scene = Scene()
    scene.rebalance(parts=(0,))
    scene.input("a")
    scene.wait(9)
    fault(scene, given_up=["member-1"], t_from=scene.now - 5_000)
    scene.alter("owner", lambda _: True, t_to=scene.now - 3_000)
    assert len(contradicted(scene, tmp_path)) == 1
