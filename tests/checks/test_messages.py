"""Witnesses in words: each check's own sentence, and what was broken while its input was in flight."""

from pathlib import Path

import pytest

from streamproof.checks import judge
from streamproof.checks.messages import sentence
from streamproof.errors import UsageError
from tests.checks.histories import START, STEP, Scene, small


def told(scene: Scene, directory: Path, anomaly: str) -> list[str]:
    return list(judge(scene.write(directory), threads=1).finding(anomaly).told)


def test_a_lost_input_is_told_with_what_was_broken_meanwhile(tmp_path: Path) -> None:
    """The fault that began before it was committed past, or just after, and ended after it came; no fault of later."""
    scene = small("exactly-once", "a", "b")
    scene.effects("a")
    scene.fault(lasts_ms=1)
    scene.commit(2)
    scene.fault()
    scene.wait(1_000)
    scene.fault()
    assert told(scene, tmp_path, "lost") == [
        f"input b (in[0]@1) was committed past (the group is at 2), and {channel} has 0 of its 1 effects\n"
        "At work: seen (14:13:20.005); seen (14:13:20.007)"
        for channel in ("alpha", "beta")
    ]


def test_without_faults_nothing_was_at_work(tmp_path: Path) -> None:
    """A fault without effect was not, nor a fault that was over when the input came."""
    scene = Scene()
    scene.fault(lasts_ms=0)
    scene.input("a")
    scene.fault(effective=False)
    scene.commit(1)
    assert all("At work" not in sentence for sentence in told(scene, tmp_path, "lost"))


def test_a_sentence_is_the_first_that_can_be_said() -> None:
    """The first with all its columns; else the columns are listed, as for a check without a sentence."""
    row = {"id": "a", "topic": "in", "part": 0, "off": 3, "n": None, "t": START + STEP}
    assert sentence(row, "{id} has {n} | {id} has none, at {t:clock}", "x.sql") == "a has none, at 14:13:20.001"
    assert sentence(row, "{id} has {n}", "x.sql") == sentence(row, "", "x.sql") == f"in[0]@3  id a · t {row['t']}"


def test_a_sentence_with_an_unknown_column_is_told() -> None:
    """Of a project's own check."""
    with pytest.raises(UsageError, match=r"own\.sql: its header's witness has {colour}, which is no column"):
        sentence({"id": "a"}, "{id} is {colour}", "own.sql")
