"""The log of share groups, followed while a run goes on: its coordinator deletes what later records repeat."""

import threading
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from streamproof.errors import ClusterError, HistoryError, StreamproofError
from streamproof.history.promise import Isolation
from streamproof.history.store import HistoryWriter
from streamproof.kafka.topics import list_missing_topics, list_offsets, list_topic_names
from streamproof.recording.batches import Place
from streamproof.recording.log_records import LogRecord
from streamproof.recording.message_schemas import load_schemas
from streamproof.recording.readback import RecordChunk, drain
from streamproof.recording.share_states import ShareStates
from streamproof.recording.source import NotRecorded, Source

LOG: Final = "__share_group_state"


class ShareLog(Source):
    """`__share_group_state`, as far as it is about the group `grp`, which reads `topic`. For any thread.

    Each look reads on from where the last ended. `jars` hold the schemas of its records.
    """

    name = f"the log {LOG}"
    tables = ("share_state",)

    def __init__(self, bootstrap: str, jars: tuple[Path, ...], *, grp: str, topic: str, isolation: Isolation) -> None:
        self._bootstrap, self._jars, self._grp, self._topic = bootstrap, jars, grp, topic
        self._isolation = isolation
        self._lock = threading.Lock()
        self._read: dict[Place, int] = {}
        self._given: dict[Place, array[int]] = {}
        self._states: ShareStates | None = None

    def starts(self) -> Mapping[Place, int]:
        """Of each partition the first record that the group is not done with; ClusterError if nobody says."""
        try:
            return self._look().start_of()
        except HistoryError as error:
            raise ClusterError(f"{LOG} cannot be read: {error}") from error

    def write(self, writer: HistoryWriter) -> Iterable[str]:
        try:
            states = self._look()
        except StreamproofError as error:
            raise NotRecorded(f"no share_state: {LOG} could not be read: {error}") from error
        writer.append("share_state", states.states)
        writer.append("offset_commit", states.starts)
        return ()

    def _look(self) -> ShareStates:
        with self._lock:
            if self._states is None:
                self._states = ShareStates(self._grp, load_schemas(self._jars), self._given)
            # in this order: what is told of was given before; and what was not taken is read again
            if told := list(self._news(LOG, Isolation.READ_UNCOMMITTED)):
                for given in self._news(self._topic, self._isolation):
                    self._given.setdefault(given.place, array("q")).extend(given.offsets)
                    self._pass(given)
                topic_names = list_topic_names(self._bootstrap)
                for chunk in told:
                    self._states.take(_records(chunk), topic_names)
                    self._pass(chunk)
            return self._states

    def _news(self, topic: str, isolation: Isolation) -> Iterable[RecordChunk]:
        """What has come since the last look, and was not passed."""
        if list_missing_topics(self._bootstrap, [topic]):  # the first share group of all makes the log
            return ()
        ends = list_offsets(self._bootstrap, [topic])
        new: dict[Place, tuple[int, int]] = {}
        for place, (begin, stable, high) in ends.items():
            end = stable if isolation is Isolation.READ_COMMITTED else high
            if place not in self._read:
                self._read[place] = begin
            elif begin > self._read[place]:
                raise HistoryError(f"its records from offset {self._read[place]} on were deleted, and not read before")
            if end > self._read[place]:
                new[place] = self._read[place], end
        return (chunk for chunk in drain(self._bootstrap, new, isolation) if len(chunk))

    def _pass(self, chunk: RecordChunk) -> None:
        self._read[chunk.place] = chunk.offsets[-1] + 1


def _records(chunk: RecordChunk) -> list[LogRecord]:
    return [
        LogRecord(chunk.part, off, key, value, t, -1, -1, -1, transactional=False, visible=True)
        for off, key, value, t in zip(chunk.offsets, chunk.keys, chunk.values, chunk.times, strict=True)
    ]
