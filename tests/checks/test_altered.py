"""Altered on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path
from typing import Any

import pytest

from streamproof.history.promise import Part
from tests.checks.cases import Case
from tests.checks.histories import DEAD, Scene
from tests.checks.holding import EXPLAINED, buried, effect_of, keep, letter, poisoned, written
from tests.checks.scenes import evidence, witnesses


def letters_unread(scene: Scene) -> None:
    scene.alter("effect", lambda _: True, headers=None)


def wrong(scene: Scene) -> None:
    effect_of(scene, "bad0", DEAD)["value_hash"] = "other"


CASE = Case(evidence={"dead letters that were compared": (2, letters_unread)}, wrong=wrong, scene=written)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"value_hash": "other"}, "value"),
        ({"value_hash": None}, "value"),
        ({"key": None}, "key"),
        ({"headers": [*EXPLAINED, "tries=1", "id=b"]}, "headers"),
        ({"headers": [*EXPLAINED, "tries=1", "id=c", "trace"]}, "headers"),
        ({"key": "l", "value_hash": "other"}, "key and the value"),
    ],
)
def test_a_letter_that_is_not_its_input_as_it_came_is_altered(
    tmp_path: Path, change: dict[str, Any], found: str
) -> None:
    """Each part of it; a header is gone, or says something else."""
    scene = letter()
    effect_of(scene, "b", DEAD).update(change)
    assert witnesses(scene, tmp_path, "id", "channel", "off", "found") == {"altered": [("b", DEAD, 0, found)]}


def test_a_letter_may_have_more_and_in_another_order(tmp_path: Path) -> None:
    """The reasons are headers too."""
    scene = letter()
    found = effect_of(scene, "b", DEAD)
    found["headers"] = [*reversed(found["headers"]), "more=1"]
    assert witnesses(scene, tmp_path) == {}


@pytest.mark.parametrize("keeps", [(), (Part.KEY,)])
def test_what_the_contract_does_not_say_is_kept_may_be_another(tmp_path: Path, keeps: tuple[Part, ...]) -> None:
    """As where a letter is an envelope with the record in it."""
    scene = letter()
    effect_of(scene, "b", DEAD).update(value_hash="other", headers=[*EXPLAINED, "tries=1"])
    scene.promise = scene.promise.model_copy(update={"keeps": keeps})
    assert witnesses(scene, tmp_path) == {}


def test_a_letter_may_be_of_any_of_its_inputs(tmp_path: Path) -> None:
    """An id that was sent twice, the second time otherwise."""
    scene = poisoned("b", "b")
    scene.effects("bb", [DEAD])
    scene.commit(2)
    keep(scene)
    scene.alter("input", lambda row: row["off"] == 0, value_hash="first")
    scene.alter("effect", lambda row: row["off"] == 0, value_hash="first")
    assert witnesses(scene, tmp_path) == {}


def test_a_letter_that_was_aborted_may_be_anything(tmp_path: Path) -> None:
    """Nobody has read it."""
    scene = letter()
    scene.transaction().effects(["b"], [DEAD]).abort()
    scene.alter("effect", lambda row: not row["visible"], headers=[])
    assert witnesses(scene, tmp_path) == {}


def test_without_a_word_of_letters_there_is_nothing_to_judge(tmp_path: Path) -> None:
    """Of what they keep, of their reasons, of attempts."""
    scene = buried()
    scene.alter("effect", lambda row: row["channel"] == DEAD, headers=[])
    for anomaly in ("altered", "unexplained", "overtried"):
        assert evidence(scene, tmp_path / anomaly, anomaly)[0][1] is None
