"""What a run has shown, in numbers: they stand in a report beside the verdict."""

from collections.abc import Mapping
from pathlib import Path

from streamproof.checks import judge
from tests.checks.histories import Scene
from tests.checks.scenes import clean


def seen_in(scene: Scene, directory: Path) -> Mapping[str, int]:
    return judge(scene.write(directory), threads=1).seen


def test_what_was_seen_is_counted(tmp_path: Path) -> None:
    """The numbers for the report's "shown by"."""
    scene = clean()
    scene.fault(target="broker:2", lasts_ms=9)
    scene.read("alpha", 0, 0, phase="during", t=scene.now)
    scene.read("alpha", 0, 1, phase="during", t=scene.now + 60_000)
    assert seen_in(scene, tmp_path) == {
        "inputs": 120,
        "aborted_inputs": 1,
        "effects": 240,
        "channels": 2,
        "hops": 0,
        "commits": 4,
        "transactions": 5,
        "aborted": 1,
        "rebalances": 1,
        "ordered_pairs": 236,
        "crashes": 1,
        "crashes_in_transaction": 1,
        "broker_losses": 1,
        "faults": 2,
        "faults_without_effect": 0,
        "faults_in_flight": 1,
        "reads_during_faults": 1,
    }


def test_rebalances_of_the_beginning_and_the_end_are_none_of_the_run(tmp_path: Path) -> None:
    """Members that come by turns before there is input, and leave when all is committed, disturb nothing."""
    scene = Scene()
    for name in ("first", "second"):
        scene.rebalance(member=name)
    scene.inputs("ab")
    scene.effects("ab")
    scene.commit(1)
    scene.rebalance(member="first")
    scene.commit(2)
    scene.rebalance(member="second")
    scene.rebalance("Empty", parts=())
    assert seen_in(scene, tmp_path)["rebalances"] == 1


def test_what_is_not_the_runs_own_is_not_counted(tmp_path: Path) -> None:
    """Of others, of no effect, of nothing, before or after: each stands beside what counts."""
    scene = Scene()
    scene.rebalance()
    scene.inputs("ab")
    first, second = scene.transaction().effects("a"), scene.transaction(pid=8).effects("b")
    scene.process_ends()
    first.abort(fenced=True)
    second.abort(fenced=True)
    scene.transaction(epoch=1).abort()
    scene.process_ends("exited")
    scene.rows["generation"].append(scene.rows["generation"][0] | {"t_append": scene.wait()})
    scene.rebalance()
    scene.input("c")
    for state in ("Empty", "Dead"):
        scene.rebalance(state, parts=())
    scene.rows["generation"].append(
        scene.rows["generation"][-1] | {"grp": "others", "generation": 9, "state": "Stable"}
    )
    scene.transaction(pid=9).effects("ab")
    scene.process_ends()
    scene.effect(None)
    scene.effect("a")
    scene.commit(2)
    scene.rebalance()
    scene.commit(3, grp="others")
    scene.commit(3, visible=False)
    scene.fault("broker:1", effective=False)
    scene.read("in", 0, 0, phase="during")
    scene.wait(9)
    scene.read("in", 0, 0, phase="during")
    scene.fault()
    scene.read("in", 0, 0)
    scene.read("in", 0, 0, phase="during", t=scene.rows["fault"][-1]["t_to"])
    counted = {
        "effects": 1,
        "commits": 1,
        "transactions": 3,
        "aborted": 2,
        "rebalances": 1,
        "crashes": 3,
        "crashes_in_transaction": 2,
        "broker_losses": 0,
        "faults": 1,
        "faults_without_effect": 1,
        "reads_during_faults": 1,
    }
    seen = seen_in(scene, tmp_path / "ended")
    assert {what: seen[what] for what in counted} == counted
    scene.alter("fault", lambda row: row["effective"], t_to=None)
    scene.read("in", 0, 0, phase="during", t=scene.now + 99)
    assert seen_in(scene, tmp_path / "lasting")["reads_during_faults"] == 2
