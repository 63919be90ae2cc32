"""How far a partition may be committed."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.progress import Progress


def position_by_looking(taken: list[int], done: set[int]) -> int | None:
    """The slow, obvious way: the first that is not done; behind the last, when all are."""
    if not done or taken[0] not in done:
        return None
    passed = None
    for offset in taken:
        if offset not in done:
            return passed
        passed = offset + 1
    return passed


@given(st.sets(st.integers(0, 200), min_size=1, max_size=60), st.randoms(use_true_random=False), st.data())
def test_the_position_is_that_of_the_first_that_is_not_done(
    offsets: set[int], chance: random.Random, data: st.DataObject
) -> None:
    """Whatever the order in which records are taken and done, and whatever gaps transactions leave in their offsets."""
    progress, coming = Progress(), sorted(offsets)
    taken: list[int] = []
    done: set[int] = set()
    while len(done) < len(offsets):
        unfinished = [offset for offset in taken if offset not in done]
        if coming and (not unfinished or data.draw(st.booleans())):
            taken.append(coming.pop(0))
            progress.take(taken[-1])
        else:
            offset = chance.choice(unfinished)
            done.add(offset)
            progress.finish(offset)
        assert progress.position == position_by_looking(taken, done)
        assert progress.open == len([o for o in taken if progress.position is None or o >= progress.position])
    assert progress.position == max(offsets) + 1


@pytest.mark.parametrize("order", [[5, 6, 7], [7, 6, 5], [6, 7, 5]])
def test_nothing_is_kept_of_what_is_done(order: list[int]) -> None:
    """A member that runs for years does not grow."""
    progress = Progress()
    for offset in sorted(order):
        progress.take(offset)
    for offset in order:
        progress.finish(offset)
    assert (progress.position, progress.open, progress._done) == (8, 0, set())
