"""A dry run in words: what would be run, fed in, broken and judged."""

from collections.abc import Iterable, Iterator

from streamproof import __version__
from streamproof.checks import Status
from streamproof.engine.dry_run import DryRun, SampleEvent

NAME_WIDTH = 10
UNDER = 2 + NAME_WIDTH + 1  # where texts begin


def explain_dry_run(run: DryRun) -> str:
    """The whole, in lines of plain text."""
    promise = run.promise
    order = ", ordered by key" if promise.ordered else ""
    rows = {
        "subject": [f"{run.subject}: {run.instances} × {run.command}"],
        "cluster": [run.cluster],
        "promise": [f"{promise.delivery}{order}, of group {promise.grp}"],
        "workload": [f"{run.events:,} events, seed {run.seed}, such as", *map(_sent, run.sample)],
        "faults": [*run.faults, *(f"left out: {sentence}" for sentence in run.plan.dropped)] or ["none"],
        "judged": [*_judged(run)],
        "counted": [anomaly.anomaly for anomaly in run.anomalies if anomaly.meaning is Status.COUNTED],
        "not judged": [*run.unjudged],
        "look at": [*run.hints],
        "start it": [run.again] if run.again else [],
    }
    lines = [f"streamproof {__version__} · a dry run: all that can be checked without a broker is right"]
    for name, texts in rows.items():
        lines += _row(name, texts)
    return "\n".join(lines)


def _row(name: str, texts: Iterable[str]) -> Iterator[str]:
    """Lines under a name that stands before the first of them; nothing without any."""
    for number, text in enumerate(texts):
        yield f"  {name if number == 0 else '':<{NAME_WIDTH}} {text}"


def _sent(event: SampleEvent) -> str:
    headers = " ".join(f"{name}={value}" for name, value in event.headers.items())
    told = [f"key {event.key}" if event.key is not None else "", headers, event.value]
    return f"{event.fate}: " + " · ".join(text for text in told if text)


def _judged(run: DryRun) -> Iterator[str]:
    for anomaly in run.anomalies:
        if anomaly.meaning is not Status.COUNTED:
            idle = " (it takes a fault, and none is planned)" if anomaly.of_faults and not run.faults else ""
            yield f"{anomaly.anomaly} ({anomaly.meaning}), shown by {'; '.join(anomaly.evidence)}{idle}"
