"""A subject's own cycle, as the wire shows it: which requests it sends, and which answers it gets, at each stage.

What recurs is a step: a kind of request, or of answer, at a stage. It is learnt from the `wire` table of a short run in
which another instance was killed, so that there is a rebalance to be seen.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from streamproof.faults.moments import WORK, Rebalance, Stage
from streamproof.history.terms import Side
from streamproof.wire import Moment, about_of

Row = Mapping[str, Any]
# a client asks these when a connection is new, its knowledge old, or by a slow clock: but for its start, nobody can
# wait for the next
AT_ANY_TIME = frozenset(
    {"ApiVersions", "Metadata", "DescribeCluster", "FindCoordinator", "InitProducerId", "ListOffsets", "DeleteRecords"}
)
RECURS = 3  # times at least, for a request of a steady subject to come again soon


@dataclass(frozen=True)
class Step:
    """A kind of request, or of answer, at a stage. `times`: how often the run that showed the cycle had it."""

    stage: Stage
    moment: Moment
    times: int = field(default=1, compare=False)

    @property
    def name(self) -> str:
        """By which a person asks for it: `steady/EndTxn-commit/request`."""
        return f"{self.stage}/{self.moment.name}"


def learnt(wire: Sequence[Row], stopping_us: int) -> tuple[Step, ...]:
    """The steps of a subject, in the order of its stages, and in each as they first came.

    `wire`: rows of the table. `stopping_us`: when the subject was asked to stop, in microseconds since the epoch.
    """
    seen: Counter[Step] = Counter()
    first: dict[Step, int] = {}
    for rows in _lives(wire):
        for row, stage in _staged(rows, stopping_us):
            about = about_of(row["api"], committed=row["committed"], tid=row["tid"])
            step = Step(stage, Moment(row["api"], Side(row["side"]), about))
            seen[step] += row["times"]
            first.setdefault(step, row["n"])
    kept = [replace(step, times=seen[step]) for step in first if _comes_again(step, seen[step])]
    order = list(Stage)
    return tuple(sorted(kept, key=lambda step: (order.index(step.stage), first[step])))


def _lives(wire: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows of each incarnation of each instance, in their order."""
    lives: dict[tuple[int, int], list[Row]] = {}
    for row in sorted(wire, key=lambda row: row["n"]):
        lives.setdefault((row["instance"], row["incarnation"]), []).append(row)
    yield from lives.values()


def _staged(rows: Sequence[Row], stopping_us: int) -> Iterator[tuple[Row, Stage]]:
    """Each row with its stage. What was asked again and again on its connection since before the work began, such as
    Fetch on a consumer's own, is of the steady stage too.
    """
    work_us = min((row["t"] for row in rows if row["api"] in WORK), default=stopping_us)
    working, rebalance = False, Rebalance()
    for row in rows:
        working = working or row["api"] in WORK
        if row["t"] >= stopping_us:
            yield row, Stage.SHUTDOWN
        elif not working:
            yield row, Stage.START_UP
            if work_us < row["t_last"]:
                yield row, Stage.STEADY
        else:
            yield row, Stage.REBALANCE if rebalance.has(row["api"], Side(row["side"])) else Stage.STEADY


def _comes_again(step: Step, times: int) -> bool:
    """Whether one can wait for it, at its stage."""
    if step.stage is Stage.START_UP:
        return step.moment.api != "ListOffsets"  # asked where nothing is committed: once in the life of a group
    if step.moment.api in AT_ANY_TIME or (step.stage is not Stage.STEADY and step.moment.api in {"Fetch", "Heartbeat"}):
        return False
    return step.stage is not Stage.STEADY or times >= RECURS
