"""The subject's own topics, read back to their end when the run is over: input, effects, batches, log ends."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from streamproof.contract.model import NOTHING, Holds
from streamproof.history.promise import Part
from streamproof.history.store import HistoryWriter
from streamproof.kafka.batches import Batch
from streamproof.kafka.topics import list_offsets
from streamproof.recording.batches import batch_rows, read_batches
from streamproof.recording.columns import Columns, ReadRows
from streamproof.recording.expectations import UNSENT, Caused, Fates, due_by_fate, write_expected
from streamproof.recording.holding import found_echoes, homes
from streamproof.recording.readback import LogEnds, Origins, RecordChunk, Visible, drain
from streamproof.recording.source import Source
from streamproof.serde.locators import Headers, Locator
from streamproof.workload.events import Event


@dataclass(frozen=True)
class EffectTopic:
    """A topic with `per_input` effects for each processed input; a dead-letter topic has a record for each poison."""

    channel: str
    topic: str
    identity: Locator
    per_input: int = 1
    dead_letters: bool = False
    holds: Holds = NOTHING
    partitions: int | None = None  # that the contract says there are


@dataclass(frozen=True)
class InputTopic:
    """The topic that the subject reads, for the group `grp`. `fates`: of each id that the workload sent.

    `caused`: every channel that an input has effects on, those that are no topics among them. `events`: what is sent,
    by id. `keeps`: the parts of an input that its dead letter has as they came.
    """

    topic: str
    identity: Locator
    grp: str
    fates: Fates
    caused: tuple[Caused, ...]
    events: Mapping[str, Event] = field(default_factory=dict, repr=False)
    keeps: Container[Part] = ()


class TopicLogs(Source):
    """Reads each topic twice: under read_committed for what is visible, under read_uncommitted for everything.

    HistoryError when a topic cannot be read to its end; UsageError, when the source is made, for an identity that does
    not lie in records.
    """

    name = "records read back"

    def __init__(self, bootstrap: str, effects: tuple[EffectTopic, ...], input_topic: InputTopic | None = None) -> None:
        places = [held.place for topic in effects for held in topic.holds.fields]
        for locator in (
            *places,
            *(topic.identity for topic in effects),
            *([input_topic.identity] if input_topic else []),
        ):
            locator.require_in_records()
        self.tables = ("ends", "batch", "read", "effect", *(("input", "expected") if input_topic else ()))
        self._bootstrap, self._effects, self._input = bootstrap, effects, input_topic

    def write(self, writer: HistoryWriter) -> Iterable[str]:
        topics = [effect.topic for effect in self._effects]
        if self._input:
            topics.insert(0, self._input.topic)
        ends = list_offsets(self._bootstrap, topics)
        writer.append("ends", ends_rows(ends))
        batches = read_batches(self._bootstrap, topics, {place: begin for place, (begin, _, _) in ends.items()})
        writer.append("batch", batch_rows(batches))
        visible = self._read_committed(writer, ends)
        self._read_uncommitted(writer, ends, Origins(batches), visible)
        return ()

    def _read_committed(self, writer: HistoryWriter, ends: LogEnds) -> Visible:
        stable = {place: (begin, last_stable) for place, (begin, last_stable, _) in ends.items()}
        visible, reads = Visible(stable), ReadRows(writer, "final", "read_committed", "final")
        for chunk in drain(self._bootstrap, stable, "read_committed"):
            visible.add(chunk.place, chunk.offsets)
            reads.add(chunk, None)
        reads.flush()
        return visible

    def _read_uncommitted(self, writer: HistoryWriter, ends: LogEnds, origins: Origins, visible: Visible) -> None:
        reads = ReadRows(writer, "final", "read_uncommitted", "final")
        effects = _Effects(writer, self._effects, Counter(topic for topic, _ in ends))
        inputs = _Inputs(writer, self._input) if self._input else None
        everything = {place: (begin, high) for place, (begin, _, high) in ends.items()}
        for chunk in drain(self._bootstrap, everything, "read_uncommitted"):
            seen = visible.among(chunk.place, chunk.offsets)
            made_in = origins.of(chunk.place, chunk.offsets)
            kind = inputs if inputs and chunk.topic == inputs.topic else effects
            reads.add(chunk, kind.add(chunk, made_in, seen))
        reads.flush()
        effects.columns.flush()
        if inputs and self._input:
            inputs.columns.flush()
            due = due_by_fate(self._input.fates, inputs.times_visible)
            write_expected(writer, self._input.grp, self._input.caused, due, self._input.events)


def ends_rows(ends: LogEnds) -> list[dict[str, object]]:
    return [
        {"topic": topic, "part": part, "begin": begin, "lso": stable, "hw": high}
        for (topic, part), (begin, stable, high) in sorted(ends.items())
    ]


class _Inputs:
    """Rows of the `input` table. An input whose id is not where it should be is named by where the input stands."""

    def __init__(self, writer: HistoryWriter, spec: InputTopic) -> None:
        self.topic = spec.topic
        self._spec = spec
        self.columns = Columns(writer, "input")
        self.times_visible: dict[str, int] = {}

    def add(self, chunk: RecordChunk, made_in: Sequence[Batch | None], seen: list[bool]) -> list[str | None]:
        ids = self._spec.identity.of_all(chunk)
        topic, part = chunk.place
        names = [
            found if found is not None else f"{topic}[{part}]@{off}"
            for found, off in zip(ids, chunk.offsets, strict=True)
        ]
        fates = [self._spec.fates.get(name, UNSENT) for name in names]
        pids, epochs = producers_of(made_in)
        self.columns.extend(
            len(chunk), topic=topic, part=part, off=chunk.offsets, id=names, key=texts_of(chunk.keys),
            seq=[seq for seq, _ in fates],
            value_hash=_digests(chunk.values) if Part.VALUE in self._spec.keeps else None,
            headers=_texts_of_headers(chunk.headers) if Part.HEADERS in self._spec.keeps else None,
            fate=[fate.value for _, fate in fates], t_append=chunk.times, pid=pids, epoch=epochs, visible=seen,
        )  # fmt: skip
        times = self.times_visible
        for name, once in zip(names, seen, strict=True):
            times[name] = times.get(name, 0) + once
        return ids


class _Effects:
    """Rows of the `effect` table, of all channels that are topics."""

    def __init__(self, writer: HistoryWriter, effects: Iterable[EffectTopic], partitions: Mapping[str, int]) -> None:
        self._channels = {effect.topic: effect for effect in effects}
        # of a topic that has grown, or that has others than the contract says, no key's partition is known for certain
        self._partitions = {
            effect.topic: effect.partitions if effect.partitions == partitions[effect.topic] else None
            for effect in effects
        }
        self.columns = Columns(writer, "effect")
        self._ordinal = 0

    def add(self, chunk: RecordChunk, made_in: Sequence[Batch | None], seen: list[bool]) -> list[str | None]:
        channel = self._channels[chunk.topic]
        ids = channel.identity.of_all(chunk)
        pids, epochs = producers_of(made_in)
        first, count, fields = self._ordinal, len(chunk), channel.holds.fields
        self.columns.extend(
            count, channel=channel.channel, source_id=ids, ordinal=range(first, first + count), topic=chunk.topic,
            part=chunk.part, off=chunk.offsets, key=texts_of(chunk.keys), value_hash=_digests(chunk.values),
            echo=found_echoes(fields, [field.place.found_in(chunk) for field in fields]) if fields else None,
            home=homes(channel.holds.partitioner, chunk.keys, self._partitions[chunk.topic]),
            headers=_texts_of_headers(chunk.headers) if channel.dead_letters else None,
            t_append=chunk.times, pid=pids, epoch=epochs, visible=seen,
        )  # fmt: skip
        self._ordinal += count
        return ids


def producers_of(made_in: Sequence[Batch | None]) -> tuple[list[int | None], list[int | None]]:
    """Producer id and epoch of each record; null where there is none."""
    known = [batch if batch is not None and batch.pid >= 0 else None for batch in made_in]
    return [batch.pid if batch else None for batch in known], [batch.epoch if batch else None for batch in known]


def texts_of(keys: Sequence[bytes | None]) -> list[str | None]:
    return [key.decode(errors="replace") if key is not None else None for key in keys]


def _texts_of_headers(records: Sequence[Headers]) -> list[list[str]]:
    """As `name=value`, and `name` alone where a header has no value."""
    return [
        [name if value is None else f"{name}={value.decode(errors='replace')}" for name, value in headers]
        for headers in records
    ]


def _digests(values: Sequence[bytes | None]) -> list[str | None]:
    return [blake2b(value, digest_size=8).hexdigest() if value is not None else None for value in values]
