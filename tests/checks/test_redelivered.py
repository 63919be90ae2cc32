"""Redelivered on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from tests.checks.cases import Case, no_fault
from tests.checks.histories import Scene
from tests.checks.scenes import clean, evidence, witnesses
from tests.checks.shares import SharedScene, clean_shared, shared


def nothing_acknowledged(scene: Scene) -> None:
    scene.alter("share_state", lambda row: row["state"] == "acknowledged", state="archived")


def wrong(scene: Scene) -> None:
    assert isinstance(scene, SharedScene)
    scene.become("available", [3], deliveries=2)


CASE = Case(
    evidence={
        "records that were acknowledged": (60, nothing_acknowledged),
        "faults that took effect while inputs were in flight": (1, no_fault),
    },
    wrong=wrong,
    scene=clean_shared,
)


def test_what_is_acknowledged_twice_was_delivered_again(tmp_path: Path) -> None:
    """By who had it and by who got it again."""
    scene = shared("a", "b", effects="ab")
    scene.become("acknowledged", [0, 1])
    scene.become("acknowledged", [1], deliveries=2)
    assert witnesses(scene, tmp_path, "id", "state", "deliveries") == {"redelivered": [("b", "acknowledged", 2)]}


def test_what_is_let_go_before_it_is_acknowledged_is_right(tmp_path: Path) -> None:
    """A share group may deliver again what nobody has acknowledged."""
    scene = shared("a", effects="a")
    scene.become("available", [0])
    scene.become("acknowledged", [0], deliveries=2)
    assert witnesses(scene, tmp_path) == {}


def test_a_group_that_commits_acknowledges_nothing(tmp_path: Path) -> None:
    """Nor is a verdict on it held up."""
    assert evidence(clean(), tmp_path, "redelivered") == [(1, None), (0, None)]
