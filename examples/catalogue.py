"""Which examples there are, and what must come of each: `expected.toml`, a table for each folder."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from streamproof.checks import Outcome
from streamproof.config.file import Config, read_config

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Expected:
    """`anomalies`: of which a run that is violated has witnesses, and of no others. `seen`: what a run shows."""

    framework: str
    version: str
    verdict: Outcome
    seen: str
    anomalies: frozenset[str] = frozenset()
    events: int = 4_000


@dataclass(frozen=True)
class Example:
    """A folder here, with a streamproof.toml whose only subject has the folder's name."""

    name: str
    expected: Expected

    @property
    def directory(self) -> Path:
        return HERE / self.name

    @property
    def config(self) -> Config:
        return read_config(self.directory / "streamproof.toml")


def read_examples() -> Mapping[str, Example]:
    """All of them, in the order of `expected.toml`; ValidationError where it is not right."""
    tables = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
    expected = TypeAdapter(dict[str, Expected]).validate_python(tables)
    return {name: Example(name, value) for name, value in expected.items()}
