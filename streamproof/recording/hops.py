"""Hops: the topics of its own through which a subject hands its inputs on, from one of its stages to the next.

A hop is a topic that is neither input nor effect nor a coordinator's, of which a group of the subject commits offsets
while the run goes on. Its records are read while the run goes on, for a subject may delete them behind itself (Kafka
Streams does).
"""

import contextlib
import threading
from collections.abc import Collection, Container, Mapping, Sequence

from streamproof.errors import ClusterError, HistoryError
from streamproof.history.store import HistoryWriter
from streamproof.history.terms import Side
from streamproof.kafka.groups import IDLE, OWN_PREFIX, list_committed_offsets, list_group_states
from streamproof.kafka.topics import (
    BY_BROKER,
    TIMES,
    Offsets,
    describe_config,
    list_missing_topics,
    list_offsets,
    list_topics,
)
from streamproof.recording.batches import Place, batch_rows, read_batches
from streamproof.recording.columns import Columns
from streamproof.recording.readback import Origins, RecordChunk, Visible, drain
from streamproof.recording.source import Observer
from streamproof.recording.topics import ends_rows, producers_of, texts_of
from streamproof.serde.locators import Locator
from streamproof.wire import Hold, Sighting

LOOK_S = 1.0
Commits = Mapping[str, Mapping[Place, int]]  # of each group


class Hops:
    """Which hops there are, and which groups read them.

    `group`: the contract's; None for a subject that joins none, which has no hops. `ours`: the topics of the contract.
    `declared`: those that it says its inputs go through: every group that commits there is the subject's.
    `everyone`: so is every group at work on the cluster, for the cluster is the run's own.
    """

    def __init__(
        self, servers: str, group: str | None, ours: Collection[str], *, declared: Collection[str], everyone: bool
    ) -> None:
        self._servers, self._group, self._ours = servers, group, frozenset(ours)
        self._declared, self._everyone = frozenset(declared), everyone
        self.begins: Mapping[Place, int] = {}  # where the logs of all topics ended before the run
        self._idle: frozenset[str] = frozenset()
        self._found: set[tuple[str, str]] = set()  # group and topic

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(sorted(self._declared | {topic for _, topic in self._found}))

    @property
    def stages(self) -> tuple[str, ...]:
        """The groups that read hops, but for the contract's."""
        return tuple(sorted({group for group, _ in self._found} - {self._group}))

    def start(self) -> None:
        """Note what is there before the run: records, and groups without members, which earlier runs may have left."""
        if self._group is not None:
            self.begins = {place: end.high_watermark for place, end in self._ends_of_all().items()}
            self._idle = frozenset(name for name, state in list_group_states(self._servers).items() if state in IDLE)

    def look(self) -> Commits:
        """What each group has committed in hops, those that are new among them; ClusterError if nobody says."""
        if self._group is None:
            return {}
        commits = {group: self._commits(group) for group in self._candidates()}
        new = {topic for those in commits.values() for topic, _ in those} - set(self.topics)
        ends = list_offsets(self._servers, new - list_missing_topics(self._servers, new)) if new else {}
        written = {place[0] for place, end in ends.items() if end.high_watermark > self.begins.get(place, 0)}
        known = written | set(self.topics)
        self._found |= {(group, topic) for group, those in commits.items() for topic, _ in those if topic in known}
        return {
            group: {place: off for place, off in those.items() if (group, place[0]) in self._found}
            for group, those in commits.items()
        }

    def _ends_of_all(self) -> Mapping[Place, Offsets]:
        with contextlib.suppress(ClusterError):  # of a topic that is just going, or may not be looked at
            return list_offsets(self._servers, [name for name in list_topics(self._servers) if not _is_own(name)])
        return {}

    def _candidates(self) -> frozenset[str]:
        own = frozenset((self._group,)) if self._group is not None else frozenset[str]()
        if not (self._everyone or self._declared):
            return own
        there = list_group_states(self._servers)
        at_work = {name for name, state in there.items() if state not in IDLE or name not in self._idle}
        return own | {name for name in at_work if not _is_own(name)}

    def _commits(self, group: str) -> dict[Place, int]:
        ours = self._everyone or group == self._group
        return {
            (topic, part): off
            for (topic, part), off in list_committed_offsets(self._servers, group).items()
            if topic not in self._ours and not topic.startswith("__") and (ours or topic in self._declared)
        }


