"""A verdict in words: the promise, the findings, the evidence that was seen and the evidence that is missing."""

from pathlib import Path

from rich.markup import escape

from streamproof.checks import Finding, Outcome, Status, Verdict
from streamproof.history.store import History

SHOWN_WITNESSES = 3
COLOURS = {Outcome.UPHELD: "green", Outcome.VIOLATED: "red", Outcome.UNPROVEN: "yellow"}
NEVER_SHOWN = ("loss of power on all brokers", "clock skew")
SEEN = {  # singular, plural
    "transactions": ("transaction", "transactions"),
    "aborted": ("aborted transaction", "aborted transactions"),
    "rebalances": ("rebalance", "rebalances"),
    "ordered_pairs": ("ordered pair", "ordered pairs"),
    "crashes": ("crash", "crashes"),
    "broker_losses": ("broker loss", "broker losses"),
    "reads_during_faults": ("read while faults ran", "reads while faults ran"),
}


def explain(verdict: Verdict, history: History | None = None, *, witnesses: Path | None = None) -> str:
    """The verdict as lines of Rich markup; plain text but for the outcome's colour. `witnesses`: where all are kept."""
    promise = verdict.delivery + (", ordered by key" if verdict.ordered else "")
    colour = COLOURS[verdict.outcome]
    lines = [f"[bold {colour}]{verdict.outcome.upper()}[/]  {promise}{_summary(verdict)}"]
    for finding in verdict.findings:
        if finding.witnesses and finding.status in (Status.FORBIDDEN, Status.NEVER_UPHELD):
            lines += _finding(finding, witnesses)
    if verdict.outcome is Outcome.UNPROVEN:
        lines += ["  Missing:", *(f"    {escape(text)}" for text in verdict.missing)]
    lines += _rest(verdict, history)
    return "\n".join(lines)


def _summary(verdict: Verdict) -> str:
    seen = verdict.seen
    if verdict.outcome is not Outcome.UPHELD:
        return ""
    return f": {seen.get('inputs', 0):,} events in, {seen.get('effects', 0):,} effects out"


def _finding(finding: Finding, kept: Path | None) -> list[str]:
    plural = "es" if finding.witnesses != 1 else ""
    lines = [f"  [bold]{finding.anomaly}[/] · {finding.witnesses:,} witness{plural} · {escape(finding.definition)}"]
    for witness in finding.told[:SHOWN_WITNESSES]:
        lines += [f"    {escape(line)}" for line in witness.splitlines()]
    if finding.witnesses > SHOWN_WITNESSES:
        where = f" in {escape(str(kept / finding.anomaly))}.parquet" if kept else ""
        lines.append(f"    … {finding.witnesses - SHOWN_WITNESSES:,} more{where}")
    return lines


def _rest(verdict: Verdict, history: History | None) -> list[str]:
    counts = {what: verdict.seen.get(what, 0) for what in SEEN}
    seen = [f"{counts[what]:,} {words[counts[what] != 1]}" for what, words in SEEN.items() if counts[what]]
    counted = [
        f"{finding.witnesses:,} {finding.anomaly}"
        for finding in verdict.findings
        if finding.status is Status.COUNTED and finding.witnesses
    ]
    idle = verdict.seen.get("faults_without_effect", 0)
    not_shown = [*NEVER_SHOWN, *(history.record.not_shown if history else ())]
    lines = [f"        Shown by: {', '.join(seen) or 'nothing'}."]
    if idle:
        lines.append(f"        Without effect: {idle} fault{'s' * (idle != 1)} of the plan.")
    if counted:
        lines.append(f"        Allowed and seen: {', '.join(counted)}.")
    if verdict.not_judged:
        lines.append(f"        Not judged: {escape(', '.join(verdict.not_judged))}.")
    lines.append(f"        Not shown: {escape(', '.join(not_shown))}.")
    if history:
        lines.append(f"        History {escape(str(history.directory))}")
        lines += [f"        Again   {escape(history.record.again)}"] if history.record.again else []
    return lines
