"""Which mutants there are, and the exact witnesses that the journal and the history of each imply.

The witnesses are reckoned here from the journal, and from the recorded tables only where a kill leaves open what the
journal cannot know: whether the last deed before it was done. Knows nothing of the checks.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa

from mutants.consumers import AutoCommit, CommitsOnStop, LastFinished, SkipFailed, Stopped
from mutants.forwarders import (
    Aborting,
    CommitFirst,
    GoesBack,
    NoRewind,
    NoTransaction,
    OutOfOrder,
    ReadUncommitted,
    Renames,
    renamed,
)
from mutants.journal import Row
from mutants.letters import LetterAltered, LetterAndEffect, LetterWithoutReason, TriesTooOften, WithoutLetter
from mutants.values import ChangesField, DropsField, SwapsPayloads, WrongKey
from pipeline.group_member import GroupMember
from pipeline.process import Stop
from pipeline.settings import ForwarderSettings, GroupSettings, ProjectorSettings

Settings = TypeVar("Settings", bound=GroupSettings)
Tables = Mapping[str, pa.Table]
Witnesses = Mapping[str, frozenset[str]]
Effects = Mapping[str, Counter[str]]  # id -> visible effects per channel


@dataclass(frozen=True)
class Mutant:
    """`anomalies`: what it may be caught by, its own first; `witnesses`: exactly which inputs, of each anomaly.

    `subject`: of streamproof.toml, the right one, in whose place the mutant runs. `faults`: by their name in runner.py;
    those of its subject, unless it needs others.
    """

    name: str
    bug: str
    run: Callable[[], None]
    anomalies: tuple[str, ...]
    witnesses: Callable[[Sequence[Row], Tables], Witnesses]
    subject: str = "orders"
    faults: str = ""

    @property
    def command(self) -> str:
        return f"python -m mutants {self.name}"


def running(settings: type[Settings], kind: Callable[[Settings, Stop], GroupMember[Any]]) -> Callable[[], None]:
    """Runs a member with the settings of its environment, until it is told to stop."""

    def run() -> None:
        values = settings.from_environment()
        stop = Stop(values.stop_ms)
        stop.listen()
        kind(values, stop).run()

    return run


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
    """Every input was committed before its effects. Lost are inputs whose last act is that commit."""
    committed = frozenset(found for row in rows if row.act == "commit" for found in row.ids)
    unfinished = frozenset(found for found, act in _last_act(rows).items() if act != "produced")
    lost = unfinished & fewer_than_expected(tables)
    return {"commit-ahead": committed - lost, "lost": lost}


def _no_rewind(rows: Sequence[Row], _tables: Tables) -> Witnesses:
    """An aborted input is lost, unless a kill came before the next commit: then the successor reads it again."""
    lost = frozenset(found for found, act in _last_act(rows).items() if act in {"aborting", "passed-over"})
    return {"lost": lost}


def _no_transaction(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Inputs that were produced again, because the first attempt was cut short before its commit."""
    times = Counter(found for row in rows if row.act == "produce" for found in row.ids)
    again = frozenset(found for found, count in times.items() if count > 1)
    return {"duplicated": again & more_than_expected(tables)}


