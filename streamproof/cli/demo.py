"""`streamproof demo`: a pipeline with the usual error is caught, mended, and upheld."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from streamproof.cli.flags import DIR, Json
from streamproof.cli.judged import EXIT, tell
from streamproof.config.file import read_config
from streamproof.report.fitted import print_fitted
from streamproof.report.terminal import Terminal

EPILOG = (
    "Example:  streamproof demo\n\n"
    "Exit status: 0 caught, and upheld once mended; 2 usage or environment; 3 another verdict; 130 after Ctrl-C."
)
RECORDS, SEED, DEATHS = 2_400, 7719, (1, 2, 1)


def demo(
    directory: Annotated[
        Path, typer.Option(**DIR, help="Where the pipeline is written: yours to keep, to look at and to change.")
    ] = Path("streamproof-demo"),
    as_json: Json = False,
) -> None:
    """Catch the usual error of a pipeline, mend it, and see the promise upheld: a minute, on this machine alone."""
    from rich.syntax import Syntax  # noqa: PLC0415 - slow to import

    from streamproof.checks import Outcome  # noqa: PLC0415
    from streamproof.engine.request import declared_spec  # noqa: PLC0415
    from streamproof.engine.session import Session  # noqa: PLC0415
    from streamproof.faults import Fault, Instance, Kill, Plan, Progress  # noqa: PLC0415
    from streamproof.report.document import Demonstrated, judged_run  # noqa: PLC0415
    from streamproof.starter.demonstration import AFTER, BEFORE, WHY, mend, project  # noqa: PLC0415
    from streamproof.starter.project import write  # noqa: PLC0415

    out = Console(file=sys.stderr if as_json else sys.stdout, highlight=False, soft_wrap=True)
    write(project(), directory)
    config = read_config(directory / "streamproof.toml")
    plan = Plan(tuple(Fault(Kill(), Instance(number), Progress(0.25 * n)) for n, number in enumerate(DEATHS, 1)))
    runs = []
    with Session(config.cluster, logs=directory / "logs", listeners=[Terminal(out)]) as session:
        for name, expected in ((BEFORE, Outcome.VIOLATED), (AFTER, Outcome.UPHELD)):
            spec = declared_spec(
                config, name, records=RECORDS, seed=SEED, directory=directory / "runs" / name, suffix=f"-{name}"
            )
            if name == AFTER:
                print_fitted(f"\n{escape(WHY)}\n", out)
                out.print(Syntax("\n".join(mend()), "diff", theme="ansi_dark", background_color="default"))
                out.print()
            else:
                out.print(f"{directory}/{name}.py forwards orders; {escape(spec.contract.delivery)} is its promise.\n")
            judged = session.verify(spec, plan)
            tell(judged.verdict, judged.history, spec.directory, out)
            runs.append(judged_run(judged.verdict, judged.history))
            if judged.verdict.outcome is not expected:
                out.print(f"\nIt was to be {expected}; a machine under load may show too little. Try again.")
                raise typer.Exit(EXIT["unproven"])
    if as_json:
        print(Demonstrated(before=runs[0], after=runs[1], mend=tuple(mend())).model_dump_json())
    else:
        out.print(
            f"\n{directory} is yours: change {AFTER}.py, and see what becomes of its promise by\n"
            f"  cd {directory} && streamproof verify {AFTER}\nYour own pipeline:  streamproof init"
        )
