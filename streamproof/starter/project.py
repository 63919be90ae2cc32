"""The first files of a project: `streamproof.toml`, a contract, a test, a feature, a workflow. From a few answers."""

import contextlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from streamproof.contract.model import Contract
from streamproof.errors import UsageError
from streamproof.history.promise import Delivery
from streamproof.serde.locators import Locator
from streamproof.subject import placeholders

TOML = Path("streamproof.toml")
WORKFLOW = Path(".github/workflows/streamproof.yml")
USUAL_ADDRESS = "localhost:9092"  # in a command that was tried by hand
_NAME = re.compile(r"[A-Za-z][\w-]{0,60}")


class Written(BaseModel):
    """What `init` has written: paths, and the variables that stand for what the command does not name."""

    model_config = ConfigDict(frozen=True)

    files: tuple[str, ...]
    assumed: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """What is to be verified, under the name `subject`. The contract's topics and group are those of production.

    `addresses`: bootstrap addresses that the command may hold; in their place comes a placeholder. UsageError for a
    name that files cannot be called by.
    """

    subject: str
    command: str
    contract: Contract
    instances: int = 2
    env: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = (USUAL_ADDRESS,)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.subject):
            raise UsageError(
                f'the subject cannot be called "{self.subject}": files are; use up to 60 letters, digits, - and _, '
                "beginning with a letter"
            )

    @property
    def names(self) -> Mapping[str, str]:
        """The topics and the group, by the usual name of the variable that holds each."""
        outputs = {
            f"OUTPUT_TOPIC{f'_{number}' if number > 1 else ''}": produced.channel.topic
            for number, produced in enumerate(self.contract.produces, 1)
        }
        return {"INPUT_TOPIC": self.contract.input.channel.topic, **outputs, "GROUP_ID": self.contract.group}

    def filled(self, text: str) -> str:
        """A text in which names of topics and of the group end in `{run}`, so that no two runs meet."""
        for address in self.addresses:
            text = _replaced(text, address, "{bootstrap_servers}")
        for name in sorted(set(self.names.values()), key=len, reverse=True):
            text = _replaced(text, name, f"{name}{{run}}")
        return text

    @property
    def assumed(self) -> Mapping[str, str]:
        """Variables for all that neither command nor environment names: how else would the subject know it?"""
        told = [self.filled(text) for text in (self.command, *self.env.values())]
        found = {
            variable: f"{name}{{run}}"
            for variable, name in self.names.items()
            if not any(f"{name}{{run}}" in text for text in told)
        }
        if not any(placeholders.names(text, "bootstrap_servers") for text in told):
            found = {"KAFKA_BOOTSTRAP_SERVERS": "{bootstrap_servers}", **found}
        return found

    def files(self) -> Mapping[Path, str]:
        """The text of each file, by its path from the project's directory."""
        stem = re.sub(r"\W", "_", self.subject)
        contract = Path("contracts") / f"{self.subject}.asyncapi.yaml"
        templates = {
            TOML: "streamproof.toml",
            contract: "contract.yaml",
            Path("tests") / f"test_{stem}.py": "test.py",
            Path("features") / f"{self.subject}.feature": "subject.feature",
            WORKFLOW: "workflow.yml",
        }
        made = environment()
        values = {
            "project": self,
            "contract": self.contract,
            "contract_file": contract.as_posix(),
            "payload": self.contract.input.channel.payload.json_schema or _payload(self.contract.input.identity),
            "sketched": self.contract.input.channel.payload.json_schema is None,
            "stem": stem,
            "times": _TIMES[self.contract.delivery],
        }
        return {path: made.get_template(f"{name}.jinja").render(values) for path, name in templates.items()}


def environment() -> Environment:
    """Jinja, as the templates want it."""
    made = Environment(  # noqa: S701 - none of these files is HTML
        loader=PackageLoader("streamproof.starter", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"quoted": _quoted, "yaml": _yaml}
    return made


_TIMES = {
    Delivery.AT_MOST_ONCE: "at most once",
    Delivery.AT_LEAST_ONCE: "at least once",
    Delivery.EXACTLY_ONCE: "exactly once",
}


def write(files: Mapping[Path, str], directory: Path) -> tuple[Path, ...]:
    """Write all files below `directory`, or none. UsageError, with its name, for a file that is there already."""
    paths = {directory / path: text for path, text in files.items()}
    for path in paths:
        if path.exists():
            raise UsageError(f"{path} is there already, so nothing was written; move it away, or use another directory")
    with contextlib.ExitStack() as undo:
        for path, text in paths.items():
            try:
                missing = [parent for parent in path.parents if not parent.exists()]
                path.parent.mkdir(parents=True, exist_ok=True)
                undo.callback(_remove, missing)
                with path.open("x", encoding="utf-8") as file:
                    undo.callback(path.unlink)
                    file.write(text)
            except OSError as error:
                raise UsageError(f"{error.filename} cannot be made ({error.strerror}); clear the way") from error
        undo.pop_all()
    return tuple(paths)


def _remove(directories: list[Path]) -> None:
    for directory in directories:
        directory.rmdir()


def _replaced(text: str, name: str, by: str) -> str:
    """`text` with `name` replaced where it stands alone: not in a path, in a placeholder, or as a program's module."""
    return re.sub(rf"(?<![\w./{{-])(?<!-m ){re.escape(name)}(?![\w./{{-])", lambda _: by, text)


def _payload(identity: Locator) -> Mapping[str, Any]:
    """The schema of values of which nothing is known but where their id lies."""
    schema: dict[str, Any] = {"type": "string"}
    for step in reversed(identity.path.split("/")[1:] if identity.kind == "json" else []):
        schema = {"type": "object", "properties": {step: schema}, "required": [step]}
    return schema if schema["type"] == "object" else {"type": "object"}


def _quoted(text: object) -> str:
    """A text in quotes, as TOML, YAML and Python read it alike."""
    return json.dumps(str(text), ensure_ascii=False)


def _yaml(value: Any) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 110
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().rstrip()
