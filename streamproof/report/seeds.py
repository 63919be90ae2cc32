"""Runs with several seeds, side by side."""

from collections import Counter
from collections.abc import Sequence

from rich.table import Table

from streamproof.checks import Verdict
from streamproof.history.store import History
from streamproof.report.text import COLOURS, is_amiss


def table_of(judged: Sequence[tuple[Verdict, History]]) -> Table:
    """A row for each run: its seed, its verdict, what was found, and where it is kept."""
    counts = Counter(verdict.outcome for verdict, _ in judged)
    title = ", ".join(f"{count} of {len(judged)} {outcome}" for outcome, count in counts.items())
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("seed", "verdict", "found", "kept in"):
        table.add_column(column, overflow="fold", no_wrap=column == "verdict")
    for verdict, history in judged:
        found = [f"{finding.witnesses:,} {finding.anomaly}" for finding in verdict.findings if is_amiss(finding)]
        outcome = f"[{COLOURS[verdict.outcome]}]{verdict.outcome}[/]"
        table.add_row(str(history.record.seed), outcome, ", ".join(found) or "nothing", str(history.directory.parent))
    return table
