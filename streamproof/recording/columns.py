"""Rows on their way to the history, by column: a mapping for each of millions would cost more than reading them."""

from typing import Any

import pyarrow as pa

from streamproof.clock import now_us
from streamproof.history.store import ROWS_PER_GROUP, HistoryWriter
from streamproof.history.tables import TABLES
from streamproof.recording.readback import RecordChunk


class Columns:
    """Rows of one table, written when there are `ROWS_PER_GROUP` of them, and by `flush`."""

    def __init__(self, writer: HistoryWriter, table: str) -> None:
        self._writer, self._table, self._rows = writer, table, 0
        self._values: dict[str, list[Any]] = {name: [] for name in TABLES[table].names}

    def extend(self, count: int, **columns: Any) -> None:
        """`count` rows: every column by its name, as a list of that length, or one value for all of them."""
        if columns.keys() != self._values.keys():
            raise ValueError(f"{self._table} has the columns {', '.join(self._values)}, not {', '.join(columns)}")
        for name, value in columns.items():
            many = value if isinstance(value, list | range) else [value] * count
            if len(many) != count:
                raise ValueError(f"{self._table}.{name}: {len(many)} values for {count} rows")
            self._values[name].extend(many)
        self._rows += count
        if self._rows >= ROWS_PER_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write all rows so far; the next row begins anew."""
        self._writer.append_table(self._table, pa.table(self._values, schema=TABLES[self._table]))
        self._rows, self._values = 0, {name: [] for name in self._values}


class ReadRows:
    """Rows of the `read` table: what one reader was given, in which order."""

    def __init__(self, writer: HistoryWriter, reader: str, isolation: str, phase: str) -> None:
        self.count, self._columns = 0, Columns(writer, "read")
        self._told = {"reader": f"{reader}-{isolation}", "isolation": isolation, "phase": phase}

    def add(self, chunk: RecordChunk, ids: list[str | None] | None) -> None:
        n, count = self.count, len(chunk)
        self._columns.extend(
            count, **self._told, n=range(n, n + count), topic=chunk.topic, part=chunk.part, off=chunk.offsets, id=ids,
            t=now_us(),
        )  # fmt: skip
        self.count += count

    def flush(self) -> None:
        self._columns.flush()
