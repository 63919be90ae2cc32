"""What is kept in a database, the same in SQLite and PostgreSQL; and which of their errors pass by themselves."""

import json
import resource
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from pipeline.database import ORDERS, Database
from pipeline.errors import Away, FatalError, SettingsError
from pipeline.events import OrderState, PoisonError, Record
from pipeline.settings import ConsumerSettings
from tests.pipeline.postgresql import PostgreSQL
from tests.pipeline.projected import state

WaitUntil = Callable[[Callable[[], bool]], None]


def row(number: int, **changed: object) -> OrderState:
    return OrderState.model_validate({**state(number), **changed})


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'orders.db'}"
    return str(request.getfixturevalue("postgresql").url)


@pytest.fixture
def ask(url: str) -> Callable[[str], list[tuple[object, ...]]]:
    """Ask the database past the pipeline, and have what it does kept."""

    def run(query: str) -> list[tuple[object, ...]]:
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                found = connection.execute(text(query))
                return [tuple(line) for line in found] if found.returns_rows else []
        finally:
            engine.dispose()

    return run


Ask = Callable[[str], list[tuple[object, ...]]]


def test_a_late_repetition_does_not_take_an_order_back(url: str, ask: Ask) -> None:
    """The state is that of the highest sequence, in whatever order the events come, and however often."""
    with closing(Database(url, ORDERS)) as database:
        database.write([row(0), row(20), row(40)])
        database.write([row(20)])
    assert ask("SELECT sequence, event_id FROM order_state") == [(2, "event-40")]
    assert ask("SELECT count(*) FROM order_history") == [(3,)]


def test_the_last_state_of_an_order_can_be_read(url: str) -> None:
    """Whole, as it was written; nothing for an order that is not there, or could not be."""
    with closing(Database(url, ORDERS)) as database:
        assert database.read("order-0") is None
        database.write([row(0), row(20, amount=2**63 - 1)])
        assert database.read("order-0") == row(20, amount=2**63 - 1)
        assert database.read("order-7") is None
        assert database.read("order-\0") is None


def test_a_write_is_whole_or_nothing(url: str, ask: Ask) -> None:
    """A table that is gone ends the member; what stood before it in the same write is not kept."""
    with closing(Database(url, ORDERS)) as database:
        database.write([])
        ask("ALTER TABLE order_state RENAME TO other")
        with pytest.raises(FatalError, match="order_state"):
            database.write([row(1)])
    assert ask("SELECT count(*) FROM order_history") == [(0,)]


