"""Effects that are rows of a query: which there are, when they were certainly not there yet, and who is kept out."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from streamproof.contract.model import Field, Holds
from streamproof.errors import HistoryError, UsageError
from streamproof.history.store import HistoryWriter
from streamproof.recording.databases import Database, DatabaseRows
from streamproof.recording.expectations import EffectQuery
from streamproof.serde.locators import Locator
from tests.recording.test_observers import RECORD

QUERY = "SELECT event_id FROM seen"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "effects.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE seen (event_id TEXT)")
    return path


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    found = made(file)
    yield found
    found.close()


def made(file: Path, query: str = QUERY, column: str = "event_id") -> Database:
    return Database(EffectQuery("seen", f"sqlite:///{file}", query, Locator("column", column)))


def insert(file: Path, *ids: str | None) -> None:
    with sqlite3.connect(file) as connection:
        connection.executemany("INSERT INTO seen VALUES (?)", [(event_id,) for event_id in ids])


def rows(observer: DatabaseRows, directory: Path) -> list[dict[str, Any]]:
    """What an observer writes as effects, once it has stopped."""
    observer.stop()
    writer = HistoryWriter(directory / "history")
    observer.write(writer)
    found: list[dict[str, Any]] = pq.read_table(writer.close(RECORD).tables["effect"]).to_pylist()
    return found


def test_each_row_is_an_effect_of_the_input_that_its_column_names(file: Path, database: Database) -> None:
    """Twice there, twice an effect; a row without an id is an effect of nothing."""
    insert(file, "a", "b", "a", None)
    assert database.ids() == ["a", "b", "a", None]


def test_columns_tell_what_an_effect_holds(file: Path, tmp_path: Path) -> None:
    """In the words in which the contract names them."""
    insert(file, "a", None)
    query = "SELECT event_id, 4 AS amount FROM seen"
    places = [Field(name, Locator("column", name), None) for name in ("amount", "event_id")]
    effect = EffectQuery("seen", f"sqlite:///{file}", query, Locator("column", "event_id"), holds=Holds(tuple(places)))
    found = rows(DatabaseRows([Database(effect)], lambda *_: None), tmp_path)
    assert [row["echo"] for row in found] == [["amount=4", "event_id=a"], ["amount=4", None]]


def test_a_row_is_timed_by_the_last_look_that_did_not_show_it(
    file: Path, database: Database, wait_until: Callable[[Callable[[], bool]], None], tmp_path: Path
) -> None:
    """So a row is known to have come after a commit, if the commit came before that look."""
    ids: list[str] = []
    observer = DatabaseRows([database], lambda _channel, _identity, new: ids.extend(new))
    observer.start(HistoryWriter(tmp_path / "live"))
    insert(file, "early")
    wait_until(lambda: ids == ["early"])
    insert(file, "late")
    wait_until(lambda: ids == ["early", "late"])
    early, late = rows(observer, tmp_path)
    assert (early["source_id"], late["source_id"]) == ("early", "late")
    assert early["t_append"] < late["t_append"]
    assert late["t_append"] % 1000 == 0, "as the brokers' times: a commit within the same millisecond is not before"


def test_what_came_after_the_last_look_is_there_too(file: Path, database: Database, tmp_path: Path) -> None:
    """The end is read by itself, whatever the looks have shown."""
    observer = DatabaseRows([database], lambda *_: None)
    insert(file, "last")
    assert [row["source_id"] for row in rows(observer, tmp_path)] == ["last"]


def test_rows_have_an_order_only_where_the_query_says_so(file: Path, tmp_path: Path) -> None:
    """A database gives rows as it likes: to judge their order would accuse the innocent."""
    insert(file, "b", "a")
    for query, places in ((QUERY, [None, None]), (f"{QUERY}\nORDER  BY event_id", [0, 1])):
        directory = tmp_path / str(len(query))
        found = rows(DatabaseRows([made(file, query)], lambda *_: None), directory)
        assert [row["ordinal"] for row in found] == places


def test_a_lock_keeps_writers_out_and_is_seen_by_others(file: Path, database: Database) -> None:
    """While it is held a writer of the subject's is refused; then no more."""
    assert not database.is_locked()
    with database.lock():
        assert database.is_locked()
        writer = sqlite3.connect(file, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            writer.execute("INSERT INTO seen VALUES ('x')")
        writer.close()
    assert not database.is_locked()
    insert(file, "x")


def test_a_database_that_nobody_made_is_not_made_by_looking(tmp_path: Path) -> None:
    """A subject that never wrote is told apart from a subject whose table is empty."""
    absent = made(tmp_path / "absent.db")
    with pytest.raises(HistoryError, match=r"absent\.db is not there"):
        absent.ids()
    assert not (tmp_path / "absent.db").exists()


def test_a_query_that_cannot_be_asked_says_why(file: Path) -> None:
    """The database's own words, with the channel."""
    with pytest.raises(HistoryError, match="channel seen: no such table: unseen"):
        made(file, "SELECT event_id FROM unseen").ids()


def test_a_column_that_is_not_there_is_told_with_those_that_are(file: Path) -> None:
    """The identity in the contract and the query do not fit."""
    with pytest.raises(UsageError, match='has no column "id", but event_id; correct what x-produces'):
        made(file, column="id").ids()


@pytest.mark.parametrize("url", ["orders.db", "nosql:///orders.db"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Before anything is started, with an example."""
    with pytest.raises(UsageError, match="write its address as SQLAlchemy does"):
        Database(EffectQuery("seen", url, QUERY, Locator("column", "event_id")))


def test_rows_of_before_the_run_are_refused(database: Database, file: Path, tmp_path: Path) -> None:
    """They would pass for effects of the run's own; a database or a table that is still to be made is none."""
    made(tmp_path / "none.db").check_empty()
    made(file, "SELECT event_id FROM later").check_empty()
    database.check_empty()
    insert(file, "a")
    with pytest.raises(UsageError, match="the query of channel seen returns rows already"):
        database.check_empty()


def test_effects_may_be_lines_of_files(tmp_path: Path) -> None:
    """Of all files that the query names, also new ones; where there is none yet, there is no row yet."""
    query = "SELECT event_id FROM read_json('*.jsonl') ORDER BY filename"
    database = Database(EffectQuery("done", f"files:{tmp_path}", query, Locator("column", "event_id")))
    with pytest.raises(HistoryError, match=r"channel done: .*No files found"):
        database.ids()
    database.check_empty()
    for name in ("b", "a"):
        (tmp_path / f"{name}.jsonl").write_text(f'{{"event_id": "{name}1"}}\n{{"event_id": "{name}2"}}\n')
    assert database.ids() == ["a1", "a2", "b1", "b2"]
    assert not database.lockable
    database.close()
