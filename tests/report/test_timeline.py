"""The timeline says what the tables say, and leaves out what was not recorded."""

import struct
from pathlib import Path

import pytest

from streamproof.report.timeline import Broken, Lane, Span, State, read_timeline, timeline
from tests.checks.histories import START, STEP, Scene, clean, clean_plain

S = 1_000_000


def size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def at(time: int) -> float:
    return (time - START) / S


def test_a_crash_and_what_came_of_it(tmp_path: Path) -> None:
    """The instance up to its death, the fault, the transaction that it left, the rebalance, and all input done."""
    scene = clean()
    [fault], [process] = scene.rows["fault"], scene.rows["process"]
    [_, moved] = scene.rows["generation"]
    [aborted] = [row for row in scene.rows["txn"] if row["state"] == "PrepareAbort" and row["pid"] != 99]
    shown = read_timeline(scene.write(tmp_path))
    died = at(process["t_end"])
    assert shown.title == "mover · exactly-once, ordered by key · Apache Kafka 4.3.1 · seed 1"
    assert shown.lanes == (
        Lane("instance 1", (Span(State.STARTING, 0, 0), Span(State.ALIVE, 0, died)), deaths=(died,)),
    )
    assert shown.faults == (Broken("seen", effective=True, start=at(fault["t_from"]), end=at(fault["t_to"])),)
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


def test_what_was_not_recorded_is_left_out(tmp_path: Path) -> None:
    """It is not shown as nothing; what is left is drawn."""
    missing = ("txn", "generation", "offset_commit", "process", "fault", "batch")
    history = clean().absent(*missing).write(tmp_path)
    shown = read_timeline(history)
    assert (shown.rebalances, shown.aborted, shown.committed) == (None, None, None)
    assert shown.lanes == ()
    assert shown.fed is not None
    assert size(timeline(history))[0] > 1000


def test_the_picture_grows_with_what_it_tells(tmp_path: Path) -> None:
    """Its width is that of a report; each fault has its sentence, however long."""
    plain, broken = clean(), clean()
    for number in range(5):
        broken.fault(effective=number > 2)
        broken.rows["fault"][-1]["evidence"] = "instance 1 was never seen inside its cycle " * number
        broken.wait(STEP // 100)
    small, large = size(timeline(plain.write(tmp_path / "plain"))), size(timeline(broken.write(tmp_path / "broken")))
    assert small[0] == large[0]
    assert small[1] < large[1]
