"""`python -m pipeline MEMBER`: runs one member until SIGTERM. Its settings are environment variables."""

import argparse
import sys
from collections.abc import Sequence

from pydantic import BaseModel

from pipeline.consumer import DatabaseConsumer
from pipeline.database import ORDERS, USER_EVENTS, Database
from pipeline.errors import PipelineError
from pipeline.forwarder import Forwarder
from pipeline.process import Stop, say
from pipeline.producer import OrderProducer, run_stdin
from pipeline.settings import ApiSettings, ConsumerSettings, ForwarderSettings, ProducerSettings, ProjectorSettings


def forward() -> None:
    settings = ForwarderSettings.from_environment()
    stop = Stop(settings.stop_ms)
    stop.listen()
    Forwarder(settings, stop).run()


def produce() -> None:
    settings = ProducerSettings.from_environment()
    stop = Stop(settings.delivery_timeout_ms)
    stop.listen()
    run_stdin(OrderProducer(settings), stop)


def api() -> None:
    from pipeline.api import serve  # noqa: PLC0415 - the other members need no web framework

    settings = ApiSettings.from_environment()
    stop = Stop(settings.stop_ms)
    stop.listen()
    serve(settings, stop)


def project() -> None:
    settings = ProjectorSettings.from_environment()
    stop = Stop(settings.stop_ms)
    stop.listen()
    DatabaseConsumer(settings, stop, Database(settings.database, ORDERS)).run()


def consume() -> None:
    settings = ConsumerSettings.from_environment()
    stop = Stop(settings.stop_ms)
    stop.listen()
    DatabaseConsumer(settings, stop, Database(settings.database, USER_EVENTS)).run()


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 stopped in order, 1 fatal, 2 wrong settings, 3 fenced again and again."""
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__)
    members = parser.add_subparsers(dest="member", required=True, metavar="MEMBER")
    settings: dict[str, type[BaseModel]] = {
        "forward": ForwarderSettings,
        "produce": ProducerSettings,
        "api": ApiSettings,
        "project": ProjectorSettings,
        "consume": ConsumerSettings,
    }
    helps = {
        "forward": "consume order events, transform, produce: exactly once",
        "produce": "send order events from stdin, one JSON document a line; one line of outcome each on stdout",
        "api": "take order events over HTTP: POST /orders, GET /healthz",
        "project": "keep what became of each order in a database: at least once, by upserts",
        "consume": "keep user events in a database: the smallest loop that is right",
    }
    for name, model in settings.items():
        variables = "\n".join(
            f"  {field.upper():<30}{'required' if info.is_required() else info.default}"
            for field, info in model.model_fields.items()
        )
        members.add_parser(
            name,
            help=helps[name],
            description=helps[name],
            epilog=f"environment variables and their defaults:\n{variables}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    member = parser.parse_args(arguments).member
    try:
        {"forward": forward, "produce": produce, "api": api, "project": project, "consume": consume}[member]()
    except PipelineError as error:
        say(f"{member}: {error}")
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
