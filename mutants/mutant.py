"""What a mutant is: a pipeline with one bug, what it must be caught by, and how it is run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mutants.journal import Row
from mutants.witnesses import Tables, Witnesses
from pipeline.group_member import GroupMember
from pipeline.process import Stop
from pipeline.settings import GroupSettings

Settings = TypeVar("Settings", bound=GroupSettings)


@dataclass(frozen=True)
class Mutant:
    """`anomalies`: what it may be caught by, its own first; `witnesses`: exactly which inputs, of each anomaly.

    `subject`: of streamproof.toml, the right one, in whose place the mutant runs. `faults`: by their name in runner.py;
    those of its subject, unless it needs others. `env`: settings that are not the subject's. `promises`: what the
    contract says otherwise, so that a wait is short. `quiet_s`: for what never comes to an end. `lie`: what its broker
    says that is not so, by its name in lies.py.
    """

    name: str
    bug: str
    run: Callable[[], None]
    anomalies: tuple[str, ...]
    witnesses: Callable[[Sequence[Row], Tables], Witnesses]
    subject: str = "orders"
    faults: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    promises: Mapping[str, Any] = field(default_factory=dict)
    quiet_s: float | None = None
    lie: str = ""

    @property
    def command(self) -> str:
        return f"python -m mutants {self.name}"


def running(settings: type[Settings], kind: Callable[[Settings, Stop], GroupMember[Any]]) -> Callable[[], None]:
    """Runs a member with the settings of its environment, until it is told to stop."""

    def run() -> None:
        values = settings.from_environment()
        stop = Stop(values.stop_ms)
        stop.listen()
        kind(values, stop).run()

    return run


def none_at_all(_rows: Sequence[Row], _tables: Tables) -> Witnesses:
    """Of what is right."""
    return {}
