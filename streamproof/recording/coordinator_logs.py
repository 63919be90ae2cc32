"""The coordinators' own logs, read back when the run is over: what groups committed and owned, and each transaction.

A log that may not be read, or whose records cannot be understood, takes only its own tables with it.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from streamproof.errors import StreamproofError
from streamproof.history.store import HistoryWriter
from streamproof.kafka.batches import Batch
from streamproof.kafka.topics import list_missing_topics, list_offsets, list_topic_names
from streamproof.recording.batches import Place, batch_rows, read_batches, took_effect
from streamproof.recording.coordinators import decode_consumer_offsets, decode_transaction_state
from streamproof.recording.log_records import LogRecord
from streamproof.recording.message_schemas import load_schemas
from streamproof.recording.readback import Origins, drain
from streamproof.recording.source import NotRecorded, Source

OFFSETS, TRANSACTIONS = "__consumer_offsets", "__transaction_state"
Batches = Mapping[Place, Sequence[Batch]]
Rows = Mapping[str, list[dict[str, object]]]


class CoordinatorLog(Source):
    """One of the two logs. `jars` hold the schemas of its records.

    The brokers make such a log for the first group, or the first transaction. Where there is none nothing happened, so
    its tables are empty, and not missing.
    """

    topic: str

    def __init__(self, bootstrap: str, jars: tuple[Path, ...]) -> None:
        self.name = f"the log {self.topic}"
        self._bootstrap, self._jars = bootstrap, jars

    def write(self, writer: HistoryWriter) -> Iterable[str]:
        try:
            if list_missing_topics(self._bootstrap, [self.topic]):
                return ()
            batches, records = _read_log(self._bootstrap, self.topic)
            rows, lacking = self._decode(records)
        except StreamproofError as error:
            raise NotRecorded(f"no {', '.join(self.tables)}: {self.topic} could not be read: {error}") from error
        writer.append("batch", batch_rows(batches))
        for table, many in rows.items():
            writer.append(table, many)
        return lacking

    @abstractmethod
    def _decode(self, records: list[LogRecord]) -> tuple[Rows, Sequence[str]]:
        """Rows by table, and what could not be understood."""


class GroupLog(CoordinatorLog):
    """`__consumer_offsets`. `grp`: the subject's group; `shared`: it is a share group, of which little stands there."""

    topic = OFFSETS
    tables = ("offset_commit", "generation", "owner")

    def __init__(self, bootstrap: str, jars: tuple[Path, ...], *, grp: str, shared: bool = False) -> None:
        super().__init__(bootstrap, jars)
        self._grp = grp
        self.protocol = "share" if shared else "classic"  # that the group spoke last

    def _decode(self, records: list[LogRecord]) -> tuple[Rows, Sequence[str]]:
        names = list_topic_names(self._bootstrap)
        decoded = decode_consumer_offsets(records, load_schemas(self._jars), names)
        spoken = [row["protocol"] for row in decoded.generation if row["grp"] == self._grp]
        self.protocol = spoken[-1] if spoken else self.protocol
        kinds = ", ".join(f"{count} of kind {kind}" for kind, count in sorted(decoded.skipped.items()))
        unknown = f"records of {OFFSETS} that this version does not know were passed over: {kinds}"
        return {table: getattr(decoded, table) for table in self.tables}, [unknown] if kinds else []


class TransactionLog(CoordinatorLog):
    """`__transaction_state`."""

    topic = TRANSACTIONS
    tables = ("txn",)

    def _decode(self, records: list[LogRecord]) -> tuple[Rows, Sequence[str]]:
        return {"txn": decode_transaction_state(records, load_schemas(self._jars))}, ()


def _read_log(bootstrap: str, topic: str) -> tuple[Batches, list[LogRecord]]:
    """All batches of a coordinators' topic, and its records with what their batches say of them."""
    ends = list_offsets(bootstrap, (topic,))
    batches = read_batches(bootstrap, (topic,), {place: begin for place, (begin, _, _) in ends.items()})
    effective = {place: took_effect(many) for place, many in batches.items()}
    origins = Origins(batches)
    records: list[LogRecord] = []
    everything = {place: (begin, high) for place, (begin, _, high) in ends.items()}
    for chunk in drain(bootstrap, everything, "read_uncommitted"):
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
                leader_epoch=batch.leader_epoch if batch else -1,
                transactional=bool(batch and batch.transactional),
                visible=not batch or batch.base_off in effective[chunk.place],
            )
            for off, key, value, t_append, batch in zip(*columns, strict=True)
        ]
    return batches, records
