"""Both on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from streamproof.checks import Status, judge
from streamproof.history.promise import Delivery
from tests.checks.cases import Case
from tests.checks.histories import DEAD, Scene
from tests.checks.holding import buried, poisoned
from tests.checks.scenes import clean, evidence, witnesses


def no_letters(scene: Scene) -> None:
    scene.drop("effect", lambda row: row["channel"] == DEAD)


def wrong(scene: Scene) -> None:
    scene.effect("bad0", "beta")


CASE = Case(evidence={"inputs with a dead letter": (2, no_letters)}, wrong=wrong, scene=buried)


def test_poison_with_an_effect_is_both_and_not_duplicated(tmp_path: Path) -> None:
    """One cause, one name."""
    scene = poisoned("a", "b")
    scene.effect("b", DEAD)
    scene.effect("b", "beta")
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "channel", "letters") == {"both": [("b", "beta", DEAD)]}


def test_a_letter_of_what_was_processed_is_both(tmp_path: Path) -> None:
    """On each channel that has its effect."""
    scene = poisoned("a")
    scene.effect("a", DEAD)
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "channel") == {"both": [("a", "alpha"), ("a", "beta")]}


def test_an_effect_of_poison_without_a_letter_is_an_effect_too_many(tmp_path: Path) -> None:
    """And the letter that is not there is unaccounted."""
    scene = poisoned("a", "b")
    scene.effect("b", "beta")
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "channel") == {
        "unaccounted": [("b", DEAD)],
        "duplicated": [("b", "beta")],
    }


def test_two_effects_beside_a_letter_are_duplicated_too(tmp_path: Path) -> None:
    """Two causes, two names."""
    scene = poisoned("a")
    scene.effect("a", "beta")
    scene.effect("a", DEAD)
    scene.commit(1)
    assert witnesses(scene, tmp_path, "channel") == {"both": [("alpha",), ("beta",)], "duplicated": [("beta",)]}


def test_an_effect_that_was_aborted_is_none(tmp_path: Path) -> None:
    """Begun, given up, and buried."""
    scene = poisoned("a", "b")
    scene.transaction().effects(["b"]).abort()
    scene.effect("b", DEAD)
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {}


def test_at_least_once_may_have_both(tmp_path: Path) -> None:
    """A crash between the two, and the second attempt succeeds."""
    scene = buried()
    scene.promise = scene.promise.model_copy(update={"delivery": Delivery.AT_LEAST_ONCE})
    scene.effect("bad0", "beta")
    assert judge(scene.write(tmp_path), threads=1).finding("both").status is Status.COUNTED


def test_without_poison_there_is_nothing_to_judge(tmp_path: Path) -> None:
    """No letter need be there."""
    assert evidence(clean(), tmp_path, "both") == [(0, None)]
