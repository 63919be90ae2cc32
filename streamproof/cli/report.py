"""`streamproof report`: test results as HTML."""

import json
from pathlib import Path
from typing import Annotated

import typer

from streamproof.cli.flags import DIR, FILE, Json, path_given
from streamproof.report.html import counts, generate

EPILOG = "Example:  streamproof report allure-results --history allure-history.jsonl"


def report(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", parser=path_given, help="What pytest --alluredir wrote.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", **DIR, help="Where the report goes; a report that is there is replaced.")
    ] = Path("allure-report"),
    history: Annotated[
        Path | None, typer.Option(**FILE, help="Keeps outcomes from report to report, and shows them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an HTML report of test results, with Allure's generator (needs Node.js and npm)."""
    made = generate(results, output, history)
    print(json.dumps({"report": str(made), "tests": counts(made)}) if as_json else f"Report {made}")
