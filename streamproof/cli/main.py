"""The command. Each verb reads its flags, calls one stage or the whole pipe, and exits with what came of it.

Exit status: 0 upheld, 1 violated, 2 usage or environment, 3 unproven; 130 after Ctrl-C, 141 when nobody reads what it
says any more.
"""

import json
import shlex
import signal
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from streamproof import __version__
from streamproof.cli.flags import DIR, FILE, TEXT, VERSIONS, WHERE, WITHOUT, Brokers, Json, KafkaVersion, path_given
from streamproof.cli.streams import told_streams
from streamproof.cluster import DEFAULT_VERSION, EMBEDDED, STARTED
from streamproof.compat import Level
from streamproof.compat.command import compare, to_json
from streamproof.compat.command import explain as explain_compat
from streamproof.config.file import ClusterConfig
from streamproof.engine.request import Request, kept
from streamproof.engine.request import verify as run_verify
from streamproof.engine.session import Session
from streamproof.errors import OutputError, StreamproofError, UsageError
from streamproof.history.promise import Delivery, Isolation
from streamproof.report.html import counts, generate
from streamproof.report.terminal import Terminal

if TYPE_CHECKING:  # slow to import: by those verbs alone that judge
    from streamproof.checks import Verdict
    from streamproof.history.store import History

INTERRUPTED = 130
UNREAD = 141  # as of a program that SIGPIPE ended
UNUSABLE = 2
EXIT = {"upheld": 0, "violated": 1, "unproven": 3}
RUNS = Path(".streamproof/runs")
LOGS = Path(".streamproof/up")

