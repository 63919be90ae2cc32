"""Aborted-read on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

import pytest

from streamproof.checks import judge
from tests.checks.cases import Case, without_aborts
from tests.checks.histories import Scene
from tests.checks.scenes import small, witnesses

MARK = {"topic": "alpha", "part": 0, "pid": 5, "epoch": 0, "transactional": True, "leader_epoch": 0}


def nothing_aborted(scene: Scene) -> None:
    without_aborts(scene)
    scene.drop("input", lambda row: not row["visible"])


def not_yet_aborted(scene: Scene) -> None:
    """Inputs and effects that are hidden only because their transactions are open still."""
    scene.drop("batch", lambda row: row["control"] == "abort").alter("input", lambda _: True, fate="process")


def wrong(scene: Scene) -> None:
    scene.effect("never", "beta")
    scene.read("in", 0, 60)


CASE = Case(evidence={"records of aborted transactions": (21, nothing_aborted, not_yet_aborted)}, wrong=wrong)


def test_an_effect_of_an_aborted_input_is_an_aborted_read(tmp_path: Path) -> None:
    """It is that alone: not a phantom, and not a duplicate, though nothing may come of it."""
    scene = small("exactly-once", "a")
    off = scene.aborted_input("never")
    scene.effects(["a"])
    scene.effect("never", "alpha")
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "channel", "off") == {"aborted-read": [("never", "alpha", off)]}


@pytest.mark.parametrize("aborted", [True, False])
def test_an_effect_of_a_hidden_input_is_one_only_if_that_was_aborted(tmp_path: Path, aborted: bool) -> None:
    """An input behind a transaction that is still open is hidden, but nobody has aborted it: the marker told."""
    scene = small("exactly-once", "a")
    off = scene.aborted_input("hidden")
    scene.alter("input", lambda row: row["id"] == "hidden", fate="process")
    if not aborted:
        scene.drop("batch", lambda row: row["topic"] == "in" and row["control"] == "abort")
    scene.effects(["a"])
    scene.effect("hidden", "alpha")
    scene.commit(1)
    found = witnesses(scene, tmp_path, "id", "channel", "off")
    assert found.get("aborted-read") == ([("hidden", "alpha", off)] if aborted else None)


def test_an_aborted_record_that_a_reader_saw(tmp_path: Path) -> None:
    """A read_committed reader at an offset inside an aborted batch; a read_uncommitted reader may see it."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    scene.transaction().effects(["a"], channels=["alpha"]).abort()
    scene.read("alpha", 0, 0)
    scene.read("alpha", 0, 1)
    scene.read("alpha", 0, 1, isolation="read_uncommitted", reader="other")
    assert witnesses(scene, tmp_path, "topic", "part", "off", "reader") == {"aborted-read": [("alpha", 0, 1, "final")]}


def test_an_aborted_record_known_by_its_fate_alone(tmp_path: Path) -> None:
    """A broker that does not isolate leaves no marker: the fate in the record tells."""
    scene = small("exactly-once", "a")
    scene.input("never", fate="abort")
    scene.effects(["a"])
    scene.commit(2)
    scene.read("in", 0, 0)
    scene.read("in", 0, 1)
    scene.read("in", 0, 1, isolation="read_uncommitted", reader="other")
    assert witnesses(scene, tmp_path, "id", "off", "found") == {"aborted-read": [("never", 1, "meant to be aborted")]}


def test_an_aborted_record_known_by_both_is_one_witness(tmp_path: Path) -> None:
    """The marker tells first; the fate is not counted on top."""
    scene = small("exactly-once", "a")
    off = scene.aborted_input("never")
    scene.effects(["a"])
    scene.commit(1)
    scene.read("in", 0, off)
    assert witnesses(scene, tmp_path, "off", "found") == {"aborted-read": [(off, "in an aborted batch")]}


@pytest.mark.parametrize(("off", "seen"), [(989, False), (990, True), (1000, True), (1001, False), (2100, True)])
def test_an_aborted_batch_is_known_at_each_of_its_offsets(tmp_path: Path, off: int, seen: bool) -> None:
    """From its first to its last, wherever thousands end."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    for base, last in ((990, 1000), (1500, 3500)):
        mark = MARK | {"t_append": scene.wait()}
        scene.rows["batch"] += [
            mark | {"base_off": base, "last_off": last, "control": "none"},
            mark | {"base_off": last + 1, "last_off": last + 1, "control": "abort"},
        ]
    scene.read("alpha", 0, off)
    assert witnesses(scene, tmp_path, "off") == ({"aborted-read": [(off,)]} if seen else {})


def test_a_fate_tells_beside_other_aborted_batches(tmp_path: Path) -> None:
    """That the log marks one record as aborted takes nothing from another that it does not mark."""
    scene = small("exactly-once", "a")
    off = scene.aborted_input("never")
    late = scene.input("never2", fate="abort")
    scene.effects(["a"])
    scene.commit(late + 1)
    scene.read("in", 0, off)
    scene.read("in", 0, late)
    assert witnesses(scene, tmp_path, "off") == {"aborted-read": [(off,), (late,)]}


def test_a_committed_batch_after_an_aborted_one_may_be_read(tmp_path: Path) -> None:
    """What became of a batch is told by the next marker of its producer, with the epoch raised or not."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).abort(fenced=True)
    scene.transaction(epoch=1).effects(["a"]).offsets(1).commit()
    scene.read("alpha", 0, 2)
    assert witnesses(scene, tmp_path) == {}


