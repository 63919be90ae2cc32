"""Where the parts of a timeline lie in its picture; timeline.svg.jinja draws them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, log10
from typing import ClassVar

from streamproof.clock import time_of_day
from streamproof.report.timeline import US, Curve, Timeline

WIDTH, LEFT, RIGHT = 1000, 172, 36  # units of the picture; on a wide screen they are pixels
TOP, LANE, GAP, PROGRESS, AXIS = 30, 26, 14, 150, 24
BADGE = 20  # between two numbers of faults, at least
LONG_STEPS = (15, 30, *(60 * minutes for minutes in (1, 2, 5, 10, 30, 60, 120, 360, 1440)))  # seconds
SHORT = 10  # seconds: up to it, a step is a round number
TICKS, COUNTS = 9, 4  # at most


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it is, and what stands there."""

    at: float
    label: str


@dataclass(frozen=True)
class Row:
    """Moments of a kind on a line of their own."""

    name: str
    kind: str
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Picture:
    """A timeline in units of its picture."""

    width: ClassVar = WIDTH
    left: ClassVar = LEFT
    right: ClassVar = WIDTH - RIGHT
    top: ClassVar = TOP
    timeline: Timeline

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The witnesses, the aborted transactions and the rebalances: the lines below the lanes."""
        what = self.timeline
        rows = [Row(name, "witness", seconds) for name, seconds in what.witnesses.items()]
        if what.aborted is not None:
            rows.append(Row("aborted transactions", "abort", what.aborted))
        if what.rebalances is not None:
            rows.append(Row("rebalances", "rebalance", what.rebalances))
        return tuple(rows)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the lanes and of the rows below them."""
        return (*(lane.name for lane in self.timeline.lanes), *(row.name for row in self.rows))

    @cached_property
    def progress_top(self) -> int:
        return TOP + LANE * len(self.names) + GAP

    @property
    def bottom(self) -> int:
        """Of what is drawn; below it stand the times."""
        return self.progress_top + PROGRESS

    @property
    def height(self) -> int:
        return self.bottom + AXIS

    def x(self, seconds: float) -> float:
        share = min(1.0, max(0.0, seconds / (self.timeline.seconds or 1)))
        return round(LEFT + share * (self.right - LEFT), 1)

    def y(self, row: int) -> int:
        """The middle of a lane, or of a row below the lanes."""
        return TOP + LANE * row + LANE // 2

    def clock(self, seconds: float) -> str:
        """The time of day (UTC) so long after the start."""
        return time_of_day(self.timeline.started_at + round(seconds * US))

    def places(self, seconds: Iterable[float]) -> list[float]:
        """Where moments lie, each place once: there may be more moments than a picture can show."""
        return sorted(set(map(self.x, seconds)))

    @cached_property
    def badges(self) -> tuple[float, ...]:
        """Where the number of each fault stands: over its middle, unless another stands there."""
        places: list[float] = []
        for fault in self.timeline.faults:
            middle = self.x((fault.start + fault.end) / 2)
            places.append(max(middle, places[-1] + BADGE) if places else middle)
        return tuple(places)

    @cached_property
    def ticks(self) -> tuple[Tick, ...]:
        """Round times of day."""
        first = self.timeline.started_at / US
        step = _step(self.timeline.seconds)
        label = slice(None) if step < 1 else slice(8)
        return tuple(
            Tick(self.x(t - first), time_of_day(round(t * US))[label])
            for t in _multiples(step, first, first + self.timeline.seconds)
        )

    @cached_property
    def _most(self) -> int:
        return max((curve.counts[-1] for curve in (self.timeline.fed, self.timeline.committed) if curve), default=0)

    def _height(self, count: float) -> float:
        return round(self.bottom - (PROGRESS - GAP) * count / (self._most or 1), 1)

    @cached_property
    def counts(self) -> tuple[Tick, ...]:
        """Round numbers of events."""
        step = max(1, round(_round_up(self._most / COUNTS)))
        return tuple(Tick(self._height(count), f"{count:,}") for count in range(0, self._most + 1, step))

    def path(self, curve: Curve) -> str:
        """A curve in steps, as the data of an SVG path."""
        steps = "".join(
            f"H{self.x(t)}V{self._height(count)}" for t, count in zip(curve.seconds, curve.counts, strict=True)
        )
        return f"M{self.x(curve.seconds[0])} {self.bottom}{steps}"


def _step(seconds: float) -> float:
    """The shortest usual step that a time has no more than `TICKS` of."""
    least = seconds / TICKS
    return _round_up(least) if least <= SHORT else next((step for step in LONG_STEPS if step >= least), ceil(least))


def _round_up(least: float) -> float:
    """The next of 1, 2, 5, 10, 20, …, and of 0.5, 0.2, 0.1, … where `least` is small; 1 for 0."""
    power = 10.0 ** floor(log10(least or 1))
    return next(base * power for base in (1, 2, 5, 10) if base * power >= least)


def _multiples(step: float, first: float, last: float) -> Iterator[float]:
    for n in range(ceil(first / step), int(last / step) + 1):
        yield n * step