STATUSES = "Exit status: 0 upheld, 1 violated, 2 usage or environment, 3 unproven; 130 after Ctrl-C."

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # main() tells of them
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Does a Kafka pipeline keep the promises in its contract, when things break?",
    epilog=STATUSES,
)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"streamproof {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command(
    epilog="Example:\n\nstreamproof up --brokers 1 --port 19092\n\n"
    "and, elsewhere:  streamproof verify --cluster 127.0.0.1:19092",
)
def up(
    cluster: Annotated[str, typer.Option(metavar="WHERE", help="embedded or testcontainers.")] = EMBEDDED,
    brokers: Brokers = 3,
    kafka_version: KafkaVersion = DEFAULT_VERSION,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Broker n listens at PORT + n - 1; else where it is free.")
    ] = None,
    registry: Annotated[
        bool, typer.Option("--registry", metavar="", help="Start a schema registry beside it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start a real Kafka cluster on this machine, and keep it until Ctrl-C."""
    if cluster not in STARTED:
        raise UsageError(f'--cluster "{cluster}" cannot be started; give {" or ".join(STARTED)}')
    config = ClusterConfig().overridden(where=cluster, brokers=brokers, version=kafka_version, registry=None)
    terminal = Terminal.on(sys.stderr)
    with kept(LOGS / _now()) as logs, Session(config, logs=logs, listeners=[terminal], port=port) as session:
        running = session.cluster
        url = session.registry.url if registry else None
        if as_json:
            told = {"bootstrap_servers": running.bootstrap_servers, "version": running.version, "logs": str(logs)}
            print(json.dumps(told | ({"registry_url": url} if url else {})), flush=True)
        else:
            print(f"bootstrap.servers={running.bootstrap_servers}", flush=True)
            if url:
                print(f"schema.registry.url={url}", flush=True)
            print(f"Logs are in {logs}. Ctrl-C ends it.", file=sys.stderr)
        _wait_for_interrupt()


def _wait_for_interrupt() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


@app.command(
    epilog="Examples:\n\nstreamproof verify\n\nstreamproof verify orders --seed 7719\n\n"
    "streamproof verify --faults kill-in-flight@instance:1,pause-broker@broker:leader\n\n"
    'streamproof verify --run "python loop.py {bootstrap_servers}" --input-topic a --output-topic b --group g '
    f"--promise at-least-once\n\n{STATUSES}",
)
def verify(
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", help="Of streamproof.toml; the first one if left out.")
    ] = None,
    config: Annotated[Path, typer.Option(**FILE, help="Where subjects are declared.")] = Path("streamproof.toml"),
    run: Annotated[
        str | None,
        typer.Option(
            "--run",
            metavar="COMMAND",
            **WITHOUT,
            help="What to verify; {bootstrap_servers}, {registry_url}, {instance} and {run} are filled in.",
        ),
    ] = None,
    input_topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", **TEXT, **WITHOUT, help="What it consumes.")
    ] = None,
    output_topic: Annotated[
        list[str] | None, typer.Option(metavar="TOPIC", **TEXT, **WITHOUT, help="What it produces to; may be repeated.")
    ] = None,
    group: Annotated[str | None, typer.Option(metavar="GROUP", **TEXT, **WITHOUT, help="Its consumer group.")] = None,
    identity: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            **TEXT,
            **WITHOUT,
            help="Where an event's id lies: header:NAME, json:/POINTER or key; else header:event-id.",
        ),
    ] = None,
    promise: Annotated[
        Delivery | None,
        typer.Option(
            metavar="PROMISE", **WITHOUT, help="at-most-once, at-least-once or, where left out, exactly-once."
        ),
    ] = None,
    ordered: Annotated[
        bool | None,
        typer.Option(metavar="", **WITHOUT, help="Whether it promises order by key; yes, unless the key is the id."),
    ] = None,
    isolation: Annotated[
        Isolation | None,
        typer.Option(
            metavar="LEVEL", **WITHOUT, help="How it reads: read_uncommitted or, where left out, read_committed."
        ),
    ] = None,
    instances: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How many instances to run; else as declared, or 1.")
    ] = None,
    events: Annotated[int, typer.Option(min=1, metavar="N", help="How many events to feed in.")] = 20_000,
    input_file: Annotated[
        Path | None, typer.Option("--input", **FILE, help="Events from a JSON Lines file instead.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Repeats a workload and the default plan of faults; else random.")
    ] = None,
    faults: Annotated[
        str,
        typer.Option(
            metavar="PLAN",
            **TEXT,
            help="default, none, some as KIND@TARGET,KIND@TARGET (docs/faults.md), or the path of a plan.json, whose "
            "seed is the workload's unless --seed is given.",
        ),
    ] = "default",
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            **TEXT,
            **WHERE,
            help="embedded, testcontainers, or HOST:PORT of an existing one; else as in streamproof.toml, or embedded.",
        ),
    ] = None,
    brokers: Annotated[
        int | None,
        typer.Option(
            "--brokers",
            "--kafka-brokers",  # as pytest's, where a plain name might be another plugin's
            metavar="N",
            **WHERE,
            help="Brokers of one that is started, an odd number; else as in streamproof.toml, or 3.",
        ),
    ] = None,
    kafka_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", **WHERE, help=f"{VERSIONS} Else as in streamproof.toml, or {DEFAULT_VERSION}."),
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option(
            metavar="URL", **TEXT, **WHERE, help="An existing schema registry; else one is started where needed."
        ),
    ] = None,
    directory: Annotated[Path | None, typer.Option(**DIR, help=f"Where the run is kept: {RUNS}/TIME.")] = None,
    as_json: Json = False,
) -> None:
    """Run a subject on real Kafka, break things, record what happens, and judge it."""
    request = Request(
        subject=subject, config=config, command=run, input_topic=input_topic, output_topics=tuple(output_topic or ()),
        group=group, identity=identity, promise=promise, ordered=ordered, isolation=isolation,
        instances=instances, events=events, input_file=input_file, seed=seed, faults=faults, cluster=cluster,
        brokers=brokers, kafka_version=kafka_version, registry=registry, directory=directory or RUNS / _now(),
    )  # fmt: skip
    terminal = Terminal.on(sys.stderr if as_json else sys.stdout)
    judged = run_verify(request, terminal)
    verdict, history = judged.verdict, judged.history
    again = ["streamproof", *_without_directory(sys.argv[1:])]
    if seed is None:
        again += ["--seed", str(history.record.seed)]
    _finish(verdict, history, request.directory / "witnesses", as_json=as_json, draws=True, again=shlex.join(again))


def _draw(history: "History") -> Path | None:
    """The run's timeline, beside its history; None without the drawing library."""
    from streamproof.report.timeline import can_draw, timeline  # noqa: PLC0415

    if not can_draw():
        return None
    picture = history.directory.parent / "timeline.png"
    picture.write_bytes(timeline(history))
    return picture


def _without_directory(arguments: list[str]) -> list[str]:
    """A run again is another run, so it is kept elsewhere."""
    pairs = zip(["", *arguments], arguments, strict=False)
    return [one for before, one in pairs if before != "--directory" and one.partition("=")[0] != "--directory"]


@app.command(epilog=f"Example:  streamproof check .streamproof/runs/2026-11-23T10-15-02 --json\n\n{STATUSES}")
def check(
    directory: Annotated[Path, typer.Argument(**DIR, help="A run's directory, or its history.")],
    checks: Annotated[list[Path] | None, typer.Option(**DIR, help="A directory of checks of your own.")] = None,
    as_json: Json = False,
) -> None:
    """Judge a recorded history again."""
    from streamproof.checks import judge, write_witnesses  # noqa: PLC0415
    from streamproof.history.store import History  # noqa: PLC0415

    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory; give that of a run, such as {RUNS}/…")
    history = History.find(directory)
    verdict = judge(history, extra=tuple(checks or ()))
    witnesses = directory / "witnesses"
    write_witnesses(history, verdict, witnesses, extra=tuple(checks or ()))
    _finish(verdict, history, witnesses, as_json=as_json)