class HopRecords(Observer):
    """Reads the records of hops as they come; an input's id lies in them where it lies in the input or in an effect.

    `identities`: these places; `inputs`: all ids that there are. A record without any names no input, and so does a
    record that was deleted before it was read.
    """

    name = "records of hops"
    tables = ("hop", "ends")

    def __init__(self, servers: str, hops: Hops, identities: Sequence[Locator], inputs: Container[str]) -> None:
        super().__init__()
        self.hops = hops
        self._servers, self._identities, self._inputs = servers, tuple(dict.fromkeys(identities)), inputs
        self._writer: HistoryWriter
        self._lock = threading.Lock()
        self._read: dict[Place, int] = {}  # up to where
        self._last: dict[Place, int] = {}  # of each partition the last visible record
        self._by_broker: dict[str, bool] = {}
        self._reading = False
        self._kept: list[Hold] = []

    def keep(self, sighting: Sighting, /) -> Hold | None:
        """A rule of the proxy: what the subject asks to have deleted is there until it has been read."""
        if not (self._reading and sighting.api == "DeleteRecords" and sighting.side is Side.REQUEST):
            return None
        self._kept.append(hold := Hold())
        return hold

    def start(self, writer: HistoryWriter) -> None:
        self._writer = writer
        self.hops.start()
        super().start(writer)

    def observe(self, writer: HistoryWriter) -> None:  # noqa: ARG002 - whoever asks for what is behind reads too
        self._reading = True
        try:
            while not self.wait(LOOK_S):
                kept = len(self._kept)  # asked for before this look
                with contextlib.suppress(ClusterError, HistoryError, OSError):  # a broker is away; it is asked again
                    self._read_on()
                    self._let_go(kept)
        finally:
            self._reading = False
            self._let_go(len(self._kept))

    def _let_go(self, count: int) -> None:
        for hold in self._kept[:count]:
            hold.let_go()
        del self._kept[:count]

    def behind(self) -> list[Place]:
        """The partitions of hops with visible records that a group which reads them has not committed past."""
        commits = self._catch_up()
        return [place for place, last in self._last.items() if not _is_past(place, last, commits)]

    def write(self, writer: HistoryWriter) -> tuple[str, ...]:
        self._catch_up(to_the_end=True)
        writer.append("ends", ends_rows(list_offsets(self._servers, self.hops.topics)))
        return ()

    def _catch_up(self, *, to_the_end: bool = False) -> Commits:
        try:
            return self._read_on(to_the_end=to_the_end)
        except HistoryError:  # records were deleted just then; the log begins behind them now
            return self._read_on(to_the_end=to_the_end)

    def _read_on(self, *, to_the_end: bool = False) -> Commits:
        """Read what is new and decided, or all that is new. What was committed before that is the answer."""
        with self._lock:
            commits = self.hops.look()
            ends = list_offsets(self._servers, self.hops.topics)
            stable, everything, deleted = {}, {}, {}
            for place, end in ends.items():
                read = self._read.get(place, self.hops.begins.get(place, 0))
                first, last = max(read, end.begin), end.high_watermark if to_the_end else end.last_stable
                if last > read:
                    stable[place], everything[place] = (first, end.last_stable), (first, last)
                    deleted[place] = range(read, first)
            if everything:
                self._take(stable, everything, deleted)
            return commits

    def _take(
        self,
        stable: Mapping[Place, tuple[int, int]],
        everything: Mapping[Place, tuple[int, int]],
        deleted: Mapping[Place, range],
    ) -> None:
        batches = {
            place: [batch for batch in many if batch.base_off < everything[place][1]]
            for place, many in read_batches(
                self._servers, self.hops.topics, {place: first for place, (first, _) in everything.items()}
            ).items()
            if place in everything
        }
        visible = Visible(stable)
        for chunk in drain(self._servers, stable, "read_committed"):
            visible.add(chunk.place, chunk.offsets)
        chunks = list(drain(self._servers, everything, "read_uncommitted"))
        # all is read: from here on nothing fails, and nothing is written twice
        self._writer.append("batch", batch_rows(batches))
        columns, origins = Columns(self._writer, "hop"), Origins(batches)
        for (topic, part), offsets in deleted.items():
            columns.extend(
                len(offsets), topic=topic, part=part, off=list(offsets), id=None, key=None, t_append=None, pid=None,
                epoch=None, visible=True,
            )  # fmt: skip
        for chunk in chunks:
            seen = visible.among(chunk.place, chunk.offsets)
            pids, epochs = producers_of(origins.of(chunk.place, chunk.offsets))
            columns.extend(
                len(chunk), topic=chunk.topic, part=chunk.part, off=chunk.offsets, id=self._ids(chunk),
                key=texts_of(chunk.keys), t_append=chunk.times if self._timed(chunk.topic) else None, pid=pids,
                epoch=epochs, visible=seen,
            )  # fmt: skip
            shown = [off for off, once in zip(chunk.offsets, seen, strict=True) if once]
            self._last.update({chunk.place: shown[-1]} if shown else {})
        columns.flush()
        self._read.update({place: end for place, (_, end) in everything.items()})

    def _ids(self, chunk: RecordChunk) -> list[str | None]:
        found: list[str | None] = [None] * len(chunk)
        for identity in self._identities:
            if None in found:
                there = (name if name in self._inputs else None for name in identity.of_all(chunk))
                found = [old or new for old, new in zip(found, there, strict=True)]
        return found

    def _timed(self, topic: str) -> bool:
        if topic not in self._by_broker:
            self._by_broker[topic] = describe_config(self._servers, [topic], TIMES)[topic] == BY_BROKER
        return self._by_broker[topic]


def _is_own(name: str) -> bool:
    return name.startswith(OWN_PREFIX)


def _is_past(place: Place, last: int, commits: Commits) -> bool:
    readers = [those for those in commits.values() if any(topic == place[0] for topic, _ in those)]
    return bool(readers) and all(those.get(place, -1) > last for those in readers)
