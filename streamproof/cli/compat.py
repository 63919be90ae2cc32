"""`streamproof compat`: schemas compared, without a registry."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streamproof.cli.flags import TEXT, Json, path_given
from streamproof.compat import Level
from streamproof.compat.command import compare, explain, to_json
from streamproof.report.fitted import print_fitted

EPILOG = (
    "Examples:\n\nstreamproof compat contracts/schemas/order_event --level FULL_TRANSITIVE\n\n"
    "streamproof compat v4.avsc v3.avsc v2.avsc --level FORWARD_TRANSITIVE\n\n"
    "Exit status: 0 compatible, 1 incompatible, 2 usage or environment."
)


def compat(
    new: Annotated[
        Path,
        typer.Argument(
            metavar="NEW", parser=path_given, help="A schema; or a directory, a history v1.avsc, v2.avsc, …"
        ),
    ],
    old: Annotated[
        list[Path] | None,
        typer.Argument(metavar="OLD...", parser=path_given, help="The versions before it, the latest of them first."),
    ] = None,
    level: Annotated[str, typer.Option(metavar="LEVEL", help=f"{', '.join(Level)}.")] = Level.BACKWARD,
    schema_type: Annotated[str, typer.Option("--type", metavar="TYPE", help="Of the schemas: AVRO.")] = "AVRO",
    reference: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", **TEXT, help="A schema that they refer to; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Can consumers and producers of different versions of a schema live together?"""
    results = compare(new, old or (), level=level, schema_type=schema_type, references=reference or ())
    if as_json:
        print(json.dumps([to_json(result) for result in results]))
    else:
        print_fitted("\n".join(explain(result) for result in results), Console(highlight=False))
    raise typer.Exit(0 if all(result.compatible for result in results) else 1)
