"""Overtried on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

import pytest

from tests.checks.cases import Case
from tests.checks.histories import DEAD, Scene
from tests.checks.holding import EXPLAINED, effect_of, letter, written
from tests.checks.scenes import witnesses
from tests.checks.test_altered import letters_unread


def told(scene: Scene, name: str, attempts: str) -> None:
    effect_of(scene, name, DEAD)["headers"] = [*EXPLAINED, attempts, f"id={name}", "trace"]


def nothing_told(scene: Scene) -> None:
    for name in ("bad0", "bad1"):
        told(scene, name, "trials=9")


def wrong(scene: Scene) -> None:
    told(scene, "bad0", "tries=4")


CASE = Case(
    evidence={"dead letters that tell their attempts": (2, letters_unread, nothing_told)}, wrong=wrong, scene=written
)


def test_more_attempts_than_the_contract_allows_are_too_many(tmp_path: Path) -> None:
    """As the letter says itself."""
    scene = letter()
    told(scene, "b", "tries=4")
    assert witnesses(scene, tmp_path, "id", "attempts", "max_attempts") == {"overtried": [("b", 4, 3)]}


@pytest.mark.parametrize("attempts", ["tries=3", "tries=1", "tries=many", "tries=", "tries", "triesmore=9"])
def test_as_many_as_are_allowed_are_right_and_what_is_no_number_says_nothing(tmp_path: Path, attempts: str) -> None:
    """Nor does another header whose name begins alike."""
    scene = letter()
    told(scene, "b", attempts)
    assert witnesses(scene, tmp_path) == {}


@pytest.mark.parametrize("said", [{"attempts": None}, {"max_attempts": None}])
def test_without_a_bound_there_is_nothing_to_exceed(tmp_path: Path, said: dict[str, None]) -> None:
    """Nor without a header that tells it."""
    scene = letter()
    told(scene, "b", "tries=400")
    scene.promise = scene.promise.model_copy(update=said)
    assert witnesses(scene, tmp_path) == {}
