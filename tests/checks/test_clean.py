"""Histories of subjects that keep their promise, and of scenes themselves."""

from pathlib import Path

import pytest

from streamproof.checks import Status, judge
from tests.checks.histories import OFFSETS, START, STEP
from tests.checks.scenes import clean, clean_plain, small, witnesses


@pytest.mark.parametrize("promise", ["at-most-once", "at-least-once", "exactly-once"])
def test_a_clean_run_has_no_witness_of_anything(tmp_path: Path, promise: str) -> None:
    """A subject that is killed inside a transaction and keeps its promise raises nothing."""
    assert witnesses(clean(promise), tmp_path) == {}


def test_a_plain_subject_that_does_things_again_only_duplicates(tmp_path: Path) -> None:
    """Killed between effects and commit, done again: 20 inputs on two channels, and no other anomaly."""
    verdict = judge(clean_plain().write(tmp_path), threads=1)
    assert [(found.anomaly, found.witnesses) for found in verdict.findings if found.witnesses] == [("duplicated", 40)]
    assert verdict.finding("duplicated").status is Status.COUNTED


def test_scenes_are_told_in_order() -> None:
    """Each step is a millisecond after the last, and takes the next offset of its log."""
    scene = small("exactly-once", "a", "b")
    scene.commit(2)
    assert [row["off"] for row in scene.rows["input"]] == [0, 1]
    assert scene.rows["offset_commit"][0]["t_append"] == START + 3 * STEP
    assert scene.rows["batch"][-1]["topic"] == OFFSETS
