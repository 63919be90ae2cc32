"""A history on disk: a directory of Parquet files and a run.json. Written once, read many times."""

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from streamproof.errors import HistoryError
from streamproof.history.promise import RunRecord
from streamproof.history.tables import TABLES

RUN_FILE = "run.json"
ROWS_PER_GROUP = 50_000


class HistoryWriter:
    """Appends rows to the tables of one run, from any thread.

    A table gets its file when it is opened, even if no row follows: `open` says "this could be observed".
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: dict[str, list[Mapping[str, Any]]] = {}

    def open(self, table: str) -> None:
        """Say that `table` is observed in this run."""
        with self._lock:
            self._rows.setdefault(table, [])

    def append(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows, each a mapping of all columns of `table`."""
        with self._lock:
            waiting = self._rows.setdefault(table, [])
            waiting.extend(rows)
            if len(waiting) >= ROWS_PER_GROUP:
                self._flush(table)

    def append_table(self, table: str, rows: pa.Table) -> None:
        """Add many rows at once, already columnar and in the table's schema."""
        with self._lock:
            self._rows.setdefault(table, [])
            self._flush(table)
            self._writer(table).write_table(rows.cast(TABLES[table]))

    def close(self, record: RunRecord) -> "History":
        """Write what is left and the run's record; the history is then complete."""
        with self._lock:
            for table in list(self._rows):
                self._flush(table)
                self._writer(table).close()
            self._writers.clear()
            self._rows.clear()
        (self.directory / RUN_FILE).write_text(record.model_dump_json(indent=2))
        return History.read(self.directory)

    def _writer(self, table: str) -> pq.ParquetWriter:
        if table not in self._writers:
            path = self.directory / f"{table}.parquet"
            self._writers[table] = pq.ParquetWriter(path, TABLES[table], compression="zstd")
        return self._writers[table]

    def _flush(self, table: str) -> None:
        rows = self._rows[table]
        writer = self._writer(table)
        if rows:
            writer.write_table(pa.Table.from_pylist(list(rows), schema=TABLES[table]))
            rows.clear()


class History:
    """A complete history. `tables` maps each recorded table to its Parquet file."""

    def __init__(self, directory: Path, record: RunRecord, tables: Mapping[str, Path]) -> None:
        self.directory = directory
        self.record = record
        self.tables = tables

    @classmethod
    def find(cls, directory: Path) -> Self:
        """The history of a run, given the run's directory or its history's; errors are those of `read`."""
        inner = directory / "history"
        return cls.read(inner if inner.is_dir() else directory)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The history in `directory`; HistoryError when there is none, or it is not complete."""
        run_file = directory / RUN_FILE
        if not run_file.is_file():
            raise HistoryError(
                f"{directory} is not a complete history: it has no {RUN_FILE}; give the directory of a finished run"
            )
        try:
            record = RunRecord.model_validate_json(run_file.read_text())
        except UnicodeDecodeError as error:
            raise HistoryError(f"{run_file}: it is no UTF-8 text; it was not written by this version") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise HistoryError(
                f"{run_file}: {where and f'{where}: '}{first['msg']}; it was not written by this version"
            ) from error
        tables = {name: path for name in TABLES if (path := directory / f"{name}.parquet").is_file()}
        return cls(directory, record, tables)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a recorded table, such as `fault`. HistoryError when it was not recorded."""
        if table not in self.tables:
            raise HistoryError(f"{self.directory} has no table {table}; it has {', '.join(self.tables)}")
        return list(pq.read_table(self.tables[table]).to_pylist())


def row_count(path: Path) -> int:
    """How many rows a recorded table has."""
    return int(pq.read_metadata(path).num_rows)
