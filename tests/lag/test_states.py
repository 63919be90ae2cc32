"""The rules by which a window of samples tells how it goes on, on samples written by hand."""

import pytest

from streamproof.lag.states import WINDOW, Sample, State, state_of


def samples(commits: list[int], lags: list[int], *, owned: bool = True) -> list[Sample]:
    return [Sample(committed, lag, owned) for committed, lag in zip(commits, lags, strict=True)]


def ten(first: int, step: int) -> list[int]:
    return [first + step * n for n in range(WINDOW)]


@pytest.mark.parametrize(
    ("commits", "lags", "state"),
    [
        pytest.param(ten(0, 0), [5] * 9 + [0], State.OK, id="all is read now"),
        pytest.param(ten(0, 0), [5] * 4 + [0] + [5] * 5, State.OK, id="all was read once, though nothing moves since"),
        pytest.param(ten(0, 0), ten(5, 0), State.STALLED, id="nothing moves, and nothing comes"),
        pytest.param(ten(0, 0), ten(5, 7), State.STALLED, id="nothing moves, and more comes"),
        pytest.param(ten(0, 1), ten(5, 0), State.BEHIND, id="as much comes as is read"),
        pytest.param(ten(0, 1), ten(5, 3), State.BEHIND, id="more comes than is read"),
        pytest.param(ten(0, 1), [5, 6, 7, 8, 7, 8, 9, 10, 11, 12], State.OK, id="the lag fell once"),
        pytest.param(ten(0, 9), ten(90, -9), State.OK, id="it catches up"),
        pytest.param([3, 4, 5, 1, 2, 3, 4, 5, 6, 7], ten(5, 0), State.REWOUND, id="a commit went back"),
    ],
)
def test_the_state_of_a_whole_window(commits: list[int], lags: list[int], state: State) -> None:
    """A rule each, in their order."""
    assert state_of(samples(commits, lags)) is state


def test_nothing_that_moves_is_stopped_where_no_member_has_the_partition() -> None:
    """A member that had it at any look of the window should have moved it."""
    unowned = samples(ten(0, 0), ten(5, 0), owned=False)
    assert state_of(unowned) is State.STOPPED
    assert state_of([*unowned[:-1], Sample(0, 5, owned=True)]) is State.STALLED


def test_a_window_that_is_not_whole_tells_little() -> None:
    """That nothing moves takes a whole window to say; that all is read, or that a commit went back, does not."""
    assert state_of([]) is State.UNKNOWN
    assert state_of(samples([0] * 9, [5] * 9)) is State.UNKNOWN
    assert state_of(samples([7, 3], [1, 5])) is State.REWOUND
    assert state_of(samples([7], [0])) is State.OK


def test_what_was_before_the_window_is_forgotten() -> None:
    """A lag of zero long ago excuses nothing."""
    assert state_of(samples([0, *ten(0, 0)], [0, *ten(5, 0)])) is State.STALLED
