"""What a broker does, moment by moment, as a table."""

from itertools import groupby

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from streamproof.probe.document import ProbedMoment, ProbeReport
from streamproof.probe.question import Sign

SIGNS = {Sign.RIGHT: "[green]✔[/]", Sign.WRONG: "[red]✘[/]", Sign.UNKNOWN: "[yellow]?[/]", Sign.ABSENT: "[dim]–[/]"}


def probe_table(report: ProbeReport) -> RenderableType:
    """A row for each moment: what was asked, what a right Kafka answers, and what this cluster did."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for name in ("asked", "a right Kafka", "this cluster", "lets through"):
        table.add_column(name, overflow="fold")
    for about, moments in groupby(report.moments, lambda moment: moment.about):
        table.add_row("", f"[bold]{about}[/]", "", "", "")
        for moment in moments:
            table.add_row(SIGNS[moment.sign], *_cells(moment))
    return Group(table, "", escape(_summary(report)), *(escape(line) for line in _left(report)))


def _cells(moment: ProbedMoment) -> tuple[str, ...]:
    let = ", ".join(moment.lets_through) if moment.sign is Sign.WRONG else ""
    return escape(moment.asked), escape(moment.right), escape(moment.answered), f"[red]{let}[/]" if let else ""


def _summary(report: ProbeReport) -> str:
    counts = [f"{report.count(Sign.RIGHT)} right", f"{report.count(Sign.WRONG)} wrong"]
    counts += [f"{report.count(Sign.UNKNOWN)} not known"] * bool(report.count(Sign.UNKNOWN))
    counts += [f"{report.count(Sign.ABSENT)} not offered"] * bool(report.count(Sign.ABSENT))
    brokers = f"{report.brokers} broker{'s' * (report.brokers != 1)}"
    return f"{report.cluster}, {brokers}: {', '.join(counts)}"


def _left(report: ProbeReport) -> list[str]:
    if not report.left_behind:
        return []
    names = f"{report.left_behind[0]} … {report.left_behind[-1]}"
    return [f"The cluster did not let be deleted: {len(report.left_behind)} topics or groups, {names}"]
