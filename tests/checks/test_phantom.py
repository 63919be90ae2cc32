"""Phantom on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from tests.checks.histories import small, witnesses


def test_phantoms_have_no_input_or_name_none(tmp_path: Path) -> None:
    """Effects of a source that nobody sent, and of no source, are phantoms."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.effect("nobody", "alpha")
    scene.effect(None, "beta")
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "channel", "off") == {
        "phantom": [("nobody", "alpha", 1), (None, "beta", 1)]
    }


def test_a_hidden_phantom_is_none(tmp_path: Path) -> None:
    """What was aborted did not happen."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    scene.transaction().effects(["nobody"]).abort()
    scene.effect(None, "alpha", visible=False)
    assert witnesses(scene, tmp_path) == {}
