"""The end of a run: everything that stands in the logs, read back into the history's tables.

Takes plain values and addresses; knows neither contract nor cluster.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from streamproof.errors import HistoryError
from streamproof.history.batches import Batch, batch_table, read_batches
from streamproof.history.coordinators import LogRecord, decode_consumer_offsets, decode_transaction_state
from streamproof.history.locator import Locator
from streamproof.history.promise import Promise
from streamproof.history.readback import Columns, Ends, Origins, Record, Visible, drain
from streamproof.history.schemas import load_schemas
from streamproof.history.store import HistoryWriter
from streamproof.history.tables import Fate

ROWS = 100_000  # kept in memory at most
OFFSETS, TRANSACTIONS = "__consumer_offsets", "__transaction_state"
Stops = Mapping[tuple[str, int], tuple[int, int, int]]  # (topic, part) -> begin, last stable offset, high watermark


@dataclass(frozen=True)
class EffectTopic:
    """A topic on which each processed input has `per_input` effects; a dead-letter topic has one of each poison."""

    channel: str
    topic: str
    identity: Locator
    per_input: int = 1
    dead_letters: bool = False


@dataclass(frozen=True)
class Recording:
    """What to read back. `fates`: sequence and fate of each id that was sent; others are of fate process.

    `jars` hold the schemas of the coordinators' logs; `topic_ids` names the topics that those logs know by id.
    """

    bootstrap: str
    promise: Promise
    input_topic: str
    input_identity: Locator
    effects: tuple[EffectTopic, ...]
    fates: Mapping[str, tuple[int, Fate]]
    jars: tuple[Path, ...]
    topic_ids: Mapping[str, str]

    @property
    def topics(self) -> tuple[str, ...]:
        return (self.input_topic, *(one.topic for one in self.effects))


@dataclass(frozen=True)
class Recorded:
    """What could not be had, each a sentence, and the protocol that the group spoke last."""

    lacking: tuple[str, ...]
    protocol: str


def record_logs(
    writer: HistoryWriter, spec: Recording, stops: Callable[[Sequence[str]], Stops], say: Callable[[str], None]
) -> Recorded:
    """Write ends, batch, read (final), input, expected, effect and the coordinators' tables.

    `stops` asks the broker where logs begin and end. What could not be had has no table.
    """
    ends = stops(spec.topics)
    _write_ends(writer, ends)
    say("batch headers")
    batches = read_batches(spec.bootstrap, spec.topics)
    lacking: list[str] = []
    coordinators: dict[tuple[str, int], list[Batch]] = {}
    try:
        coordinators = read_batches(spec.bootstrap, (OFFSETS, TRANSACTIONS))
    except HistoryError as error:
        lacking.append(f"the coordinators' logs: {error}")
    writer.append_table("batch", batch_table({**batches, **coordinators}))
    say("records under read_committed")
    visible = _committed_pass(writer, spec, ends)
    say("records under read_uncommitted")
    _uncommitted_pass(writer, spec, ends, batches, visible)
    protocol = "classic"
    if coordinators:
        say("the coordinators' logs")
        protocol = _coordinators(writer, spec, stops, coordinators)
    return Recorded(tuple(lacking), protocol)


def _write_ends(writer: HistoryWriter, ends: Stops) -> None:
    columns = Columns("ends")
    for (topic, part), (begin, stable, high) in sorted(ends.items()):
        columns.add(topic, part, begin, stable, high)
    writer.append_table("ends", columns.take())


def _committed_pass(writer: HistoryWriter, spec: Recording, ends: Stops) -> Visible:
    until: Ends = {place: (begin, stable) for place, (begin, stable, _) in ends.items()}
    visible, reads = Visible(until), _Reads(writer, "read_committed")
    for record in drain(spec.bootstrap, until, "read_committed"):
        visible.add(record.topic, record.part, record.off)
        reads.add(record)
    reads.close()
    return visible


class _Reads:
    """Rows of the `read` table, of the final readers."""

    def __init__(self, writer: HistoryWriter, isolation: str) -> None:
        self._writer, self._isolation, self._n = writer, isolation, 0
        self._columns = Columns("read")

    def add(self, record: Record, found: str | None = None) -> None:
        self._columns.add(
            f"final-{self._isolation}", self._n, self._isolation, "final",
            record.topic, record.part, record.off, found, 0,
        )  # fmt: skip
        self._n += 1
        if self._columns.rows >= ROWS:
            self.close()

    def close(self) -> None:
        self._writer.append_table("read", self._columns.take())


def _uncommitted_pass(
    writer: HistoryWriter,
    spec: Recording,
    ends: Stops,
    batches: Mapping[tuple[str, int], Sequence[Batch]],
    visible: Visible,
) -> None:
    until: Ends = {place: (begin, high) for place, (begin, _, high) in ends.items()}
    origins, reads = Origins(batches), _Reads(writer, "read_uncommitted")
    inputs, effects = Columns("input"), Columns("effect")
    channels = {one.topic: one for one in spec.effects}
    times_visible: dict[str, int] = {}
    fate_of: dict[str, Fate] = {}
    ordinal = 0
    for record in drain(spec.bootstrap, until, "read_uncommitted"):
        topic, part, off, raw_key, value, headers, t_append = record
        key = raw_key.decode(errors="replace") if raw_key is not None else None
        batch = origins.of(topic, part, off)
        pid, epoch = (batch.pid, batch.epoch) if batch and batch.pid >= 0 else (None, None)
        seen = visible.has(topic, part, off)
        channel = channels.get(topic)
        if channel is None:
            found = spec.input_identity.of(raw_key, value, headers)
            name = found if found is not None else f"{topic}[{part}]@{off}"
            seq, fate = spec.fates.get(name, (None, Fate.PROCESS))
            fate_of[name] = fate
            times_visible[name] = times_visible.get(name, 0) + seen
            inputs.add(topic, part, off, name, key, seq, fate.value, t_append, pid, epoch, seen)
        else:
            found = channel.identity.of(raw_key, value, headers)
            digest = blake2b(value, digest_size=8).hexdigest() if value is not None else None
            effects.add(
                channel.channel, found, ordinal, topic, part, off, key, digest, None, t_append, pid, epoch, seen,
                None, None,
            )  # fmt: skip
            ordinal += 1
        reads.add(record, found)
        for columns in (inputs, effects):
            if columns.rows >= ROWS:
                writer.append_table(columns.table, columns.take())
    reads.close()
    writer.append_table("input", inputs.take())
    writer.append_table("effect", effects.take())
    _write_expected(writer, spec, times_visible, fate_of)


def _write_expected(
    writer: HistoryWriter, spec: Recording, times_visible: Mapping[str, int], fate_of: Mapping[str, Fate]
) -> None:
    """An id that is in the input log k times, visibly, may and must have k times the effects."""
    columns = Columns("expected")
    for name, times in times_visible.items():
        fate = fate_of[name]
        for one in spec.effects:
            wanted = Fate.POISON if one.dead_letters else Fate.PROCESS
            count = times * one.per_input if fate is wanted else 0
            columns.add(name, spec.promise.grp, one.channel, count, count)
    writer.append_table("expected", columns.take())


def _coordinators(
    writer: HistoryWriter,
    spec: Recording,
    stops: Callable[[Sequence[str]], Stops],
    batches: Mapping[tuple[str, int], Sequence[Batch]],
) -> str:
    schemas = load_schemas(spec.jars)
    ends = stops((OFFSETS, TRANSACTIONS))
    committed = {place: (begin, stable) for place, (begin, stable, _) in ends.items()}
    everything = {place: (begin, high) for place, (begin, _, high) in ends.items()}
    visible = Visible(committed)
    for one in drain(spec.bootstrap, committed, "read_committed"):
        visible.add(one.topic, one.part, one.off)
    origins = Origins(batches)
    records: dict[str, list[LogRecord]] = {OFFSETS: [], TRANSACTIONS: []}
    for topic, part, off, key, value, _, t_append in drain(spec.bootstrap, everything, "read_uncommitted"):
        batch = origins.of(topic, part, off)
        records[topic].append(
            LogRecord(
                part=part,
                off=off,
                key=key,
                value=value,
                t_append=t_append,
                pid=batch.pid if batch else -1,
                epoch=batch.epoch if batch else -1,
                transactional=bool(batch and batch.transactional),
                visible=visible.has(topic, part, off),
            )
        )
    decoded = decode_consumer_offsets(records[OFFSETS], schemas, spec.topic_ids)
    tables = {
        "offset_commit": decoded.offset_commit,
        "generation": decoded.generation,
        "owner": decoded.owner,
        "txn": decode_transaction_state(records[TRANSACTIONS], schemas),
    }
    for table, rows in tables.items():
        writer.open(table)
        writer.append(table, rows)
    spoken = [row["protocol"] for row in decoded.generation if row["grp"] == spec.promise.grp]
    return spoken[-1] if spoken else "classic"
