"""Stuck-partition on hand-written histories, those that show it and that nearly do; on random ones as a loop does."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checks.cases import Case, no_fault
from tests.checks.groups import thoroughly, witnesses_of
from tests.checks.histories import STEP, Scene
from tests.checks.scenes import witnesses

BOUND_MS = 55_000  # the scenes' transactions time out sooner


def wrong(scene: Scene) -> None:
    scene.input("stuck", key="x", part=0)
    scene.input("last", key="y", part=1)
    scene.effects(["last"], part=1)
    scene.commit(61, part=1)
    scene.wait(BOUND_MS)
    scene.process_stops()


CASE = Case(
    evidence={"faults that took effect while inputs were in flight": (1, no_fault)},
    wrong=wrong,
)


def standing(waits_ms: int = BOUND_MS, *, promise: str = "at-least-once") -> Scene:
    """Partition 0 has done one of two inputs, partition 1 both of its own; then nothing happens for so long."""
    scene = Scene(promise)
    for part, names in enumerate(("ab", "cd")):
        scene.inputs(names, key=None, part=part)
    scene.effects("ac")
    scene.commit(1)
    scene.effects("d")
    scene.commit(2, part=1)
    scene.wait(waits_ms)
    return scene


def stuck(scene: Scene, directory: Path) -> list[tuple[int, str]]:
    return witnesses(scene, directory, "part", "id").get("stuck-partition", [])


def test_a_partition_that_stands_still_while_others_went_on_is_stuck(tmp_path: Path) -> None:
    """The witness has the first input that waits there; each is late."""
    assert stuck(standing(), tmp_path / "long") == [(0, "b")]
    assert stuck(standing(BOUND_MS - 10), tmp_path / "short") == []


def test_a_transaction_may_hold_it_back_for_longer(tmp_path: Path) -> None:
    """Until its time-out, and the broker's clean-up; who writes without transactions waits for none."""
    scene = standing()
    scene.promise = scene.promise.model_copy(update={"transaction_timeout_ms": BOUND_MS})
    assert stuck(scene, tmp_path / "plain") == [(0, "b")]
    topics = {row["topic"] for row in scene.rows["effect"]}
    for row in scene.rows["batch"]:
        row["transactional"] = row["topic"] in topics
    assert stuck(scene, tmp_path / "transactional") == []


def test_what_stands_still_as_a_whole_is_late_alone(tmp_path: Path) -> None:
    """The others did nothing after it stood still."""
    scene = standing()
    scene.drop("offset_commit", lambda row: row["off"] == 2)
    assert stuck(scene, tmp_path) == []


def test_the_end_of_the_work_ends_the_time(tmp_path: Path) -> None:
    """Who is asked to stop need not go on."""
    scene = standing(1)
    scene.process_stops()
    scene.wait(BOUND_MS)
    assert stuck(scene, tmp_path) == []


def test_what_is_committed_at_the_end_alone_is_no_sign_of_life(tmp_path: Path) -> None:
    """An instance commits as it leaves: neither what stood still, nor what did before, has gone on by that."""
    scene = standing()
    scene.process_stops()
    scene.commit(1)
    assert stuck(scene, tmp_path / "stuck") == [(0, "b")]
    whole = standing()
    whole.drop("offset_commit", lambda row: row["off"] == 2)
    whole.process_stops()
    whole.commit(2, part=1)
    assert stuck(whole, tmp_path / "whole") == []


def effect_of_what_waits(scene: Scene) -> None:
    scene.effects("b")


def hidden_effect(scene: Scene) -> None:
    scene.effects("b", visible=False)


def commit_of_the_same(scene: Scene) -> None:
    scene.commit(1)


def fault_is_over(scene: Scene) -> None:
    scene.fault()


def another_input(scene: Scene) -> None:
    scene.commit(2)
    scene.input("e", key=None)


@pytest.mark.parametrize(
    "sign", [effect_of_what_waits, hidden_effect, commit_of_the_same, fault_is_over, another_input]
)
def test_what_shows_a_sign_of_life_is_not_stuck(tmp_path: Path, sign: object) -> None:
    """A handler may be slow; what was broken until now, or has just arrived, has its time before it."""
    scene = standing(BOUND_MS // 2)
    assert callable(sign)
    sign(scene)
    scene.commit(2, part=1)
    scene.wait(BOUND_MS // 2)
    assert stuck(scene, tmp_path) == []


@thoroughly
@given(st.data())
def test_a_slow_loop_finds_the_same(data: st.DataObject) -> None:
    """Inputs, effects, commits and faults of two partitions, at any times."""
    scene = Scene("at-least-once")
    step = st.sampled_from(["input", "effect", "commit", "fault", "wait", "wait"])
    for what in data.draw(st.lists(step, min_size=5, max_size=20)):
        part = data.draw(st.integers(0, 1))
        own = [row["id"] for row in scene.rows["input"] if row["part"] == part]
        if what == "input":
            scene.input(f"i{len(scene.rows['input'])}", key=None, part=part)
        elif what == "effect" and own:
            scene.effect(data.draw(st.sampled_from(own)))
        elif what == "commit":
            scene.commit(data.draw(st.integers(0, 3)), part=part)
        elif what == "fault":
            scene.fault()
        else:
            scene.wait(BOUND_MS // 2)
    over = scene.now + STEP
    assert witnesses_of("stuck-partition", scene, "part", "off") == by_hand(scene, over)


def by_hand(scene: Scene, over: int) -> list[tuple[int, int]]:
    found = []
    for part in (0, 1):
        inputs = {row["id"]: row for row in scene.rows["input"] if row["part"] == part}
        commits = [row for row in scene.rows["offset_commit"] if row["part"] == part]
        done = commits[-1]["off"] if commits else 0
        waiting = [row for row in inputs.values() if row["off"] >= done]
        if not waiting:
            continue
        signs = [waiting[0]["t_append"], *(row["t_append"] for row in commits)]
        signs += [row["t_append"] for row in scene.rows["effect"] if row["source_id"] in inputs]
        signs += [row["t_to"] for row in scene.rows["fault"]]
        others: list[int] = []
        furthest = 0
        for row in scene.rows["offset_commit"]:
            if row["part"] != part and (row["off"] > furthest or not others):
                others.append(row["t_append"])
                furthest = max(furthest, row["off"])
        if over - max(signs) > BOUND_MS * STEP and any(t > max(signs) for t in others):
            found.append((part, waiting[0]["off"]))
    return found
