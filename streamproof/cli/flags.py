"""How flags are read and described, whichever command has them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from streamproof.cluster import versions
from streamproof.cluster.security import MODES


def given(text: str) -> str:
    """An empty text means nothing: as a path it would be the current directory."""
    if not text:
        raise typer.BadParameter("it is empty; give a value, or leave it out")
    return text


def path_given(text: str) -> Path:
    return Path(given(text))


def new_file_given(text: str) -> Path:
    """A file that will be written: told before a run is spent on it that it has no place."""
    path = path_given(text)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no place for a file {path}; make its directory, or name another file")
    return path


def count_given(text: str | int) -> int:  # a flag's default is parsed too
    """A number of brokers. Other tools of Kafka's have an address after that flag."""
    try:
        return int(text)
    except ValueError as error:
        raise typer.BadParameter(
            f'expected how many, found "{text}"; the address of a cluster goes after --cluster'
        ) from error


TEXT: dict[str, Any] = {"parser": given}
FILE: dict[str, Any] = {"metavar": "FILE", "parser": path_given}
DIR: dict[str, Any] = {"metavar": "DIR", "parser": path_given}
BROKERS = ("--brokers", "--kafka-brokers")  # the second as pytest's, where the first might be another plugin's
VERSIONS = f"Of Apache Kafka: {', '.join(versions())}."

Without = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ANOMALY", **TEXT, help="Give a verdict without it where it cannot be judged; may be repeated."
    ),
]
Security = Annotated[
    str | None,
    typer.Option(
        metavar="MODE",
        **TEXT,
        help=f"Of the listeners that a subject gets, on a cluster that is started: {', '.join(MODES)}.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", metavar="", help="Print one JSON document; progress goes to standard error.")
]
Junit = Annotated[
    Path | None,
    typer.Option(
        "--junit", metavar="FILE", parser=new_file_given, help="Write JUnit's XML there too: a case for each anomaly."
    ),
]
