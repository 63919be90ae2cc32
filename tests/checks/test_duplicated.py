"""Duplicated on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from tests.checks.histories import Scene, small, witnesses


def test_duplicated_names_source_channel_and_number(tmp_path: Path) -> None:
    """Two effects of one source on a channel are one witness; what is done twice is not reordered too."""
    scene = small("exactly-once", "a", "b")
    scene.effects(["a", "b"])
    scene.effect("a", "beta")
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "channel", "at_most", "seen") == {"duplicated": [("a", "beta", 1, 2)]}


def test_a_dead_letter_twice_is_duplicated(tmp_path: Path) -> None:
    """A dead letter is an effect."""
    scene = Scene()
    scene.input("bad", fate="poison")
    scene.effects(["bad", "bad"], channels=["dead"])
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "channel") == {"duplicated": [("bad", "dead")]}


def test_an_effect_of_what_should_have_none_is_duplicated(tmp_path: Path) -> None:
    """An input to be filtered out may have no effect at all."""
    scene = Scene()
    scene.input("drop", fate="filter")
    scene.effect("drop", "alpha")
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "at_most", "seen") == {"duplicated": [("drop", 0, 1)]}


def test_aborted_attempts_are_no_duplicates(tmp_path: Path) -> None:
    """An effect aborted twice and committed once is there once."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).abort()
    scene.transaction().effects(["a"]).abort()
    scene.transaction().effects(["a"]).offsets(1).commit()
    assert witnesses(scene, tmp_path) == {}


def test_an_id_twice_in_the_log_may_have_two_effects(tmp_path: Path) -> None:
    """A send that was retried after an unknown outcome is two inputs."""
    scene = small("exactly-once", "a", "a")
    scene.effects(["a", "a"])
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {}
