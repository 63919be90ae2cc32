"""Lost on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from tests.checks.cases import Case, no_fault
from tests.checks.histories import START, STEP, Scene
from tests.checks.scenes import small, witnesses


def one_partition_uncommitted(scene: Scene) -> None:
    scene.drop("offset_commit", lambda row: row["part"] == 1)


def fault_without_effect(scene: Scene) -> None:
    scene.alter("fault", lambda _: True, effective=False)


def fault_before_all_input(scene: Scene) -> None:
    scene.alter("fault", lambda _: True, t_from=START - 2 * STEP, t_to=START - STEP)


def fault_after_all_commits(scene: Scene) -> None:
    scene.alter("fault", lambda _: True, t_from=scene.now + STEP, t_to=None)


def nothing_is_due(scene: Scene) -> None:
    scene.fill().alter("expected", lambda _: True, at_least=0)


def wrong(scene: Scene) -> None:
    scene.drop("effect", lambda row: row["source_id"] == "x002" and row["channel"] == "beta")


CASE = Case(
    evidence={
        "partitions with input that the group committed past": (2, one_partition_uncommitted),
        "faults that took effect while inputs were in flight": (
            1,
            no_fault,
            fault_without_effect,
            fault_before_all_input,
            fault_after_all_commits,
        ),
        "needed effects": (240, nothing_is_due),
    },
    wrong=wrong,
)


def effect_never_written() -> Scene:
    scene = small("exactly-once", "a", "b", "c")
    scene.effects("abc", channels=["alpha"])
    scene.effects("ac", channels=["beta"])
    scene.commit(3)
    return scene


def test_lost_names_the_channel_that_misses_an_effect(tmp_path: Path) -> None:
    """An input committed past with an effect on one of two channels is lost on the other, and nothing else."""
    scene = effect_never_written()
    scene.commit(9, grp="others")
    scene.commit(9, topic="other")
    assert witnesses(scene, tmp_path, "id", "channel", "off", "committed", "seen") == {"lost": [("b", "beta", 1, 3, 0)]}


def test_lost_after_an_abort_without_a_rewind(tmp_path: Path) -> None:
    """Effects that were written and aborted on every channel, and passed over, are lost; they are not torn."""
    scene = small("exactly-once", "a", "b")
    scene.transaction().effects(["a"]).abort()
    scene.transaction().effects(["b"]).offsets(2).commit()
    assert witnesses(scene, tmp_path, "id", "channel") == {"lost": [("a", "alpha"), ("a", "beta")]}


def test_an_aborted_commit_is_no_commit(tmp_path: Path) -> None:
    """What only an aborted transaction committed past is late, not lost."""
    scene = small("exactly-once", "a")
    scene.transaction().effects(["a"]).offsets(1).abort()
    assert witnesses(scene, tmp_path) == {"late": [("a",)]}


def test_lost_waits_for_every_occurrence(tmp_path: Path) -> None:
    """An id that is in the log twice, once behind the commit, may still get its second effect: late, not lost."""
    scene = small("exactly-once", "a", "b", "a")
    scene.effects(["a", "b"])
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "off") == {"late": [("a", 2)]}


def test_lost_counts_every_occurrence(tmp_path: Path) -> None:
    """An id that is in the log twice, committed past twice, with a single effect, is lost."""
    scene = small("exactly-once", "a", "a")
    scene.effects(["a"])
    scene.commit(2)
    assert witnesses(scene, tmp_path, "id", "channel", "off", "at_least", "seen") == {
        "lost": [("a", "alpha", 0, 2, 1), ("a", "beta", 0, 2, 1)]
    }


def test_the_commit_counts_in_its_own_partition(tmp_path: Path) -> None:
    """A commit in a partition says nothing of another partition."""
    scene = Scene()
    scene.input("a", part=0)
    scene.input("b", part=1)
    scene.effects(["a", "b"])
    scene.commit(1, part=1)
    assert witnesses(scene, tmp_path) == {"late": [("a",)]}


def test_another_groups_commit_does_not_count(tmp_path: Path) -> None:
    """Commits of another group on the same topic are not the subject's."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1, grp="others")
    assert witnesses(scene, tmp_path) == {"late": [("a",)]}


def test_a_deleted_commit_takes_nothing_back(tmp_path: Path) -> None:
    """When the group's commits are deleted at its end, what was committed past stays committed past."""
    scene = small("exactly-once", "a")
    scene.effects(["a"])
    scene.commit(1)
    scene.commit(None)
    assert witnesses(scene, tmp_path) == {}


def test_what_is_late_hides_no_others_loss(tmp_path: Path) -> None:
    """B is lost on beta, though the group has still to come to d."""
    scene = effect_never_written()
    scene.input("d")
    assert witnesses(scene, tmp_path, "id") == {"lost": [("b",)], "late": [("d",)]}
