"""`streamproof init`: the first files of a project, from flags, from questions, or from a look at a running cluster."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from streamproof.cli.flags import TEXT, Json, given
from streamproof.cli.questions import ask, is_terminal, one_of
from streamproof.complaints import complaint
from streamproof.contract.flags import contract_from_flags
from streamproof.contract.model import Channel, Contract, Payload
from streamproof.errors import UsageError
from streamproof.history.promise import Delivery
from streamproof.report.fitted import print_fitted
from streamproof.subject import SubjectSpec

if TYPE_CHECKING:
    from streamproof.starter.look import Guess, Seen
    from streamproof.starter.project import Project

EPILOG = (
    "Examples:\n\nstreamproof init\n\nstreamproof init orders --cluster localhost:9092\n\n"
    'streamproof init orders --run "python forward.py localhost:9092 movers orders orders-processed" '
    "--input-topic orders --output-topic orders-processed --group movers --promise at-least-once\n\n"
    "Exit status: 0 written, 2 usage or environment; 130 after Ctrl-C."
)
USUAL_IDENTITY = "header:event-id"


def init(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", parser=given, help="What to call it.")] = "pipeline",
    run: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            **TEXT,
            help="What starts an instance, as you type it. Its cluster, topics and group become those of each run.",
        ),
    ] = None,
    input_topic: Annotated[str | None, typer.Option(metavar="TOPIC", **TEXT, help="What it consumes.")] = None,
    output_topic: Annotated[
        list[str] | None, typer.Option(metavar="TOPIC", **TEXT, help="What it produces to; may be repeated.")
    ] = None,
    group: Annotated[str | None, typer.Option(metavar="GROUP", **TEXT, help="Its consumer group.")] = None,
    identity: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            **TEXT,
            help="Where an event's id lies, in an input and in what it causes: header:NAME, json:/POINTER or key; "
            f"else where a look finds it, or {USUAL_IDENTITY}.",
        ),
    ] = None,
    promise: Annotated[
        Delivery | None,
        typer.Option(metavar="PROMISE", help="at-most-once, at-least-once or, where left out, exactly-once."),
    ] = None,
    ordered: Annotated[
        bool | None, typer.Option(metavar="", help="Whether it promises order by key; yes, unless the key is the id.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", **TEXT, help="Of its environment; may be repeated.")
    ] = None,
    instances: Annotated[int, typer.Option(min=1, metavar="N", help="How many instances to run.")] = 2,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            **TEXT,
            help="A running cluster to look at: its topics and groups are offered, and their last records say where "
            "ids may lie and what values look like. Nothing is written there.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the first files of a project: streamproof.toml, a contract, a test, a feature and a CI workflow.

    At a terminal it asks for what no flag says.
    """
    from streamproof.starter.look import Guess, Seen, guess, look  # noqa: PLC0415 - slow to import
    from streamproof.starter.project import USUAL_ADDRESS, Project, Written, write  # noqa: PLC0415

    if not is_terminal():
        needed = {"--run": run, "--input-topic": input_topic, "--output-topic": output_topic, "--group": group}
        if missing := [flag for flag, value in needed.items() if not value]:
            raise UsageError(f"init needs {' and '.join(missing)} too, for without a terminal nobody can be asked")
    variables = dict(map(_variable, env or ()))
    seen = look(cluster) if cluster else Seen({}, ())
    is_topic = one_of([*seen.topics], "topic")
    command = _command(run) if run else ask("The command that starts an instance", check=_command)
    source = is_topic(input_topic) if input_topic else ask("The topic that it consumes", [*seen.topics], check=is_topic)
    left = [topic for topic in seen.topics if topic != source]
    targets = [is_topic(topic) for topic in output_topic or ()] or [
        ask("The topic that it produces to", left, check=is_topic)
    ]
    group = group or ask("Its consumer group", seen.groups, check=str)
    found = guess(cluster, source, targets) if cluster else Guess((), None)
    if identity is None:
        likely = [str(locator) for locator in found.identities] or [USUAL_IDENTITY]
        question = "Where an event's id lies: header:NAME, json:/POINTER or key"
        identity = ask(question, likely, default=likely[0], check=str) if is_terminal() else likely[0]
    if promise is None and is_terminal():
        kinds = [*Delivery]
        promise = Delivery(
            ask("What it promises", kinds, default=Delivery.EXACTLY_ONCE, check=one_of(kinds, "the promise"))
        )
    contract = contract_from_flags(
        input_topic=source,
        output_topics=targets,
        group=group,
        identity=identity,
        promise=promise or Delivery.EXACTLY_ONCE,
        ordered=identity != "key" if ordered is None else ordered,
    )
    project = Project(
        subject=subject,
        command=command,
        contract=_as_seen(contract, seen, found),
        instances=instances,
        env=variables,
        addresses=(*([cluster] if cluster else ()), USUAL_ADDRESS),
    )
    written = [str(path) for path in write(project.files(), Path())]
    if as_json:
        print(Written(files=tuple(written), assumed=tuple(project.assumed)).model_dump_json())
    else:
        print_fitted("\n".join(_told(project, written)), Console(highlight=False))


def _command(text: str) -> str:
    try:
        return SubjectSpec(name="command", command=text).command
    except ValidationError as error:
        raise UsageError(f"--run{complaint(error.errors()[0], SubjectSpec, 'command')}") from error


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (equals and name.isidentifier() and name.isascii()):
        raise UsageError(f'--env "{text}" sets no variable; write NAME=VALUE')
    return name, value


def _as_seen(contract: Contract, seen: "Seen", found: "Guess") -> Contract:
    """The contract, its topics with as many partitions, and its input with such values, as the cluster has."""

    def of(channel: Channel) -> Channel:
        return replace(channel, partitions=seen.topics.get(channel.topic, channel.partitions))

    source = replace(of(contract.input.channel), payload=Payload(found.schema))
    return replace(
        contract,
        input=replace(contract.input, channel=source),
        produces=tuple(replace(produced, channel=of(produced.channel)) for produced in contract.produces),
    )


def _told(project: "Project", written: Sequence[str]) -> list[str]:
    lines = ["Written:", *(f"  {path}" for path in written)]
    if project.assumed:
        lines.append(
            f"The command names neither its cluster nor all its topics; {', '.join(project.assumed)} in "
            "streamproof.toml stand for them: call them as the command reads them."
        )
    if project.contract.input.channel.payload.json_schema is None:
        lines.append(f"Say in {written[1]}, under payload, what a value looks like: the input is made from it.")
    lines += [
        "The workflow installs requirements.txt: name Streamproof there, and what the command needs.",
        "Next:",
        "  streamproof verify --dry-run   # what a run would do; starts nothing",
        "  streamproof verify             # a run under faults, and its verdict",
        "  pytest tests features",
    ]
    return [escape(line) for line in lines]
