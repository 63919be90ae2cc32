"""Reads streamproof.toml into frozen values: which subjects there are, and on which cluster they run.

Paths are taken from the file's own directory. Placeholders stay as they are until a subject is started.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema, WithJsonSchema

from streamproof.cluster import STARTED, versions
from streamproof.cluster.security import Mode, check_security
from streamproof.complaints import complaint
from streamproof.errors import UsageError, did_you_mean, unreadable
from streamproof.subject.spec import Placed, SubjectSpec
from streamproof.syntax import MalformedError, read_toml

FILE = "streamproof.toml"
_NAME = re.compile(r"[\w.-]{1,100}")


def _odd(number: int) -> int:
    if number % 2 == 0:
        raise ValueError(f"expected an odd number, so that there is a majority, found {number}")
    return number


def _place(where: str) -> str:
    if where and ":" not in where and where not in STARTED:
        hint = did_you_mean(where, STARTED)
        raise ValueError(f'expected embedded, testcontainers or HOST:PORT, found "{where}"{hint}')
    return where


def _version(version: str | None) -> str | None:
    if version is not None and version not in versions():
        raise ValueError(f"expected one of {', '.join(versions())}, found {version}")
    return version


def _url(registry: str | None) -> str | None:
    if registry and not re.match("https?://.", registry):
        raise ValueError(f'expected a URL such as "http://127.0.0.1:8081", found "{registry}"')
    return registry


class _Table(BaseModel):
    """A field's description says what is expected of it: it ends the sentence of a complaint."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ClusterConfig(_Table):
    """`[cluster]`: where Kafka runs, and the size and version of a cluster that is started.

    `registry`: the URL of a schema registry; with None (true in the file), a run that needs a registry has it started.
    `proxy`: a subject's connections go through a proxy, which sees each request.
    """

    brokers: Annotated[int, AfterValidator(_odd)] = Field(default=3, ge=1, description="a whole number of at least 1")
    version: Annotated[str | None, AfterValidator(_version)] = Field(
        default=None, pattern=r"^\d+\.\d+\.\d+$", description='a version such as "4.3.1"'
    )
    where: Annotated[str, AfterValidator(_place)] = Field(
        default="embedded",
        min_length=1,
        description='"embedded", "testcontainers", or "HOST:PORT,…" of an existing cluster',
    )
    registry: Annotated[
        str | None,
        BeforeValidator(lambda given: None if given is True else given),
        AfterValidator(_url),
        WithJsonSchema({"anyOf": [{"const": True}, {"type": "string", "minLength": 1}]}),
    ] = Field(
        default=None, min_length=1, description='true, or the URL of a schema registry, such as "http://127.0.0.1:8081"'
    )

    security: Mode | None = Field(
        default=None, description='"tls", "mtls" or "scram": how a subject comes in to a cluster that is started'
    )
    proxy: bool = Field(default=True, description="true or false")

    def overridden(
        self,
        *,
        where: str | None = None,
        brokers: int | None = None,
        version: str | None = None,
        registry: str | None = None,
        security: str | None = None,
        proxy: bool | None = None,
    ) -> Self:
        """The same, with flags in place of the file's values. UsageError for the size of a cluster that exists."""
        size = {"brokers": brokers, "version": version, "security": security and check_security(security)}
        flags = {"where": where, "registry": registry, "proxy": proxy, **size}
        if registry is not None:
            try:
                _url(registry)
            except ValueError as error:
                raise UsageError(f"--registry: {error}") from error
        chosen = self.model_copy(update={name: value for name, value in flags.items() if value is not None})
        if ":" in chosen.where and any(value is not None for value in size.values()):
            raise UsageError(
                f"the cluster at {chosen.where} is there already: a number of brokers, a version and security are for "
                "a cluster that is started; leave them out"
            )
        return chosen


class DeclaredSubject(SubjectSpec):
    """`[subject.NAME]`: what is run, and the contract that says what it promises."""

    contract: Placed = Field(description="the path of an AsyncAPI 3 document")
    operation: str | None = Field(default=None, min_length=1, description="the name of an operation of the contract")


