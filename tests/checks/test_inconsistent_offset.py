"""Inconsistent-offset on hand-written histories, those that show it and nearly do; on random ones as a loop does."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.checks.cases import Case, no_fault
from tests.checks.groups import thoroughly, witnesses_of
from tests.checks.histories import Scene
from tests.checks.scenes import witnesses
from tests.checks.test_nonmonotonic_read import logged


def wrong(scene: Scene) -> None:
    scene.fill().alter("read", lambda row: (row["reader"], row["id"]) == ("observer", "x030"), id="another")


CASE = Case(evidence={"records that were read while the run went on": (360, no_fault)}, wrong=wrong)


def inconsistent(scene: Scene, directory: Path) -> list[tuple[int, str | None, str | None]]:
    return witnesses(scene, directory, "off", "read_id", "id").get("inconsistent-offset", [])


def test_a_place_holds_one_record(tmp_path: Path) -> None:
    """What was read there while the run went on, and what lay there at the end: another, or one without a name."""
    scene = logged()
    for off, name in ((0, "x0"), (1, "x2"), (2, None), (3, "x3")):
        scene.read("in", 0, off, reader="observer", phase="during", id=name)
    assert inconsistent(scene, tmp_path) == [(1, "x2", "x1"), (2, None, "x2")]


def test_two_that_changed_places_are_two(tmp_path: Path) -> None:
    """The same ids, at each other's place."""
    scene = logged()
    for off, name in enumerate(("x0", "x2", "x1", "x3", "x4", "x5")):
        scene.read("in", 0, off, reader="observer", phase="during", id=name, isolation="read_uncommitted")
    assert [off for off, *_ in inconsistent(scene, tmp_path)] == [1, 2]


def test_what_names_no_input_is_read_so(tmp_path: Path) -> None:
    """The log calls it by its place, and an effect by nothing; the last reader looks at no id."""
    scene = Scene("at-least-once")
    scene.input("in[0]@0", key=None)
    scene.effect(None)
    for topic in ("in", "alpha"):
        scene.read(topic, 0, 0, reader="observer", phase="during")
    scene.input("a", key=None)
    scene.read("in", 0, 1)
    assert "inconsistent-offset" not in witnesses(scene, tmp_path)


@thoroughly
@given(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["x0", "x1", "x2", "x3", None])), max_size=10))
def test_a_slow_loop_finds_the_same(reads: list[tuple[int, str | None]]) -> None:
    """Whatever was read, and where; what lies beyond the log is no place of it."""
    scene = logged()
    for off, name in reads:
        scene.read("in", 0, off, reader="observer", phase="during", id=name)
    if not reads:
        scene.drop("read")
    found = [(off, name) for off, name in sorted(reads, key=lambda at: at[0]) if off < 6 and name != f"x{off}"]
    assert witnesses_of("inconsistent-offset", scene, "off", "read_id") == found
