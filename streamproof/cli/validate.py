"""`streamproof validate`: configuration, contracts and plans are checked, and nothing is started."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from streamproof.cli.flags import FILE, TEXT, Json
from streamproof.engine.directories import RUNS, new_directory
from streamproof.history.promise import promise_in_words

EPILOG = (
    "Examples:\n\nstreamproof validate\n\nstreamproof validate orders --faults plan.json --json\n\n"
    "Exit status: 0 all is right, 2 something is wrong."
)


def validate(
    subject: Annotated[str | None, typer.Argument(metavar="SUBJECT", help="Of streamproof.toml; else all.")] = None,
    config: Annotated[Path, typer.Option(**FILE, help="Where subjects are declared.")] = Path("streamproof.toml"),
    faults: Annotated[
        str, typer.Option(metavar="PLAN", **TEXT, help="A plan to check too, as verify takes it.")
    ] = "default",
    as_json: Json = False,
) -> None:
    """Check streamproof.toml, each contract and a plan of faults, as far as no broker is needed for it."""
    from streamproof.engine.validation import validate as checked  # noqa: PLC0415 - slow to import

    found = checked(config, subject=subject, faults=faults, directory=new_directory(RUNS))
    if as_json:
        print(found.model_dump_json())
    else:
        out = Console(highlight=False, soft_wrap=True)
        for error in dict.fromkeys(each.error for each in found.subjects if each.error):  # a contract's, once
            print(f"streamproof: {error}", file=sys.stderr)
        for each in found.subjects:
            if each.promise is not None:
                promise = promise_in_words(each.promise.delivery, ordered=each.promise.ordered)
                out.print(f"[green]✔[/] {escape(f'{each.subject}: {promise} · {each.contract}')}")
                for hint in each.hints:
                    out.print(f"[yellow]?[/] {escape(f'{each.subject}: {hint}')}")
    raise typer.Exit(0 if found.valid else 2)
