"""Which fault of a run each witness lay at: what a story tells of the first witness, asked of many."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from streamproof.checks.actors import Actors
from streamproof.checks.catalogue import Status, What, load_checks
from streamproof.checks.messages import Row
from streamproof.checks.queries import open_queries
from streamproof.checks.stories import Story, tell
from streamproof.checks.verdict import Verdict
from streamproof.history.store import History

MOST = 40  # witnesses of each anomaly that are asked, spread over all
FAULTS = "SELECT name, t_from, coalesce(t_effect, t_from) AS t FROM fault ORDER BY t_from"


def blame(history: History, verdict: Verdict, *, extra: Sequence[Path] = ()) -> Mapping[str, Counter[str]]:
    """How many of the witnesses asked lay at each fault that takes its turn, by the fault's name and by anomaly.

    A witness lies at the first fault that was between the two moments that contradict the promise; where none was, as
    when a zombie wakes, at the fault in whose turn the first of the two was. Only anomalies that the promise forbids
    are asked.
    """
    forbidden = {finding.anomaly for finding in verdict.findings if finding.meaning is Status.FORBIDDEN}
    found: dict[str, Counter[str]] = {}
    with open_queries(history, verdict.group) as queries:
        actors, faults = Actors(queries), queries.rows(FAULTS, "faults")
        for check in load_checks(extra):
            if check.name not in forbidden or not verdict.finding(check.name).witnesses:
                continue
            _, rows = queries.witnesses(check.sql, f"{check.name}.sql")
            for row in rows[:: max(1, len(rows) // MOST)][:MOST]:
                if (fault := _fault_of(tell(queries, check, row, actors), faults)) is not None:
                    found.setdefault(fault["name"], Counter())[check.name] += 1
    return found


def _fault_of(story: Story, faults: Sequence[Row]) -> Row | None:
    between = [moment.t for moment in story.moments if moment.what is What.FAULT]
    if between:
        return next((fault for fault in faults if fault["t"] == between[0]), None)
    before = [fault for fault in faults if story.since is not None and fault["t_from"] <= story.since]
    return before[-1] if before else None
