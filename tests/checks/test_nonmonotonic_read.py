"""Nonmonotonic-read on hand-written histories, those that show it and that nearly do; on random ones as a loop does."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.checks.cases import Case, no_fault
from tests.checks.groups import thoroughly, witnesses_of
from tests.checks.histories import Scene
from tests.checks.scenes import witnesses


def wrong(scene: Scene) -> None:
    scene.fill().read("in", 0, 3, reader="observer", phase="during", n=1_000)


CASE = Case(evidence={"partitions that were read from before a fault until after it": (4, no_fault)}, wrong=wrong)


def read(scene: Scene, *offs: int, reader: str = "observer", part: int = 0) -> None:
    for off in offs:
        scene.read("in", part, off, reader=reader, phase="during", id=f"x{off}", isolation="read_uncommitted")


def logged() -> Scene:
    """Six inputs in each of two partitions, done."""
    scene = Scene("at-least-once")
    for part in (0, 1):
        for number in range(6):
            scene.input(f"x{number}", key=None, part=part)
    return scene


def gone_back(scene: Scene, directory: Path) -> list[tuple[str, int, int, int]]:
    return witnesses(scene, directory, "reader", "part", "off", "before").get("nonmonotonic-read", [])


def test_a_reader_is_never_given_what_lies_before(tmp_path: Path) -> None:
    """The witness is the record that came after a later one, or once more."""
    scene = logged()
    read(scene, 0, 1, 4, 2, 3, 3, 5)
    assert gone_back(scene, tmp_path) == [("observer", 0, 2, 4), ("observer", 0, 3, 3)]


def test_two_stretches_that_overlap_are_out_of_order(tmp_path: Path) -> None:
    """A single record from further on, between others that follow each other."""
    scene = logged()
    for n, off in enumerate((0, 5, 2, 3)):
        scene.read("in", 0, off, reader="observer", n=n)
    assert gone_back(scene, tmp_path) == [("observer", 0, 2, 5)]


def test_each_reader_and_each_partition_has_an_order_of_its_own(tmp_path: Path) -> None:
    """Partitions come in any order; what one leaves out is no step back."""
    scene = logged()
    read(scene, 0, 1, 2)
    read(scene, 0, 1, part=1)
    read(scene, 3, 5)
    read(scene, 0, 1, 2, reader="other")
    assert gone_back(scene, tmp_path) == []


@thoroughly
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1), st.sampled_from(["one", "two"])), max_size=14))
def test_a_slow_loop_finds_the_same(reads: list[tuple[int, int, str]]) -> None:
    """Whatever was read by whom."""
    scene = logged()
    last: dict[tuple[int, str], int] = {}
    found = []
    for off, part, reader in reads:
        read(scene, off, part=part, reader=reader)
        if off <= last.get((part, reader), -1):
            found.append((part, reader, off, last[part, reader]))
        last[part, reader] = off
    assert sorted(witnesses_of("nonmonotonic-read", scene, "part", "reader", "off", "before")) == sorted(found)
