"""Which fault of a run each witness lay at: what a story tells of the first witness, asked of many."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from streamproof.checks.actors import Actors
from streamproof.checks.catalogue import Status, What, load_checks
from streamproof.checks.queries import open_queries
from streamproof.checks.stories import tell
from streamproof.checks.verdict import Verdict
from streamproof.history.store import History

MOST = 40  # witnesses of each anomaly that are asked, spread over all


def blame(
    history: History, verdict: Verdict, *, extra: Sequence[Path] = (), most: int = MOST
) -> Mapping[int | None, Counter[str]]:
    """How many of the witnesses asked lay at each fault, by anomaly; under None those that lay at no fault.

    A fault's key is `t_effect` of its row of the `fault` table (`t_from`, where that is null). A witness that lay at
    several faults counts for each. Only anomalies that the promise forbids are asked.
    """
    forbidden = {finding.anomaly for finding in verdict.findings if finding.meaning is Status.FORBIDDEN}
    found: dict[int | None, Counter[str]] = {}
    with open_queries(history, verdict.group) as queries:
        actors = Actors(queries)
        for check in load_checks(extra):
            if check.name not in forbidden or not verdict.finding(check.name).witnesses:
                continue
            _, rows = queries.witnesses(check.sql, f"{check.name}.sql")
            for row in rows[:: max(1, len(rows) // most)][:most]:
                story = tell(queries, check, row, actors)
                for fault in [moment.t for moment in story.moments if moment.what is What.FAULT] or [None]:
                    found.setdefault(fault, Counter())[check.name] += 1
    return found
