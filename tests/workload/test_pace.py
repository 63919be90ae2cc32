"""How fast a workload may go."""

import pytest

from streamproof.workload import pace
from streamproof.workload.pace import TICK_S, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(pace, "time", made)
    return made


def turns(paced: Pace, clock: Clock, seconds: float, *, held: bool = False) -> int:
    """How many turns are handed out in a while, to a caller that waits as long as it is told."""
    end, count = clock.now + seconds, 0
    while clock.now < end:
        wait = paced.wait(held=held)
        count += wait == 0
        clock.now += wait
    return count


def test_turns_are_handed_out_at_the_rate(clock: Clock) -> None:
    """A hundred a second are a hundred in a second."""
    assert 99 <= turns(Pace(100), clock, 1.0) <= 101


def test_turns_come_together_once_a_tick(clock: Clock) -> None:
    """A thousand a second are twenty at a time: each wait ends a tick, and none comes before its event is due."""
    paced = Pace(1000)
    waits = [paced.wait(held=False)]
    for _ in range(100):
        clock.now += waits[-1]
        waits.append(paced.wait(held=False))
    assert {round(wait, 3) for wait in waits if wait} == {TICK_S}
    assert sum(wait == 0 for wait in waits) == 101 - sum(wait > 0 for wait in waits)
    assert sum(wait > 0 for wait in waits) <= 6


def test_while_held_no_turn_is_handed_out_nor_made_up_for(clock: Clock) -> None:
    """After a long wait the rate is what it was, but for what fits into the slack."""
    paced = Pace(100)
    assert turns(paced, clock, 10.0, held=True) == 0
    assert turns(paced, clock, 1.0) <= 101 + 100 * TICK_S


def test_without_a_rate_there_is_no_wait(clock: Clock) -> None:
    """As fast as can be."""
    assert [Pace(None).wait(held=False) for _ in range(1000)] == [0.0] * 1000
