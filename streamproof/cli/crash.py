"""`streamproof crash`: a fault at each step of a subject's own cycle."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from streamproof.cli.flags import DIR, FILE, TEXT, Json
from streamproof.cli.judged import EXIT, STATUSES, tell
from streamproof.engine.directories import SWEEPS, new_directory
from streamproof.engine.request import Request
from streamproof.faults.sweep import How
from streamproof.report.fitted import print_fitted
from streamproof.report.terminal import Terminal

CONFIG = Path("streamproof.toml")
MARGIN = 10  # of the lines below the map
EPILOG = (
    "Examples:\n\nstreamproof crash\n\nstreamproof crash orders --how kill --only 'steady/*'\n\n"
    f"streamproof crash orders --only 'steady/EndTxn*' --seed 7719 --json\n\n{STATUSES}"
)


def crash(
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", help="Of streamproof.toml; the first if left out.")
    ] = None,
    config: Annotated[Path, typer.Option(**FILE, help="Where subjects are declared.")] = CONFIG,
    how: Annotated[
        list[How] | None,
        typer.Option(
            metavar="HOW",
            help=f"What is done at each step: {', '.join(How)}; may be repeated. Else all that can be done here.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STEP", **TEXT, help="Only steps of that name, such as 'steady/EndTxn*'; may be repeated."
        ),
    ] = None,
    instances: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many instances to run; else as declared, or 1.")
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Repeats the workload; else random.")] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="WHERE", **TEXT, help="embedded, testcontainers, or HOST:PORT of an existing cluster."),
    ] = None,
    directory: Annotated[Path | None, typer.Option(**DIR, help=f"Where the runs are kept: {SWEEPS}/TIME.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="Print the map alone.")] = False,
    as_json: Json = False,
) -> None:
    """Kill a subject at every step of its own protocol, one after the other, and judge what became of its records.

    Its cycle is learnt from what it says to its brokers; nothing of it has to be changed, whatever its language.
    """
    from streamproof.checks import Outcome  # noqa: PLC0415 - slow to import
    from streamproof.engine.events import Judged  # noqa: PLC0415
    from streamproof.engine.sweep import sweep  # noqa: PLC0415
    from streamproof.report.sweep import document_of, map_of, write_map  # noqa: PLC0415

    flags = {"--config": config, "--instances": instances, "--cluster": cluster}
    given = [word for flag, value in flags.items() if value not in {None, CONFIG} for word in (flag, str(value))]
    request = Request(
        subject=subject, config=config, instances=instances, seed=seed, cluster=cluster,
        directory=directory or new_directory(SWEEPS), arguments=(*([subject] if subject else []), *given),
    )  # fmt: skip
    listeners = [] if quiet else [Terminal.on(sys.stderr if as_json else sys.stdout)]
    out = None if quiet or as_json else Console(highlight=False)
    for came in sweep(request, *listeners, hows=how or (), only=only or ()):
        if isinstance(came, Judged):
            shown = None if came.verdict.outcome is Outcome.UNPROVEN else out  # a part may show too little
            tell(came.verdict, came.history, came.spec.directory, shown)
            continue
        document = document_of(came).model_dump_json(indent=2)
        (request.directory / "sweep.json").write_text(document)
        page = write_map(came, request.directory)
        if as_json:
            print(document)
        else:
            console = Console(highlight=False)
            console.print("", map_of(came))
            for text in came.missing if came.outcome is Outcome.UNPROVEN else ():
                print_fitted(Text(f"        Missing: {text}"), console, under=MARGIN)
            console.print(f"        Map  {escape(str(page))}", soft_wrap=True)
        raise typer.Exit(EXIT[came.outcome])
