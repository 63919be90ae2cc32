"""Duplicated on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from tests.checks.cases import Case, effects_in_no_log, no_fault, owner_changes, without_aborts
from tests.checks.histories import STEP, Scene
from tests.checks.scenes import small, witnesses


def nothing_interrupted(scene: Scene) -> None:
    without_aborts(scene)
    scene.drop("owner", lambda row: row["generation"] == 2).alter("owner", lambda _: True, t_to=None)


def owner_kept_its_partitions(scene: Scene) -> None:
    """A rebalance after which the same member has the same partitions, whatever it had in flight."""
    without_aborts(scene)
    scene.alter("owner", lambda _: True, member="the same")


def another_died(scene: Scene) -> None:
    """A crash while another's inputs are in flight, who does them to the end: its partitions stay where they are."""
    owner_kept_its_partitions(scene)
    scene.alter("process", lambda _: True, instance=2)


def change_before_any_effect(scene: Scene) -> None:
    without_aborts(scene)
    first = min(row["t_append"] for row in scene.rows["effect"])
    owner_changes(scene, first - STEP)


def change_after_all_commits(scene: Scene) -> None:
    without_aborts(scene)
    owner_changes(scene, scene.wait())


def hidden_behind_an_open_transaction(scene: Scene) -> None:
    """What was not shown yet, but not aborted either."""
    owner_changes(scene, scene.wait())
    scene.drop("batch", lambda row: row["control"] == "abort")


def wrong(scene: Scene) -> None:
    scene.effect("x001", part=0)


CASE = Case(
    evidence={
        "interruptions between effects and their commit": (
            1,
            nothing_interrupted,
            owner_kept_its_partitions,
            another_died,
            change_before_any_effect,
            change_after_all_commits,
            hidden_behind_an_open_transaction,
        ),
        "effects in logs, which tell when they came": (260, effects_in_no_log),
        "faults that took effect while inputs were in flight": (1, no_fault),
    },
    wrong=wrong,
)


def test_duplicated_names_source_channel_and_number(tmp_path: Path) -> None:
    """Two effects of a source on a channel are one witness; what is done twice is not reordered too."""
    scene = small("exactly-once", "a", "b")
    scene.effects(["a", "b"])
    scene.effect("a", "beta")
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "channel", "at_most", "seen") == {"duplicated": [("a", "beta", 1, 2)]}


def test_a_dead_letter_twice_is_duplicated(tmp_path: Path) -> None:
    """A dead letter is an effect."""
    scene = Scene()
    scene.input("bad", fate="poison")
    scene.effects(["bad", "bad"], channels=["dead"])
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "channel") == {"duplicated": [("bad", "dead")]}


def test_an_effect_of_what_should_have_none_is_duplicated(tmp_path: Path) -> None:
    """An input to be filtered out may have no effect at all."""
    scene = Scene()
    scene.input("drop", fate="filter")
    scene.effect("drop", "alpha")
    scene.commit(1)
    assert witnesses(scene, tmp_path, "id", "at_most", "seen") == {"duplicated": [("drop", 0, 1)]}


def test_aborted_attempts_are_no_duplicates(tmp_path: Path) -> None:
    """An effect aborted twice and committed once is there once."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).abort()
    scene.transaction().effects(["a"]).abort()
    scene.transaction().effects(["a"]).offsets(1).commit()
    assert witnesses(scene, tmp_path) == {}


def test_an_id_twice_in_the_log_may_have_two_effects(tmp_path: Path) -> None:
    """A send that was retried after an unknown outcome is two inputs."""
    scene = small("exactly-once", "a", "a")
    scene.effects(["a", "a"])
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {}
