"""Unexplained on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

import pytest

from tests.checks.cases import Case
from tests.checks.histories import DEAD, Scene
from tests.checks.holding import effect_of, letter, written
from tests.checks.scenes import witnesses
from tests.checks.test_altered import letters_unread


def wrong(scene: Scene) -> None:
    effect_of(scene, "bad0", DEAD)["headers"].remove("why=told")


CASE = Case(evidence={"dead letters whose headers were read": (2, letters_unread)}, wrong=wrong, scene=written)


@pytest.mark.parametrize("instead", [[], ["why="], ["why"], ["whyever=told"]])
def test_a_letter_without_a_reason_is_unexplained(tmp_path: Path, instead: list[str]) -> None:
    """The header is not there, is empty, has no value, or is another whose name begins alike."""
    scene = letter()
    found = effect_of(scene, "b", DEAD)
    found["headers"] = [*instead, *found["headers"][1:]]
    assert witnesses(scene, tmp_path, "id", "channel", "reason") == {"unexplained": [("b", DEAD, "why")]}


def test_each_reason_is_asked_for(tmp_path: Path) -> None:
    """A letter that says nothing lacks them all."""
    scene = letter()
    effect_of(scene, "b", DEAD)["headers"] = ["id=b", "trace"]
    assert witnesses(scene, tmp_path, "reason") == {"unexplained": [("where",), ("why",)]}


def test_what_the_contract_does_not_ask_for_may_be_left_out(tmp_path: Path) -> None:
    """A topic of dead letters without a word of reasons."""
    scene = letter()
    effect_of(scene, "b", DEAD)["headers"] = ["id=b", "trace"]
    scene.promise = scene.promise.model_copy(update={"reasons": ()})
    assert witnesses(scene, tmp_path) == {}


def test_a_letter_of_nothing_is_a_phantom(tmp_path: Path) -> None:
    """Whatever it says."""
    scene = letter()
    scene.effect("nobody", DEAD, headers=[])
    assert witnesses(scene, tmp_path) == {"phantom": [("nobody",)]}
