"""`streamproof probe`: what a broker does with transactions, groups and logs, moment by moment."""

from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.flags import TEXT, Json
from streamproof.cli.streams import table_console

if TYPE_CHECKING:
    from streamproof.probe.document import ProbeReport

EPILOG = (
    "Examples:\n\nstreamproof probe --bootstrap localhost:9092\n\nstreamproof probe --json > broker.json\n\n"
    "Exit status: 0 all answers are right; 1 an answer is wrong; 2 usage or environment; 3 none is wrong, and at least "
    "one is not known."
)
WRONG, UNKNOWN = 1, 3


def probe(
    bootstrap: Annotated[
        str, typer.Option("--bootstrap", "--cluster", metavar="HOST:PORT", **TEXT, help="A running cluster.")
    ] = "localhost:9092",
    as_json: Json = False,
) -> None:
    """Ask a running cluster what it does with transactions, fencing, groups and logs, moment by moment.

    Topics and groups of the probe's own are made there, under names that begin with streamproof-probe, and deleted.
    """
    from streamproof.probe.document import report  # noqa: PLC0415 - slow to import

    found = report(bootstrap)
    if as_json:
        print(found.model_dump_json())
    else:
        from streamproof.report.probe import probe_table  # noqa: PLC0415 - slow to import

        table_console().print(probe_table(found))
    raise typer.Exit(_status(found))


def _status(found: "ProbeReport") -> int:
    from streamproof.probe.question import Sign  # noqa: PLC0415 - slow to import

    return WRONG if found.count(Sign.WRONG) else UNKNOWN if found.count(Sign.UNKNOWN) else 0
