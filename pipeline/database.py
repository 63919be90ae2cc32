"""The pipeline's SQL: what is kept of which records, and which of a database's errors pass by themselves.

Every write is an upsert: a record that comes again, after a crash or a rebalance, changes nothing. The statements are
the same for SQLite and PostgreSQL.
"""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from pipeline.errors import Away, FatalError, SettingsError
from pipeline.events import OrderState, PoisonError, Record, UserEvent, parse_as

Row = TypeVar("Row", bound=BaseModel)
BUSY_S = 0.2  # to wait for another instance's write within an attempt
CONNECT_S = 5
# a server that cannot be reached any more says nothing: without these, a statement waits for hours
REMOTE = {
    "connect_timeout": CONNECT_S, "tcp_user_timeout": 10_000,
    "keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2,
}  # fmt: skip
# the database is busy, full, away or being moved: nothing of that is the record's fault, and all of it passes
PASSING_IN_SQLITE = frozenset(
    {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_PROTOCOL",
     "SQLITE_READONLY"}
)  # fmt: skip
# by SQLSTATE, or its class. No connection, a standby, a deadlock, a full disk, a lock, a shutdown, an I/O error; and
# two instances that make the same table at once, of which one is refused, whatever IF NOT EXISTS says
PASSING_IN_POSTGRESQL = ("08", "25006", "40", "53", "55", "57", "58", "23505", "42P07")
# libpq has no SQLSTATE for a connection that is refused, but the server's sentence: in another language it is away
NOT_LET_IN = ("authentication failed", "no password supplied", "no pg_hba.conf entry")


@dataclass(frozen=True)
class Projection(Generic[Row]):
    """Tables, and how a record becomes rows in them; statements name the record's fields. `latest`: of a key."""

    model: type[Row]
    tables: tuple[str, ...]
    upserts: tuple[str, ...]
    latest: str


USER_EVENTS = Projection(
    UserEvent,
    tables=(
        """CREATE TABLE IF NOT EXISTS user_event (
             event_id TEXT PRIMARY KEY, user_id TEXT, sequence BIGINT, type TEXT, page TEXT, occurred_at TEXT)""",
    ),
    upserts=(
        """INSERT INTO user_event VALUES (:event_id, :user_id, :sequence, :type, :page, :occurred_at)
           ON CONFLICT (event_id) DO NOTHING""",
    ),
    latest="SELECT * FROM user_event WHERE user_id = :key ORDER BY sequence DESC LIMIT 1",
)
ORDERS = Projection(
    OrderState,
    tables=(
        """CREATE TABLE IF NOT EXISTS order_history (
             event_id TEXT PRIMARY KEY, order_id TEXT, sequence BIGINT, status TEXT, amount BIGINT, currency TEXT,
             occurred_at TEXT)""",
        """CREATE TABLE IF NOT EXISTS order_state (
             order_id TEXT PRIMARY KEY, sequence BIGINT, status TEXT, amount BIGINT, currency TEXT, occurred_at TEXT,
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
    latest="SELECT * FROM order_state WHERE order_id = :key",
)


@dataclass(eq=False)
class _Waiting(Generic[Row]):
    """A row that a thread waits for."""

    row: Row
    done: bool = False
    failure: Exception | None = None


class Database(Generic[Row]):
    """A SQLite database by its path, or any by SQLAlchemy's URL. Instances, and threads, may share it."""

    def __init__(self, address: str, projection: Projection[Row]) -> None:
        self._address = address
        self._projection = projection
        self._upserts = [text(upsert) for upsert in projection.upserts]
        self._engine = _engine(address)
        self._has_tables = False
        self._waiting: deque[_Waiting[Row]] = deque()
        self._writing = threading.Lock()

    def parse(self, value: bytes | None) -> Row:
        """The record in a value; PoisonError where there is none."""
        return parse_as(self._projection.model, value)

    def keep(self, record: Record) -> None:
        """What a record says, as `write` does; PoisonError where it says nothing.

        Threads that come at once share a transaction: the disk is waited for once, and none is kept out by another.
        """
        mine = _Waiting(self.parse(record.value))
        self._waiting.append(mine)
        with self._writing:
            if not mine.done:
                self._write_together()
        if mine.failure is not None:
            raise mine.failure

    def _write_together(self) -> None:
        """Write all that wait. A record that can never be written fails alone: each is tried again by itself."""
        together = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self.write([waiting.row for waiting in together])
        except PoisonError:
            for waiting in together:
                waiting.failure = self._failure_of(waiting.row)
        except Exception as failure:  # noqa: BLE001 - each thread raises it
            for waiting in together:
                waiting.failure = failure
        for waiting in together:
            waiting.done = True

    def _failure_of(self, row: Row) -> Exception | None:
        try:
            self.write([row])
        except Exception as failure:  # noqa: BLE001 - its thread raises it
            return failure
        return None

    def write(self, rows: Sequence[Row]) -> None:
        """All of `rows`, or nothing. Away when another attempt may succeed, PoisonError when one of them never can."""
        values = [row.model_dump() for row in rows]
        with self._transaction() as connection:
            for upsert in self._upserts if values else ():
                connection.execute(upsert, values)

    def read(self, key: str) -> Row | None:
        """What was last kept of a key; None when there is nothing. Away when another attempt may succeed."""
        try:
            with self._transaction() as connection:
                found = connection.execute(text(self._projection.latest), {"key": key}).mappings().first()
        except PoisonError:  # a key that this database cannot hold
            return None
        return self._projection.model.model_validate(dict(found)) if found else None

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Committed when the block ends, rolled back when it raises."""
        try:
            if not self._has_tables:
                self._make_tables()
            with self._engine.begin() as connection:
                yield connection
        except NoConnection as error:  # all are in use, by those who wait for a server
            raise Away(f"{self._where}: {error}") from error
        except DBAPIError as error:
            self.close()  # what is moved or restored under its path or URL is opened anew
            self._has_tables = False
            raise self._told(error) from error

    def _make_tables(self) -> None:
        with self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # readers do not hold writers up
            for table in self._projection.tables:
                connection.execute(text(table))
        self._has_tables = True

    def _told(self, error: DBAPIError) -> Exception:
        """The exception for a database's error: the driver's class says little, its code does."""
        sentence = f"{self._where}: {error.orig}"
        if isinstance(error, DataError):
            return PoisonError("not-storable", sentence)
        name = getattr(error.orig, "sqlite_errorname", "")
        state = getattr(error.orig, "sqlstate", None)
        # without a code it never came to speak with the server, or the connection broke
        cut = not name and state is None and isinstance(error.orig, self._engine.dialect.loaded_dbapi.OperationalError)
        if cut and any(words in sentence for words in NOT_LET_IN):
            return FatalError(f"{sentence.strip()}; set DATABASE to a user and a password that the server takes")
        # of SQLite's names the first two words count: the rest is detail, as in SQLITE_BUSY_SNAPSHOT
        if cut or "_".join(name.split("_")[:2]) in PASSING_IN_SQLITE or (state or "").startswith(PASSING_IN_POSTGRESQL):
            return Away(sentence)
        return FatalError(sentence)

    @property
    def _where(self) -> str:
        return self._engine.url.render_as_string(hide_password=True) if "://" in self._address else self._address


def _engine(address: str) -> Engine:
    try:
        url = make_url(address) if "://" in address else URL.create("sqlite", database=address)
        wait = {"timeout": BUSY_S} if url.get_backend_name() == "sqlite" else REMOTE
        return create_engine(url, connect_args=wait, pool_pre_ping=True)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise SettingsError(f"DATABASE is neither a path nor a URL that can be used: {error}") from error
