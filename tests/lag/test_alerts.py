"""The alerts that are shipped, on looks written by hand: when each fires, and when it does not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from streamproof.errors import ClusterError
from streamproof.kafka.groups import Group
from streamproof.kafka.topics import Offsets
from streamproof.kafka.unread import Unread
from streamproof.lag.document import report_of
from streamproof.lag.look import Hanging, Look, Position, Reader
from tests.lag.alerting import check_fired, served

PLACE = ("orders", 0)
LONG = 40  # looks: longer than any alert waits
HANGS = {"hanging": (Hanging(7, (PLACE,)),)}
WELL: Mapping[str, Any] = {}


def at(committed: int, stable: int) -> Position:
    """Of a member that has the partition."""
    unread = Unread(committed, 0) if committed < stable else None
    return Position(committed, Offsets(0, stable, stable), unread, owned=True)


def group(*members: str) -> Group:
    assigned = frozenset({PLACE}) if members else frozenset[tuple[str, int]]()
    return Group("Stable" if members else "Empty", frozenset(members), assigned=assigned)


def looks(
    positions: Sequence[Position] = (at(5, 5),) * LONG,
    groups: Sequence[Group] = (group("a"),) * LONG,
    more: Sequence[Mapping[str, Any]] = (WELL,) * LONG,
) -> list[Look]:
    """A look for each position and group, with other fields that are not as they are where all is well."""
    together = zip(positions, groups, more, strict=True)
    return [
        Look(n * 10_000_000, {"movers": Reader(group, {PLACE: position})}, **other)
        for n, (position, group, other) in enumerate(together)
    ]


def letters(*ends: int | None) -> list[Mapping[str, Any]]:
    return [WELL if end is None else {"dead_letters": {"orders.dlq": end}} for end in ends]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(looks(), set(), id="nothing happens"),
        pytest.param(looks([at(5, 9)] * LONG), {"PartitionStalled"}, id="it stands still"),
        pytest.param(looks([at(5, 9)] * 15 + [at(9, 9)] * 25), set(), id="it stands still for two minutes"),
        pytest.param(looks([at(n, 9 + 2 * n) for n in range(LONG)]), {"GroupFallsBehind"}, id="it falls behind"),
        pytest.param(looks([at(n, 99 + n // 2) for n in range(LONG)]), set(), id="it catches up"),
        pytest.param(looks(groups=[group("a")] * 5 + [group()] * 35), {"GroupEmpty"}, id="its members go"),
        pytest.param(looks(groups=[group("a")] * 9 + [group()] * 8 + [group("b")] * 23), set(), id="it is restarted"),
        pytest.param(looks(groups=[group()] * LONG), set(), id="it never had members"),
        pytest.param(
            looks(groups=[group(f"{n}") for n in range(LONG)]), {"GroupRebalancesWithoutEnd"}, id="it never settles"
        ),
        pytest.param(looks(groups=[group(f"{min(n, 6)}") for n in range(LONG)]), set(), id="it rebalances six times"),
        pytest.param(looks(more=[HANGS] * LONG), {"TransactionHangs"}, id="a transaction hangs"),
        pytest.param(looks(more=[HANGS] * 6 + [WELL] * 34), set(), id="a transaction hung for a minute"),
        pytest.param(looks(more=letters(*[5] * 20, *[6] * 20)), {"DeadLettersArrive"}, id="a letter comes"),
        pytest.param(looks(more=letters(*[5] * LONG)), set(), id="there are old letters"),
        pytest.param(looks(more=letters(*[None] * 35, *[1] * 5)), {"DeadLettersArrive"}, id="a letter makes its topic"),
    ],
)
def test_an_alert_fires_for_its_own_condition_alone(seen: list[Look], expected: set[str], tmp_path: Path) -> None:
    """Exactly those that are expected fire."""
    check_fired(served(report_of(seen[: n + 1]) for n in range(LONG)), expected, tmp_path)


def test_brokers_that_do_not_answer_are_told(tmp_path: Path) -> None:
    """After a minute."""
    failed = ClusterError("no broker answers")
    check_fired(served([failed] * 5), set(), tmp_path)
    check_fired(served([failed] * 8), {"BrokersDoNotAnswer"}, tmp_path)
