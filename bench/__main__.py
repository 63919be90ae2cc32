"""`python -m bench [NAME...] [--json]`: a row a figure, with its peer's beside it, measured in the same run.

Names: clusters, readback, checks, forwarder, projector, verify, producer, api, wire; all of them when none is given.
Takes minutes: run it on a quiet machine.
"""

import argparse
import importlib
import json
from typing import Any

from rich.console import Console
from rich.table import Table

# each module's function returns rows of name, value, unit, peer, peer_value, ratio
BENCHES = {
    "clusters": "cluster_start",
    "readback": "read_back",
    "checks": "all_checks",
    "forwarder": "forwarder",
    "projector": "projector",
    "verify": "whole_run",
    "producer": "producer",
    "api": "api",
    "wire": "through_the_proxy",
}
COLUMNS = ("name", "value", "unit", "peer", "peer_value", "ratio")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="a JSON document on standard output")
    given = parser.parse_args()
    for name in given.names:
        if name not in BENCHES:
            parser.error(f'"{name}" is not measured; there are {", ".join(BENCHES)}')
    rows: list[dict[str, Any]] = []
    for name in given.names or BENCHES:
        rows += getattr(importlib.import_module(f"bench.{name}"), BENCHES[name])()
    if given.json:
        print(json.dumps(rows))
        return
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*(_text(row.get(column)) for column in COLUMNS))
    Console().print(table)


def _text(value: object) -> str:
    return "" if value is None else f"{value:,.2f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
