"""The pipeline's SQL: what is kept of which records, and which of a database's errors pass by themselves.

Every write is an upsert: a record that comes again, after a crash or a rebalance, changes nothing.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from pipeline.errors import FatalError, RetriableError
from pipeline.events import OrderState, UserEvent, parse_as

Row = TypeVar("Row", bound=BaseModel)
BUSY_S = 0.2  # to wait for another instance's write within an attempt
# the database is busy, full, away or being moved: nothing of that is the record's fault, and all of it passes
PASSING = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY,
}  # fmt: skip


@dataclass(frozen=True)
class Projection(Generic[Row]):
    """Tables, and how a record becomes rows in them; statements name the record's fields."""

    model: type[Row]
    tables: tuple[str, ...]
    upserts: tuple[str, ...]


USER_EVENTS = Projection(
    UserEvent,
    tables=(
        """CREATE TABLE IF NOT EXISTS user_event (
             event_id TEXT PRIMARY KEY, user_id TEXT, sequence INTEGER, type TEXT, page TEXT, occurred_at TEXT)""",
    ),
    upserts=(
        """INSERT INTO user_event VALUES (:event_id, :user_id, :sequence, :type, :page, :occurred_at)
           ON CONFLICT (event_id) DO NOTHING""",
    ),
)
ORDERS = Projection(
    OrderState,
    tables=(
        """CREATE TABLE IF NOT EXISTS order_history (
             event_id TEXT PRIMARY KEY, order_id TEXT, sequence INTEGER, status TEXT, amount INTEGER, currency TEXT,
             occurred_at TEXT)""",
        """CREATE TABLE IF NOT EXISTS order_state (
             order_id TEXT PRIMARY KEY, sequence INTEGER, status TEXT, amount INTEGER, currency TEXT, occurred_at TEXT,
             event_id TEXT)""",
    ),
    upserts=(
        """INSERT INTO order_history
           VALUES (:event_id, :order_id, :sequence, :status, :amount, :currency, :occurred_at)
           ON CONFLICT (event_id) DO NOTHING""",
        # an event that comes again, late, does not take an order back to what it was
        """INSERT INTO order_state
           VALUES (:order_id, :sequence, :status, :amount, :currency, :occurred_at, :event_id)
           ON CONFLICT (order_id) DO UPDATE
           SET sequence = excluded.sequence, status = excluded.status, amount = excluded.amount,
               currency = excluded.currency, occurred_at = excluded.occurred_at, event_id = excluded.event_id
           WHERE excluded.sequence > order_state.sequence""",
    ),
)


class Database(Generic[Row]):
    """A SQLite database that several instances may share. Not for several threads."""

    def __init__(self, path: str, projection: Projection[Row]) -> None:
        self._path = path
        self._projection = projection
        self._connection: sqlite3.Connection | None = None

    def parse(self, value: bytes | None) -> Row:
        """The record in a value; PoisonError where there is none."""
        return parse_as(self._projection.model, value)

    def write(self, rows: Sequence[Row]) -> None:
        """All of `rows`, or nothing: RetriableError when another attempt may succeed, FatalError when none would."""
        values = [row.model_dump() for row in rows]
        try:
            connection = self._open()
            with connection:  # commits, or rolls back
                connection.execute("BEGIN IMMEDIATE")
                for upsert in self._projection.upserts:
                    connection.executemany(upsert, values)
        except sqlite3.Error as error:
            self.close()
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of it is detail
            if code in PASSING:
                raise RetriableError(f"{self._path}: {error}") from error
            raise FatalError(f"{self._path}: {error}") from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode = WAL")  # readers do not hold writers up
                for table in self._projection.tables:
                    connection.execute(table)
            except sqlite3.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection
