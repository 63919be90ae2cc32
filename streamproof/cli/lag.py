"""`streamproof lag`: how far the groups of a running cluster are behind, by what its brokers say."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live

from streamproof.cli.flags import TEXT, Json
from streamproof.cli.streams import table_console
from streamproof.errors import ClusterError, UsageError, did_you_mean

if TYPE_CHECKING:
    from streamproof.lag.document import LagReport

EPILOG = (
    "Examples:\n\nstreamproof lag --cluster localhost:9092\n\nstreamproof lag --group orders --fail-above 1000\n\n"
    "streamproof lag --watch --every 2\n\nstreamproof lag --serve 9308\n\n"
    "Exit status: 0, also after Ctrl-C; 1 where a lag is above --fail-above; 2 usage or environment."
)
LOOPBACK = "127.0.0.1"
LAST_PORT = 65535


def lag(
    cluster: Annotated[
        str, typer.Option("--cluster", "--bootstrap", metavar="HOST:PORT", **TEXT, help="A running cluster.")
    ] = "localhost:9092",
    group: Annotated[
        list[str] | None, typer.Option(metavar="GROUP", **TEXT, help="A consumer group, else all; may be repeated.")
    ] = None,
    dlq: Annotated[
        list[str] | None,
        typer.Option(metavar="TOPIC", **TEXT, help="Where dead letters go, or a pattern; else *dlq*; may be repeated."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", metavar="", help="Look again and again, until Ctrl-C; only so states are told.")
    ] = False,
    serve: Annotated[
        str | None,
        typer.Option(
            metavar="PORT", **TEXT, help="Watch, and serve it to Prometheus: a port of 127.0.0.1, or HOST:PORT."
        ),
    ] = None,
    every: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="How often to look.")] = 10.0,
    fail_above: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Exit with 1 where the lag of a partition is above N.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell how far consumer groups are behind, in offsets and in time, by what the brokers say.

    Nothing is written there, and no group is joined.
    """
    from streamproof.lag.look import DEAD_LETTERS  # noqa: PLC0415 - slow to import
    from streamproof.lag.monitor import Monitor  # noqa: PLC0415

    if fail_above is not None and (watch or serve):
        raise UsageError("--fail-above is about a single look; leave out --watch and --serve")
    if as_json and serve:
        raise UsageError("--json and --serve are two ways to tell the same; give one of them")
    where = _address(serve) if serve else None
    names = tuple(dict.fromkeys(group or ()))
    monitor = Monitor(cluster, names, dlq or DEAD_LETTERS)
    if not (watch or where):
        report = monitor.look()
        _check_there(report, cluster, names)
        _print(report, as_json=as_json)
        above = [each.lag for told in report.groups for each in told.partitions if each.lag is not None]
        raise typer.Exit(int(fail_above is not None and max(above, default=0) > fail_above))
    looks = _told(monitor.watch(every))
    try:
        if where:
            _serve(looks, *where)
        else:
            _watch(looks, as_json=as_json)
    except KeyboardInterrupt:
        return


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and 0 <= int(port) <= LAST_PORT):
        raise UsageError(f'--serve "{text}" is no port; give a number from 0 (any that is free) to {LAST_PORT}')
    return host.strip("[]") or LOOPBACK, int(port)


def _check_there(report: "LagReport", cluster: str, names: tuple[str, ...]) -> None:
    missing = {told.group for told in report.groups if told.state == "Dead" and not told.partitions} & set(names)
    if missing:
        from streamproof.kafka.groups import list_groups  # noqa: PLC0415

        name = min(missing)
        raise UsageError(
            f'there is no consumer group "{name}" at {cluster}{did_you_mean(name, list_groups(cluster))}; '
            "without --group all are told"
        )


def _told(looks: "Iterator[LagReport | ClusterError]") -> "Iterator[LagReport | ClusterError]":
    """All looks. The first must be answered; a later look that is not is told on standard error, and no more."""
    first = next(looks)
    if isinstance(first, ClusterError):
        raise first
    yield first
    for told in looks:
        if isinstance(told, ClusterError):
            print(f"streamproof: {told}", file=sys.stderr)
        yield told


def _serve(looks: "Iterator[LagReport | ClusterError]", host: str, port: int) -> None:
    from streamproof.lag.exporter import Exporter, serving  # noqa: PLC0415 - slow to import

    exporter = Exporter()
    exporter.update(next(looks))
    with serving(exporter, host, port) as address:
        print(f"Metrics are at {address}. Ctrl-C ends it.", flush=True)
        for told in looks:
            exporter.update(told)


def _watch(looks: "Iterator[LagReport | ClusterError]", *, as_json: bool) -> None:
    from streamproof.report.lag import lag_table  # noqa: PLC0415 - slow to import

    console = table_console()
    moving = console.is_terminal and not console.no_color and not as_json
    live = Live(console=console, auto_refresh=False) if moving else None
    with live or nullcontext():
        for told in looks:
            if isinstance(told, ClusterError):
                continue
            if live:
                live.update(lag_table(told, console.width), refresh=True)
            else:
                _print(told, as_json=as_json)


def _print(report: "LagReport", *, as_json: bool) -> None:
    from streamproof.report.lag import lag_table  # noqa: PLC0415 - slow to import

    if as_json:
        print(report.model_dump_json(), flush=True)
    else:
        console = table_console()
        console.print(lag_table(report, console.width))