def _read_uncommitted(_rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Every input that was aborted upstream was read, and passed on."""
    inputs = tables["input"].select(["id", "fate"]).to_pylist()
    return {"aborted-read": frozenset(row["id"] for row in inputs if row["fate"] == "abort")}


def _out_of_order(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """In reversed batches that were not done again: inputs that stand before another input of their key."""
    inputs = {row["id"]: row for row in tables["input"].select(["id", "key", "part", "off", "fate"]).to_pylist()}
    last = {found: row for row in rows for found in row.ids}
    overtaken = set()
    for row in rows:
        latest: dict[tuple[str, int, str], int] = {}
        alike = [(inputs[found], inputs[found]["off"]) for found in row.ids if last[found] is row]
        for event, offset in sorted(alike, key=lambda pair: -pair[1]) if row.act == "reversed" else []:
            # poison goes to the dead letters, where an order of its own is kept
            if offset < latest.setdefault((event["key"], event["part"], event["fate"]), offset):
                overtaken.add(event["id"])
    return {"reordered": frozenset(overtaken)}


def _renames(rows: Sequence[Row], _tables: Tables) -> Witnesses:
    """A renamed input that was not done again is lost; its new name is a phantom, since nothing of it was sent."""
    lost = frozenset(found for found, act in _last_act(rows).items() if act == "renamed")
    return {"phantom": frozenset(map(renamed, lost)), "lost": lost}


def _spoilt(anomaly: str) -> Callable[[Sequence[Row], Tables], Witnesses]:
    """A spoilt input that was not done again."""

    def witnesses(rows: Sequence[Row], _tables: Tables) -> Witnesses:
        return {anomaly: frozenset(found for found, act in _last_act(rows).items() if act == "spoilt")}

    return witnesses


def _goes_back(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """The places that a commit went back to; and the inputs that were read again from there before the next commit."""
    commits = tables["offset_commit"].to_pylist()
    made = {f"{row['topic']}[{row['part']}]@{row['off']}" for row in commits if not row["transactional"]}
    back = [row for row in rows if row.act == "going-back"]
    places = frozenset(f"{place}@{offset}" for row in back for place, offset in row.offsets.items())
    repeated = frozenset(found for row in back for found in row.ids) & more_than_expected(tables)
    return {"commit-regression": places & made, "duplicated": repeated}


def _skip_failed(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """An input that failed is lost, unless another instance wrote it, or read it again after an early kill."""
    skipped = frozenset(found for found, act in _last_act(rows).items() if act == "skipped")
    return {"lost": skipped & fewer_than_expected(tables)}


def _auto_commit(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """Lost are inputs that a killed process took last; ahead are inputs committed before their effects were seen.

    No journal knows what was committed while a record was in hand, so ahead is reckoned from the tables, though not by
    the query.
    """
    unwritten = frozenset(found for found, act in _last_act(rows).items() if act == "taken")
    lost = unwritten & fewer_than_expected(tables)
    return {"lost": lost, "commit-ahead": _committed_before_seen(tables) - lost}


def _commits_on_stop(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """An input that was left undone is lost; unless it had been written before, and was read again after a kill."""
    left = frozenset(found for found, act in _last_act(rows).items() if act == "left")
    return {"lost": left & fewer_than_expected(tables)}


def _last_finished(rows: Sequence[Row], tables: Tables) -> Witnesses:
    """As with commits by the clock; lost are also inputs that waited behind others of their key, and were not taken."""
    done = {found for found, act in _last_act(rows).items() if act == "done"}
    lost = fewer_than_expected(tables) - done
    return {"lost": lost, "commit-ahead": _committed_before_seen(tables) - lost}


def _committed_before_seen(tables: Tables) -> frozenset[str]:
    """The inputs that a commit had passed, in the broker's time, before their effect was there."""
    seen = dict(zip(*tables["effect"].select(["source_id", "t_append"]).to_pydict().values(), strict=True))
    commits: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for row in tables["offset_commit"].to_pylist():
        if row["off"] is not None:
            commits[row["topic"], row["part"]].append((row["off"], row["t_append"]))
    found = set()
    for row in tables["input"].select(["id", "topic", "part", "off"]).to_pylist():
        beyond = [t for off, t in commits[row["topic"], row["part"]] if off > row["off"]]
        if row["id"] in seen and beyond and min(beyond) < seen[row["id"]]:
            found.add(row["id"])
    return frozenset(found)


MUTANTS = {
    mutant.name: mutant
    for mutant in (
        Mutant(
            "commit-first",
            "commits the input's offsets before it produces",
            running(ForwarderSettings, CommitFirst),
            ("commit-ahead", "lost"),
            _commit_first,
        ),
        Mutant(
            "no-rewind",
            "does not go back to the start of a transaction that it aborted",
            running(ForwarderSettings, NoRewind),
            ("lost",),
            _no_rewind,
        ),
        Mutant(
            "no-transaction",
            "produces, then commits the input's offsets, with no transaction around them",
            running(ForwarderSettings, NoTransaction),
            ("duplicated",),
            _no_transaction,
        ),
        Mutant(
            "read-uncommitted",
            "reads what was aborted upstream",
            running(ForwarderSettings, ReadUncommitted),
            ("aborted-read",),
            _read_uncommitted,
        ),
        Mutant(
            "out-of-order",
            "sends some batches from their end to their start",
            running(ForwarderSettings, OutOfOrder),
            ("reordered",),
            _out_of_order,
        ),
        Mutant(
            "renames",
            "passes some events on under another id",
            running(ForwarderSettings, Renames),
            ("phantom", "lost"),
            _renames,
        ),
        Mutant(
            "swaps-payloads",
            "gives two records of a batch each other's value",
            running(ForwarderSettings, SwapsPayloads),
            ("corrupted",),
            _spoilt("corrupted"),
        ),
        Mutant(
            "changes-field",
            "changes the amount of some events",
            running(ForwarderSettings, ChangesField),
            ("corrupted",),
            _spoilt("corrupted"),
        ),
        Mutant(
            "drops-field",
            "leaves out a field of some events",
            running(ForwarderSettings, DropsField),
            ("corrupted",),
            _spoilt("corrupted"),
        ),
        Mutant(
            "wrong-key",
            "sends some records under another key",
            running(ForwarderSettings, WrongKey),
            ("misrouted",),
            _spoilt("misrouted"),
        ),
        Mutant(
            "without-letter",
            "commits past what cannot be processed, and writes no dead letter",
            running(ForwarderSettings, WithoutLetter),
            ("unaccounted",),
            _spoilt("unaccounted"),
        ),
        Mutant(
            "letter-and-effect",
            "has an effect of what it dead-letters",
            running(ForwarderSettings, LetterAndEffect),
            ("both",),
            _spoilt("both"),
        ),
        Mutant(
            "silent-letter",
            "does not say why a dead letter is there",
            running(ForwarderSettings, LetterWithoutReason),
            ("unexplained",),
            _spoilt("unexplained"),
        ),
        Mutant(
            "letter-altered",
            "writes a dead letter's value in another form than it came in",
            running(ForwarderSettings, LetterAltered),
            ("altered",),
            _spoilt("altered"),
        ),
        Mutant(
            "tries-too-often",
            "tries what can never succeed oftener than is allowed",
            running(ForwarderSettings, TriesTooOften),
            ("overtried",),
            _spoilt("overtried"),
        ),
        Mutant(
            "goes-back",
            "commits an older offset after a newer offset",
            running(ForwarderSettings, GoesBack),
            ("commit-regression", "duplicated"),
            _goes_back,
        ),
        Mutant(
            "skip-failed",
            "passes by what it could not write",
            running(ProjectorSettings, SkipFailed),
            ("lost",),
            _skip_failed,
            subject="projector",
        ),
        Mutant(
            "auto-commit",
            "commits by the clock what it was handed, done or not",
            running(ProjectorSettings, AutoCommit),
            ("commit-ahead", "lost"),
            _auto_commit,
            subject="projector",
        ),
        Mutant(
            "last-finished",
            "does records side by side, and commits past those that are not done yet",
            running(ProjectorSettings, LastFinished),
            ("commit-ahead", "lost"),
            _last_finished,
            subject="projector",
        ),
        Mutant(
            "commits-on-stop",
            "when it is stopped, commits what it has read, done or not",
            running(ProjectorSettings, CommitsOnStop),
            ("lost",),
            _commits_on_stop,
            subject="projector",
            faults="stops",
        ),
    )
}
# Right, though they look much like a mutant: what a check must not raise anything about
CLEAN = {
    mutant.name: mutant
    for mutant in (
        Mutant(
            "aborting",
            "none: aborts every nth transaction, and rewinds",
            running(ForwarderSettings, Aborting),
            (),
            lambda *_: {},
        ),
        Mutant(
            "stopped",
            "none: finishes what it has in its hands before it ends",
            running(ProjectorSettings, Stopped),
            (),
            lambda *_: {},
            subject="projector",
            faults="stops",
        ),
    )
}
