"""Archived on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from tests.checks.cases import Case
from tests.checks.histories import Scene
from tests.checks.scenes import clean, evidence, witnesses
from tests.checks.shares import clean_shared, shared


def nothing_again(scene: Scene) -> None:
    scene.drop("share_state", lambda row: row["state"] == "archived")
    scene.alter("share_state", lambda _: True, deliveries=1)


def wrong(scene: Scene) -> None:
    scene.drop("effect", lambda row: row["channel"] == "dead")


CASE = Case(
    evidence={"inputs that were delivered again, or archived": (11, nothing_again)}, wrong=wrong, scene=clean_shared
)


def test_what_is_archived_without_its_effects_is_archived_and_not_lost(tmp_path: Path) -> None:
    """One cause, one name: on each channel that lacks an effect."""
    scene = shared("a", "b", "c", effects="ac")
    scene.become("acknowledged", [0, 2])
    for deliveries in range(1, 5):
        scene.become("available", [1], deliveries=deliveries)
    scene.become("archived", [1], deliveries=5)
    assert witnesses(scene, tmp_path, "id", "channel", "deliveries") == {
        "archived": [("b", "alpha", 5), ("b", "beta", 5)]
    }


def test_poison_that_is_archived_without_its_letter_is_archived_and_not_unaccounted(tmp_path: Path) -> None:
    """Kafka keeps none of it."""
    scene = shared("a", effects="a")
    scene.input("bad", fate="poison")
    scene.become("acknowledged", [0])
    scene.become("archived", [1])
    assert witnesses(scene, tmp_path, "id", "channel") == {"archived": [("bad", "dead")]}


def test_what_is_rejected_with_its_letter_was_told(tmp_path: Path) -> None:
    """A rejected record is archived, too."""
    scene = shared("a", effects="a")
    scene.input("bad", fate="poison")
    scene.effect("bad", "dead")
    scene.become("acknowledged", [0])
    scene.become("archived", [1])
    assert witnesses(scene, tmp_path) == {}


def test_what_is_acknowledged_without_its_effects_is_lost(tmp_path: Path) -> None:
    """The subject said that it was done."""
    scene = shared("a", "b", effects="a")
    scene.become("acknowledged", [0, 1])
    assert witnesses(scene, tmp_path, "id", "channel") == {"lost": [("b", "alpha"), ("b", "beta")]}


def test_what_is_let_go_and_not_delivered_again_is_late(tmp_path: Path) -> None:
    """And it keeps the start of its partition where it is."""
    scene = shared("a", "b", "c", effects="abc")
    scene.become("acknowledged", [0, 2])
    scene.become("available", [1])
    assert witnesses(scene, tmp_path) == {"late": [("b",), ("c",)]}


def test_a_group_that_commits_has_nothing_archived(tmp_path: Path) -> None:
    """Nor is a verdict on it held up."""
    assert evidence(clean(), tmp_path, "archived") == [(0, None)]
