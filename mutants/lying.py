"""Right forwarders, and a broker that lies: to them, or to who reads what they do. What it says is in `lies.py`."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mutants.forwarders import Journaled, Results
from mutants.journal import Row
from mutants.liveness import waiting_inputs
from mutants.mutant import Mutant, none_at_all, running
from mutants.witnesses import Tables, Witnesses, no_generation
from mutants.zombies import Waking
from pipeline.group_member import Batch
from pipeline.settings import ForwarderSettings

# what nobody owns is an orphan after twice the time that a rebalance may take, and called stuck after 55 s
SOON_ORPHANED = {"TRANSACTION_TIMEOUT_MS": "2500", "MAX_POLL_INTERVAL_MS": "3000"}
ORPHANED_S = 20.0


class AsItWas(Waking):
    """No bug: it commits as the member that it was when it read. A zombie's offsets are refused, by who is honest."""

    def send(self, batch: Batch, results: Results) -> None:
        self._member = super().membership()
        super().send(batch, results)

    def membership(self) -> Any:
        return self._member


def lied_about(rows: Sequence[Row], *acts: str) -> Iterator[tuple[str, int]]:
    """The partitions, as `topic[0]`, and offsets that the broker lied about."""
    for row in rows:
        if row.act in acts:
            yield from row.offsets.items()


def places(act: str, anomaly: str) -> Callable[[Sequence[Row], Tables], Witnesses]:
    """Each record that was lied about."""

    def witnesses(rows: Sequence[Row], _tables: Tables) -> Witnesses:
        return {anomaly: frozenset(f"{place}@{offset}" for place, offset in lied_about(rows, act))}

    return witnesses


def begun_again(rows: Sequence[Row], _tables: Tables) -> Witnesses:
    """The first record of each batch that came twice: those after it come after it."""
    first: dict[str, int] = {}
    for place, offset in lied_about(rows, "twice"):
        first[place] = min(offset, first.get(place, offset))
    return {"nonmonotonic-read": frozenset(f"{place}@{offset}" for place, offset in first.items())}


def others(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """The inputs in whose places others were shown."""
    lied = set(lied_about(rows, "other"))
    inputs = tables["input"].select(["id", "topic", "part", "off"]).to_pylist()
    found = (row["id"] for row in inputs if (f"{row['topic']}[{row['part']}]", row["off"]) in lied)
    return {"inconsistent-offset": frozenset(found)}


def aborted_all_the_same(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """What was written in each transaction that was not told of, from its beginning to its marker."""
    begins = set(lied_about(rows, "not-aborted"))
    open_here: set[tuple[str, int]] = set()  # partitions, and the producers whose transaction was not told of
    found = set()
    for row in sorted(tables["batch"].to_pylist(), key=lambda row: (row["topic"], row["part"], row["base_off"])):
        place = f"{row['topic']}[{row['part']}]"
        if (place, row["base_off"]) in begins:
            open_here.add((place, row["pid"]))
        if row["control"] != "none":
            open_here.discard((place, row["pid"]))
        elif (place, row["pid"]) in open_here:
            found |= {f"{place}@{offset}" for offset in range(row["base_off"], row["last_off"] + 1)}
    return {"aborted-read": frozenset(found)}


def forgotten(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """The partition that nobody was given, and what waits in it."""
    found = frozenset(place for place, _ in lied_about(rows, "forgotten"))
    waiting = waiting_inputs(tables, float("inf"))
    left = frozenset(identity for place in found & waiting.keys() for identity in waiting[place].ids)
    return {"orphan": found, "late": left}


JOURNALED = running(ForwarderSettings, Journaled)
MUTANTS = (
    Mutant(
        "served-twice",
        "none: its broker gives readers some records twice",
        JOURNALED,
        ("nonmonotonic-read",),
        begun_again,
        lie="twice",
    ),
    Mutant(
        "hides-records",
        "none: its broker hides some records from readers",
        JOURNALED,
        ("skipped-read",),
        places("hidden", "skipped-read"),
        lie="hidden",
    ),
    Mutant(
        "two-contents",
        "none: its broker shows readers other records at some offsets than it has there",
        JOURNALED,
        ("inconsistent-offset",),
        others,
        lie="other",
    ),
    Mutant(
        "tells-no-aborts",
        "none: its broker does not tell readers which transactions were aborted",
        JOURNALED,
        ("aborted-read",),
        aborted_all_the_same,
        lie="nothing-aborted",
    ),
    Mutant(
        "takes-stale-commits",
        "none: its broker takes offsets from who is no member any more",
        running(ForwarderSettings, AsItWas),
        ("foreign-commit", "commit-regression", "dual-ownership", "duplicated"),
        no_generation,
        faults="zombies",
        lie="from-nobody",
    ),
    Mutant(
        "forgets-owner",
        "none: its broker gives a partition to nobody, whatever the group has assigned",
        JOURNALED,
        ("orphan", "late"),
        forgotten,
        faults="kill",
        env=SOON_ORPHANED,
        promises={"recovery_ms": None},
        quiet_s=ORPHANED_S,
        lie="without-owner",
    ),
)
CLEAN = (
    Mutant(
        "honest",
        "none: readers are told what there is, as the lying brokers' are",
        JOURNALED,
        (),
        none_at_all,
        lie="none",
    ),
    Mutant(
        "as-it-was",
        "none: commits as the member that it was when it read",
        running(ForwarderSettings, AsItWas),
        (),
        none_at_all,
        faults="zombies",
    ),
)
