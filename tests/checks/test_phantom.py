"""Phantom on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from tests.checks.cases import Case
from tests.checks.histories import Scene
from tests.checks.scenes import small, witnesses


def no_effects(scene: Scene) -> None:
    scene.drop("effect").drop("batch", lambda row: row["topic"] in {"alpha", "beta"})


def unread_end(scene: Scene) -> None:
    scene.append("alpha", 0)


def unread_partition(scene: Scene) -> None:
    scene.append("alpha", 3)


def wrong(scene: Scene) -> None:
    scene.effect("nobody")
    scene.effect(None)


CASE = Case(
    evidence={
        "effects that were read": (240, no_effects),
        "partitions of effects that were read to their end": (4, unread_end, unread_partition),
    },
    wrong=wrong,
)


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