class Config(_Table):
    """All of streamproof.toml. `checks`: a directory of checks of the project's own, by which every run is judged.

    `without`: anomalies that verdicts do without where they cannot be judged.
    """

    path: SkipJsonSchema[Path]
    subjects: Mapping[str, DeclaredSubject] = Field(default={}, alias="subject", description="a table, [subject.NAME]")
    cluster: ClusterConfig = Field(default_factory=ClusterConfig, description="a table, [cluster]")
    checks: Placed | None = Field(default=None, description="a directory")
    without: tuple[str, ...] = Field(default=(), strict=False, description='names of anomalies, such as ["torn"]')

    def subject(self, name: str | None = None) -> DeclaredSubject:
        """The subject `name`, or the first that is declared; UsageError when there is none."""
        if name is None:
            if not self.subjects:
                raise UsageError(f"{self.path}: no subject is declared; add a table [subject.NAME]")
            return next(iter(self.subjects.values()))
        if name not in self.subjects:
            declared = ", ".join(self.subjects) or "none"
            raise UsageError(
                f'{self.path}: subject "{name}" is not declared'
                f"{did_you_mean(name, self.subjects) or f'; declared: {declared}'}"
            )
        return self.subjects[name]


def read_config(path: Path = Path(FILE)) -> Config:
    """The configuration in `path`; UsageError with file, line and path of the first thing that is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} is not there; `streamproof init` writes it; or name another file, or give the subject by --run"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({unreadable(error)}); name a file such as {FILE}") from error
    try:
        tables = read_toml(text)
    except MalformedError as error:
        raise UsageError(f"{path}:{error.place}: {error}") from error
    try:
        config = Config.model_validate({**_placed(tables, path.parent), "path": path})
    except ValidationError as error:
        raise UsageError(_sentence(path, text, error)) from error
    for name in config.subjects:
        if "name" in tables["subject"][name]:
            line = line_of(text, ["subject", name, "name"])
            raise UsageError(f"{path}:{line}: subject.{name}.name is not known: the table's key is the name")
        if not _NAME.fullmatch(name):
            line = line_of(text, ["subject", name])
            raise UsageError(
                f'{path}:{line}: subject "{name}" cannot have that name: files are called by it; '
                "use up to 100 letters, digits, -, _ and ."
            )
    return config


def _placed(tables: dict[str, Any], directory: Path) -> dict[str, Any]:
    """The tables with each subject's name in it, and paths from the file's own directory."""

    def under(table: dict[str, Any], *names: str) -> dict[str, Any]:
        return {
            key: directory / value if key in names and isinstance(value, str) and value else value
            for key, value in table.items()
        }

    subjects = tables.get("subject")
    if isinstance(subjects, dict):
        placed = {
            name: {"cwd": directory, **under(table, "contract", "cwd"), "name": name}
            if isinstance(table, dict)
            else table
            for name, table in subjects.items()
        }
        tables = {**tables, "subject": placed}
    return under(tables, "checks")


def _sentence(path: Path, text: str, error: ValidationError) -> str:
    """The first complaint: file, line, path, and what is expected there."""
    # a key that is not known tells of the key that is missing
    first = min(error.errors(include_url=False), key=lambda found: found["type"] != "extra_forbidden")
    keys = [str(key) for key in first["loc"]]
    model, name = _field(keys)
    where = f"{path}:{line_of(text, keys)}: {'.'.join(keys)}"
    return where + complaint(first, model, name, hidden=("path", "name"))


def _field(keys: list[str]) -> tuple[type[BaseModel], str]:
    """The table that the last key stands in, and the key that its complaint is about."""
    if keys[0] == "subject" and keys[2:]:
        return DeclaredSubject, keys[2]
    if keys[0] == "cluster" and keys[1:]:
        return ClusterConfig, keys[1]
    return Config, keys[0]


def line_of(text: str, keys: list[str]) -> int:
    """The line (from 1) of the key at `keys`, or of the innermost table or key on the way to it."""
    best, found, table = 0, 1, []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            table = here = _path(line.strip())
        elif "=" in line:
            here = [*table, *_path(f"{line.partition('=')[0]}= 0")]
        else:
            continue
        if len(here) > best and here == keys[: len(here)]:
            best, found = len(here), number
    return found


def _path(line: str) -> list[str]:
    """The keys of a table's header or of a dotted key, read by the parser itself."""
    try:
        value: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:  # the inside of a text over several lines
        return []
    path = []
    while isinstance(value, dict) and value:
        key, value = next(iter(value.items()))
        path.append(key)
    return path
