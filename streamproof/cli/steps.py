"""`streamproof steps`: the Gherkin vocabulary."""

import json
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape

from streamproof.cli.flags import Json
from streamproof.report.fitted import print_fitted

EPILOG = "Example:  streamproof steps --json"


def steps(*, as_json: Json = False) -> None:
    """List the Gherkin steps that the pytest plugin brings."""
    from streamproof.pytest.vocabulary import vocabulary  # noqa: PLC0415 - slow to import: it brings pytest

    if as_json:
        print(json.dumps([asdict(step) for step in vocabulary()], ensure_ascii=False))
        return
    console = Console(highlight=False)
    for step in vocabulary():
        for wording in step.wordings:
            print_fitted(f"[bold]{step.keyword} {escape(wording)}[/]", console)
        print_fitted(f"  {escape(step.does)}\n  Example: {escape(step.example)}\n", console)
