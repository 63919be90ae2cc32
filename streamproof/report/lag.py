"""How far groups are behind, as a table."""

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from streamproof.lag.document import GroupLag, LagReport, PartitionLag
from streamproof.lag.states import State

COLOURS = {
    State.OK: "green",
    State.UNKNOWN: "dim",
    State.BEHIND: "yellow",
    State.STOPPED: "red",
    State.STALLED: "red",
    State.REWOUND: "red",
}
OFFSETS, ROOMY = ("committed", "stable end"), 100
NAME_WIDTH = 12  # at least: names go on below where the terminal is narrow, and numbers do not
MINUTE, HOUR = 60, 3600


def lag_table(report: LagReport, width: int) -> RenderableType:
    """A row for each group and below it for each of its partitions, then transactions and dead letters.

    Where `width` letters are few, offsets are left out: their difference is the lag.
    """
    offsets = width >= ROOMY
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("group", "partition"):
        table.add_column(name, overflow="fold", min_width=NAME_WIDTH)
    for name in (*(OFFSETS if offsets else ()), "lag", "time lag"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state", overflow="fold", min_width=NAME_WIDTH)
    for group in report.groups:
        _add(table, group, offsets=offsets)
    lines = [f"{report.at:%H:%M:%S} UTC · look {report.looks} of the {report.window} by which states are told"]
    lines.append(_transactions(report))
    lines += [
        f"dead letters: {escape(each.topic)} ends at {each.end:,}, {each.arrived:,} more than at the first look"
        for each in report.dead_letters
    ]
    return Group(table, *lines) if report.groups else Group("There are no consumer groups.", *lines)


def _add(table: Table, group: GroupLag, *, offsets: bool) -> None:
    members = f"{group.members} member{'s' * (group.members != 1)}"
    epoch = f", epoch {group.epoch}" if group.epoch is not None else ""
    unsettled = f", unsettled at {group.unsettled} looks" if group.unsettled else ""
    table.add_row(
        f"[bold]{escape(group.group)}[/]",
        f"all {len(group.partitions)}",
        *([""] * len(OFFSETS) if offsets else ()),
        f"{group.lag:,}",
        age(group.lag_seconds),
        f"{escape(group.state)}, {members}{epoch}{unsettled}",
    )
    for each in group.partitions:
        table.add_row("", *_cells(each, offsets=offsets))


def _cells(each: PartitionLag, *, offsets: bool) -> tuple[str, ...]:
    held_back = f", {each.held_back:,} held back" if each.held_back else ""
    return (
        f"{escape(each.topic)}\\[{each.partition}]",
        *((_count(each.committed), _count(each.last_stable_offset)) if offsets else ()),
        _count(each.lag),
        "-" if each.lag_seconds is None else age(each.lag_seconds),
        f"[{COLOURS[each.state]}]{each.state}[/]{held_back}",
    )


def _count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _transactions(report: LagReport) -> str:
    told = f"transactions: {report.ongoing_transactions} ongoing"
    for one in report.hanging_transactions:
        who = f"producer {one.producer_id}" if one.transactional_id is None else one.transactional_id
        late = "no coordinator knows of it" if one.open_seconds is None else f"open for {age(one.open_seconds)}"
        where = f", in {', '.join(one.partitions)}" if one.partitions else ""
        told += f"\n[red]hanging[/]: {escape(f'{who}, {late}{where}')}"
    return told


def age(seconds: float) -> str:
    """Short, and exact enough."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.1f} min"
    return f"{seconds / HOUR:,.1f} h"
