"""How far groups are behind, as a person reads it."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from streamproof.kafka.topics import Offsets
from streamproof.kafka.unread import Unread
from streamproof.lag.document import report_of
from streamproof.lag.look import Position
from streamproof.report.lag import age, lag_table
from tests.lag.test_exporter import LOOK


@pytest.mark.parametrize("width", [80, 200])
def test_a_table_says_all_within_the_width_that_there_is(width: int) -> None:
    """Long names go on below; no number is cut, and what nobody knows is no number."""
    out = StringIO()
    large = Position(1_204_000_000, Offsets(0, 1_300_000_000, 1_300_000_000), Unread(1_204_000_000, 0), owned=True)
    north = replace(LOOK.readers["movers"], positions={("order-events-of-the-north", 0): large})
    named = replace(LOOK, readers={**LOOK.readers, "order-processor-of-the-north": north})
    console = Console(file=out, width=width, color_system=None, highlight=False)
    console.print(lag_table(report_of([named]), width))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in out.getvalue()
    rows = [line.split() for line in lines]
    assert rows[1][:5] == ["movers", "all", "2", "6", "1.5"]
    assert rows[1][6] == "Stable,"
    offsets = [["10", "20"], ["-", "20"]] if width > 100 else [[], []]
    assert next(row for row in rows if row[0] == "orders[0]")[1:][: len(offsets[0]) + 2] == [*offsets[0], "6", "1.5"]
    assert next(row for row in rows if row[0] == "orders[1]")[1:] == [*offsets[1], "-", "-", "unknown"]
    first_column = lines[0].index("partition")
    assert "order-processor-of-the-north" in "".join(line[:first_column].strip() for line in lines)
    words = " ".join(out.getvalue().split())
    assert "transactions: 2 ongoing" in words
    assert "hanging: producer 7, no coordinator knows of it, in orders[0]" in words
    assert "hanging: mover-1, open for 1.2 min" in words
    assert "dead letters: orders.dlq ends at 4" in words


@pytest.mark.parametrize(("seconds", "told"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (90, "1.5 min"), (9000, "2.5 h")])
def test_an_age_is_told_in_the_unit_that_fits(seconds: float, told: str) -> None:
    """Seconds, minutes or hours."""
    assert age(seconds) == told
