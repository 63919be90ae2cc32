"""A history as an SQL database: its tables as one group sees them, its promise as a one-row view, the views of views/.

Knows no anomaly. A table that was not recorded stands there empty, so that every view can be made; `needs` tells which
queries would then see nothing, and they must not be run.
"""

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from streamproof.checks.catalogue import HERE, read_header
from streamproof.errors import HistoryError, UsageError
from streamproof.history.promise import Promise, RunRecord
from streamproof.history.store import History
from streamproof.history.tables import TABLES, WORDS

BATCH = 10_000
SMALL = 4_000_000  # bytes of a file that is read once: to open it for each query takes longer than most queries
_GROUP = "grp = (SELECT grp FROM promise)"
_STAGE = "grp IN (SELECT unnest(stages) FROM promise)"
_HOP = "topic IN (SELECT unnest(through) FROM promise)"
# which rows of a table are the group's own, or of the stages that follow it; of the other tables all
OWN = {
    "input": "topic IN (SELECT unnest(inputs) FROM promise)",
    "expected": "grp = (SELECT grp FROM promise)",
    "effect": "channel IN (SELECT unnest(channels) FROM promise)",
    "hop": _HOP,
    "offset_commit": f"{_GROUP} OR {_STAGE} AND {_HOP}",
    "share_state": _GROUP,
    "generation": f"{_GROUP} OR {_STAGE}",
    "owner": f"{_GROUP} OR {_STAGE} AND {_HOP}",
}
_named: dict[str, tuple[str, ...]] = {}  # by a query's text, on which alone it depends


