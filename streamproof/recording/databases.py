"""Effects that are rows of a SQL query: read while things break, and once more at the end.

A database keeps no time at which a row appeared. So each look tells which rows are new, and the look before it, when
they were certainly not there yet: that is the earliest that each can have appeared.
"""

import threading
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
from streamproof.recording.readback import Columns
from streamproof.recording.source import Source
from streamproof.serde.locators import Locator

LOOK_S = 0.1  # between two looks at least …
SHARE = 4  # … and this many times as long as the last one took
LOCK_S = 10.0  # for a lock that a writer of the subject's holds


@dataclass(frozen=True)
class EffectQuery:
    """A query of whose rows each processed input causes `per_input`; `identity` names the column of an input's id."""

    channel: str
    url: str  # SQLAlchemy's
    query: str
    identity: Locator
    per_input: int = 1
    dead_letters: bool = False


class Database:
    """One database with a query. UsageError for an address that is none."""

    def __init__(self, effect: EffectQuery) -> None:
        self.effect = effect
        try:
            url = make_url(effect.url)
            self._engine = _engine(effect.url, busy_s=0.05)
        except (ArgumentError, ModuleNotFoundError, SQLAlchemyError) as error:
            raise UsageError(
                f"database of channel {effect.channel}: {error}; write its address as SQLAlchemy does, such as "
                "sqlite:///{directory}/orders.db"
            ) from error
        self._file = Path(url.database) if self.lockable and url.database else None

    @property
    def _ordered(self) -> bool:
        """Whether the rows' order means something: only a query that says so has one."""
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
                    "name an empty database, or use {directory} or {run} in its address for a fresh one"
                )

    def ids(self) -> list[str | None]:
        """The input's id in each row; HistoryError as `rows`, UsageError when there is no such column."""
        columns, rows = self.rows()
        at = self._column(columns)
        return [None if row[at] is None else str(row[at]) for row in rows]

    def _column(self, columns: Sequence[str]) -> int:
        name = self.effect.identity.path
        if name not in columns:
            raise UsageError(
                f'channel {self.effect.channel}: its query has no column "{name}", but {", ".join(columns)}; '
                "correct its identity in x-produces"
            )
        return columns.index(name)

    def table(self, seen_at: Callable[[str | None], int | None]) -> Columns:
        """The rows now, as rows of the `effect` table; `seen_at` tells the earliest time of an id."""
        names, rows = self.rows()
        at = self._column(names)
        ids = [None if row[at] is None else str(row[at]) for row in rows]
        columns = Columns("effect")
        columns.extend(
            len(rows), channel=self.effect.channel, source_id=ids, ordinal=range(len(rows)) if self._ordered else None,
            topic=None, part=None, off=None, key=None, value_hash=[_digest(row) for row in rows],
            t_append=[seen_at(one) for one in ids], pid=None, epoch=None, visible=True,
        )  # fmt: skip
        return columns

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


class DatabaseRows(Source):
    """Looks at databases from the start of a run until `stop`, in a thread of its own.

    `saw` is told the ids that are new. A database that is locked, away or not made yet is looked at again.
    """

    name = "rows of databases"
    tables = ("effect",)

    def __init__(self, databases: Sequence[Database], saw: Callable[[list[str]], None]) -> None:
        now = _now_ms() * 1000
        self._databases = databases
        self._seen = {database.effect.channel: _Seen(now) for database in databases}
        self._saw = saw
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None

    def start(self, writer: HistoryWriter) -> None:  # noqa: ARG002 - rows are written at the end alone
        self._thread = threading.Thread(target=self._run, name="database-observer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more. HistoryError when looking had ended before."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if isinstance(self._failure, UsageError):
            raise self._failure
        if self._failure is not None:
            raise HistoryError(f"the observer of databases ended early: {self._failure}") from self._failure

    def write(self, writer: HistoryWriter) -> Iterable[str]:
        """What there is now; HistoryError for a database that cannot be read to its end."""
        for database in self._databases:
            seen = self._seen[database.effect.channel]
            writer.append_table("effect", database.table(seen.absent).take())
        return ()

    def _run(self) -> None:
        pause = LOOK_S
        try:
            while not self._stopping.wait(pause):
                began = time.monotonic()
                for database in self._databases:
                    self._look(database)
                pause = max(LOOK_S, SHARE * (time.monotonic() - began))
        except Exception as error:  # noqa: BLE001 - told by stop(): a thread that dies in silence would look like quiet
            self._failure = error

    def _look(self, database: Database) -> None:
        # to the millisecond below, as brokers' times are: what is compared must not be late by their rounding
        began = _now_ms() * 1000
        try:
            ids = database.ids()
        except HistoryError:
            return
        seen = self._seen[database.effect.channel]
        new = [one for one in ids if one is not None and one not in seen.absent_until]
        seen.absent_until.update(dict.fromkeys(new, seen.looked))
        seen.looked = began
        if new:
            self._saw(new)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def effect_databases(effects: Sequence[EffectQuery]) -> Mapping[str, Database]:
    """A database for each channel that is a query, by the channel's name."""
    return {effect.channel: Database(effect) for effect in effects}