def test_an_aborted_batch_is_told_for_each_record_read(tmp_path: Path) -> None:
    """A batch over several thousands, read in two of them, is one witness for each record, in its partition alone."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    mark = MARK | {"t_append": scene.wait()}
    scene.rows["batch"] += [
        mark | {"base_off": 1500, "last_off": 3500, "control": "none"},
        mark | {"base_off": 3501, "last_off": 3501, "control": "abort"},
    ]
    for topic, part in (("alpha", 0), ("alpha", 1), ("beta", 0)):
        for off in (1600, 2600):
            scene.read(topic, part, off)
    found = judge(scene.write(tmp_path), threads=1).finding("aborted-read")
    assert [(row["topic"], row["part"], row["off"]) for row in found.sample] == [("alpha", 0, 1600), ("alpha", 0, 2600)]
    assert found.witnesses == 2


def test_a_fate_tells_of_its_own_place_alone(tmp_path: Path) -> None:
    """At the same offset of another partition is another record; what is marked as aborted there is not this record."""
    scene = Scene()
    scene.input("never", fate="abort")
    scene.aborted_input("hidden", part=1)
    scene.input("b", part=1)
    scene.input("c", part=2)
    scene.transaction().effects("b", channels=["alpha"]).abort()
    scene.transaction().effects("bc").offsets(3, part=1).offsets(1, part=2).commit()
    for topic, part, off in (("in", 0, 0), ("in", 1, 2), ("in", 2, 0), ("alpha", 0, 2), ("beta", 0, 0)):
        scene.read(topic, part, off)
    assert witnesses(scene, tmp_path, "id", "topic", "part", "off") == {"aborted-read": [("never", "in", 0, 0)]}


def test_what_was_aborted_elsewhere_tells_nothing_of_what_is_hidden(tmp_path: Path) -> None:
    """An input behind an open transaction, and aborted batches at its offset elsewhere and at others beside it."""
    scene = Scene()
    scene.input("hidden", visible=False)
    scene.aborted_input("never", part=0)
    scene.aborted_input("never", part=1)
    scene.transaction().effects("a", channels=["alpha"]).abort()
    scene.input("a")
    scene.effects("a")
    scene.effect("hidden")
    scene.commit(4)
    assert witnesses(scene, tmp_path) == {}


def test_an_id_that_was_aborted_and_sent_again_is_live(tmp_path: Path) -> None:
    """Its producer's transaction was aborted, and the next had it again: the effect is of that."""
    scene = Scene()
    scene.aborted_input("a")
    off = scene.input("a")
    scene.effects(["a"])
    scene.commit(off + 1)
    assert witnesses(scene, tmp_path) == {}


def test_an_id_aborted_several_times_is_found_at_the_first(tmp_path: Path) -> None:
    """One effect on one channel is one witness, however often its source was aborted."""
    scene = small("exactly-once", "a")
    scene.input("b", part=1)
    for again in ({"part": 0}, {"part": 0}, {"part": 1}, {"part": 1, "topic": "later"}):
        scene.input("never", fate="abort", visible=False, **again)
    scene.effects("ab")
    scene.effect("never")
    scene.commit(1)
    scene.commit(1, part=1)
    assert witnesses(scene, tmp_path, "id", "topic", "part", "off") == {"aborted-read": [("never", "in", 0, 1)]}


def test_a_batch_is_told_by_the_next_marker_of_its_own_producer_and_partition(tmp_path: Path) -> None:
    """Another producer's marker comes first there, and its own comes first, by its offset, in another partition."""
    scene = small("exactly-once", "a")
    scene.transaction(pid=9).effects("a", channels=["alpha"], part=1).abort()
    aborted = scene.transaction(pid=9).effects("aa", channels=["alpha"], part=0)
    committed = scene.transaction().effects("a")
    aborted.abort()
    committed.offsets(1).commit()
    for off in (0, 1, 2):
        scene.read("alpha", 0, off)
    assert witnesses(scene, tmp_path, "off") == {"aborted-read": [(0,), (1,)]}
