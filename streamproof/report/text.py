"""A verdict in words: the promise, the findings, the evidence that was seen and the evidence that is missing."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.markup import escape

from streamproof.checks import Finding, Outcome, Status, Verdict
from streamproof.clock import time_of_day
from streamproof.history.promise import promise_in_words
from streamproof.history.store import History
from streamproof.history.terms import Cause
from streamproof.report.duration import took

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
    lines = [headline(verdict)]
    for finding in filter(is_amiss, verdict.findings):
        lines.append(f"  [bold]{finding.anomaly}[/] · {witnesses_of(finding)} · {escape(finding.gist)}")
        lines += [f"    {escape(line)}" for line in told_of(finding)]
        if more := others(finding, witnesses):
            lines.append(f"    {escape(more)}")
    if verdict.outcome is Outcome.UNPROVEN:
        lines += ["  Missing:", *(f"    {escape(text)}" for text in verdict.missing)]
    lines += [f"        {what}: {escape(text)}." for what, text in shown(verdict, history).items()]
    if history:
        lines.append(f"        History {escape(str(history.directory))}")
        lines += [f"        Again   {escape(history.record.again)}"] if history.record.again else []
    return "\n".join(lines)


def headline(verdict: Verdict) -> str:
    """The outcome, the promise and what broke it, as a line of Rich markup."""
    colour = COLOURS[verdict.outcome]
    return f"[bold {colour}]{verdict.outcome.upper()}[/]  {promise_of(verdict)}{_summary(verdict)}"


def promise_of(verdict: Verdict) -> str:
    """The promise, and what of it the verdict does without."""
    without = f"; without: {', '.join(verdict.without)}" if verdict.without else ""
    return promise_in_words(verdict.delivery, ordered=verdict.ordered) + without


def is_amiss(finding: Finding) -> bool:
    """Whether its witnesses keep the run from being upheld."""
    return bool(finding.witnesses) and finding.status in {Status.FORBIDDEN, Status.NEVER_UPHELD}


def sentence(verdict: Verdict, subject: str) -> str:
    """The verdict in one sentence."""
    promise = f"({promise_of(verdict)})"
    if verdict.outcome is Outcome.UNPROVEN:
        return f"It is not proven that {subject} keeps its promise {promise}."
    does = "kept" if verdict.outcome is Outcome.UPHELD else "broke"
    return f"{subject} {does} its promise {promise}{_summary(verdict)}."


def _summary(verdict: Verdict) -> str:
    if verdict.outcome is Outcome.UNPROVEN:
        return ""
    seen = verdict.seen
    amiss = [f"{finding.witnesses:,} {finding.anomaly}" for finding in verdict.findings if is_amiss(finding)]
    aborted = seen.get("aborted_inputs", 0)  # else what was sent, and what came in, would seem to contradict each other
    given = f"{seen.get('inputs', 0):,} events in" + (f" ({aborted:,} more aborted on purpose)" if aborted else "")
    return ": " + (", ".join(amiss) or f"{given}, {seen.get('effects', 0):,} effects out")


def witnesses_of(finding: Finding) -> str:
    """How many there are."""
    return f"{finding.witnesses:,} witness{'es' * (finding.witnesses != 1)}"


def told_of(finding: Finding) -> Iterator[str]:
    """The first witness: its sentence, its story, and what it usually comes from."""
    yield from finding.told[:1]
    if finding.story:
        yield from (f"  {line}" for line in finding.story.lines())
        if finding.story.causes:
            yield "Usual causes:"
            yield from (f"  - {cause}" for cause in finding.story.causes)


def others(finding: Finding, kept: Path | None) -> str | None:
    """How many witnesses there are beside the first, and where; None if there are none."""
    if finding.witnesses <= 1:
        return None
    return f"… {finding.witnesses - 1:,} more" + (f" in {kept / finding.anomaly}.parquet" if kept else "")


def shown(verdict: Verdict, history: History | None) -> dict[str, str]:
    """What the run has shown and what it has not, by kind; only what there is."""
    counts = {what: verdict.seen.get(what, 0) for what in SEEN}
    seen = [f"{counts[what]:,} {words[counts[what] != 1]}" for what, words in SEEN.items() if counts[what]]
    allowed = [
        f"{finding.witnesses:,} {finding.anomaly}"
        for finding in verdict.findings
        if finding.status is Status.COUNTED and finding.witnesses
    ]
    unseen = [
        f"{finding.anomaly} ({finding.reason})" for finding in verdict.findings if finding.reason and not finding.idle
    ]
    never = [finding.anomaly for finding in verdict.findings if finding.idle and finding.meaning is not Status.COUNTED]
    idle = verdict.seen.get("faults_without_effect", 0)
    hops = history.record.promise(verdict.group).through if history else ()
    found = {
        "Through": f"{len(hops)} topic{'s' * (len(hops) != 1)} of its own: {', '.join(hops)}" if hops else "",
        "Shown by": ", ".join(seen) or "nothing",
        "Ended by itself": _ended(history),
        "Stood still": _stood_still(verdict),
        "Without effect": f"{idle} fault{'s' * (idle != 1)} of the plan{_idle(history)}" if idle else "",
        "Rests on": _rests_on(verdict) if idle and verdict.outcome is Outcome.UPHELD else "",
        "Contradicted": "; ".join(verdict.contradicted),
        "Allowed and seen": ", ".join(allowed),
        "Not judged": ", ".join(unseen),
        "Never came up": ", ".join(never),
        "Took": took(history) if history else "",
        "Not shown": ", ".join([*NEVER_SHOWN, *(history.record.not_shown if history else ())]),
    }
    return {what: text for what, text in found.items() if text}


def _ended(history: History | None) -> str:
    """Which instances ended without a fault or a stop: how often, and the first time, with its status."""
    processes = history.rows("process") if history and "process" in history.tables else []
    ends: dict[int, list[Mapping[str, Any]]] = {}
    for process in processes:
        if process["cause"] == Cause.EXITED:
            ends.setdefault(process["instance"], []).append(process)
    told = (
        f"instance {number} ({len(rows)}×, first at {time_of_day(rows[0]['t_end'])} with status {rows[0]['exit']})"
        for number, rows in sorted(ends.items())
    )
    return ", ".join(told) + (f"; its log lies in {history.directory.parent / 'logs'}" if ends and history else "")


def _stood_still(verdict: Verdict) -> str:
    seconds, since = (verdict.seen.get(what, 0) for what in ("standstill_s", "standstill_from"))
    return (
        f"the group committed nothing for {seconds:,} s from {time_of_day(since)} on, with input at hand"
        if seconds
        else ""
    )


def _idle(history: History | None) -> str:
    """What was seen of the faults without effect, at the last try."""
    faults = history.rows("fault") if history and "fault" in history.tables else []
    told = [fault["evidence"] for fault in faults if not (fault["effective"] or fault["tried_again"])]
    return f": {'; '.join(told)}" if told else ""


def _rests_on(verdict: Verdict) -> str:
    """By anomaly, what was broken on purpose and shows that it would have been seen."""
    return "; ".join(
        f"{finding.anomaly} on {row.seen:,} {row.evidence}"
        for finding in verdict.findings
        for row in finding.evidence
        if row.of_faults and row.enough and finding.meaning is not Status.COUNTED
    )