def test_two_that_make_the_tables_at_once_both_have_them(postgresql: PostgreSQL, wait_until: WaitUntil) -> None:
    """PostgreSQL refuses the slower of two, whatever IF NOT EXISTS says: that passes."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with closing(Database(postgresql.url, ORDERS)) as database, ThreadPoolExecutor() as pool:
        with psycopg.connect(postgresql.url) as other:
            other.execute(ORDERS.tables[0].encode())
            slower = pool.submit(database.write, [row(1)])
            wait_until(lambda: bool(postgresql.ask(waiting)))
        with pytest.raises(Away, match="pg_type_typname"):
            slower.result()
        database.write([row(1)])
        assert database.read("order-1") == row(1)


def test_a_record_that_a_database_cannot_hold_is_poison(postgresql: PostgreSQL) -> None:
    """PostgreSQL knows no text with a zero in it, which JSON allows; nothing of the write is kept."""
    with closing(Database(postgresql.url, ORDERS)) as database:
        with pytest.raises(PoisonError, match="not-storable"):
            database.write([row(1), row(2, occurred_at="now\0")])
        assert database.read("order-1") is None


def test_of_those_that_are_written_together_one_that_cannot_be_fails_alone(
    postgresql: PostgreSQL, wait_until: WaitUntil
) -> None:
    """Threads that come at once share a transaction; what no column takes is poison to its own thread alone."""
    good = [Record(b"key", json.dumps(state(number)).encode()) for number in range(7)]
    bad = Record(b"key", json.dumps({**state(7), "occurred_at": "now\0"}).encode())
    with closing(Database(postgresql.url, ORDERS)) as database, ThreadPoolExecutor(8) as pool:
        with database._writing:
            kept = [pool.submit(database.keep, record) for record in (*good, bad)]
            wait_until(lambda: len(database._waiting) == 8)
        assert [type(future.exception()) for future in kept] == [*[type(None)] * 7, PoisonError]
        assert [database.read(f"order-{number}") for number in range(8)] == [*map(row, range(7)), None]


def test_those_that_are_written_together_are_away_together(postgresql: PostgreSQL, wait_until: WaitUntil) -> None:
    """Each thread hears of it, and none takes its record for kept."""
    good = [Record(b"key", json.dumps(state(number)).encode()) for number in range(8)]
    with closing(Database(postgresql.url, ORDERS)) as database, ThreadPoolExecutor(8) as pool:
        postgresql.stop()
        try:
            with database._writing:
                kept = [pool.submit(database.keep, record) for record in good]
                wait_until(lambda: len(database._waiting) == 8)
            assert {type(future.exception()) for future in kept} == {Away}
        finally:
            postgresql.start()


def test_a_server_that_is_away_may_come_back(postgresql: PostgreSQL) -> None:
    """Stopped under an open connection, and refusing new connections: both pass."""
    with closing(Database(postgresql.url, ORDERS)) as database:
        database.write([row(1)])
        postgresql.stop()
        try:
            for _ in range(2):
                with pytest.raises(Away):
                    database.write([row(2)])
        finally:
            postgresql.start()
        database.write([row(2)])
        assert database.read("order-2") == row(2)


@pytest.mark.parametrize("said", ["", ":wrong"])
def test_who_is_not_let_in_is_told_so(postgresql: PostgreSQL, said: str) -> None:
    """No other attempt would end otherwise; the sentence says what to set, and not the password."""
    user = f"user{len(said)}"
    postgresql.ask_for_password(user, "right")
    address = postgresql.url.replace("postgres@", f"{user}{said}@")
    with closing(Database(address, ORDERS)) as database:
        with pytest.raises(FatalError, match="; set DATABASE to a user and a password that the server takes") as told:
            database.write([row(1)])
        assert "wrong" not in str(told.value)
        assert "\n" not in str(told.value)
    with closing(Database(address.replace(f"{user}{said}@", f"{user}:right@"), ORDERS)) as database:
        assert database.read("order-1") is None


@pytest.mark.parametrize("code", ["53100", "40P01", "25006", "57P01", "55P03"])
def test_what_the_server_says_of_itself_passes(postgresql: PostgreSQL, code: str) -> None:
    """A full disk, a deadlock, a standby, a shutdown, a lock: another attempt may succeed."""
    with closing(Database(postgresql.url, ORDERS)) as database:
        database.write([])
        postgresql.ask(
            f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON order_state FOR EACH ROW EXECUTE FUNCTION refuse()"""
        )
        with pytest.raises(Away, match="refused"):
            database.write([row(1)])
        postgresql.ask("DROP TRIGGER refuse ON order_state")
        database.write([row(1)])
        assert database.read("order-1") == row(1)


def test_a_directory_that_is_not_mounted_yet_may_be(tmp_path: Path) -> None:
    """It says nothing of the records. A bare path is SQLite's."""
    path = tmp_path / "mount" / "orders.db"
    with closing(Database(str(path), ORDERS)) as database:
        with pytest.raises(Away, match="unable to open"):
            database.write([row(1)])
        path.parent.mkdir()
        database.write([row(1)])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT event_id FROM order_state").fetchall() == [("event-1",)]


def test_a_disk_that_takes_no_more_may_do_so_later(tmp_path: Path) -> None:
    """What was not written whole is not there, and the next attempt writes it."""
    with closing(Database(str(tmp_path / "orders.db"), ORDERS)) as database:
        database.write([row(1)])
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            with pytest.raises(Away):
                database.write([row(number) for number in range(2, 1000)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert database.read("order-2") is None
        database.write([row(2)])
        assert database.read("order-2") == row(2)


@pytest.mark.parametrize("address", ["nosql://somewhere", "postgresql://host:port/db"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    """Before anything is joined or opened."""
    with pytest.raises(SettingsError, match="DATABASE is neither a path nor a URL"):
        Database(address, ORDERS)


def test_a_consumer_without_a_database_is_refused() -> None:
    """The sentence names the variable."""
    with pytest.raises(SettingsError, match="DATABASE: Field required"):
        ConsumerSettings.from_environment({"KAFKA_BOOTSTRAP_SERVERS": "localhost:9092"})
