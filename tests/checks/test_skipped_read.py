"""Skipped-read on hand-written histories, those that show it and that nearly do; on random ones as a loop does."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checks.cases import Case, no_fault
from tests.checks.groups import thoroughly, witnesses_of
from tests.checks.histories import Scene
from tests.checks.scenes import witnesses
from tests.checks.test_nonmonotonic_read import logged, read


def wrong(scene: Scene) -> None:
    scene.fill().drop("read", lambda row: (row["reader"], row["id"]) == ("observer", "x030"))


CASE = Case(evidence={"partitions that were read from before a fault until after it": (4, no_fault)}, wrong=wrong)


def skipped(scene: Scene, directory: Path) -> list[tuple[str, int, int]]:
    return witnesses(scene, directory, "reader", "part", "off").get("skipped-read", [])


def test_a_reader_that_goes_on_was_given_all_between(tmp_path: Path) -> None:
    """Not what lies before its first record, or after its last."""
    scene = logged()
    read(scene, 1, 4)
    assert skipped(scene, tmp_path) == [("observer", 0, 2), ("observer", 0, 3)]


def test_what_was_given_twice_makes_up_for_nothing(tmp_path: Path) -> None:
    """As many reads as there are records, and one was left out."""
    scene = logged()
    read(scene, 0, 1, 2, 2, 4, 5)
    assert skipped(scene, tmp_path) == [("observer", 0, 3)]


@pytest.mark.parametrize(("isolation", "found"), [("read_committed", []), ("read_uncommitted", [("observer", 0, 1)])])
def test_what_is_hidden_is_left_out_by_right(tmp_path: Path, isolation: str, found: list[tuple[str, int, int]]) -> None:
    """Under read_committed; its marker is no record, and is never given."""
    scene = Scene("at-least-once")
    scene.input("a")
    scene.aborted_input("never")
    scene.input("b")
    for off in (0, 3):
        scene.read("in", 0, off, reader="observer", isolation=isolation)
    assert skipped(scene, tmp_path) == found


@thoroughly
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1), st.sampled_from(["one", "two"])), max_size=14))
def test_a_slow_loop_finds_the_same(reads: list[tuple[int, int, str]]) -> None:
    """Whatever was read by whom, and in whichever order."""
    scene = logged()
    for off, part, reader in reads:
        read(scene, off, part=part, reader=reader)
    found = []
    for part in (0, 1):
        for reader in ("one", "two"):
            given_to = {off for off, where, who in reads if (where, who) == (part, reader)}
            if given_to:
                found += [(part, reader, off) for off in range(min(given_to), max(given_to)) if off not in given_to]
    if not reads:
        scene.drop("read")
    assert witnesses_of("skipped-read", scene, "part", "reader", "off") == found
