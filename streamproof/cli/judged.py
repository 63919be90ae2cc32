"""The end of `verify` and `check`: verdicts are printed, and decide the exit status."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from streamproof.report.fitted import print_fitted

if TYPE_CHECKING:  # slow to import: by those verbs alone that judge
    from streamproof.checks import Verdict
    from streamproof.history.store import History

EXIT = {"upheld": 0, "violated": 1, "unproven": 3}
STATUSES = "Exit status: 0 upheld, 1 violated, 2 usage or environment, 3 unproven; 130 when a signal ended it."


WORST = ("violated", "unproven", "upheld")  # first


def tell(verdict: "Verdict", history: "History", directory: Path, out: Console | None, *, brief: bool = False) -> None:
    """Say on `out`, if there is any, what came of a run, and write its report. `brief`: the verdict's line alone."""
    from streamproof.report.page import write_page  # noqa: PLC0415
    from streamproof.report.text import explain, headline  # noqa: PLC0415

    if out:  # the verdict first, whatever becomes of the report
        text = headline(verdict) if brief else explain(verdict, history, witnesses=directory / "witnesses")
        print_fitted(text, out)
    report = write_page(verdict, history, directory)
    if out and not brief:
        out.print(f"        Report  {escape(str(report))}", soft_wrap=True)
        if verdict.outcome == "violated" and (history.record.again or "").startswith("streamproof verify"):
            out.print(f"        Smaller streamproof shrink {escape(shlex.quote(str(directory)))}", soft_wrap=True)


def finish(
    judged: "Sequence[tuple[Verdict, History]]", *, as_json: bool, junit: Path | None, several: bool = False
) -> NoReturn:
    """End with the worst of the verdicts, when the documents that were asked for are there.

    `several`: with a table of the runs, or a list of their documents.
    """
    from streamproof.report.document import judged_run  # noqa: PLC0415
    from streamproof.report.junit import write_junit  # noqa: PLC0415
    from streamproof.report.seeds import table_of  # noqa: PLC0415

    if junit:
        write_junit(junit, judged)
    if as_json:
        documents = [judged_run(verdict, history).to_json() for verdict, history in judged]
        print(json.dumps(documents if several else documents[0]))
    elif several:
        Console(highlight=False).print("", table_of(judged))
    raise typer.Exit(EXIT[min((verdict.outcome for verdict, _ in judged), key=WORST.index)])
