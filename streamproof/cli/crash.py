"""`streamproof crash`: a fault at each step of a subject's own cycle."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from streamproof.cli.flags import DIR, FILE, TEXT, Json, Security
from streamproof.cli.judged import EXIT, STATUSES, tell
from streamproof.engine.directories import SWEEPS, new_directory
from streamproof.engine.request import Request, plan_of, seed_of
from streamproof.errors import UsageError
from streamproof.faults.sweep import How
from streamproof.report.fitted import print_fitted
from streamproof.report.terminal import Terminal

if TYPE_CHECKING:
    from streamproof.engine.sweep import Sweep

ASKED = "asked.json"
CONFIG = Path("streamproof.toml")
MARGIN = 10  # of the lines below the map
EPILOG = (
    "Examples:\n\nstreamproof crash\n\nstreamproof crash orders --how kill --only 'steady/*'\n\n"
    f"streamproof crash orders --only 'steady/EndTxn*' --seed 7719 --json\n\n"
    f"streamproof crash --resume {SWEEPS}/2026-11-28T10-15-02\n\n{STATUSES}"
)


class Asked(BaseModel):
    """What a sweep was asked for, as it lies in its directory, to be resumed. Fields are the flags."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str | None = None
    config: Path = CONFIG
    how: tuple[How, ...] = ()
    only: tuple[str, ...] = ()
    instances: int | None = None
    seed: int | None = None
    cluster: str | None = None
    security: str | None = None

    @classmethod
    def read(cls, directory: Path) -> "Asked":
        """Of the sweep in a directory. UsageError where there is none."""
        try:
            return cls.model_validate_json((directory / ASKED).read_bytes())
        except (OSError, ValidationError) as error:
            raise UsageError(
                f"--resume {directory}: it holds no sweep that was begun by this version; give a directory such as "
                f"{SWEEPS}/…"
            ) from error

    def request(self, directory: Path) -> Request:
        named = ("config", "instances", "cluster", "security")
        flags = {f"--{name}": getattr(self, name) for name in named}
        given = [word for flag, value in flags.items() if value not in {None, CONFIG} for word in (flag, str(value))]
        return Request(
            subject=self.subject, config=self.config, instances=self.instances, seed=self.seed, cluster=self.cluster,
            security=self.security, directory=directory, arguments=(*([self.subject] if self.subject else []), *given),
        )  # fmt: skip


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
    security: Security = None,
    directory: Annotated[Path | None, typer.Option(**DIR, help=f"Where the runs are kept: {SWEEPS}/TIME.")] = None,
    resume: Annotated[
        Path | None,
        typer.Option(**DIR, help="Go on with an interrupted sweep, as it was asked for."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="Print the map alone.")] = False,
    as_json: Json = False,
) -> None:
    """Kill a subject at every step of its own protocol, one after the other, and judge what became of its records.

    Its cycle is learnt from what it says to its brokers; nothing of it has to be changed, whatever its language.
    """
    from streamproof.checks import Outcome  # noqa: PLC0415 - slow to import
    from streamproof.engine.events import Judged  # noqa: PLC0415
    from streamproof.engine.sweep import Sweep, sweep  # noqa: PLC0415

    asked = Asked(
        subject=subject, config=config, how=tuple(how or ()), only=tuple(only or ()), instances=instances, seed=seed,
        cluster=cluster, security=security,
    )  # fmt: skip
    if resume:
        if asked != Asked() or directory:
            raise UsageError("--resume goes with --quiet and --json alone: the sweep is as it was asked for before")
        asked = Asked.read(resume)
    request = asked.request(resume or directory or new_directory(SWEEPS))
    request = replace(request, seed=seed_of(request, plan_of(request)))
    asked = asked.model_copy(update={"seed": request.seed})
    listeners = [] if quiet else [Terminal.on(sys.stderr if as_json else sys.stdout)]
    out = None if quiet or as_json else Console(highlight=False)
    came: Judged | Sweep | None = None
    try:
        for came in sweep(request, *listeners, hows=asked.how, only=asked.only, resumed=resume is not None):
            if isinstance(came, Judged):
                (request.directory / ASKED).write_text(asked.model_dump_json(indent=2))
                shown = None if came.verdict.outcome is Outcome.UNPROVEN else out  # a part may show too little
                tell(came.verdict, came.history, came.spec.directory, shown)
    except KeyboardInterrupt:
        if came:
            print(f"streamproof: to go on: streamproof crash --resume {request.directory}", file=sys.stderr)
        raise
    if isinstance(came, Sweep):
        _finish(came, request.directory, as_json=as_json)


def _finish(came: "Sweep", directory: Path, *, as_json: bool) -> NoReturn:
    """Print the map, and end with what the sweep came to."""
    from streamproof.checks import Outcome  # noqa: PLC0415
    from streamproof.report.sweep import document_of, map_of, write_map  # noqa: PLC0415

    document = document_of(came).model_dump_json(indent=2)
    (directory / "sweep.json").write_text(document)
    page = write_map(came, directory)
    if as_json:
        print(document)
    else:
        console = Console(highlight=False)
        console.print("", map_of(came))
        for text in came.missing if came.outcome is Outcome.UNPROVEN else ():
            print_fitted(Text(f"        Missing: {text}"), console, under=MARGIN)
        console.print(f"        Map  {escape(str(page))}", soft_wrap=True)
    raise typer.Exit(EXIT[came.outcome])
