"""The end of `verify` and `check`: the verdict is printed, and decides the exit status."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:  # slow to import: by those verbs alone that judge
    from streamproof.checks import Verdict
    from streamproof.history.store import History

EXIT = {"upheld": 0, "violated": 1, "unproven": 3}
STATUSES = "Exit status: 0 upheld, 1 violated, 2 usage or environment, 3 unproven; 130 when a signal ended it."


def finish(verdict: "Verdict", history: "History", directory: Path, *, as_json: bool) -> NoReturn:
    """Say what came of a run, write its report into its `directory`, and exit."""
    from streamproof.report.document import judged_run  # noqa: PLC0415

    tell(verdict, history, directory, None if as_json else Console(highlight=False))
    if as_json:
        print(json.dumps(judged_run(verdict, history).to_json()))
    raise typer.Exit(EXIT[verdict.outcome])


def tell(verdict: "Verdict", history: "History", directory: Path, out: Console | None) -> None:
    """Say on `out`, if there is any, what came of a run, and write its report."""
    from streamproof.report.page import write_page  # noqa: PLC0415
    from streamproof.report.text import explain, print_fitted  # noqa: PLC0415

    if out:  # the verdict first, whatever becomes of the report
        print_fitted(explain(verdict, history, witnesses=directory / "witnesses"), out)
    report = write_page(verdict, history, directory)
    if out:
        out.print(f"        Report  {escape(str(report))}", soft_wrap=True)
