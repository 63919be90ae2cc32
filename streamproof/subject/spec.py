"""What a subject is: a frozen value, with the placeholders of its command and environment filled in on demand."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from streamproof.subject.placeholders import fill, names

READY_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Ready:
    """When an instance counts as ready: its group is stable, its log holds a text, or a URL answers with 2xx."""

    kind: Literal["group", "log", "http"] = "group"
    text: str = ""
    timeout_s: float = field(default_factory=lambda: READY_TIMEOUT_S)

    @property
    def missing(self) -> str:
        """What an instance that is not ready lacks, as a clause."""
        return {"log": f'does not hold "{self.text}" in its log', "http": f"does not answer 2xx at {self.text}"}.get(
            self.kind, "does not run"
        )


@dataclass(frozen=True)
class SubjectSpec:
    """A command that is started `instances` times, each in `cwd` with `env` added to our own environment.

    PATH there begins with the virtual environment that we run in, so that `python` is its own.

    `input` is the port that the workload feeds; `databases` tells where those of its effects lie that are rows of a
    query: a SQLAlchemy URL for each such channel. After a stop signal an instance has `stop_timeout_s` to end.
    """

    name: str
    command: str
    instances: int = 1
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Ready = field(default_factory=Ready)
    input: Literal["topic", "stdin"] = "topic"
    databases: Mapping[str, str] = field(default_factory=dict)
    stop_timeout_s: float = 15.0
    cwd: Path | None = None

    def arguments(self, values: Mapping[str, str]) -> list[str]:
        return [fill(part, values) for part in shlex.split(self.command)]

    def environment(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: fill(value, values) for name, value in self.env.items()}

    @property
    def lockable(self) -> tuple[str, ...]:
        """The channels whose database is SQLite's, whose writers can all be kept out for a while."""
        return tuple(name for name, url in self.databases.items() if re.match(r"sqlite[:+]", url))

    @property
    def renames(self) -> bool:
        """Whether the subject takes a fresh name for its topics and groups, through `{run}`."""
        return self._names("run")

    @property
    def needs_registry(self) -> bool:
        """Whether the subject is told where the schema registry is."""
        return self._names("registry_url")

    def _names(self, placeholder: str) -> bool:
        return any(names(text, placeholder) for text in (self.command, *self.env.values()))
