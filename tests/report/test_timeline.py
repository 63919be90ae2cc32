"""The timeline says what the tables say, and leaves out what was not recorded."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamproof.checks import judge, write_witnesses
from streamproof.report.timeline import Broken, Lane, Span, State, read_timeline
from tests.checks.histories import START, STEP, Scene
from tests.checks.scenes import clean, clean_plain

S = 1_000_000


def at(time: int) -> float:
    return (time - START) / S


def test_a_crash_and_what_came_of_it(tmp_path: Path) -> None:
    """The instance up to its death, the fault, the transaction that it left, the rebalance, and all input done."""
    scene = clean()
    [fault], [process, following] = scene.rows["fault"], scene.rows["process"]
    [_, moved] = scene.rows["generation"]
    [aborted] = [row for row in scene.rows["txn"] if row["state"] == "PrepareAbort" and row["pid"] != 99]
    shown = read_timeline(scene.write(tmp_path))
    died, ended = at(process["t_end"]), at(following["t_end"])
    first = (Span(State.STARTING, 0, 0), Span(State.ALIVE, 0, died))
    second = (Span(State.STARTING, died, died), Span(State.ALIVE, died, ended))
    assert shown.lanes == (Lane("instance 1", (*first, *second), deaths=(died,)),)
    assert shown.faults == (
        Broken("kill@instance:1", "seen", effective=True, start=at(fault["t_from"]), end=at(fault["t_to"])),
    )
    assert shown.rebalances == (at(moved["t_append"]),)
    assert shown.aborted == (at(aborted["t_append"]),)
    assert shown.fed is not None
    assert shown.committed is not None
    assert shown.fed.counts[-1] == 120
    assert set(shown.committed.counts) == {0, 20, 40, 80, 120}, "as the transactions went"


@pytest.mark.parametrize("scene", [clean, clean_plain])
def test_nothing_is_committed_past_before_it_is_in_the_log(scene: "type[Scene]", tmp_path: Path) -> None:
    """A transaction's commits count from its end, others from their own time; the counts only grow."""
    shown = read_timeline(scene().write(tmp_path))
    assert shown.fed is not None
    assert shown.committed is not None
    assert list(shown.committed.counts) == sorted(shown.committed.counts)
    events = sorted(
        [(t, count, 0) for t, count in zip(shown.fed.seconds, shown.fed.counts, strict=True)]
        + [(t, count, 1) for t, count in zip(shown.committed.seconds, shown.committed.counts, strict=True)]
    )
    fed = 0
    for _, count, committed in events:
        if committed:
            assert count <= fed
        else:
            fed = count


def test_a_broker_is_lost_or_paused_as_its_fault_does(tmp_path: Path) -> None:
    """The record names the node that played the role."""
    scene = clean()
    for kind in ("kill-broker", "pause-broker"):
        scene.fault("broker:leader")
        scene.rows["fault"][-1] |= {"kind": kind, "node": 3}
        scene.wait(10)
    _, lost, paused = scene.rows["fault"]
    shown = read_timeline(scene.write(tmp_path))
    assert shown.lanes[-1] == Lane(
        "broker 3",
        (
            Span(State.ALIVE, 0, shown.seconds),
            Span(State.LOST, at(lost["t_from"]), at(lost["t_to"])),
            Span(State.PAUSED, at(paused["t_from"]), at(paused["t_to"])),
        ),
    )


def test_an_instance_is_paused_while_its_fault_lasts(tmp_path: Path) -> None:
    """From when it was in effect. The process lives on, as the table of processes says."""
    scene = clean()
    scene.alter("fault", lambda _: True, kind="pause-beyond-session", instance=1)
    [fault] = scene.rows["fault"]
    fault["t_effect"] += STEP
    [lane] = read_timeline(scene.write(tmp_path)).lanes
    assert lane.spans[-1] == Span(State.PAUSED, at(fault["t_effect"]), at(fault["t_to"]))


def test_who_was_killed_and_who_ended_by_itself_are_told_apart(tmp_path: Path) -> None:
    """A fault ends a process; a process that ends otherwise has a bug, or an error that nobody reads."""
    scene = clean()
    [killed, _] = scene.rows["process"]
    scene.process_ends("exited")
    exited = scene.rows["process"][-1]
    [lane] = read_timeline(scene.write(tmp_path)).lanes
    assert (lane.deaths, lane.exits) == ((at(killed["t_end"]),), (at(exited["t_end"]),))


@pytest.mark.parametrize(("scene", "aborted"), [(clean, 1), (clean_plain, None)])
def test_a_subject_without_transactions_has_none_that_were_aborted(
    tmp_path: Path, scene: "type[Scene]", aborted: int | None
) -> None:
    """An empty line would say that none of its transactions was."""
    shown = read_timeline(scene().write(tmp_path)).aborted
    assert (shown if shown is None else len(shown)) == aborted


def test_what_was_not_recorded_is_left_out(tmp_path: Path) -> None:
    """It is not shown as nothing; what is left is there."""
    missing = ("txn", "generation", "offset_commit", "process", "fault", "batch")
    shown = read_timeline(clean().absent(*missing).write(tmp_path))
    assert (shown.rebalances, shown.aborted, shown.committed) == (None, None, None)
    assert shown.lanes == ()
    assert shown.fed is not None


def test_witnesses_are_where_they_came_about(tmp_path: Path) -> None:
    """By their own time, else that of their input's last effect, else that of the record at their place."""
    scene = clean()
    again = scene.effect("x005")["t_append"]
    back = scene.commit(3)["t_append"]
    scene.alter("effect", lambda row: row["source_id"] == "x001", visible=False)
    [gone] = [row["t_append"] for row in scene.rows["input"] if row["id"] == "x001"]
    history = scene.write(tmp_path / "history")
    files = write_witnesses(history, judge(history, threads=1), tmp_path / "witnesses")
    shown = read_timeline(history, witnesses=files).witnesses
    assert shown["duplicated"] == (at(again),)
    assert shown["commit-regression"] == (at(back),)
    assert shown["lost"] == (at(gone),)


def test_witnesses_of_no_known_time_are_left_out(tmp_path: Path) -> None:
    """A user's own check gives the columns that it likes."""
    history = clean().write(tmp_path / "history")
    pq.write_table(pa.table({"number": [1], "off": ["none"]}), tmp_path / "own.parquet")
    assert read_timeline(history, witnesses={"own": tmp_path / "own.parquet"}).witnesses == {"own": ()}