class Queries:
    """Queries over one history. A view is made when the first query asks for it, and kept where its header says so."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, history: History, promise: Promise) -> None:
        self.history = history
        self.promise = promise
        self._connection = connection
        self._made: set[str] = set()
        connection.register("promise_row", _promise_row(history.record, promise))
        connection.execute("CREATE TABLE promise AS SELECT * FROM promise_row")
        for name, schema in TABLES.items():
            if path := history.tables.get(name):
                kind = "TABLE" if path.stat().st_size < SMALL else "VIEW"
                self._open(kind, name, path, OWN.get(name, "TRUE"))
            else:
                connection.register(f"no_{name}", schema.empty_table())
                connection.execute(f"CREATE TABLE {name} AS SELECT * FROM no_{name}")  # noqa: S608

    def open(self, name: str, path: Path) -> None:
        """Make a Parquet file the view `name`; HistoryError when it cannot be read."""
        self._open("VIEW", name, path, "TRUE")

    def _open(self, kind: str, name: str, path: Path, rows: str) -> None:
        # the path is a pattern to DuckDB
        source = re.sub(r"([\[*?])", r"[\1]", str(path)).replace("'", "''")
        try:
            self._connection.execute(
                f"CREATE OR REPLACE {kind} {name} AS SELECT * FROM read_parquet('{source}') WHERE {rows}"  # noqa: S608
            )
        except duckdb.Error as error:
            raise HistoryError(f"{path} cannot be read: {_gist(error)}; record the run again") from error

    def put(self, name: str, rows: pa.Table) -> None:
        """Make rows the table `name`, in place of that which was put there before."""
        self._connection.register("put", rows)
        self._connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM put")  # noqa: S608
        self._connection.unregister("put")

    def check_words(self) -> None:
        """HistoryError for a word that no version writes: no query would look for it."""
        for name, columns in WORDS.items():
            for column, words in columns.items():
                known = ", ".join(f"'{word}'" for word in words)
                unknown = f"SELECT {column} AS word FROM {name} WHERE {column} NOT IN ({known}) LIMIT 1"  # noqa: S608
                for row in self.rows(unknown, f"{name}.parquet"):
                    raise HistoryError(
                        f'{self.history.tables[name]}: {column} is "{row["word"]}", which is none of '
                        f"{', '.join(words)}; it was not written by this version"
                    )

    @cached_property
    def _views(self) -> dict[str, str]:
        return {path.stem: path.read_text() for path in sorted((HERE / "views").glob("*.sql"))}

    def needs(self, sql: str) -> frozenset[str]:
        """The recorded tables that `sql` reads, itself or through views; not those that a view only uses."""
        needs: set[str] = set()
        for name in self._tables_of(sql):
            if name in self._views:
                uses = read_header(self._views[name], Path(name)).get("uses", "")
                needs |= self.needs(self._views[name]) - {table.strip() for table in uses.split(",")}
            elif name in TABLES:
                needs.add(name)
        return frozenset(needs)

    def rows(self, sql: str, what: str) -> list[dict[str, Any]]:
        """The rows of `sql` as mappings; UsageError, naming `what`, when it is no query over these tables and views."""
        return self.witnesses(sql, what)[1]

    def witnesses(self, sql: str, what: str, sample: int | None = None) -> tuple[int, list[dict[str, Any]]]:
        """How many rows `sql` gives, and the first `sample` of them (all, when None), in one pass."""
        with self._told(what):
            self._make_views(sql)
            result = self._connection.execute(sql)
            columns = [column[0] for column in result.description or ()]
            count = 0
            first: list[dict[str, Any]] = []
            while rows := result.fetchmany(BATCH):
                wanted = rows if sample is None else rows[: sample - len(first)]
                first += [dict(zip(columns, row, strict=True)) for row in wanted]
                count += len(rows)
        return count, first

    def columns(self, sql: str, what: str) -> tuple[str, ...]:
        """The columns of what `sql` gives; errors are those of `rows`."""
        with self._told(what):
            self._make_views(sql)
            return tuple(column[0] for column in self._connection.execute(sql).description or ())

    def save(self, sql: str, what: str, path: Path) -> None:
        """All rows of `sql` as a Parquet file."""
        target = str(path).replace("'", "''")
        with self._told(what):
            self._make_views(sql)
            self._connection.execute(f"COPY ({sql.rstrip().rstrip(';')}\n) TO '{target}' (FORMAT parquet)")

    def _tables_of(self, sql: str) -> tuple[str, ...]:
        """The tables and views that `sql` names; none when it is no SQL: it is refused, and named, when it is run."""
        if sql not in _named:
            # read without being bound: the views that a query needs are not there yet
            ((parsed,),) = self._connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
            _named[sql] = tuple(sorted(_tables_in(json.loads(parsed))))
        return _named[sql]

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (duckdb.ParserException, duckdb.CatalogException, duckdb.BinderException) as error:
            raise UsageError(f"{what} is not a query over the history's tables and views: {_gist(error)}") from error
        except duckdb.Error as error:
            raise HistoryError(f"{what} failed over {self.history.directory}: {_gist(error)}") from error

    def _make_views(self, sql: str) -> None:
        for name in self._tables_of(sql):
            if name not in self._views or name in self._made:
                continue
            body = self._views[name]
            self._make_views(body)
            kind = "TEMP TABLE" if "kept" in read_header(body, Path(name)) else "VIEW"
            self._connection.execute(f"CREATE {kind} {name} AS {body}")
            self._made.add(name)


def _tables_in(tree: Any) -> set[str]:
    """The tables that a parsed query names, but for its own common table expressions."""
    if isinstance(tree, list):
        return set().union(*map(_tables_in, tree))
    if not isinstance(tree, dict):
        return set()
    own = {entry["key"] for entry in (tree.get("cte_map") or {}).get("map", ())}
    named = {tree["table_name"]} if tree.get("type") == "BASE_TABLE" else set()
    return (named | set().union(*map(_tables_in, tree.values()))) - own


@contextmanager
def open_queries(history: History, group: str | None = None, *, threads: int | None = None) -> Iterator[Queries]:
    """Queries in memory that spill to a directory of its own, which is gone afterwards.

    `group`: whose promise it is about; None: the run's only group. UsageError when there are several.
    """
    promise = history.record.promise(group)
    with tempfile.TemporaryDirectory(prefix="streamproof-checks-") as spill:
        settings: dict[str, Any] = {
            "threads": threads or os.cpu_count() or 1,
            "memory_limit": "800MB",
            "temp_directory": spill,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
        }
        with duckdb.connect(":memory:", config=settings) as connection:
            connection.execute("SET enable_progress_bar = false")  # the terminal belongs to the report
            yield Queries(connection, history, promise)


def _promise_row(record: RunRecord, promise: Promise) -> pa.Table:
    values = promise.model_dump(mode="json") | record.model_dump(
        mode="json", include={"protocol", "started_at", "ended_at", "clock_error_us"}
    )
    texts = pa.list_(pa.string())
    kinds = {"inputs": texts, "joined": texts, "channels": texts, "through": texts, "stages": texts}
    kinds |= {"recovery_ms": pa.int64(), "close_ms": pa.int64()}
    kinds |= {"keeps": texts, "reasons": texts, "dead_letters": pa.string(), "attempts": pa.string()}
    kinds["max_attempts"] = pa.int32()
    columns = {name: pa.array([value], kinds.get(name)) for name, value in values.items()}
    return pa.table(columns)


def _gist(error: Exception) -> str:
    return str(error).splitlines()[0]
