"""How long the group stood still, on hand-written histories."""

from pathlib import Path

import pytest

from streamproof.checks import judge
from tests.checks.histories import Scene


@pytest.mark.parametrize(
    ("waited_ms", "input_first", "seconds"), [(31_000, True, 31), (29_000, True, None), (31_000, False, None)]
)
def test_a_group_stands_still_while_input_is_there(
    tmp_path: Path, *, waited_ms: int, input_first: bool, seconds: int | None
) -> None:
    """For more than 30 s; not while there is nothing to do."""
    scene = Scene("at-least-once")
    scene.rebalance()
    scene.input("a")
    if input_first:
        scene.input("b")
    scene.effects("a")
    since = scene.commit(1)["t_append"]
    scene.wait(waited_ms)
    if not input_first:
        scene.input("b")
    scene.effects("b")
    scene.commit(2)
    seen = judge(scene.write(tmp_path), threads=1).seen
    assert (seen.get("standstill_s"), seen.get("standstill_from")) == (seconds, since if seconds else None)


def test_the_other_partitions_commits_end_a_standstill(tmp_path: Path) -> None:
    """The group is at work wherever it commits."""
    scene = Scene("at-least-once")
    scene.rebalance()
    scene.inputs("ab")
    scene.inputs("xy", part=1)
    scene.effects("ax")
    scene.commit(1)
    scene.wait(20_000)
    scene.commit(1, part=1)
    scene.wait(20_000)
    scene.effects("by")
    scene.commit(2)
    scene.commit(2, part=1)
    assert "standstill_s" not in judge(scene.write(tmp_path), threads=1).seen
