"""Each mutant does on real brokers what its journal says; its clean twin does the same work without harm."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from mutants.journal import Row, read
from tests.pipeline.projected import Projected

WaitUntil = Callable[[Callable[[], bool]], None]
SIZE = 600
ALL = frozenset(f"event-{number}" for number in range(SIZE))


def journal(stage: Any) -> list[Row]:
    path = stage.directory / "journal.jsonl"
    return read([path]) if path.exists() else []


def start(stage: Any, name: str, **more: str) -> Any:
    return stage.start(name, "mutants", name, JOURNAL=str(stage.directory / "journal.jsonl"), **more)


def start_projector(projected: Projected, name: str, **more: str) -> Any:
    return start(projected.stage, name, DATABASE=str(projected.path), **more)


def test_a_mutant_that_does_not_rewind_loses_what_it_aborts(stage: Any, wait_until: WaitUntil) -> None:
    """What is missing is exactly what its journal has as passed over, and the group has committed past it."""
    stage.send(range(SIZE))
    start(stage, "no-rewind")
    wait_until(lambda: stage.committed() >= SIZE)
    passed_over = {found for row in journal(stage) if row.act == "passed-over" for found in row.ids}
    assert passed_over
    assert ALL - stage.ids("PROCESSED_TOPIC").keys() == passed_over


def test_its_twin_that_rewinds_loses_nothing(stage: Any, wait_until: WaitUntil) -> None:
    """It aborts as often, and every event is there once."""
    stage.send(range(SIZE))
    start(stage, "aborting")
    wait_until(lambda: stage.committed() >= SIZE)
    assert [row for row in journal(stage) if row.act == "aborting"]
    assert stage.ids("PROCESSED_TOPIC") == Counter(ALL)


@pytest.mark.parametrize(("name", "act"), [("commit-first", "committed"), ("no-transaction", "produced")])
def test_a_kill_between_two_steps_that_should_be_joined_shows(
    stage: Any, wait_until: WaitUntil, name: str, act: str
) -> None:
    """Killed in its gap: the mutant that commits first loses the batch, the mutant without transactions doubles it."""
    stage.send(range(SIZE))
    victim = start(stage, name, GAP_MS="3000")
    wait_until(lambda: any(row.act == act for row in journal(stage)))
    victim.kill()
    victim.wait()
    (batch,) = [row for row in journal(stage) if row.act == act]
    start(stage, name, GAP_MS="0")
    wait_until(
        lambda: stage.committed() >= SIZE and sum(stage.ids("PROCESSED_TOPIC").values()) >= SIZE - len(batch.ids)
    )
    seen = stage.ids("PROCESSED_TOPIC")
    expected = dict.fromkeys(batch.ids, 0 if name == "commit-first" else 2)
    assert {found: seen[found] for found in ALL} == {**dict.fromkeys(ALL, 1), **expected}


def test_a_mutant_that_passes_failures_by_loses_them(projected: Projected, wait_until: WaitUntil) -> None:
    """What is missing is exactly what its journal has as skipped, and the group has committed past it."""
    half = SIZE // 2
    projected.send(range(half))
    start_projector(projected, "skip-failed")
    wait_until(lambda: len(projected.kept()) == half)
    with projected.locked():
        projected.send(range(half, SIZE))
        wait_until(lambda: any(row.act == "skipped" for row in journal(projected.stage)))
    wait_until(lambda: projected.stage.committed() >= SIZE)
    skipped = {found for row in journal(projected.stage) if row.act == "skipped" for found in row.ids}
    assert ALL - projected.kept() == skipped


def test_commits_by_the_clock_lose_what_was_in_hand(projected: Projected, wait_until: WaitUntil) -> None:
    """Killed before it wrote what it had taken: that batch, and nothing else, is gone."""
    projected.send(range(SIZE))
    victim = start_projector(projected, "auto-commit", GAP_MS="30000")
    wait_until(lambda: projected.stage.committed() > 0)
    victim.kill()
    victim.wait()
    (batch,) = journal(projected.stage)
    start_projector(projected, "auto-commit", GAP_MS="0")
    wait_until(lambda: len(projected.kept()) >= SIZE - len(batch.ids))
    assert ALL - projected.kept() == set(batch.ids)
