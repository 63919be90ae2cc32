"""Late on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from tests.checks.cases import Case
from tests.checks.histories import Scene
from tests.checks.scenes import small, witnesses


def no_input(scene: Scene) -> None:
    scene.alter("input", lambda _: True, visible=False)


def wrong(scene: Scene) -> None:
    scene.input("late", key=None)


CASE = Case(evidence={"inputs in the log": (120, no_input)}, wrong=wrong)


def test_late_is_what_nobody_committed_past(tmp_path: Path) -> None:
    """Inputs at or beyond the last commit are late, with effects or without."""
    scene = small("exactly-once", "a", "b", "c")
    scene.effects(["a", "b"])
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "off", "committed") == {"late": [("b", 1, 1), ("c", 2, 1)]}


def test_since_when_the_group_stands_still_is_told(tmp_path: Path) -> None:
    """From the first commit of where it is; what it commits again and again is no progress."""
    scene = small("exactly-once", "a", "b")
    scene.effects(["a", "b"])
    since = scene.commit(1)["t_append"]
    scene.wait(50)
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "since") == {"late": [("b", since)]}


def test_a_subject_that_never_commits_is_late_with_everything(tmp_path: Path) -> None:
    """Having every effect does not make up for never committing."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    assert witnesses(scene, tmp_path, "id", "committed") == {"late": [("a", None)]}


def test_nothing_is_late_behind_aborted_inputs(tmp_path: Path) -> None:
    """Aborted inputs and markers after the last visible input need no commit."""
    scene = small("exactly-once", "a")
    scene.aborted_input("never")
    scene.effects(["a"])
    scene.commit(1)
    assert witnesses(scene, tmp_path) == {}
