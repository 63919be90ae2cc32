"""Hanging-transaction on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

import pytest

from tests.checks.cases import Case
from tests.checks.histories import OFFSETS, START, STEP, Scene, Transaction
from tests.checks.scenes import evidence, small, witnesses


def stopped_in_order(scene: Scene) -> None:
    scene.alter("process", lambda _: True, cause="stopped")


def crash_between_transactions(scene: Scene) -> None:
    scene.alter("process", lambda _: True, t_end=START)


def crash_in_what_was_committed(scene: Scene) -> None:
    first = next(row for row in scene.rows["txn"] if row["tid"] == "mover-7" and row["state"] == "PrepareCommit")
    scene.alter("process", lambda _: True, t_end=first["t_append"] - STEP)


def wrong(scene: Scene) -> None:
    scene.transaction(pid=8).effect("x003", part=4)


CASE = Case(
    evidence={
        "crashes inside a transaction": (1, crash_between_transactions, crash_in_what_was_committed, stopped_in_order)
    },
    wrong=wrong,
)


def open_transaction(*, waited_ms: int = 0) -> Scene:
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.transaction().effects(["a"], channels=["alpha"])
    scene.wait(waited_ms)
    return scene


def test_a_transaction_open_at_the_end_hangs(tmp_path: Path) -> None:
    """The run waited as long as it said it would; its last stable offset is not a second witness."""
    scene = open_transaction()
    scene.write(tmp_path / "once")
    scene.alter("ends", lambda row: row["topic"] == "alpha", lso=2)
    assert witnesses(scene, tmp_path / "again", "tid", "found") == {
        "hanging-transaction": [("mover-7", "open at the end")]
    }


def test_a_decided_transaction_without_its_end_hangs(tmp_path: Path) -> None:
    """Prepared, and its markers never written out."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.drop("txn", lambda row: row["state"] == "CompleteCommit")
    assert witnesses(scene, tmp_path, "found") == {"hanging-transaction": [("decided, and open at the end",)]}


@pytest.mark.parametrize(
    ("waited_ms", "clock_error_ms", "hangs"),
    [(1_400, 0, False), (1_600, 0, True), (1_600, 200, False), (1_800, 200, True)],
)
def test_a_transaction_may_last_its_time_out_and_the_clean_up(
    tmp_path: Path, *, waited_ms: int, clock_error_ms: int, hangs: bool
) -> None:
    """1,000 ms and 500 ms here, and what the clocks of the brokers that wrote it down may differ by."""
    scene = open_transaction()
    scene.clock_error_us = clock_error_ms * STEP
    scene.wait(waited_ms)
    scene.rows["txn"] += [
        scene.rows["txn"][-1] | {"state": state, "n": scene.n(), "t_append": scene.wait()}
        for state in ("PrepareAbort", "CompleteAbort")
    ]
    expected = {"hanging-transaction": [("ended late",)]} if hangs else {}
    assert witnesses(scene, tmp_path, "found") == expected


def test_a_last_stable_offset_that_no_transaction_explains_hangs(tmp_path: Path) -> None:
    """KIP-664: open on a partition, unknown to its coordinator. What upstream leaves open is not the subject's."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).commit()
    scene.write(tmp_path / "once")
    scene.alter("ends", lambda row: row["topic"] in {"beta", "in"}, lso=0)
    assert witnesses(scene, tmp_path / "again", "topic", "part") == {"hanging-transaction": [("beta", 0)]}


def test_a_crash_inside_several_transactions_is_one(tmp_path: Path) -> None:
    """A process may have several producers; the transaction may never end; what is aborted before shows nothing."""
    scene = small("exactly-once", "a", "b")
    scene.transaction().effects(["a"]).abort()
    scene.process_ends()
    scene.rebalance()
    assert evidence(scene, tmp_path / "between", "hanging-transaction") == [(0, False)]
    first, second = scene.transaction().effects(["a"]), scene.transaction(pid=8).effects(["b"])
    scene.rebalance()
    assert evidence(scene, tmp_path / "rebalanced", "hanging-transaction") == [(0, False)]
    scene.process_ends()
    assert evidence(scene, tmp_path / "open", "hanging-transaction") == [(1, True)]
    first.abort(fenced=True)
    second.abort(fenced=True)
    assert evidence(scene, tmp_path / "aborted", "hanging-transaction") == [(1, True)]


@pytest.mark.parametrize(("over_ms", "found"), [(0, {}), (1, {"hanging-transaction": [("ended late",)]})])
def test_a_transaction_may_last_no_longer_than_allowed(
    tmp_path: Path, over_ms: int, found: dict[str, list[tuple[str]]]
) -> None:
    """All of its time-out and the clean-up, and not a millisecond more."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).commit()
    first, *_, last = scene.rows["txn"]
    last["t_append"] = first["t_append"] + (1_500 + over_ms) * STEP
    assert witnesses(scene, tmp_path, "found") == found


