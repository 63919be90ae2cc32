"""Which mutants there are, and the exact witnesses that each one's journal and history imply.

The witnesses are reckoned here from the journal, and from the recorded tables only where a kill leaves open what the
journal cannot know: whether the last deed before it was done. Knows nothing of the checks.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from mutants.forwarders import Aborting, CommitFirst, NoRewind, NoTransaction
from mutants.journal import Row
from pipeline.forwarder import Forwarder

Tables = Mapping[str, pa.Table]
Witnesses = Mapping[str, frozenset[str]]
Effects = Mapping[str, Counter[str]]  # id -> visible effects per channel


@dataclass(frozen=True)
class Mutant:
    """`anomalies`: what it may be caught by, the one named for it first; `witnesses`: exactly which inputs, of each."""

    name: str
    bug: str
    forwarder: type[Forwarder]
    anomalies: tuple[str, ...]
    witnesses: Callable[[Sequence[Row], Tables], Witnesses]

    @property
    def command(self) -> str:
        return f"python -m mutants {self.name}"


def visible_effects(tables: Tables) -> Effects:
    """How often each input's effect is visible on each channel."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    columns = tables["effect"].select(["source_id", "channel", "visible"]).to_pydict()
    for source_id, channel, visible in zip(*columns.values(), strict=True):
        if visible and source_id is not None:
            found[source_id][channel] += 1
    return found


def fewer_than_expected(tables: Tables) -> frozenset[str]:
    seen = visible_effects(tables)
    expected = tables["expected"].select(["id", "channel", "at_least"]).to_pylist()
    return frozenset(row["id"] for row in expected if seen.get(row["id"], Counter())[row["channel"]] < row["at_least"])


def more_than_expected(tables: Tables) -> frozenset[str]:
    seen = visible_effects(tables)
    expected = tables["expected"].select(["id", "channel", "at_most"]).to_pylist()
    return frozenset(
        row["id"]
        for row in expected
        if row["at_most"] is not None and seen.get(row["id"], Counter())[row["channel"]] > row["at_most"]
    )


def _last_act(rows: Sequence[Row]) -> dict[str, str]:
    """For each id, the last act that it had a part in."""
    return {found: row.act for row in rows for found in row.ids}


def _commit_first(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Every input was committed before its effects. Lost are those whose commit was the last that was done for them."""
    committed = frozenset(found for row in rows if row.act == "commit" for found in row.ids)
    unfinished = frozenset(found for found, act in _last_act(rows).items() if act != "produced")
    lost = unfinished & fewer_than_expected(tables)
    return {"commit-ahead": committed - lost, "lost": lost}


def _no_rewind(rows: Sequence[Row], _tables: Tables) -> Witnesses:
    """What was aborted is lost, unless the process was killed before its next commit, and the next took it up again."""
    lost = frozenset(found for found, act in _last_act(rows).items() if act in {"aborting", "passed-over"})
    return {"lost": lost}


def _no_transaction(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """What was produced more than once, if the first time was cut short before its commit."""
    times = Counter(found for row in rows if row.act == "produce" for found in row.ids)
    again = frozenset(found for found, count in times.items() if count > 1)
    return {"duplicated": again & more_than_expected(tables)}


MUTANTS = {
    mutant.name: mutant
    for mutant in (
        Mutant(
            "commit-first",
            "commits the input's offsets before it produces",
            CommitFirst,
            ("commit-ahead", "lost"),
            _commit_first,
        ),
        Mutant(
            "no-rewind",
            "does not go back to the start of a transaction that it aborted",
            NoRewind,
            ("lost",),
            _no_rewind,
        ),
        Mutant(
            "no-transaction",
            "produces, then commits the input's offsets, with no transaction around them",
            NoTransaction,
            ("duplicated",),
            _no_transaction,
        ),
    )
}
# Right, though they look much like a mutant: what a check must not raise anything about
CLEAN = {
    mutant.name: mutant
    for mutant in (Mutant("aborting", "none: aborts every nth transaction, and rewinds", Aborting, (), lambda *_: {}),)
}
