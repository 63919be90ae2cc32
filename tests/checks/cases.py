"""What the tests of each anomaly must hold (`CASE` in its test_NAME.py), and what several of them change in a scene."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from streamproof.checks import load_checks
from tests.checks.histories import Scene
from tests.checks.scenes import clean

Change = Callable[[Scene], None]


@dataclass(frozen=True)
class Case:
    """What all anomalies are tested for alike. Each change is made to a clean scene: that of scenes.py, or `scene`.

    `evidence`: by its name, how much of it the clean scene shows, and at least one change that takes it away.
    `wrong`: the change that brings witnesses about.
    """

    evidence: Mapping[str, tuple[int, Change, *tuple[Change, ...]]]
    wrong: Change
    scene: Callable[[], Scene] = clean


def place(anomaly: str) -> str:
    """The module of an anomaly's own tests."""
    return f"tests.checks.test_{anomaly.replace('-', '_')}"


def load_cases() -> dict[str, Case]:
    """The cases that there are, by anomaly, in the order of guarantees.toml."""
    modules = {check.name: place(check.name) for check in load_checks()}
    found = {name: importlib.import_module(module) for name, module in modules.items() if find_spec(module)}
    return {name: module.CASE for name, module in found.items() if hasattr(module, "CASE")}


def no_fault(scene: Scene) -> None:
    scene.drop("fault")


def without_aborts(scene: Scene) -> None:
    scene.drop("effect", lambda row: not row["visible"]).drop("batch", lambda row: row["control"] == "abort")


def owner_changes(scene: Scene, t: int) -> None:
    scene.alter("owner", lambda row: row["generation"] == 1, t_to=t)
    scene.alter("owner", lambda row: row["generation"] == 2, t_from=t)


def effects_in_no_log(scene: Scene) -> None:
    scene.alter("effect", lambda _: True, topic=None, part=None, off=None)


def abort_of_one_partition(scene: Scene) -> None:
    ongoing = [row for row in scene.rows["txn"] if row["partitions"] == ["alpha-0", "beta-0"]]
    for row in ongoing:
        row["partitions"] = ["alpha-0"]


def same_owner(scene: Scene) -> None:
    scene.alter("owner", lambda _: True, member="the only")


def disturbed_before_and_after(scene: Scene) -> None:
    owner_changes(scene, scene.wait())