@app.command(epilog="Example:  streamproof report allure-results --history allure-history.jsonl")
def report(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", parser=path_given, help="What pytest --alluredir wrote.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", **DIR, help="Where the report goes; one that is there is replaced."),
    ] = Path("allure-report"),
    history: Annotated[
        Path | None, typer.Option(**FILE, help="Keeps outcomes from report to report, and shows them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an HTML report of test results, with Allure's generator (needs Node.js and npm)."""
    made = generate(results, output, history)
    print(json.dumps({"report": str(made), "tests": counts(made)}) if as_json else f"Report {made}")


def _finish(
    verdict: "Verdict",
    history: "History",
    witnesses: Path,
    *,
    as_json: bool,
    draws: bool = False,
    again: str | None = None,
) -> NoReturn:
    from streamproof.report.text import explain  # noqa: PLC0415

    if not as_json:
        # the verdict first: the picture takes a second
        Console(highlight=False, soft_wrap=True).print(explain(verdict, history, witnesses=witnesses, again=again))
    picture = _draw(history) if draws else None
    if as_json:
        kept = {"directory": str(history.directory), **({"timeline": str(picture)} if picture else {})}
        print(json.dumps({**verdict.to_json(), **kept}))
    elif picture:
        print(f"        Timeline {picture}")
    raise typer.Exit(EXIT[verdict.outcome])


@app.command(
    epilog="Examples:\n\nstreamproof compat contracts/schemas/order_event --level FULL_TRANSITIVE\n\n"
    "streamproof compat v4.avsc v3.avsc v2.avsc --level FORWARD_TRANSITIVE\n\n"
    "Exit status: 0 compatible, 1 incompatible, 2 usage or environment.",
)
def compat(
    new: Annotated[
        Path,
        typer.Argument(
            metavar="NEW", parser=path_given, help="A schema; or a directory, a history v1.avsc, v2.avsc, …"
        ),
    ],
    old: Annotated[
        list[Path] | None,
        typer.Argument(metavar="OLD...", parser=path_given, help="The versions before it, the latest of them first."),
    ] = None,
    level: Annotated[str, typer.Option(metavar="LEVEL", help=f"{', '.join(Level)}.")] = Level.BACKWARD,
    schema_type: Annotated[str, typer.Option("--type", metavar="TYPE", help="Of the schemas: AVRO.")] = "AVRO",
    reference: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", **TEXT, help="A schema that they refer to; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Can consumers and producers of different versions of a schema live together?"""
    results = compare(new, old or (), level=level, schema_type=schema_type, references=reference or ())
    if as_json:
        print(json.dumps([to_json(result) for result in results]))
    else:
        Console(highlight=False, soft_wrap=True).print("\n".join(explain_compat(result) for result in results))
    raise typer.Exit(0 if all(result.compatible for result in results) else 1)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends a run as Ctrl-C does: everything that was started is ended too."""
    raise KeyboardInterrupt


def main() -> None:
    """Entry point: errors that a user can mend are one sentence and exit status 2."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        with told_streams():
            status = _status()
    except OutputError as error:
        status = UNREAD if error.unread else UNUSABLE
        if not error.unread:
            print(f"streamproof: {error}", file=sys.stderr)
    sys.exit(status)


def _status() -> int:
    try:
        status: int | None = app(standalone_mode=False)  # what a typer.Exit holds
    except OutputError:
        raise
    except typer.TyperException as error:
        if error.format_message():  # none: it was help that was shown, to a command that needs more words
            print(f"streamproof: {_usage(error)}", file=sys.stderr)
        return UNUSABLE
    except StreamproofError as error:
        print(f"streamproof: {error}", file=sys.stderr)
        return UNUSABLE
    except (Exception, SystemExit):  # noqa: BLE001 - a status of 1 would say "violated"
        traceback.print_exc()
        print("streamproof: this is a fault of Streamproof, not of the subject; please report it", file=sys.stderr)
        return UNUSABLE
    if status == INTERRUPTED:
        print("streamproof: interrupted; everything that it started is ended", file=sys.stderr)
    return status or 0


def _usage(error: typer.TyperException) -> str:
    """What the parser of flags complains of, as a sentence that ends in where to read more."""
    told = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
    context: typer.Context | None = getattr(error, "ctx", None)
    return f"{told[:1].lower()}{told[1:]} (see {context.command_path if context else 'streamproof'} --help)"
