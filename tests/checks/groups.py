"""Random histories of a group, right or wrong, and the tables that slow definitions are made of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from streamproof.checks import load_checks
from streamproof.checks.queries import open_queries
from tests.checks.histories import Row, Scene

INPUTS = 8
NEVER = float("inf")
thoroughly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Tenure:
    """How long a member kept the only partition; `committed`: what its group had committed by then."""

    member: str
    t_from: int
    t_to: float
    committed: int

    def holds(self, t: int) -> bool:
        return self.t_from <= t <= self.t_to


@st.composite
def group_scenes(draw: st.DrawFn, promise: str = "at-least-once") -> Scene:
    """Inputs of one partition, and then owners that come and go, effects and commits, in any order."""
    scene = Scene(promise)
    scene.rebalance(member="m0", parts=[0])
    scene.inputs([f"i{number}" for number in range(INPUTS)], key=None)
    steps: st.SearchStrategy[Callable[[], Any]] = st.one_of(
        st.builds(lambda member: lambda: scene.rebalance(member=f"m{member}", parts=[0]), st.integers(0, 2)),
        st.builds(
            lambda number, pid, visible: lambda: scene.effect(f"i{number}", pid=pid, visible=visible),
            st.integers(0, INPUTS - 1),
            st.integers(1, 3),
            st.sampled_from([True, True, True, False]),
        ),
        st.builds(lambda off: lambda: scene.commit(off), st.integers(0, INPUTS)),
    )
    for step in draw(st.lists(steps, min_size=4, max_size=16)):
        step()
    return scene


def witnesses_of(anomaly: str, scene: Scene, *columns: str) -> list[tuple[Any, ...]]:
    """Those of one anomaly alone, in their order."""
    (check,) = (check for check in load_checks() if check.name == anomaly)
    with TemporaryDirectory() as directory, open_queries(scene.write(Path(directory)), threads=1) as queries:
        return [tuple(row[name] for name in columns) for row in queries.rows(check.sql, anomaly)]


def tenures(scene: Scene) -> Iterator[Tenure]:
    """A member that is given again what it has just had goes on with it."""
    rows: list[Row] = []
    for row in scene.rows["owner"]:
        if rows and rows[-1]["member"] == row["member"]:
            rows[-1] = rows[-1] | {"t_to": row["t_to"]}
        else:
            rows.append(row)
    for row in rows:
        before = [done["off"] for done in scene.rows["offset_commit"] if done["t_append"] <= row["t_from"]]
        t_to = NEVER if row["t_to"] is None else row["t_to"]
        yield Tenure(row["member"], row["t_from"], t_to, before[-1] if before else 0)


def effects_of(scene: Scene, off: int) -> list[Row]:
    """All effects of the input at an offset, hidden or not, in the order in which they came."""
    return [row for row in scene.rows["effect"] if row["source_id"] == f"i{off}"]
