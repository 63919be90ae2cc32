"""Commit-regression on hand-written histories: those that show it and those that nearly do."""

from pathlib import Path

from streamproof.checks import judge
from tests.checks.histories import Scene, clean, small, witnesses


def test_a_commit_below_the_one_before_is_a_regression(tmp_path: Path) -> None:
    """3 1 2 3: only the step down is a witness."""
    scene = small("exactly-once", *"abc")
    scene.effects("abc")
    for off in (3, 1, 2, 3):
        scene.commit(off)
    assert witnesses(scene, tmp_path, "part", "off", "before") == {"commit-regression": [(0, 1, 3)]}


def test_neither_aborted_nor_deleted_nor_others_commits_regress(tmp_path: Path) -> None:
    """An aborted commit, one after a deletion, one of another partition, and the same once more are all in order."""
    scene = small("exactly-once", *"ab")
    scene.input("c", part=1)
    scene.effects("abc")
    scene.commit(2)
    scene.transaction().offsets(1).abort()
    scene.commit(2)
    scene.commit(1, part=1)
    scene.commit(None)
    scene.commit(1)
    scene.commit(2)
    assert witnesses(scene, tmp_path) == {}


def test_without_a_group_no_position_needs_a_rebalance_to_go_back(tmp_path: Path) -> None:
    """Whoever is told on standard input is in none; a group whose partitions stay where they are shows nothing."""
    told, unmoved = clean(), clean()
    told.drop("generation")
    unmoved.drop("owner", lambda row: row["generation"] > 1).alter("owner", lambda _: True, t_to=None)

    def enough(scene: Scene, directory: Path) -> list[bool | None]:
        findings = judge(scene.write(directory), threads=1).findings
        return [seen.enough for one in findings if one.anomaly == "commit-regression" for seen in one.evidence]

    assert enough(told, tmp_path / "told") == [None]
    assert enough(unmoved, tmp_path / "unmoved") == [False]
