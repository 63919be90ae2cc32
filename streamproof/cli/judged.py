"""The end of `verify` and `check`: the verdict is printed, and decides the exit status."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console

if TYPE_CHECKING:  # slow to import: by those verbs alone that judge
    from streamproof.checks import Verdict
    from streamproof.history.store import History

EXIT = {"upheld": 0, "violated": 1, "unproven": 3}
STATUSES = "Exit status: 0 upheld, 1 violated, 2 usage or environment, 3 unproven; 130 after Ctrl-C."


def finish(verdict: "Verdict", history: "History", directory: Path, *, as_json: bool) -> NoReturn:
    """Say what came of a run, write its report into its `directory`, and exit."""
    from streamproof.report.document import judged_run  # noqa: PLC0415
    from streamproof.report.page import write_page  # noqa: PLC0415
    from streamproof.report.text import explain, print_fitted  # noqa: PLC0415

    if not as_json:
        # the verdict first, whatever becomes of the report
        print_fitted(explain(verdict, history, witnesses=directory / "witnesses"), Console(highlight=False))
    report = write_page(verdict, history, directory)
    print(json.dumps(judged_run(verdict, history).to_json()) if as_json else f"        Report  {report}")
    raise typer.Exit(EXIT[verdict.outcome])
