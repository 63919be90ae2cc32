"""Which examples there are, and what must come of each: `expected.toml`, a table for each folder.

The known bugs of clients are examples too: those in `known-bugs/`, most of them with a version that has the bug and a
version in which it is mended. What differs between versions is said in the table `versions` of an example.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from streamproof.checks import Outcome
from streamproof.config.file import Config, read_config
from streamproof.faults import Plan, Planner, read_plan

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Expected:
    """`anomalies`: of which a run that is violated has witnesses, and of no others. `seen`: what a run shows.

    `hits`: of a known bug, how many of the seeds came to the verdict when it was last run.
    """

    framework: str
    version: str
    verdict: Outcome
    seen: str
    anomalies: frozenset[str] = frozenset()
    events: int = 4_000
    hits: int | None = None


@dataclass(frozen=True)
class Example:
    """A folder here, with a streamproof.toml whose only subject has the folder's name, and a version of its client."""

    name: str
    expected: Expected

    @property
    def subject(self) -> str:
        return Path(self.name).name

    @property
    def known_bug(self) -> bool:
        return Path(self.name).parent == Path("known-bugs")

    @property
    def directory(self) -> Path:
        return HERE / self.name

    @property
    def config(self) -> Config:
        return read_config(self.directory / "streamproof.toml")

    @property
    def plan(self) -> Plan | Planner:
        """The default plan, or a plan of its own where that does not bring the moment about."""
        path = self.directory / "plan.json"
        return read_plan(path) if path.exists() else Plan.default


def read_examples() -> tuple[Example, ...]:
    """All of them, each version by itself, in the order of `expected.toml`; ValidationError where it is not right."""
    tables = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    expected = TypeAdapter(Expected)
    return tuple(
        Example(name, expected.validate_python(table | own))
        for name, table in tables.items()
        for own in _versions(table)
    )


def _versions(table: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What an example's table says of each version alone."""
    for version, own in table.get("versions", {table.get("version"): {}}).items():
        yield {"version": version, **own}
