"""Corrupted on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

import pytest

from tests.checks.cases import Case
from tests.checks.histories import Scene
from tests.checks.holding import effect_of, holding, kept, no_fields_read, only_hidden_effects, spoil
from tests.checks.scenes import clean, evidence, witnesses


def wrong(scene: Scene) -> None:
    spoil(scene, "x002", echo=["key=x", "amount=9"])


CASE = Case(
    evidence={"effects whose fields were compared": (240, no_fields_read, only_hidden_effects)},
    wrong=wrong,
    scene=holding,
)
COLUMNS = ("id", "channel", "off", "due", "found")


def test_a_field_that_holds_something_else_is_corrupted(tmp_path: Path) -> None:
    """On the channel where it does, with what it should hold."""
    scene = kept("a", "b")
    effect_of(scene, "b")["echo"] = ["key=k", "amount=7"]
    assert witnesses(scene, tmp_path, *COLUMNS) == {"corrupted": [("b", "beta", 1, "amount=1", "amount=7")]}


def test_a_field_that_is_not_there_is_corrupted(tmp_path: Path) -> None:
    """A pipeline that drops it has changed what it was given."""
    scene = kept("a")
    effect_of(scene, "a")["echo"] = ["key=k", None]
    assert witnesses(scene, tmp_path, "due", "found") == {"corrupted": [("amount=0", "no such field")]}


def test_values_that_were_exchanged_are_wrong_in_both(tmp_path: Path) -> None:
    """Each names its input, and holds the other's."""
    scene = kept("a", "b")
    for name, amount in (("a", 1), ("b", 0)):
        effect_of(scene, name)["echo"] = ["key=k", f"amount={amount}"]
    assert witnesses(scene, tmp_path, "id", "found") == {"corrupted": [("a", "amount=1"), ("b", "amount=0")]}


def test_what_an_input_does_not_have_may_be_anything(tmp_path: Path) -> None:
    """A field that may be left out, and gets its default."""
    scene = kept("a")
    scene.alter("expected", lambda row: row["echo"] is not None, echo=["key=k", None])
    assert witnesses(scene, tmp_path) == {}


def test_what_was_aborted_may_hold_anything(tmp_path: Path) -> None:
    """Nobody has read it."""
    scene = kept("a")
    scene.transaction().effects(["a"]).abort()
    scene.alter("effect", lambda row: not row["visible"], echo=["key=k", "amount=9"])
    assert witnesses(scene, tmp_path) == {}


def test_each_of_several_effects_is_judged(tmp_path: Path) -> None:
    """The second is a duplicate, and corrupted too: two causes."""
    scene = kept("a")
    scene.effect("a", "beta", echo=["key=k", "amount=9"])
    assert witnesses(scene, tmp_path, "id", "off") == {"duplicated": [("a", 0)], "corrupted": [("a", 1)]}


def test_an_effect_of_nothing_is_a_phantom_whatever_it_holds(tmp_path: Path) -> None:
    """No contract says what it should."""
    scene = kept("a")
    scene.effect("nobody", echo=["key=k", "amount=9"], home=5)
    assert witnesses(scene, tmp_path) == {"phantom": [("nobody",)]}


def test_an_effect_of_poison_is_not_judged_by_its_fields(tmp_path: Path) -> None:
    """It should not be there at all, and is named for that."""
    scene = kept("a")
    scene.alter("expected", lambda row: row["channel"] == "beta", echo=None, at_most=0, at_least=0)
    effect_of(scene, "a")["echo"] = ["key=k", "amount=9"]
    assert witnesses(scene, tmp_path) == {"duplicated": [("a",)]}


@pytest.mark.parametrize("echo", [None, ["key=x"]])
def test_without_a_field_in_the_contract_there_is_nothing_to_judge(tmp_path: Path, echo: list[str] | None) -> None:
    """Nor where it names the key alone."""
    scene = clean().fill()
    scene.alter("expected", lambda _: True, echo=echo).alter("effect", lambda _: True, echo=echo)
    assert evidence(scene, tmp_path, "corrupted")[0][1] is None
