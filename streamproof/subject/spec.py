"""What a subject is: a frozen value, with the placeholders of its command and environment filled in on demand."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema, WithJsonSchema
from pydantic_core import PydanticCustomError

from streamproof.complaints import complaint
from streamproof.errors import UsageError
from streamproof.subject import placeholders

READY_TIMEOUT_S = 60.0
BACKLOG = 0.02
URL = re.compile("https?://")


@dataclass(frozen=True)
class Ready:
    """When an instance counts as ready: its group is stable, its log holds a text, or a URL answers with 2xx."""

    kind: Literal["group", "log", "http"] = "group"
    text: str = ""

    @property
    def missing(self) -> str:
        """What an instance that is not ready lacks, as a clause."""
        return {"log": f'does not hold "{self.text}" in its log', "http": f"does not answer 2xx at {self.text}"}.get(
            self.kind, "does not run"
        )


@dataclass(frozen=True)
class Input:
    """How events reach an instance: through a topic, as lines of its standard input, or posted to a URL."""

    kind: Literal["topic", "stdin", "http"] = "topic"
    url: str = ""


def _command(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"the command cannot be split into words ({str(error).lower()})") from error
    if not words:
        raise ValueError("the command is empty")
    return text


def _ready(given: Any) -> Any:
    if given == "group-stable":
        return Ready()
    if isinstance(given, dict) and len(given) == 1:
        kind, text = next(iter(given.items()))
        if kind in ("log", "http") and isinstance(text, str) and text:
            return Ready(kind, text)
    return given


def _input(given: Any) -> Any:
    if given in ("topic", "stdin"):
        return Input(given)
    if isinstance(given, dict) and list(given) == ["http"] and URL.match(str(given["http"])):
        return Input("http", placeholders.checked(given["http"]))
    return given


def _not_empty(given: Any) -> Any:
    if given == "":
        raise PydanticCustomError("empty", "it is empty")
    return given


WRITTEN_READY = {
    "anyOf": [
        {"const": "group-stable"},
        *(
            {"type": "object", "properties": {kind: {"type": "string", "minLength": 1}}, "required": [kind],
             "additionalProperties": False}
            for kind in ("log", "http")
        ),
    ]
}  # fmt: skip
WRITTEN_INPUT = {
    "anyOf": [
        {"enum": ["topic", "stdin"]},
        {"type": "object", "properties": {"http": {"type": "string", "pattern": "^https?://"}}, "required": ["http"],
         "additionalProperties": False},
    ]
}  # fmt: skip
Placed = Annotated[Path, BeforeValidator(_not_empty), Field(strict=False)]
Filled = Annotated[str, AfterValidator(placeholders.checked)]


class SubjectSpec(BaseModel):
    """A command that is started `instances` times, each in `cwd` with `env` added to our own environment.

    PATH there begins with the virtual environment that we run in, so that `python` is its own.

    `input` is the port that the workload feeds. Of a topic, the share `backlog` of it is there before the subject
    first starts. `databases` tells where those of its effects lie that are rows of a query: a SQLAlchemy URL for each
    such channel. After a stop signal an instance has `stop_timeout_s` to end. A field's description ends the sentence
    of a complaint about it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: SkipJsonSchema[str]
    command: Annotated[Filled, AfterValidator(_command)] = Field(description="a command, as in a shell")
    instances: int = Field(default=1, ge=1, description="a whole number of at least 1")
    ready: Annotated[Ready, BeforeValidator(_ready), WithJsonSchema(WRITTEN_READY)] = Field(
        default="group-stable",
        validate_default=True,
        description='"group-stable", { log = "TEXT" } or { http = "URL" }',
    )
    ready_timeout_s: float = Field(default_factory=lambda: READY_TIMEOUT_S, gt=0, description="seconds, above 0")
    env: Mapping[str, Filled] = Field(default={}, description="a text in quotes for each name")
    databases: Mapping[str, Filled] = Field(default={}, description="an address in quotes for each channel")
    input: Annotated[Input, BeforeValidator(_input), WithJsonSchema(WRITTEN_INPUT)] = Field(
        default="topic", validate_default=True, description='"topic", "stdin" or { http = "URL" }'
    )
    backlog: float = Field(default=BACKLOG, ge=0, le=1, description="a share of the input, from 0 to 1")
    stop_timeout_s: float = Field(default=15.0, gt=0, description="seconds, above 0")
    cwd: Placed | None = Field(default=None, description="a directory")

    def changed(self, **fields: Any) -> Self:
        """The same, with other values in these fields. UsageError for a value that a field cannot have."""
        try:
            return type(self).model_validate({**dict(self), **fields})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(key) for key in first["loc"])
            said = complaint(first, type(self), str(first["loc"][0]))
            raise UsageError(f"subject {self.name}: {where}{said}") from error

    def arguments(self, values: Mapping[str, str]) -> list[str]:
        return [placeholders.fill(part, values) for part in shlex.split(self.command)]

    def environment(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: placeholders.fill(value, values) for name, value in self.env.items()}

    @property
    def lockable(self) -> tuple[str, ...]:
        """The channels whose database is SQLite's, whose writers can all be kept out for a while."""
        return tuple(name for name, url in self.databases.items() if re.match(r"sqlite[:+]", url))

    @property
    def renames(self) -> bool:
        """Whether the subject takes a fresh name for its topics and groups, through `{run}`."""
        return self._names("run")

    @property
    def knows_brokers(self) -> bool:
        """Whether the subject is told where the brokers are."""
        return self._names("bootstrap_servers")

    @property
    def needs_registry(self) -> bool:
        """Whether the subject is told where the schema registry is."""
        return self._names("registry_url")

    def _names(self, placeholder: str) -> bool:
        return any(placeholders.names(text, placeholder) for text in (self.command, *self.env.values()))
