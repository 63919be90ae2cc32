"""A run as a picture over time: instances and brokers, faults, and the progress of the group.

Taken from the tables of a history alone; a table that was not recorded leaves its part of the picture out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from pathlib import Path
from typing import Any

from streamproof.checks.queries import Queries, open_queries
from streamproof.faults.actions import ACTIONS, Drawn
from streamproof.history.store import History
from streamproof.history.terms import Cause

US = 1_000_000
STEPS = 1000  # of a curve, at most: more than the picture has pixels for

LAST = "SELECT ended_at - started_at AS t FROM promise"
PROCESSES = """
    SELECT r.instance, r.cause, r.t_start - p.started_at AS t_start, r.t_ready - p.started_at AS t_ready,
           coalesce(r.t_end, p.ended_at) - p.started_at AS t_end
    FROM process r CROSS JOIN promise p ORDER BY r.instance, r.incarnation"""
FAULTS = """
    SELECT f.kind, f.target, f.node, f.instance, f.evidence, f.effective, f.t_from - p.started_at AS t_from,
           coalesce(f.t_effect, f.t_from) - p.started_at AS t_effect,
           coalesce(f.t_to, p.ended_at) - p.started_at AS t_to
    FROM weighed_fault f CROSS JOIN promise p ORDER BY f.t_from"""
REBALANCES = """
    SELECT b.t - p.started_at AS t FROM break_point b CROSS JOIN promise p
    WHERE b.kind = 'rebalance' ORDER BY b.t OFFSET 1"""  # the first made the group
ANY_TRANSACTION = "SELECT 1 FROM txn_span WHERE partitions > 0 LIMIT 1"
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

# a witness has a time of its own, or came about with the last effect of its input, or with the record at its place
OWN_TIMES = ("committed_at", "t_append", "t_from")
PLACE = {"topic": "VARCHAR", "part": "INTEGER", "off": "BIGINT", "id": "VARCHAR", "channel": "VARCHAR"}
WITNESSED = """
    WITH done AS (
        SELECT source_id, channel, max(t_append) AS at FROM effect WHERE visible GROUP BY source_id, channel
    ),
    record AS (
        SELECT topic, part, off, t_append AS at FROM input
        UNION ALL SELECT topic, part, off, t_append FROM effect WHERE off IS NOT NULL
        UNION ALL SELECT topic, part, base_off, t_append FROM batch WHERE control <> 'none'
    )
    SELECT DISTINCT coalesce({times}) - p.started_at AS t
    FROM witness w
    LEFT JOIN done ON done.source_id = {id} AND done.channel = {channel}
    LEFT JOIN record ON record.topic = {topic} AND record.part = {part} AND record.off = {off}
    CROSS JOIN promise p
    WHERE coalesce({times}) IS NOT NULL ORDER BY t"""


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
    """An instance or broker. `deaths`: when it was killed; `exits`: when it ended on its own."""

    name: str
    spans: tuple[Span, ...]
    deaths: tuple[float, ...] = ()
    exits: tuple[float, ...] = ()


@dataclass(frozen=True)
class Broken:
    """A fault. `what`: its action and its target; `sentence`: its evidence."""

    what: str
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
    """None: not recorded; of `aborted`, also that there were no transactions.

    `started_at`: microseconds since the epoch. `witnesses`: when those of each anomaly were.
    """

    started_at: int
    seconds: float
    lanes: tuple[Lane, ...]
    faults: tuple[Broken, ...]
    rebalances: tuple[float, ...] | None
    aborted: tuple[float, ...] | None
    fed: Curve | None
    committed: Curve | None
    witnesses: Mapping[str, tuple[float, ...]]


def read_timeline(history: History, group: str | None = None, witnesses: Mapping[str, Path] | None = None) -> Timeline:
    """`group`: whose; None: the run's only group. `witnesses`: the file of each anomaly that has any.

    HistoryError for a history, or a file of witnesses, that cannot be read.
    """
    with open_queries(history, group) as queries:
        seconds = _times(queries, LAST)[0]
        faults = _rows(queries, FAULTS) or []
        return Timeline(
            started_at=history.record.started_at,
            seconds=seconds,
            lanes=(*_instances(_rows(queries, PROCESSES) or [], faults), *_brokers(faults, seconds)),
            faults=tuple(
                Broken(
                    what=f"{row['kind']}@{row['target']}",
                    sentence=row["evidence"],
                    effective=row["effective"],
                    start=row["t_from"] / US,
                    end=row["t_to"] / US,
                )
                for row in faults
            ),
            rebalances=_if_recorded(queries, REBALANCES),
            aborted=_times(queries, ABORTED) if _rows(queries, ANY_TRANSACTION) else None,
            fed=_curve(queries, FED, seconds),
            committed=_curve(queries, COMMITTED, seconds),
            witnesses={name: _witnessed(queries, path) for name, path in (witnesses or {}).items()},
        )


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


def _witnessed(queries: Queries, path: Path) -> tuple[float, ...]:
    """When the witnesses of a file came about; those of no known time are left out. A user's may have any columns."""
    queries.open("witness", path)
    columns = queries.columns("SELECT * FROM witness", path.name)
    times = [f"TRY_CAST(w.{name} AS BIGINT)" for name in OWN_TIMES if name in columns]
    place = {name: f"TRY_CAST(w.{name} AS {kind})" if name in columns else "NULL" for name, kind in PLACE.items()}
    return _times(queries, WITNESSED.format(times=", ".join([*times, "done.at", "record.at"]), **place))


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
        deaths, exits = (
            tuple(row["t_end"] / US for row in own if row["cause"] == cause) for cause in (Cause.KILLED, Cause.EXITED)
        )
        yield Lane(f"instance {number}", tuple(spans), deaths, exits)


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
