"""Which fault of a run each witness lay at: what a story tells of the first witness, asked of many."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path

from streamproof.checks.actors import Actors
from streamproof.checks.catalogue import Check, Status, What, load_checks
from streamproof.checks.messages import Row
from streamproof.checks.queries import open_queries
from streamproof.checks.stories import Story, tell
from streamproof.checks.verdict import Verdict
from streamproof.history.store import History

MARKS = 32  # so many witnesses of a partition are asked at least
FAULTS = "SELECT name, t_from, coalesce(t_effect, t_from) AS t FROM fault ORDER BY t_from"


def blame(history: History, verdict: Verdict, *, extra: Sequence[Path] = ()) -> Mapping[str, Counter[str]]:
    """How many witnesses lay at each fault that takes its turn, by the fault's name and by anomaly.

    A witness lies at the first fault that was between the two moments that contradict the promise; where none was, as
    when a zombie wakes, at the fault in whose turn the first of the two was. Only anomalies that the promise forbids
    are asked. Of witnesses between two of one partition that lay at the same fault, it is taken that they did too.
    """
    forbidden = {finding.anomaly for finding in verdict.findings if finding.meaning is Status.FORBIDDEN}
    found: dict[str, Counter[str]] = {}
    with open_queries(history, verdict.group) as queries:
        actors, faults = Actors(queries), queries.rows(FAULTS, "faults")
        for check in load_checks(extra):
            if check.name not in forbidden or not verdict.finding(check.name).witnesses:
                continue
            _, rows = queries.witnesses(check.sql, f"{check.name}.sql")

            def name_of(row: Row, check: Check = check) -> str | None:
                fault = _fault_of(tell(queries, check, row, actors), faults)
                return fault["name"] if fault else None

            for name in each_at(rows, name_of):
                if name is not None:
                    found.setdefault(name, Counter())[check.name] += 1
    return found


def each_at(rows: Sequence[Row], name_of: Callable[[Row], str | None]) -> Iterator[str | None]:
    """The name for each row, where few are asked: between two of a partition that agree, all do."""
    for _, partition in groupby(rows, key=lambda row: (row.get("topic"), row.get("part"))):
        own = list(partition)
        names: dict[int, str | None] = {}
        marks = sorted({*range(0, len(own), -(-len(own) // MARKS)), len(own) - 1})
        spans = list(pairwise(marks))
        for mark in marks:
            names[mark] = name_of(own[mark])
        while spans:
            first, last = spans.pop()
            if names[first] == names[last]:
                names |= dict.fromkeys(range(first + 1, last), names[first])
            elif last - first > 1:
                middle = (first + last) // 2
                names[middle] = name_of(own[middle])
                spans += [(first, middle), (middle, last)]
        yield from (names[number] for number in range(len(own)))


def _fault_of(story: Story, faults: Sequence[Row]) -> Row | None:
    between = [moment.t for moment in story.moments if moment.what is What.FAULT]
    if between:
        return next((fault for fault in faults if fault["t"] == between[0]), None)
    before = [fault for fault in faults if story.since is not None and fault["t_from"] <= story.since]
    return before[-1] if before else None
