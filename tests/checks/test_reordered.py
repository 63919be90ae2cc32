"""Reordered on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

import pytest

from tests.checks.cases import Case, disturbed_before_and_after, same_owner
from tests.checks.histories import Row, Scene
from tests.checks.scenes import small, witnesses


def every_key_once(scene: Scene) -> None:
    for number, row in enumerate(scene.rows["input"]):
        row["key"] = f"key{number}"


def no_keys(scene: Scene) -> None:
    scene.alter("input", lambda _: True, key=None)


def wrong(scene: Scene) -> None:
    scene.alter("effect", lambda row: row["source_id"] == "x006", off=-1)


CASE = Case(
    evidence={
        "adjacent pairs of inputs with one key": (236, every_key_once, no_keys),
        "pairs of inputs with one key across a change of owner": (4, same_owner, disturbed_before_and_after),
    },
    wrong=wrong,
)


def test_reordered_names_each_input_that_was_overtaken(tmp_path: Path) -> None:
    """1 2 5 3 4: both 3 and 4 were overtaken, by 5, on that channel alone."""
    scene = small("exactly-once", *"abcde")
    scene.effects("abecd", channels=["alpha"])
    scene.effects("abcde", channels=["beta"])
    scene.commit(5)
    assert witnesses(scene, tmp_path, "id", "channel", "overtaken_by") == {
        "reordered": [("c", "alpha", 4), ("d", "alpha", 4)]
    }


def test_each_key_has_its_own_witnesses(tmp_path: Path) -> None:
    """Two keys out of order on one partition are two witnesses, each of its own key."""
    scene = Scene()
    for name, key in (("a", "k"), ("b", "k"), ("c", "l"), ("d", "l")):
        scene.input(name, key=key)
    scene.effects("badc", channels=["alpha"])
    scene.effects("abcd", channels=["beta"])
    scene.commit(4)
    assert witnesses(scene, tmp_path, "id", "overtaken_by") == {"reordered": [("a", 1), ("c", 3)]}


def test_order_is_a_keys_own(tmp_path: Path) -> None:
    """Inputs of different keys, of none, or of different partitions may overtake each other."""
    scene = Scene()
    for name, key, part in (("a", "k", 0), ("b", "l", 0), ("c", None, 0), ("d", None, 0), ("e", "k", 1)):
        scene.input(name, key=key, part=part)
    scene.effects("edcba")
    scene.commit(4, part=0)
    scene.commit(1, part=1)
    assert witnesses(scene, tmp_path) == {}


def test_the_keys_of_effects_are_the_pipelines_own(tmp_path: Path) -> None:
    """Order is promised by the inputs' keys: effects under other keys keep it, in a transaction or not."""
    scene = small("exactly-once", *"abcd")
    for name in "ba":
        scene.effect(name, key=name)
    with_commit = scene.transaction()
    for name in "dc":
        with_commit.effect(name, key=name)
    scene.effects("abcd", channels=["beta"])
    with_commit.offsets(4).commit()
    assert {row["key"] for row in scene.rows["effect"] if row["channel"] == "alpha"} == set("abcd")
    assert witnesses(scene, tmp_path, "id", "overtaken_by")["reordered"] == [("a", 1), ("c", 3)]


def test_a_second_time_is_not_an_order(tmp_path: Path) -> None:
    """A b c a b c is a replay: duplicated, not reordered."""
    scene = small("exactly-once", *"abc")
    scene.effects("abcabc", channels=["alpha"])
    scene.effects("abc", channels=["beta"])
    scene.commit(3)
    assert list(witnesses(scene, tmp_path)) == ["duplicated"]


def test_different_partitions_of_a_channel_have_no_order(tmp_path: Path) -> None:
    """An effect on another partition overtakes nothing."""
    scene = small("exactly-once", *"ab")
    scene.effects("b", part=1)
    scene.effects("a", part=0)
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {}


def test_an_effect_in_two_partitions_has_no_place_in_an_order(tmp_path: Path) -> None:
    """An effect came first on partition 1, and again on partition 0, after a: it is compared with nothing."""
    scene = small("exactly-once", *"cab")
    scene.effects("b", part=1)
    scene.effects("cab", part=0)
    scene.commit(3)
    assert list(witnesses(scene, tmp_path)) == ["duplicated"]


@pytest.mark.parametrize("elsewhere", [{"part": 1}, {"topic": "other"}])
def test_an_input_in_two_partitions_has_no_place_in_an_order(tmp_path: Path, elsewhere: Row) -> None:
    """The id comes later in a partition, and first in a second: which effect is whose cannot be told."""
    scene = small("exactly-once", *"cab")
    off = scene.input("b", **elsewhere)
    scene.effects("cabb")
    scene.commit(3)
    scene.commit(off + 1, **elsewhere)
    assert witnesses(scene, tmp_path) == {}


def test_dead_letters_have_an_order_too(tmp_path: Path) -> None:
    """Two dead letters of one key keep their order."""
    scene = Scene()
    scene.inputs("ab", fate="poison")
    scene.effects("ba", channels=["dead"])
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "channel") == {"reordered": [("a", "dead")]}


@pytest.mark.parametrize("beside", [{"key": "l"}, {"part": 1}, {"topic": "other"}])
def test_broken_orders_of_one_partition_are_told_apart(tmp_path: Path, beside: Row) -> None:
    """What another key, or another partition of input, has broken before makes no more of this."""
    scene = small("exactly-once", *"ab")
    scene.inputs("wxyz", **beside)
    scene.effects("zyxwba", channels=["alpha"])
    scene.effects("abwxyz", channels=["beta"])
    last = scene.rows["input"][-1]["off"]
    found = witnesses(scene, tmp_path, "id", "channel", "overtaken_by")["reordered"]
    assert sorted(found) == [("a", "alpha", 1), *((name, "alpha", last) for name in "wxy")]


@pytest.mark.parametrize(("channel", "part", "inputs"), [("beta", 0, "abcd"), ("alpha", 1, "efgh")])
def test_broken_orders_of_two_partitions_are_told_apart(tmp_path: Path, channel: str, part: int, inputs: str) -> None:
    """The places in a partition say nothing of those in another, on one channel or two."""
    scene = small("exactly-once", *"abcdefgh")
    scene.effects("bacd", channels=["alpha"])
    scene.effects(reversed(inputs), channels=[channel], part=part)
    found = witnesses(scene, tmp_path, "id", "channel", "effect_part")["reordered"]
    assert sorted(found) == sorted([("a", "alpha", 0), *((name, channel, part) for name in inputs[:3])])
