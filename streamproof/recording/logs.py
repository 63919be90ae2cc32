"""The end of a run: everything that stands in the logs, read back into the history's tables.

Takes plain values and addresses; knows neither contract nor cluster.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from streamproof.clock import now_us
from streamproof.errors import StreamproofError
from streamproof.history.locators import Locator
from streamproof.history.promise import Promise
from streamproof.history.store import HistoryWriter
from streamproof.history.terms import Fate
from streamproof.recording.batches import Batch, Place, batch_table, read_batches, took_effect
from streamproof.recording.coordinators import LogRecord, decode_consumer_offsets, decode_transaction_state
from streamproof.recording.databases import EffectQuery
from streamproof.recording.message_schemas import load_schemas
from streamproof.recording.readback import Columns, Ends, LogEnds, Origins, RecordChunk, Visible, drain

ROWS = 100_000  # kept in memory at most
UNSENT: tuple[int | None, Fate] = (None, Fate.PROCESS)  # what an id that nobody sent has for sequence and fate
OFFSETS, TRANSACTIONS = "__consumer_offsets", "__transaction_state"
Batches = Mapping[Place, Sequence[Batch]]


@dataclass(frozen=True)
class EffectTopic:
    """A topic on which each processed input has `per_input` effects; a dead-letter topic has one of each poison."""

    channel: str
    topic: str
    identity: Locator
    per_input: int = 1
    dead_letters: bool = False


@dataclass(frozen=True)
class Told:
    """Input that is in no topic: the subject was told of it, and answered. All rows but `expected` are a table's.

    `expected`: of each id, how often at least and at most it should have its effects, by how it was answered; `owners`:
    the processes that were told. There is no group that could rebalance, so it has no generations, and none is missing.
    """

    inputs: Sequence[Mapping[str, Any]]
    commits: Sequence[Mapping[str, Any]]
    owners: Sequence[Mapping[str, Any]]
    expected: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Recording:
    """What to read back. `fates`: sequence and fate of each id that was sent; others are of fate process.

    `jars` hold the schemas of the coordinators' logs; `topic_ids` names the topics that those logs know by id. The
    input is in `input_topic`, or `told`. `unused` are coordinators' logs that hold nothing of this run, or are not
    there: what is made from them is empty, and not missing.
    """

    bootstrap: str
    promise: Promise
    input_topic: str | None
    input_identity: Locator
    effects: tuple[EffectTopic, ...]
    fates: Mapping[str, tuple[int, Fate]]
    jars: tuple[Path, ...]
    topic_ids: Mapping[str, str]
    queries: tuple[EffectQuery, ...] = ()  # read by another, but expected here
    told: Told | None = None
    unused: frozenset[str] = frozenset()

    @property
    def caused(self) -> Sequence[EffectTopic | EffectQuery]:
        """All that inputs should cause."""
        return (*self.effects, *self.queries)

    @property
    def topics(self) -> tuple[str, ...]:
        effects = tuple(one.topic for one in self.effects)
        return effects if self.input_topic is None else (self.input_topic, *effects)


@dataclass(frozen=True)
class Recorded:
    """What could not be had, each a sentence, and the protocol that the group spoke last."""

    lacking: tuple[str, ...]
    protocol: str


def record_logs(
    writer: HistoryWriter, spec: Recording, stops: Callable[[Sequence[str]], LogEnds], say: Callable[[str], None]
) -> Recorded:
    """Write ends, batch, read (final), input, expected, effect and the coordinators' tables.

    `stops` asks the broker where logs begin and end; `say` is told what goes on. A coordinators' table that could not
    be had has no file, and a sentence in the answer. HistoryError when the subject's own topics cannot be read to
    their end; UsageError for an identity that does not lie in records.
    """
    for locator in (spec.input_identity, *(one.identity for one in spec.effects)):
        locator.require_in_records()
    ends = stops(spec.topics)
    _write_ends(writer, ends)
    say("batch headers")
    batches = read_batches(spec.bootstrap, spec.topics, _begins(ends))
    writer.append_table("batch", batch_table(batches))
    say("records under read_committed")
    visible = _committed_pass(writer, spec, ends)
    say("records under read_uncommitted")
    _uncommitted_pass(writer, spec, ends, batches, visible)
    say("the coordinators' logs")
    return _coordinators(writer, spec, stops)


def _write_ends(writer: HistoryWriter, ends: LogEnds) -> None:
    columns = Columns("ends")
    for (topic, part), (begin, stable, high) in sorted(ends.items()):
        columns.add(topic, part, begin, stable, high)
    writer.append_table("ends", columns.take())


def _begins(ends: LogEnds) -> Mapping[Place, int]:
    return {place: begin for place, (begin, _, _) in ends.items()}


def _stable(ends: LogEnds) -> Ends:
    return {place: (begin, stable) for place, (begin, stable, _) in ends.items()}


def _everything(ends: LogEnds) -> Ends:
    return {place: (begin, high) for place, (begin, _, high) in ends.items()}


def _committed_pass(writer: HistoryWriter, spec: Recording, ends: LogEnds) -> Visible:
    visible, reads = Visible(_stable(ends)), _Reads(writer, "read_committed")
    for chunk in drain(spec.bootstrap, _stable(ends), "read_committed"):
        visible.add(chunk.place, chunk.offsets)
        reads.add(chunk, None)
    reads.close()
    return visible


class _Reads:
    """Rows of the `read` table, of the final readers."""

    def __init__(self, writer: HistoryWriter, isolation: str) -> None:
        self._writer, self._isolation, self._n = writer, isolation, 0
        self._columns = Columns("read")

    def add(self, chunk: RecordChunk, found: list[str | None] | None) -> None:
        n, count = self._n, len(chunk)
        self._columns.extend(
            count, reader=f"final-{self._isolation}", n=range(n, n + count), isolation=self._isolation, phase="final",
            topic=chunk.topic, part=chunk.part, off=chunk.offsets, id=found, t=now_us(),
        )  # fmt: skip
        self._n += count
        if self._columns.rows >= ROWS:
            self.close()

    def close(self) -> None:
        self._writer.append_table("read", self._columns.take())


def _uncommitted_pass(
    writer: HistoryWriter, spec: Recording, ends: LogEnds, batches: Batches, visible: Visible
) -> None:
    reads, inputs, effects = _Reads(writer, "read_uncommitted"), _Inputs(writer, spec), _Effects(writer, spec)
    origins = Origins(batches)
    for chunk in drain(spec.bootstrap, _everything(ends), "read_uncommitted"):
        seen = visible.among(chunk.place, chunk.offsets)
        made_in = origins.of(chunk.place, chunk.offsets)
        kind = inputs if chunk.topic == spec.input_topic else effects
        reads.add(chunk, kind.add(chunk, made_in, seen))
    reads.close()
    inputs.close()
    effects.close()
    if spec.told is None:
        _write_expected(writer, spec, _by_fate(spec, inputs.times_visible))
    else:
        writer.append("input", spec.told.inputs)
        writer.append("offset_commit", spec.told.commits)
        writer.append("owner", spec.told.owners)
        _write_expected(writer, spec, {one: (counts, (0, 0)) for one, counts in spec.told.expected.items()})


class _Inputs:
    """Rows of the `input` table. An input whose id is not where it should be is named by where it stands."""

    def __init__(self, writer: HistoryWriter, spec: Recording) -> None:
        self._writer, self._spec = writer, spec
        self._columns = Columns("input")
        self.times_visible: dict[str, int] = {}

    def add(self, chunk: RecordChunk, made_in: Sequence[Batch | None], seen: list[bool]) -> list[str | None]:
        found = self._spec.input_identity.of_all(chunk)
        topic, part = chunk.place
        names = [
            one if one is not None else f"{topic}[{part}]@{off}" for one, off in zip(found, chunk.offsets, strict=True)
        ]
        fates = [self._spec.fates.get(name, UNSENT) for name in names]
        pids, epochs = _producers(made_in)
        self._columns.extend(
            len(chunk), topic=topic, part=part, off=chunk.offsets, id=names, key=_texts(chunk.keys),
            seq=[seq for seq, _ in fates], fate=[fate.value for _, fate in fates], t_append=chunk.times,
            pid=pids, epoch=epochs, visible=seen,
        )  # fmt: skip
        times = self.times_visible
        for name, once in zip(names, seen, strict=True):
            times[name] = times.get(name, 0) + once
        if self._columns.rows >= ROWS:
            self.close()
        return found

    def close(self) -> None:
        self._writer.append_table("input", self._columns.take())


class _Effects:
    """Rows of the `effect` table, of all channels."""

    def __init__(self, writer: HistoryWriter, spec: Recording) -> None:
        self._writer = writer
        self._channels = {one.topic: one for one in spec.effects}
        self._columns = Columns("effect")
        self._ordinal = 0

    def add(self, chunk: RecordChunk, made_in: Sequence[Batch | None], seen: list[bool]) -> list[str | None]:
        channel = self._channels[chunk.topic]
        found = channel.identity.of_all(chunk)
        pids, epochs = _producers(made_in)
        first, count = self._ordinal, len(chunk)
        self._columns.extend(
            count, channel=channel.channel, source_id=found, ordinal=range(first, first + count), topic=chunk.topic,
            part=chunk.part, off=chunk.offsets, key=_texts(chunk.keys), value_hash=_digests(chunk.values),
            echo=None, t_append=chunk.times, pid=pids, epoch=epochs, visible=seen, instance=None, incarnation=None,
        )  # fmt: skip
        self._ordinal += count
        if self._columns.rows >= ROWS:
            self.close()
        return found

    def close(self) -> None:
        self._writer.append_table("effect", self._columns.take())


def _producers(made_in: Sequence[Batch | None]) -> tuple[list[int | None], list[int | None]]:
    """Producer id and epoch of each record; null where there is none."""
    known = [one if one is not None and one.pid >= 0 else None for one in made_in]
    return [one.pid if one else None for one in known], [one.epoch if one else None for one in known]


def _texts(keys: Sequence[bytes | None]) -> list[str | None]:
    return [key.decode(errors="replace") if key is not None else None for key in keys]


def _digests(values: Sequence[bytes | None]) -> list[str | None]:
    return [blake2b(value, digest_size=8).hexdigest() if value is not None else None for value in values]


Counts = tuple[int, int]  # at least, at most


def _by_fate(spec: Recording, times_visible: Mapping[str, int]) -> Mapping[str, tuple[Counts, Counts]]:
    """How often effects, and dead letters, are due: an id that is in the input log k times may have them k times."""
    none = (0, 0)
    due: dict[str, tuple[Counts, Counts]] = {}
    for name, times in times_visible.items():
        fate = spec.fates.get(name, UNSENT)[1]
        all_times = (min(times, 1), times)
        due[name] = (all_times if fate is Fate.PROCESS else none, all_times if fate is Fate.POISON else none)
    return due


def _write_expected(writer: HistoryWriter, spec: Recording, due: Mapping[str, tuple[Counts, Counts]]) -> None:
    names, columns = iter(due.items()), Columns("expected")
    writer.open("expected")
    while some := dict(islice(names, ROWS)):
        for one in spec.caused:
            counts = [dead if one.dead_letters else effects for effects, dead in some.values()]
            columns.extend(
                len(some), id=list(some), grp=spec.promise.grp, channel=one.channel,
                at_least=[low * one.per_input for low, _ in counts],
                at_most=[high * one.per_input for _, high in counts],
            )  # fmt: skip
        writer.append_table("expected", columns.take())


def _coordinators(writer: HistoryWriter, spec: Recording, stops: Callable[[Sequence[str]], LogEnds]) -> Recorded:
    """What the two logs tell, each by itself: one that may not be read, or not be understood, takes only its own."""
    lacking: list[str] = []
    protocol = "classic"
    for topic, tables in {OFFSETS: ("offset_commit", "generation", "owner"), TRANSACTIONS: ("txn",)}.items():
        if topic in spec.unused:
            for table in tables:
                writer.open(table)
            continue
        try:
            schemas = load_schemas(spec.jars)
            batches, records = _log(spec.bootstrap, topic, stops)
            if topic == TRANSACTIONS:
                rows = {"txn": decode_transaction_state(records, schemas)}
            else:
                decoded = decode_consumer_offsets(records, schemas, spec.topic_ids)
                rows = {name: getattr(decoded, name) for name in ("offset_commit", "generation", "owner")}
                spoken = [row["protocol"] for row in decoded.generation if row["grp"] == spec.promise.grp]
                protocol = spoken[-1] if spoken else protocol
                if decoded.skipped:
                    lacking.append(_skipped(decoded.skipped))
        except StreamproofError as error:
            lacking.append(f"no {', '.join(tables)}: {topic} could not be read: {error}")
            continue
        writer.append_table("batch", batch_table(batches))
        for table, many in rows.items():
            writer.open(table)
            writer.append(table, many)
    return Recorded(tuple(lacking), protocol)


def _skipped(counts: Mapping[int, int]) -> str:
    kinds = ", ".join(f"{count} of kind {kind}" for kind, count in sorted(counts.items()))
    return f"records of {OFFSETS} that this version does not know were passed over: {kinds}"


def _log(bootstrap: str, topic: str, stops: Callable[[Sequence[str]], LogEnds]) -> tuple[Batches, list[LogRecord]]:
    """All batches of a coordinators' topic, and its records with what their batches say of them."""
    ends = stops((topic,))
    batches = read_batches(bootstrap, (topic,), _begins(ends))
    effective = {place: took_effect(many) for place, many in batches.items()}
    origins = Origins(batches)
    records: list[LogRecord] = []
    for chunk in drain(bootstrap, _everything(ends), "read_uncommitted"):
        made_in = origins.of(chunk.place, chunk.offsets)
        columns = chunk.offsets, chunk.keys, chunk.values, chunk.times, made_in
        records += [
            LogRecord(
                part=chunk.part,
                off=off,
                key=key,
                value=value,
                t_append=t_append,
                pid=batch.pid if batch else -1,
                epoch=batch.epoch if batch else -1,
                transactional=bool(batch and batch.transactional),
                visible=not batch or batch.base_off in effective[chunk.place],
            )
            for off, key, value, t_append, batch in zip(*columns, strict=True)
        ]
    return batches, records
