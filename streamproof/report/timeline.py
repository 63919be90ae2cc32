"""A run as a picture over time: instances and brokers, faults, and the progress of the group.

Taken from the tables of a history alone; a table that was not recorded leaves its part of the picture out.
"""

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Any

from streamproof.checks.queries import Queries, open_queries
from streamproof.faults.actions import ACTIONS, Drawn
from streamproof.history.promise import Promise
from streamproof.history.store import History

US = 1_000_000
STEPS = 1000  # of a curve, at most: more than the picture has pixels for

LAST = "SELECT ended_at - started_at AS t FROM promise"
PROCESSES = """
    SELECT r.instance, r.cause, r.t_start - p.started_at AS t_start, r.t_ready - p.started_at AS t_ready,
           coalesce(r.t_end, p.ended_at) - p.started_at AS t_end
    FROM process r CROSS JOIN promise p ORDER BY r.instance, r.incarnation"""
FAULTS = """
    SELECT f.kind, f.node, f.instance, f.evidence, f.effective, f.t_from - p.started_at AS t_from,
           coalesce(f.t_effect, f.t_from) - p.started_at AS t_effect,
           coalesce(f.t_to, p.ended_at) - p.started_at AS t_to
    FROM fault f CROSS JOIN promise p ORDER BY f.t_from"""
REBALANCES = """
    SELECT b.t - p.started_at AS t FROM break_point b CROSS JOIN promise p
    WHERE b.kind = 'rebalance' ORDER BY b.t OFFSET 1"""  # the first made the group
ABORTED = """
    SELECT s.t_decided - p.started_at AS t FROM txn_span s CROSS JOIN promise p
    WHERE s.decided = 'PrepareAbort' AND s.partitions > 0 ORDER BY t"""
FED = "SELECT i.t_append - p.started_at AS t FROM live_input i CROSS JOIN promise p"
# of each input the first commit beyond it
COMMITTED = """
    SELECT done.t - promise.started_at AS t
    FROM live_input
    ASOF JOIN commit_time AS done
      ON done.topic = live_input.topic AND done.part = live_input.part AND done.off > live_input.off
    CROSS JOIN promise
    WHERE done.t IS NOT NULL"""


class State(StrEnum):
    STARTING = "starting"
    ALIVE = "alive"
    PAUSED = "paused"
    LOST = "lost"


@dataclass(frozen=True)
class Span:
    """All times are seconds since the run's start."""

    state: State
    start: float
    end: float


@dataclass(frozen=True)
class Lane:
    """An instance or broker. `deaths`: when it was killed or ended on its own."""

    name: str
    spans: tuple[Span, ...]
    deaths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Broken:
    sentence: str
    effective: bool
    start: float
    end: float


@dataclass(frozen=True)
class Curve:
    """`counts[i]` events by `seconds[i]`."""

    seconds: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Timeline:
    """None: not recorded."""

    title: str
    seconds: float
    lanes: tuple[Lane, ...]
    faults: tuple[Broken, ...]
    rebalances: tuple[float, ...] | None
    aborted: tuple[float, ...] | None
    fed: Curve | None
    committed: Curve | None


def can_draw() -> bool:
    """Whether the drawing library is there: the extra `report`."""
    return importlib.util.find_spec("matplotlib") is not None


def timeline(history: History) -> bytes:
    """The picture as a PNG. ModuleNotFoundError unless `can_draw`; HistoryError for a history that cannot be read."""
    from streamproof.report.drawing import draw  # noqa: PLC0415 - slow to import, and not always there

    return draw(read_timeline(history))


def read_timeline(history: History, group: str | None = None) -> Timeline:
    """`group`: whose; None: the run's only group."""
    with open_queries(history, group) as queries:
        seconds = _times(queries, LAST)[0]
        faults = _rows(queries, FAULTS) or []
        return Timeline(
            title=_title(history, queries.promise),
            seconds=seconds,
            lanes=(*_instances(_rows(queries, PROCESSES) or [], faults), *_brokers(faults, seconds)),
            faults=tuple(
                Broken(row["evidence"], row["effective"], row["t_from"] / US, row["t_to"] / US) for row in faults
            ),
            rebalances=_if_recorded(queries, REBALANCES),
            aborted=_if_recorded(queries, ABORTED),
            fed=_curve(queries, FED, seconds),
            committed=_curve(queries, COMMITTED, seconds),
        )


def _title(history: History, promise: Promise) -> str:
    record = history.record
    promised = promise.delivery + (", ordered by key" if promise.ordered else "")
    return f"{record.subject} · {promised} · Apache Kafka {record.kafka_version} · seed {record.seed}"


def _rows(queries: Queries, sql: str) -> list[dict[str, Any]] | None:
    """The rows of a query; None when a table that it reads was not recorded."""
    if queries.needs(sql) - queries.history.tables.keys():
        return None
    return queries.rows(sql, "the timeline")


def _times(queries: Queries, sql: str) -> tuple[float, ...]:
    return tuple(row["t"] / US for row in queries.rows(sql, "the timeline"))


def _if_recorded(queries: Queries, sql: str) -> tuple[float, ...] | None:
    return None if queries.needs(sql) - queries.history.tables.keys() else _times(queries, sql)


def _curve(queries: Queries, sql: str, seconds: float) -> Curve | None:
    step = max(1, round(seconds * US / STEPS))
    rows = _rows(queries, f"SELECT t // {step} AS nth, count(*) AS more FROM ({sql}) GROUP BY nth ORDER BY nth")  # noqa: S608
    if not rows:
        return None
    times = tuple((row["nth"] + 1) * step / US for row in rows)
    counts = tuple(accumulate(row["more"] for row in rows))
    return Curve((times[0] - step / US, *times, seconds), (0, *counts, counts[-1]))


def _instances(processes: Sequence[dict[str, Any]], faults: Sequence[dict[str, Any]]) -> Iterator[Lane]:
    for number in sorted({row["instance"] for row in processes}):
        own = [row for row in processes if row["instance"] == number]
        spans = []
        for row in own:
            start, end = row["t_start"] / US, row["t_end"] / US
            ready = start if row["t_ready"] is None else row["t_ready"] / US
            spans += [Span(State.STARTING, start, ready), Span(State.ALIVE, ready, end)]
        for row in faults:
            if row["instance"] == number and _drawn(row) is Drawn.PAUSED:
                spans.append(Span(State.PAUSED, row["t_effect"] / US, row["t_to"] / US))
        deaths = tuple(row["t_end"] / US for row in own if row["cause"] in ("killed", "exited"))
        yield Lane(f"instance {number}", tuple(spans), deaths)


def _drawn(fault: dict[str, Any]) -> Drawn:
    """How a fault's action is drawn; an action of another version is not."""
    action = ACTIONS.get(fault["kind"])
    return action.drawn if action else Drawn.NOT


def _brokers(faults: Sequence[dict[str, Any]], seconds: float) -> Iterator[Lane]:
    """The brokers that were broken."""
    broken: dict[int, list[Span]] = {}
    for row in faults:
        drawn = _drawn(row)
        if row["node"] is not None and drawn is not Drawn.NOT:
            span = Span(State(drawn), row["t_effect"] / US, row["t_to"] / US)
            broken.setdefault(row["node"], []).append(span)
    for number, spans in sorted(broken.items()):
        yield Lane(f"broker {number}", (Span(State.ALIVE, 0.0, seconds), *spans))
