"""Unaccounted on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from tests.checks.cases import Case
from tests.checks.histories import DEAD, Scene
from tests.checks.holding import buried, poisoned
from tests.checks.scenes import clean, evidence, witnesses


def never_committed_past(scene: Scene) -> None:
    bad = {row["part"]: row["off"] for row in scene.rows["input"] if row["fate"] == "poison"}
    scene.drop("offset_commit", lambda row: row["off"] > bad[row["part"]])


def wrong(scene: Scene) -> None:
    scene.drop("effect", lambda row: row["source_id"] == "bad1")


CASE = Case(
    evidence={"poison inputs that the group committed past": (2, never_committed_past)}, wrong=wrong, scene=buried
)


def test_poison_without_a_letter_is_unaccounted_and_not_lost(tmp_path: Path) -> None:
    """One cause, one name."""
    scene = poisoned("a", "b")
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "channel", "committed", "seen") == {"unaccounted": [("b", DEAD, 2, 0)]}


def test_poison_with_its_letter_is_accounted_for(tmp_path: Path) -> None:
    """In a transaction with the commit, or before it."""
    scene = poisoned("a", "b")
    scene.effect("b", DEAD)
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {}


def test_a_letter_that_was_aborted_accounts_for_nothing(tmp_path: Path) -> None:
    """Nobody will ever read it."""
    scene = poisoned("a", "b")
    scene.transaction().effects(["b"], [DEAD]).abort()
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {"unaccounted": [("b",)]}


def test_poison_that_is_not_committed_past_is_late(tmp_path: Path) -> None:
    """Its letter may still come."""
    scene = poisoned("a", "b")
    scene.commit(1)
    assert witnesses(scene, tmp_path) == {"late": [("b",)]}


def test_what_should_have_been_processed_is_lost_whatever_letter_it_has(tmp_path: Path) -> None:
    """A letter is no effect; it is one too many, besides."""
    scene = poisoned("a")
    scene.drop("effect")
    scene.effect("a", DEAD)
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "channel") == {
        "lost": [("a", "alpha"), ("a", "beta")],
        "duplicated": [("a", DEAD)],
    }


def test_without_poison_there_is_nothing_to_judge(tmp_path: Path) -> None:
    """Nor where the contract has no dead letters."""
    assert evidence(clean(), tmp_path / "none", "unaccounted") == [(0, None)]
    scene = buried()
    scene.promise = scene.promise.model_copy(update={"dead_letters": None})
    assert evidence(scene, tmp_path / "undeclared", "unaccounted") == [(0, None)]
