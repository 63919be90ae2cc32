"""What slow and obvious loops find in random histories, right or wrong, the queries find too, and nothing else.

Here are the anomalies of inputs, effects and commits; those of owners and readers have theirs in test_NAME.py.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streamproof.checks import load_checks
from streamproof.checks.queries import open_queries
from tests.checks.groups import thoroughly
from tests.checks.histories import CHANNELS, Row, Scene

INPUTS, PARTS = 5, 2  # of each partition; the input's, and as many of each channel
Found = Iterator[tuple[Any, ...]]


@st.composite
def wild_scenes(draw: st.DrawFn) -> Scene:
    """Inputs of two partitions, and then effects, hidden or not, and commits, in any order and of anything."""
    scene = Scene("at-least-once")
    for number in range(INPUTS * PARTS):
        key, fate = (
            draw(st.sampled_from(["k", "k", "k", "l", None])),
            draw(st.sampled_from(["process"] * 4 + ["filter"])),
        )
        scene.input(f"i{number}", key=key, part=number % PARTS, fate=fate)
    names = st.sampled_from([*(f"i{number}" for number in range(INPUTS * PARTS)), "nobody", None])
    parts, rarely = st.integers(0, PARTS - 1), st.sampled_from([False] * 5 + [True])
    steps: st.SearchStrategy[Callable[[], Any]] = st.one_of(
        st.builds(
            lambda name, channel, part, hidden: lambda: scene.effect(name, channel, part=part, visible=not hidden),
            names,
            st.sampled_from([CHANNELS[0], CHANNELS[0], CHANNELS[1]]),
            st.sampled_from([0, 0, 0, 1]),
            rarely,
        ),
        st.builds(  # one after the other, in some order
            lambda names: lambda: scene.effects(names, channels=CHANNELS[:1]),
            st.lists(st.sampled_from([f"i{number}" for number in range(0, INPUTS * PARTS, PARTS)]), max_size=4),
        ),
        st.builds(
            lambda off, part, hidden: lambda: scene.commit(off, part=part, visible=not hidden),
            st.none() | st.integers(0, INPUTS),
            parts,
            rarely,
        ),
    )
    for step in draw(st.lists(steps, min_size=6, max_size=24)):
        step()
    return scene.fill()


def committed(scene: Scene, part: int) -> list[Row]:
    return [row for row in scene.rows["offset_commit"] if row["part"] == part and row["visible"]]


def shown(scene: Scene, name: str | None, channel: str) -> list[Row]:
    return [
        row
        for row in scene.rows["effect"]
        if (row["source_id"], row["channel"], row["visible"]) == (name, channel, True)
    ]


def is_late(scene: Scene, source: Row) -> bool:
    """The group's last commit, but for deletions, lies before it."""
    positions = [row["off"] for row in committed(scene, source["part"]) if row["off"] is not None]
    return not positions or source["off"] >= positions[-1]


def due(scene: Scene) -> Iterator[tuple[Row, str, int]]:
    """Each input and channel, and how often its effect must, and may, be there."""
    for source in scene.rows["input"]:
        for channel in CHANNELS:
            yield source, channel, int(source["fate"] == "process")


def late(scene: Scene) -> Found:
    return ((source["id"],) for source in scene.rows["input"] if is_late(scene, source))


def lost(scene: Scene) -> Found:
    for source, channel, times in due(scene):
        if len(shown(scene, source["id"], channel)) < times and not is_late(scene, source):
            yield source["id"], channel


def duplicated(scene: Scene) -> Found:
    for source, channel, times in due(scene):
        if len(shown(scene, source["id"], channel)) > times:
            yield source["id"], channel


def phantom(scene: Scene) -> Found:
    for row in scene.rows["effect"]:
        if row["visible"] and row["source_id"] in {"nobody", None}:
            yield row["channel"], row["part"], row["off"]


def commit_ahead(scene: Scene) -> Found:
    for source, channel, times in due(scene):
        past = [row["t_append"] for row in committed(scene, source["part"]) if (row["off"] or 0) > source["off"]]
        effects = [row["t_append"] for row in shown(scene, source["id"], channel)]
        if times and past and effects and min(past) < min(effects):
            yield source["id"], channel


def commit_regression(scene: Scene) -> Found:
    for part in range(PARTS):
        before = None
        for row in committed(scene, part):
            if None not in {before, row["off"]} and row["off"] < before:
                yield part, row["off"], row["n"]
            before = row["off"]


def reordered(scene: Scene) -> Found:
    """By the first effect of an input on a channel, if all of them are in one partition."""
    first: dict[tuple[str, str], Row] = {}
    for source, channel, _ in due(scene):
        effects = shown(scene, source["id"], channel)
        if source["key"] and len({row["part"] for row in effects}) == 1:
            first[source["id"], channel] = min(effects, key=lambda row: row["off"])
    sources = {source["id"]: source for source in scene.rows["input"]}
    for (name, channel), effect in first.items():
        for (other, place), before in first.items():
            same = all(sources[name][field] == sources[other][field] for field in ("key", "part")) and channel == place
            later = sources[other]["off"] > sources[name]["off"]
            if same and later and before["part"] == effect["part"] and before["off"] < effect["off"]:
                yield name, channel


SLOW: dict[str, tuple[Callable[[Scene], Found], tuple[str, ...]]] = {
    "late": (late, ("id",)),
    "lost": (lost, ("id", "channel")),
    "duplicated": (duplicated, ("id", "channel")),
    "phantom": (phantom, ("channel", "part", "off")),
    "commit-ahead": (commit_ahead, ("id", "channel")),
    "commit-regression": (commit_regression, ("part", "off", "n")),
    "reordered": (reordered, ("id", "channel")),
}


@thoroughly
@given(wild_scenes())
def test_slow_loops_find_the_same(scene: Scene) -> None:
    """Of each anomaly the same witnesses."""
    checks = {check.name: check for check in load_checks()}
    with TemporaryDirectory() as directory, open_queries(scene.write(Path(directory)), threads=1) as queries:
        for anomaly, (slow, columns) in SLOW.items():
            rows = {tuple(row[name] for name in columns) for row in queries.rows(checks[anomaly].sql, anomaly)}
            assert rows == set(slow(scene)), anomaly
