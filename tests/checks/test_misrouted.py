"""Misrouted on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from tests.checks.cases import Case
from tests.checks.histories import Scene
from tests.checks.holding import effect_of, holding, kept, no_fields_read, only_hidden_effects, spoil
from tests.checks.scenes import clean, evidence, witnesses


def wrong(scene: Scene) -> None:
    spoil(scene, "x002", echo=["key=y", "amount=2"])
    spoil(scene, "x003", home=1)


CASE = Case(
    evidence={"effects whose key or partition was compared": (240, no_fields_read, only_hidden_effects)},
    wrong=wrong,
    scene=holding,
)
COLUMNS = ("id", "channel", "due", "found")


def test_a_wrong_key_is_misrouted_and_not_corrupted(tmp_path: Path) -> None:
    """One cause, one name; its partition follows from the key that it has."""
    scene = kept("a", "b")
    effect_of(scene, "b")["echo"] = ["key=other", "amount=1"]
    assert witnesses(scene, tmp_path, *COLUMNS) == {"misrouted": [("b", "beta", "key=k", "key=other")]}


def test_an_effect_without_its_key_is_misrouted(tmp_path: Path) -> None:
    """Its order is lost with its key."""
    scene = kept("a")
    effect_of(scene, "a").update(echo=[None, "amount=0"], home=None)
    assert witnesses(scene, tmp_path, "due", "found") == {"misrouted": [("key=k", "no such field")]}


def test_a_partition_that_its_key_does_not_belong_to_is_misrouted(tmp_path: Path) -> None:
    """The key is right, and nobody finds it where it lies."""
    scene = kept("a")
    effect_of(scene, "a")["home"] = 3
    assert witnesses(scene, tmp_path, *COLUMNS) == {"misrouted": [("a", "beta", "partition=3", "partition=0")]}


def test_what_was_aborted_may_lie_anywhere(tmp_path: Path) -> None:
    """Nobody has read it there."""
    scene = kept("a")
    scene.transaction().effects(["a"]).abort()
    scene.alter("effect", lambda row: not row["visible"], echo=["key=x", "amount=0"], home=3)
    assert witnesses(scene, tmp_path) == {}


def test_one_key_in_two_partitions_is_right_where_no_partitioner_is_named(tmp_path: Path) -> None:
    """As with a producer that fills one partition after the other."""
    scene = kept("a", "b")
    scene.alter("effect", lambda _: True, home=None)
    effect_of(scene, "b")["part"] = 2
    assert witnesses(scene, tmp_path) == {}


def test_without_a_word_of_keys_there_is_nothing_to_judge(tmp_path: Path) -> None:
    """Other fields say nothing of where an effect belongs; a partitioner alone is enough."""
    scene = clean().fill()
    scene.alter("expected", lambda _: True, echo=["amount=1"]).alter("effect", lambda _: True, echo=["amount=1"])
    assert evidence(scene, tmp_path / "fields", "misrouted") == [(0, None)]
    scene.alter("effect", lambda row: row["visible"], home=0)
    assert evidence(scene, tmp_path / "partitioner", "misrouted") == [(240, True)]
