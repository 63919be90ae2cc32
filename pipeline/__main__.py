"""`python -m pipeline MEMBER`: runs a member until SIGTERM.

Its settings are environment variables, or keys of a TOML file: those at its top are for all members, and those of the
table of a member's name for that member. A variable goes before a key.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import metrics
from pipeline.errors import PipelineError
from pipeline.forwarder import Forwarder
from pipeline.handlers import copy_to, orders
from pipeline.process import Stop, say, spare_the_collector
from pipeline.producer import OrderProducer, run_stdin
from pipeline.projector import Projector
from pipeline.redrive import Redrive
from pipeline.settings import (
    ApiSettings,
    ConsumerSettings,
    CopySettings,
    ForwarderSettings,
    ProducerSettings,
    ProjectorSettings,
    RedriveSettings,
    Settings,
    TopicSettings,
    read_settings,
)
from pipeline.topics import make_topics


@dataclass(frozen=True)
class Member:
    """`run` gets the settings that the environment holds."""

    help: str
    settings: type[Any]
    run: Callable[[Any], None]


def stopping(grace_ms: int) -> Stop:
    """A stop that listens to this process's signals."""
    stop = Stop(grace_ms)
    stop.listen()
    return stop


def api(settings: ApiSettings) -> None:
    from pipeline.api import serve  # noqa: PLC0415 - the other members need no web framework

    serve(settings, stopping(settings.stop_ms))


def produce(settings: ProducerSettings) -> None:
    stop = stopping(settings.delivery_timeout_ms)
    run_stdin(OrderProducer(settings, stop), stop)


def project(settings: ProjectorSettings) -> None:
    from pipeline.database import ORDERS, Database  # noqa: PLC0415 - the other members need no database

    with closing(Database(settings.database, ORDERS)) as database:
        Projector(settings, stopping(settings.stop_ms), database.keep).run()


def consume(settings: ConsumerSettings) -> None:
    from pipeline.consumer import DatabaseConsumer  # noqa: PLC0415
    from pipeline.database import USER_EVENTS, Database  # noqa: PLC0415

    DatabaseConsumer(settings, stopping(settings.stop_ms), Database(settings.database, USER_EVENTS)).run()


MEMBERS = {
    "topics": Member("make the topics that are not there yet, and end", TopicSettings, make_topics),
    "produce": Member(
        "send order events from stdin, a JSON document a line; a line of outcome for each on stdout",
        ProducerSettings,
        produce,
    ),
    "api": Member("take order events over HTTP: POST /orders, GET /orders/{id}, /healthz, /readyz", ApiSettings, api),
    "forward": Member(
        "consume order events, transform, produce: exactly once",
        ForwarderSettings,
        lambda settings: Forwarder(settings, stopping(settings.stop_ms), orders(settings)).run(),
    ),
    "copy": Member(
        "consume any records, and produce them as they are: exactly once",
        CopySettings,
        lambda settings: Forwarder(settings, stopping(settings.stop_ms), copy_to(settings.output_topic)).run(),
    ),
    "project": Member(
        "keep what became of each order in a database: at least once, by upserts, orders side by side",
        ProjectorSettings,
        project,
    ),
    "redrive": Member(
        "send the dead letters that are there now back to the topics that they came from, and end",
        RedriveSettings,
        lambda settings: Redrive(settings, stopping(settings.stop_ms)).run(),
    ),
    "consume": Member(
        "keep user events in a database: the smallest loop that is right",
        ConsumerSettings,
        consume,
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 stopped in order, 1 fatal, 2 wrong settings, 3 fenced again and again."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parsers = parser.add_subparsers(dest="member", required=True, metavar="MEMBER")
    for name, member in MEMBERS.items():
        own = parsers.add_parser(
            name,
            help=member.help,
            description=member.help,
            epilog=f"settings, as environment variables; in a file in small letters:\n{_listed(member.settings)}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        own.add_argument("--config", type=Path, metavar="FILE", help="a TOML file of settings")
    given = parser.parse_args(arguments)
    name = given.member
    spare_the_collector()
    try:
        all_settings = {name: member.settings for name, member in MEMBERS.items()}
        file = read_settings(given.config, name, all_settings) if given.config else {}
        settings = MEMBERS[name].settings.from_environment(file=file)
        if settings.metrics_port is not None:
            metrics.serve(settings.metrics_host, settings.metrics_port)
        MEMBERS[name].run(settings)
    except PipelineError as error:
        say(f"{name}: {error}")
        return error.status
    return 0


def _listed(settings: type[Settings]) -> str:
    """Each setting with its default and what it is for."""
    return "\n".join(
        f"  {name.upper()}{'' if info.is_required() or info.default is None else f'={info.default}'}"
        f"{'  (required)' if info.is_required() else ''}\n      {info.description}"
        for name, info in settings.model_fields.items()
    )


if __name__ == "__main__":
    sys.exit(main())
