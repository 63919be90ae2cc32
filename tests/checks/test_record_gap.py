"""Record-gap on hand-written histories: what a record cannot lack, or hold; and that no gap of any kind is upheld."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from streamproof.checks import Outcome, judge
from streamproof.errors import HistoryError
from streamproof.history.store import History
from streamproof.history.tables import TABLES
from tests.checks.cases import Case
from tests.checks.histories import Scene
from tests.checks.scenes import clean, clean_plain, small, witnesses


def end_unknown(scene: Scene) -> None:
    scene.fill().drop("ends", lambda row: row["topic"] == "alpha" and row["part"] == 0)


def beyond_its_end(scene: Scene) -> None:
    scene.fill().alter("ends", lambda row: row["topic"] == "alpha", hw=1)


def in_no_batch(scene: Scene) -> None:
    scene.drop("batch", lambda row: row["topic"] == "in" and row["base_off"] == 3)


def not_read_back(scene: Scene) -> None:
    scene.fill().drop("read", lambda row: row["topic"] == "beta" and row["off"] == 3)


def read_by_observers_alone(scene: Scene) -> None:
    scene.fill().alter("read", lambda _: True, phase="during")


def read_uncommitted(scene: Scene) -> None:
    scene.fill().alter("read", lambda _: True, isolation="read_uncommitted")


def sent_by_nobody(scene: Scene) -> None:
    scene.fill().drop("sent", lambda row: row["id"] == "x003")


def not_sent(scene: Scene) -> None:
    scene.drop("sent")


def no_process(scene: Scene) -> None:
    scene.drop("process")


def wrong(scene: Scene) -> None:
    scene.fill().drop("expected", lambda row: row["id"] == "x004" and row["channel"] == "beta")
    scene.drop("input", lambda row: row["id"] == "x059")
    scene.commit(99)
    scene.drop("owner", lambda row: row["part"] == 0)


CASE = Case(
    evidence={
        "partitions whose end is known": (6, end_unknown, beyond_its_end),
        "partitions whose records lie in batches": (6, in_no_batch),
        "partitions that were read back to their end": (6, not_read_back, read_by_observers_alone, read_uncommitted),
        "sends of inputs": (121, sent_by_nobody, not_sent),
        "processes of the subject": (2, no_process),
    },
    wrong=wrong,
)


def emptied(history: History, table: str) -> History:
    """The table is there, and holds no row."""
    pq.write_table(TABLES[table].empty_table(), history.tables[table])
    return history


def removed(history: History, table: str) -> History:
    """The table is not there."""
    history.tables[table].unlink()
    return History.read(history.directory)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("spoil", [emptied, removed])
@pytest.mark.parametrize("scene", [clean, clean_plain])
def test_a_run_with_a_table_less_is_not_upheld(
    tmp_path: Path, scene: Callable[[], Scene], spoil: Callable[[History, str], History], table: str
) -> None:
    """Whichever it is; whole, both are upheld. Only who has no transactions may have none at its coordinator.

    And neither has hops, or is a share group. The wire is seen where the subject goes through the proxy, and nothing
    rests on it.
    """
    outcome = judge(spoil(scene().write(tmp_path), table), threads=1).outcome
    may_be_empty = spoil is emptied and (table == "hop" or (scene, table) == (clean_plain, "txn"))
    assert (outcome is Outcome.UPHELD) == (may_be_empty or table in {"wire", "share_state"})


def test_each_input_has_its_row_of_expected_on_each_channel(tmp_path: Path) -> None:
    """A row that is missing, of an input that need not have effects too; another group's row is none."""
    scene = small("exactly-once", "a", "b")
    scene.aborted_input("never")
    scene.effects("ab")
    scene.commit(2)
    scene.fill().drop("expected", lambda row: (row["id"], row["channel"]) in {("b", "dead"), ("never", "alpha")})
    scene.rows["expected"] += [row | {"grp": "others"} for row in scene._expected()]
    assert witnesses(scene, tmp_path, "id", "channel", "off") == {
        "record-gap": [("b", "dead", 1), ("never", "alpha", 2)]
    }


@pytest.mark.parametrize("changed", [{"outcome": "unknown", "part": None, "off": None}, {"outcome": "fail"}, {}])
def test_an_acknowledged_send_is_in_the_log(tmp_path: Path, changed: dict[str, object]) -> None:
    """Where its broker said; what is unknown, or has failed, may be missing."""
    scene = small("exactly-once", "a")
    scene.effects("a")
    scene.commit(1)
    scene.fill().rows["sent"].append(scene.rows["sent"][0] | {"id": "b", "off": 7} | changed)
    expected = {} if changed else {"record-gap": [("in", 0, 7)]}
    assert witnesses(scene, tmp_path, "topic", "part", "off") == expected


@pytest.mark.parametrize(("off", "found"), [(2, {}), (3, {"record-gap": [("in", 0, 3)]})])
def test_a_commit_is_not_beyond_the_end_of_the_log(tmp_path: Path, off: int, found: dict[str, object]) -> None:
    """The end itself may be committed."""
    scene = small("exactly-once", "a", "b")
    scene.effects("ab")
    scene.commit(off)
    assert witnesses(scene, tmp_path, "topic", "part", "off") == found


def test_who_commits_in_a_stable_group_owned_the_partition(tmp_path: Path) -> None:
    """Of partition 1 nobody did. A group that never was stable commits for whom it likes: it assigns for itself."""
    scene = Scene()
    scene.rebalance(parts=(0,))
    scene.input("a", key=None)
    scene.input("b", key=None, part=1)
    scene.effects("ab")
    scene.commit(1)
    scene.commit(1, part=1)
    assert witnesses(scene, tmp_path / "stable", "topic", "part") == {"record-gap": [("in", 1)]}
    scene.alter("generation", lambda _: True, state="Empty")
    assert witnesses(scene, tmp_path / "empty") == {}


@pytest.mark.parametrize(("topic", "gap"), [("in", True), ("<stdin>", False), ("<http>", False)])
def test_an_owner_has_its_generation(tmp_path: Path, topic: str, gap: bool) -> None:
    """But for those who are told what to send, on standard input or over HTTP, and are in no group."""
    scene = Scene()
    scene.rebalance(parts=(0,))
    scene.alter("owner", lambda _: True, topic=topic)
    scene.drop("generation")
    assert bool(witnesses(scene, tmp_path)) == gap


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("input", "fate"),
        ("sent", "outcome"),
        ("batch", "control"),
        ("read", "isolation"),
        ("read", "phase"),
        ("process", "cause"),
    ],
)
def test_a_word_that_no_version_writes_is_refused(tmp_path: Path, table: str, column: str) -> None:
    """In one sentence, with the file and the words that there are."""
    scene = clean().fill()
    scene.rows[table][-1][column] = "banana"
    with pytest.raises(HistoryError, match=rf'{table}\.parquet: {column} is "banana", which is none of \w+, .*version'):
        judge(scene.write(tmp_path), threads=1)


@pytest.mark.parametrize("error", [-1, 86_400_000_000])
def test_clocks_that_are_days_apart_are_refused(tmp_path: Path, error: int) -> None:
    """With them nothing would come before anything; and no clock errs by less than nothing."""
    file = clean().write(tmp_path).directory / "run.json"
    file.write_text(file.read_text().replace('"clock_error_us": 0', f'"clock_error_us": {error}'))
    with pytest.raises(HistoryError, match=r"run\.json: clock_error_us: Input should be .* not written by"):
        History.read(tmp_path)
