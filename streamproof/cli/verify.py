"""`streamproof verify`: from flags to a run, and to its verdict."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.text import Text

from streamproof.cli.flags import BROKERS, DIR, FILE, TEXT, VERSIONS, Json, Junit, Security, Without, count_given
from streamproof.cli.judged import STATUSES, finish, tell
from streamproof.cluster import DEFAULT_VERSION
from streamproof.engine.directories import RUNS, new_directory
from streamproof.engine.events import Listener
from streamproof.engine.failing import failing_seeds, note_outcome
from streamproof.engine.request import Request, verify_each
from streamproof.errors import UsageError
from streamproof.history.promise import Delivery, Isolation
from streamproof.report.fitted import print_fitted
from streamproof.report.terminal import Terminal
from streamproof.workload.events import MOST_EVENTS

SILENT = ("--dry-run", "--quiet", "-q", "--verbose", "-v")  # of how a run is told, not of the run
EPILOG = (
    "Examples:\n\nstreamproof verify\n\nstreamproof verify --dry-run\n\nstreamproof verify orders --seed 7719\n\n"
    "streamproof verify --seeds 5 --quiet --junit streamproof.xml\n\n"
    "streamproof verify --faults kill-in-flight@instance:1,pause-broker@broker:leader\n\n"
    'streamproof verify --run "python loop.py {bootstrap_servers}" --input-topic a --output-topic b --group g '
    f"--promise at-least-once\n\n{STATUSES}"
)


def _without(metavar: str, text: str, **more: Any) -> Any:
    """An option in place of an entry of streamproof.toml."""
    return typer.Option(metavar=metavar, help=text, rich_help_panel="Without streamproof.toml", **more)


class Proxied(StrEnum):
    ON = "on"
    OFF = "off"


def _where(metavar: str, text: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, metavar=metavar, help=text, rich_help_panel="Where Kafka runs", **more)


def verify(
    context: typer.Context,
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", help="Of streamproof.toml; the first if left out.")
    ] = None,
    config: Annotated[Path, typer.Option(**FILE, help="Where subjects are declared.")] = Path("streamproof.toml"),
    run: Annotated[
        str | None,
        _without("COMMAND", "What to verify; {bootstrap_servers}, {registry_url}, {instance} and {run} are filled in."),
    ] = None,
    input_topic: Annotated[str | None, _without("TOPIC", "What it consumes.", **TEXT)] = None,
    output_topic: Annotated[
        list[str] | None, _without("TOPIC", "What it produces to; may be repeated.", **TEXT)
    ] = None,
    group: Annotated[str | None, _without("GROUP", "Its consumer group.", **TEXT)] = None,
    identity: Annotated[
        str | None,
        _without("WHERE", "Where an event's id lies: header:NAME, json:/POINTER or key; else header:event-id.", **TEXT),
    ] = None,
    promise: Annotated[
        Delivery | None, _without("PROMISE", "at-most-once, at-least-once or, where left out, exactly-once.")
    ] = None,
    ordered: Annotated[
        bool | None, _without("", "Whether it promises order by key; yes, unless the key is the id.")
    ] = None,
    isolation: Annotated[
        Isolation | None, _without("LEVEL", "How it reads: read_uncommitted or, where left out, read_committed.")
    ] = None,
    through: Annotated[
        list[str] | None,
        _without("TOPIC", "A topic of its own that its inputs go through; may be repeated.", **TEXT),
    ] = None,
    instances: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many instances to run; else as declared, or 1.")
    ] = None,
    events: Annotated[
        int, typer.Option(min=1, metavar="N", help=f"How many events to feed in, up to {MOST_EVENTS:,}.")
    ] = 20_000,
    input_file: Annotated[
        Path | None, typer.Option("--input", **FILE, help="Events from a JSON Lines file instead.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Repeats a workload and its default or random plan; else that of the last violated run, or any.",
        ),
    ] = None,
    faults: Annotated[
        str,
        typer.Option(
            metavar="PLAN",
            **TEXT,
            help="default, random, none, some as KIND@TARGET,KIND@TARGET (docs/faults.md), or the path of a plan.json, "
            "whose seed is the workload's unless --seed is given.",
        ),
    ] = "default",
    cluster: Annotated[
        str | None,
        _where(
            "WHERE",
            "embedded, testcontainers, or HOST:PORT of an existing cluster; else as in streamproof.toml, or embedded.",
            **TEXT,
        ),
    ] = None,
    brokers: Annotated[
        int | None,
        _where(
            "N",
            "Brokers of a cluster that is started, an odd number; else as in streamproof.toml, or 3.",
            *BROKERS,
            parser=count_given,
        ),
    ] = None,
    kafka_version: Annotated[
        str | None, _where("VERSION", f"{VERSIONS} Else as in streamproof.toml, or {DEFAULT_VERSION}.")
    ] = None,
    registry: Annotated[
        str | None, _where("URL", "An existing schema registry; else it is started where needed.", **TEXT)
    ] = None,
    security: Security = None,
    proxy: Annotated[
        Proxied | None, _where("on|off", "Whether the subject goes through a proxy, which sees each request; on.")
    ] = None,
    without: Without = None,
    directory: Annotated[Path | None, typer.Option(**DIR, help=f"Where the run is kept: {RUNS}/TIME.")] = None,
    dry: Annotated[
        bool,
        typer.Option(
            "--dry-run", metavar="", help="Start nothing: check what can be checked, and say what would be done."
        ),
    ] = False,
    seeds: Annotated[
        int,
        typer.Option(min=1, metavar="N", help="Run it with so many seeds in turn, on one cluster; a table follows."),
    ] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="Print the verdict's line alone.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", metavar="", help="Print every event with its time (UTC).")
    ] = False,
    junit: Junit = None,
    as_json: Json = False,
) -> Request | None:
    """Run a subject on real Kafka, break things, record what happens, and judge it."""
    request = Request(
        subject=subject, config=config, command=run, input_topic=input_topic, output_topics=tuple(output_topic or ()),
        group=group, identity=identity, promise=promise, ordered=ordered, isolation=isolation,
        through=tuple(through or ()),
        instances=instances, events=events, input_file=input_file, seed=seed, faults=faults, cluster=cluster,
        brokers=brokers, kafka_version=kafka_version, registry=registry, security=security,
        proxy=None if proxy is None else proxy is Proxied.ON,
        directory=directory or new_directory(RUNS),
        without=tuple(without or ()),
        arguments=repeated(sys.argv[1:], {"--seed", "--seeds"} if seeds > 1 else {"--seeds"}), seeds=seeds,
        failing=failing_seeds(),
    )  # fmt: skip
    if context.obj is Request:
        return request
    if quiet and verbose:
        raise UsageError("--quiet and --verbose say opposite things; give one of them")
    if dry:
        from streamproof.engine.dry_run import dry_run  # noqa: PLC0415 - slow to import
        from streamproof.report.dry_run import UNDER, explain_dry_run  # noqa: PLC0415

        foreseen = dry_run(request)
        if as_json:
            print(json.dumps(foreseen.model_dump(mode="json")))
        else:
            print_fitted(Text(explain_dry_run(foreseen)), Console(highlight=False), under=UNDER)
        return None
    out = None if as_json else Console(highlight=False)
    runs = []
    for judged in verify_each(request, *_listeners(sys.stderr if as_json else sys.stdout, quiet, verbose)):
        tell(judged.verdict, judged.history, judged.spec.directory, out, brief=quiet)
        runs.append((judged.verdict, judged.history))
        if faults == "default":
            note_outcome(run or judged.spec.subject.name, judged.spec.seed, judged.verdict.outcome)
    return finish(runs, as_json=as_json, junit=junit, several=seeds > 1)


def _listeners(file: TextIO, quiet: bool, verbose: bool) -> list[Listener]:
    if quiet:
        return []
    if not verbose:
        return [Terminal.on(file)]
    from streamproof.report.event_log import EventLog  # noqa: PLC0415 - slow to import

    console = Console(
        file=file, highlight=False, soft_wrap=True, force_interactive=False
    )  # a spinner would be in the way
    return [EventLog(console), Terminal(console)]


def request_of(arguments: Sequence[str]) -> Request:
    """What `streamproof ARGUMENTS` asks for, of which the first is `verify`; nothing is carried out."""
    app = typer.Typer(add_completion=False)
    app.command()(verify)
    command = typer.main.get_command(app)
    with command.make_context("streamproof verify", list(arguments[1:]), obj=Request) as context:
        request: Request = command.invoke(context)
    return replace(request, arguments=tuple(arguments))


def repeated(arguments: Sequence[str], valued: set[str]) -> tuple[str, ...]:
    """The words that ask for the same run again, kept elsewhere and carried out. `valued`: flags to be left out too."""
    valued = {*valued, "--directory", "--junit"}
    pairs = zip(["", *arguments], arguments, strict=False)
    return tuple(
        word for before, word in pairs if before not in valued and word.partition("=")[0] not in {*valued, *SILENT}
    )
