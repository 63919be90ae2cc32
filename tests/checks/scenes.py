"""Ready-made scenes for a test to change, and what the checks find in a scene."""

from pathlib import Path
from typing import Any

from streamproof.checks import load_checks
from streamproof.checks.queries import open_queries
from streamproof.checks.verdict import SAMPLE
from tests.checks.histories import Scene


def names(first: int, last: int, prefix: str = "x") -> list[str]:
    """x000 to x(last-1)."""
    return [f"{prefix}{number:03}" for number in range(first, last)]


def clean(promise: str = "exactly-once", *, ordered: bool = True) -> Scene:
    """A transactional subject that is killed inside a transaction and keeps its promise: everything is shown.

    60 inputs on each of two partitions, of one key each; x in partition 0, y in partition 1. Killed at 20 of each.
    """
    scene = Scene(promise, ordered=ordered)
    scene.rebalance()
    for prefix, part in (("x", 0), ("y", 1)):
        scene.inputs(names(0, 60, prefix), key=prefix, part=part)
    scene.aborted_input("never", part=0)
    _move(scene, 0, 20)
    killed = scene.transaction().effects(names(20, 30))
    scene.fault()
    scene.process_ends()
    killed.abort(fenced=True)
    scene.rebalance()
    _move(scene, 20, 60, epoch=1)
    scene.process_stops()
    return scene


def _move(scene: Scene, first: int, last: int, epoch: int = 0) -> None:
    for prefix, part in (("x", 0), ("y", 1)):
        transaction = scene.transaction(epoch=epoch)
        transaction.effects(names(first, last, prefix), part=part).offsets(last, part=part).commit()


def clean_plain() -> Scene:
    """A subject without transactions that is killed between its effects and their commit, and does them again."""
    scene = Scene("at-least-once")
    scene.rebalance()
    scene.inputs(names(0, 120))
    for first, last in ((0, 40), (40, 60)):
        scene.effects(names(first, last))
        scene.commit(last)
    scene.effects(names(60, 80))
    scene.fault()
    scene.process_ends()
    scene.rebalance()
    scene.effects(names(60, 120))
    scene.commit(120)
    scene.process_stops()
    return scene


def witnesses(scene: Scene, directory: Path, *columns: str) -> dict[str, list[tuple[Any, ...]]]:
    """All anomalies with witnesses, each with these columns of them (the input, by default).

    What else a verdict asks for, such as evidence, is not looked at: it takes as long as the witnesses do.
    """
    history = scene.write(directory)
    with open_queries(history, threads=1) as queries:
        found = {
            check.name: queries.witnesses(check.sql, check.name, SAMPLE)[1]
            for check in load_checks()
            if queries.needs(check.sql) - check.uses <= history.tables.keys()
        }
    return {
        anomaly: [tuple(row.get(name) for name in columns or ("id",)) for row in rows]
        for anomaly, rows in found.items()
        if rows
    }


def evidence(scene: Scene, directory: Path, anomaly: str) -> list[tuple[int, bool | None]]:
    """What a run has shown of an anomaly, row by row, and whether that is enough."""
    (check,) = (check for check in load_checks() if check.name == anomaly)
    with open_queries(scene.write(directory), threads=1) as queries:
        return [(row["seen"], row["enough"]) for row in queries.rows(check.evidence, anomaly)]


def small(promise: str = "exactly-once", *inputs: str) -> Scene:
    """Some inputs of one key in partition 0, and nothing else so far."""
    scene = Scene(promise)
    scene.inputs(inputs)
    return scene
