"""What is left in the directory that a command, or a test, is run in."""

from pathlib import Path

import pytest

from streamproof.engine.directories import RUNS, kept, new_directory

PROPERTY = """
from hypothesis import given, strategies

@given(strategies.text())
def test_it(text):
    assert len(text) < 3
"""


@pytest.mark.parametrize("before", [False, True])
def test_git_ignores_what_a_run_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool) -> None:
    """By a file in `.streamproof` itself, also where that was there without it; nothing else of the user's changes."""
    monkeypatch.chdir(tmp_path)
    if before:
        RUNS.mkdir(parents=True)
    with kept(new_directory(RUNS)) as logs:
        (logs / "broker-1.log").touch()
    assert Path(".streamproof/.gitignore").read_text() == "*\n"
    assert [path.name for path in tmp_path.iterdir()] == [".streamproof"]


def test_a_run_that_kept_nothing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that git reads goes with the directory."""
    monkeypatch.chdir(tmp_path)
    with kept(new_directory(RUNS)):
        pass
    assert not list(tmp_path.iterdir())


def test_a_place_that_the_user_names_is_left_to_the_user(tmp_path: Path) -> None:
    """Whether git ignores it is for its owner to say."""
    with kept(tmp_path / "mine" / "first") as logs:
        (logs / "broker-1.log").touch()
    assert not list(tmp_path.rglob(".gitignore"))


def test_hypothesis_keeps_its_examples_below_streamproofs_directory(pytester: pytest.Pytester) -> None:
    """A property that fails is tried again next time, and no directory is added for it where pytest was started."""
    pytester.makepyfile(PROPERTY)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(failed=1)
    assert not (pytester.path / ".hypothesis").exists()