def test_a_crash_is_inside_from_the_first_state_until_the_last(tmp_path: Path) -> None:
    """At the same time as the first it is inside, at that of the last no more."""
    for place, seen in ((0, 1), (-1, 0)):
        scene = small("exactly-once", "a")
        scene.transaction().effects(["a"]).abort()
        scene.process_ends()
        scene.rows["process"][0]["t_end"] = scene.rows["txn"][place]["t_append"]
        assert evidence(scene, tmp_path / str(seen), "hanging-transaction") == [(seen, seen > 0)]


@pytest.mark.parametrize("state", ["Empty", "Dead"])
def test_a_transaction_that_its_coordinator_forgot_has_ended(tmp_path: Path, state: str) -> None:
    """Its transactional id has expired, or begun anew: what follows is another transaction."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"], channels=["alpha"]).state(state)
    scene.wait(9_000)
    scene.transaction().effects(["a"]).offsets(1).commit()
    assert witnesses(scene, tmp_path) == {}


def test_a_fenced_transaction_has_the_epoch_that_it_began_with(tmp_path: Path) -> None:
    """Its coordinator raises the epoch to abort it."""
    scene = open_transaction(waited_ms=9_000)
    transaction = scene.transaction(epoch=1)
    transaction.state("PrepareAbort")
    assert witnesses(scene, tmp_path, "pid", "epoch", "found") == {
        "hanging-transaction": [(7, 0, "decided, and open at the end")]
    }


@pytest.mark.parametrize(("grp", "hangs"), [("movers", True), ("others", False)])
def test_who_commits_for_the_group_is_the_subject(tmp_path: Path, grp: str, hangs: bool) -> None:
    """A producer that has only sent its offsets; another group's is no concern of the run."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    scene.transaction(pid=9).touch(OFFSETS, 0)
    scene.commit(1, pid=9, epoch=0, grp=grp, visible=False)
    assert witnesses(scene, tmp_path, "pid") == ({"hanging-transaction": [(9,)]} if hangs else {})


def test_who_has_a_partition_of_its_effects_is_the_subject(tmp_path: Path) -> None:
    """A producer that died before its first record was written: its transaction is open all the same."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    scene.transaction(pid=9).touch("alpha", 0)
    assert witnesses(scene, tmp_path, "pid") == {"hanging-transaction": [(9,)]}


def test_no_producer_is_nobodys(tmp_path: Path) -> None:
    """Another's id that was forgotten before it was seen has none, as plain effects and commits have none."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    upstream = Transaction(scene, "upstream", -1, -1)
    upstream.state("Dead")
    upstream.pid = 99
    upstream.touch("in", 0)
    assert witnesses(scene, tmp_path) == {}


@pytest.mark.parametrize(
    ("target", "recovered_ms", "hangs"),
    [("broker:1", 300, False), ("broker:1", 50, True), ("broker:2", None, False), ("instance:1", 300, True)],
)
def test_while_a_broker_is_away_nobody_may_be_there_to_end_a_transaction(
    tmp_path: Path, target: str, recovered_ms: int | None, *, hangs: bool
) -> None:
    """From its loss until the subject has recovered, or to the end where that is not known. 1,600 ms of 1,500."""
    scene = open_transaction()
    scene.wait(800)
    scene.fault(target)
    lost_at = scene.rows["fault"][-1]["t_from"]
    recovered = lost_at + recovered_ms * STEP if recovered_ms is not None else None
    scene.alter("fault", lambda row: row["t_from"] == lost_at, t_recovered=recovered, t_to=recovered)
    scene.wait(800)
    scene.rows["txn"] += [
        scene.rows["txn"][-1] | {"state": state, "n": scene.n(), "t_append": scene.wait()}
        for state in ("PrepareAbort", "CompleteAbort")
    ]
    expected = {"hanging-transaction": [("ended late",)]} if hangs else {}
    assert witnesses(scene, tmp_path, "found") == expected


@pytest.mark.parametrize(("second_from_ms", "hangs"), [(150, False), (50, True)])
def test_while_two_brokers_are_away_the_time_counts_once(tmp_path: Path, second_from_ms: int, *, hangs: bool) -> None:
    """Each is away for 150 ms: 1,600 ms and more of 1,500 are too long where 50 ms of them are the same time."""
    scene = open_transaction()
    lost_at = scene.wait(800)
    for target, after_ms in (("broker:1", 0), ("broker:2", second_from_ms)):
        scene.fault(target)
        begun = lost_at + after_ms * STEP
        scene.rows["fault"][-1] |= {"t_from": begun, "t_effect": begun, "t_to": begun + 150 * STEP}
    scene.wait(900)
    scene.rows["txn"] += [
        scene.rows["txn"][-1] | {"state": state, "n": scene.n(), "t_append": scene.wait()}
        for state in ("PrepareAbort", "CompleteAbort")
    ]
    assert ("hanging-transaction" in witnesses(scene, tmp_path)) is hangs
