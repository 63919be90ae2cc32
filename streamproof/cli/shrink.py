"""`streamproof shrink`: a violated run is made as small as it gets, and becomes a test."""

import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from streamproof.cli.flags import DIR, TEXT, Json
from streamproof.cli.judged import EXIT
from streamproof.cli.verify import repeated, request_of
from streamproof.engine.directories import RUNS, SHRUNK, kept, new_directory
from streamproof.errors import UsageError
from streamproof.report.fitted import print_fitted
from streamproof.starter.shrunk import Form

if TYPE_CHECKING:  # slow to import
    from streamproof.engine.shrink import Shrinking
    from streamproof.report.shrunk import ShrunkFiles

EPILOG = (
    f"Examples:\n\nstreamproof shrink {RUNS}/2026-11-23T10-15-02\n\n"
    f"streamproof shrink {RUNS}/2026-11-23T10-15-02 --as gherkin --within 30m --runs 5\n\n"
    "Exit status: 0 the smallest run is written, 2 usage or environment, 3 the run was not violated again; 130 when a "
    "signal ended it, and the smallest run so far is written."
)
UNITS = {"s": 1, "m": 60, "h": 3600}
SIZED = {"--seed", "--seeds", "--faults", "--events", "--input", "--instances"}


def time_given(text: str) -> float:
    """Seconds."""
    if found := re.fullmatch(r"(\d+)([smh])", text):
        return int(found[1]) * UNITS[found[2]]
    raise typer.BadParameter(f'expected a time such as 90s, 10m or 1h, found "{text}"')


def shrink(
    run: Annotated[Path, typer.Argument(**DIR, help="The directory of a violated run of `verify`.")],
    form: Annotated[
        Form, typer.Option("--as", metavar="FORM", help="What the test is written for: pytest or gherkin.")
    ] = Form.PYTEST,
    anomaly: Annotated[
        str | None, typer.Option(metavar="ANOMALY", **TEXT, help="What must be seen again; else what it tells first.")
    ] = None,
    runs: Annotated[
        int, typer.Option(min=1, metavar="N", help="A smaller run is tried so often, until it is violated.")
    ] = 3,
    within: Annotated[str, typer.Option(metavar="TIME", help="No run begins later: 90s, 10m, 1h.")] = "10m",
    directory: Annotated[
        Path | None, typer.Option(**DIR, help=f"Where the test and the smallest run are kept: {SHRUNK}/TIME.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a violated run smaller (its faults, events, instances), and write what is left as a test."""
    from streamproof.engine.shrink import Shrinking, ViolatedRun  # noqa: PLC0415 - slow to import
    from streamproof.history.store import History  # noqa: PLC0415
    from streamproof.report.shrinking import ShrinkTerminal  # noqa: PLC0415
    from streamproof.report.shrunk import ShrunkFiles  # noqa: PLC0415

    within_s = time_given(within)
    if not run.is_dir():
        raise UsageError(f"{run} is not a directory; give that of a violated run, such as {RUNS}/…")
    history = History.find(run)
    words = _verified(run, history.record.again or "", history.record.subject)
    request = replace(request_of(words), arguments=repeated(words, SIZED))
    violated = ViolatedRun.read(history, request, anomaly)
    out = Console(file=sys.stderr if as_json else sys.stdout, highlight=False, soft_wrap=True)
    print_fitted(
        Text(f"streamproof shrink · subject {history.record.subject} · {violated.finding.anomaly} is to be seen again"),
        out,
    )
    terminal = ShrinkTerminal(out)
    with kept(directory or new_directory(SHRUNK)) as logs:
        files = ShrunkFiles(violated, logs.parent, form)
        search = Shrinking(
            violated, logs.parent, runs=runs, within_s=within_s, again=files.again, keep=files.keep,
            listeners=[terminal],
        )  # fmt: skip
        try:
            search.search()
        finally:
            terminal.close()
            if not as_json or search.best is None:
                _tell(search, files, out)
    if search.best is None:
        raise typer.Exit(EXIT["unproven"])
    if as_json:
        print(files.document(search.best, in_time=search.in_time).model_dump_json())


def _verified(run: Path, again: str, subject: str) -> list[str]:
    """The words after `streamproof` of the command that made the run; UsageError if that was not `verify`."""
    command, *words = shlex.split(again) or [""]
    if command == "streamproof" and words[:1] == ["verify"]:
        return words
    made = f"was made by {again}" if again else "was made by no command"
    raise UsageError(
        f"{run} {made}, and only a run of streamproof verify can be made smaller; its plan is run by "
        f"streamproof verify {subject} --faults {run}/plan.json"
    )


def _tell(search: "Shrinking", files: "ShrunkFiles", out: Console) -> None:
    best = search.best
    if best is None:
        print_fitted(Text("It was not violated again, so there is nothing to make smaller."), out)
        return
    found = files.document(best, in_time=search.in_time)
    up = "" if search.in_time else "; the time was up, so smaller runs may show it too"
    lines = [
        f"SHRUNK  {found.anomaly} · {best.candidate} · violated in {best.rate} runs{up}",
        *(f"        Fault   {fault}" for fault in found.after.faults),
        f"        Test    {found.test or f'none: {found.untestable}'}",
        f"        Plan    {found.plan}",
        f"        Report  {found.report}",
        f"        Again   {found.again}",
    ]
    print_fitted(Text("\n".join(lines)), out)
