"""Effects that are rows of a SQL query: read while things break, and once more at the end.

A database keeps no time at which a row appeared. So each look tells which rows are new, and the look before it, when
they were certainly not there yet: that is the earliest that each can have appeared.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from streamproof.errors import HistoryError, UsageError
from streamproof.history.store import HistoryWriter
from streamproof.recording.columns import Columns
from streamproof.recording.expectations import EffectQuery
from streamproof.recording.holding import found_echoes
from streamproof.recording.source import Observer
from streamproof.serde.locators import Locator

LOOK_S = 0.1  # between two looks at least …
SHARE = 4  # … and this many times as long as the last look took
FILES = "files:"  # an address, with a directory behind it: the query reads files there, such as read_json('*.jsonl')
LOCK_S = 10.0  # for a lock that a writer of the subject's holds


class Database:
    """One database with a query. UsageError for an address that is none."""

    def __init__(self, effect: EffectQuery) -> None:
        self.effect = effect
        try:
            self._engine = _engine(effect.url, busy_s=0.05)
        except (ArgumentError, ModuleNotFoundError, SQLAlchemyError) as error:
            raise UsageError(
                f"database of channel {effect.channel}: {error}; write its address as SQLAlchemy does, such as "
                f"sqlite:///{{directory}}/orders.db, or {FILES}DIRECTORY where effects are files"
            ) from error
        file = self._engine.url.database
        self._file = Path(file) if self.lockable and file else None

    @property
    def _ordered(self) -> bool:
        """Whether the rows' order means something: only if the query has an ORDER BY."""
        return " order by " in f" {' '.join(self.effect.query.lower().split())} "

    @property
    def lockable(self) -> bool:
        """Whether all writers can be kept out for a while."""
        return self._engine.dialect.name == "sqlite"

    def rows(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """The query's columns and its rows now; HistoryError when it cannot be had."""
        if self._file is not None and not self._file.exists():  # to connect would make it
            raise HistoryError(f"{self._file} is not there; channel {self.effect.channel} is read from it")
        try:
            with self._engine.connect() as connection:
                result = connection.execute(text(self.effect.query))
                return list(result.keys()), [tuple(row) for row in result]
        except SQLAlchemyError as error:
            raise HistoryError(f"channel {self.effect.channel}: {_first_line(error)}") from error

    def check_empty(self) -> None:
        """UsageError if its query returns rows: a run judges them all, and would take them for its own effects."""
        with suppress(HistoryError):  # it is not there yet, or has no such table
            if self.ids():
                raise UsageError(
                    f"the query of channel {self.effect.channel} returns rows already; a run judges every row of it: "
                    "name an empty database, or use {directory} or {run} in its address for a fresh database"
                )

    def ids(self) -> list[str | None]:
        """The input's id in each row; HistoryError as `rows`, UsageError when there is no such column."""
        return self._ids(*self.rows())

    def _ids(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str | None]:
        at = self._place(self.effect.identity, columns)
        return [None if row[at] is None else str(row[at]) for row in rows]

    def _place(self, locator: Locator, columns: Sequence[str]) -> int:
        if locator.path not in columns:
            raise UsageError(
                f'channel {self.effect.channel}: its query has no column "{locator.path}", but {", ".join(columns)}; '
                "correct what x-produces says of it"
            )
        return columns.index(locator.path)

    def write(self, writer: HistoryWriter, absent: Callable[[str | None], int | None]) -> None:
        """The rows now, as rows of the `effect` table; `absent` tells when those of an id were certainly not there."""
        names, rows = self.rows()
        ids, fields = self._ids(names, rows), self.effect.holds.fields
        places = [self._place(field.place, names) for field in fields]
        columns = Columns(writer, "effect")
        columns.extend(
            len(rows), channel=self.effect.channel, source_id=ids, ordinal=range(len(rows)) if self._ordered else None,
            topic=None, part=None, off=None, key=None, value_hash=[_digest(row) for row in rows],
            echo=found_echoes(fields, [[row[at] for row in rows] for at in places]) if fields else None,
            home=None, headers=None, t_append=[absent(source_id) for source_id in ids], pid=None, epoch=None,
            visible=True,
        )  # fmt: skip
        columns.flush()

    def is_locked(self) -> bool:
        """Whether a writer would be refused now."""
        try:
            with self._engine.connect() as connection, _transaction(connection, "IMMEDIATE"):
                return False
        except OperationalError:
            return True

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep all writers out; HistoryError when that cannot be had."""
        engine = _engine(self.effect.url, busy_s=LOCK_S)
        try:
            with engine.connect() as connection, _transaction(connection, "EXCLUSIVE"):
                yield
        except OperationalError as error:
            raise HistoryError(f"channel {self.effect.channel}: {_first_line(error)}") from error
        finally:
            engine.dispose()

    def close(self) -> None:
        self._engine.dispose()


def _engine(url: str, busy_s: float) -> Engine:
    if url.startswith(FILES):
        found = {"file_search_path": url.removeprefix(FILES), "threads": 1}
        return create_engine("duckdb:///:memory:", connect_args={"config": found})
    arguments = {"timeout": busy_s} if make_url(url).get_backend_name() == "sqlite" else {}
    return create_engine(url, connect_args=arguments, isolation_level="AUTOCOMMIT")


@contextmanager
def _transaction(connection: Connection, kind: str) -> Iterator[None]:
    connection.exec_driver_sql(f"BEGIN {kind}")
    try:
        yield
    finally:
        connection.exec_driver_sql("ROLLBACK")


def _digest(row: Sequence[Any]) -> str:
    return blake2b(repr(row).encode(), digest_size=8).hexdigest()


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


@dataclass
class _Seen:
    """`absent_until`: of each id, the start of the last look that did not show it; in microseconds."""

    looked: int
    absent_until: dict[str, int] = field(default_factory=dict)

    def absent(self, source_id: str | None) -> int | None:
        """The last time at which a row of this input was certainly not there."""
        return None if source_id is None else self.absent_until.get(source_id, self.looked)


class DatabaseRows(Observer):
    """Looks at databases from the start of a run until `stop`, in a thread of its own.

    `saw` gets the channel, where an id lies in its rows, and the new ids. A database that is locked, away or not made
    yet is looked at again.
    """

    name = "rows of databases"
    tables = ("effect",)

    def __init__(self, databases: Sequence[Database], saw: Callable[[str, Locator, list[str]], None]) -> None:
        super().__init__()
        now = _now_us()
        self._databases, self._saw = databases, saw
        self._seen = {database.effect.channel: _Seen(now) for database in databases}

    def write(self, writer: HistoryWriter) -> Iterable[str]:
        """Write the rows of now; HistoryError for a database that cannot be read to its end."""
        for database in self._databases:
            database.write(writer, self._seen[database.effect.channel].absent)
        return ()

    def observe(self, writer: HistoryWriter) -> None:  # noqa: ARG002 - rows are written at the end alone
        pause = LOOK_S
        while not self.wait(pause):
            began = time.monotonic()
            for database in self._databases:
                self._look(database)
            pause = max(LOOK_S, SHARE * (time.monotonic() - began))

    def _look(self, database: Database) -> None:
        began = _now_us()
        try:
            ids = database.ids()
        except HistoryError:
            return
        seen = self._seen[database.effect.channel]
        new = [id_ for id_ in ids if id_ is not None and id_ not in seen.absent_until]
        seen.absent_until.update(dict.fromkeys(new, seen.looked))
        seen.looked = began
        if new:
            self._saw(database.effect.channel, database.effect.identity, new)


def _now_us() -> int:
    """Now, rounded down to a millisecond as brokers' times are, so that neither is late by rounding alone."""
    return time.time_ns() // 1_000_000 * 1000


def effect_databases(effects: Sequence[EffectQuery]) -> Mapping[str, Database]:
    """A database for each channel that is a query, by the channel's name."""
    return {effect.channel: Database(effect) for effect in effects}
