"""Skip on hand-written histories: those that show it and those that nearly do; on random ones, as a loop finds it."""

from pathlib import Path

from hypothesis import given

from tests.checks.cases import Case, same_owner
from tests.checks.groups import INPUTS, Tenure, effects_of, group_scenes, tenures, thoroughly, witnesses_of
from tests.checks.histories import Scene
from tests.checks.scenes import clean, evidence, names, witnesses


def wrong(scene: Scene) -> None:
    scene.drop("effect", lambda row: row["source_id"] in names(20, 25) and row["visible"])


CASE = Case(evidence={"partitions that went to another owner with inputs to be done": (2, same_owner)}, wrong=wrong)


def moved(before: str = "ab") -> Scene:
    """Of six inputs the first are done and committed past, and the partition goes to another."""
    scene = Scene("at-least-once")
    scene.rebalance()
    scene.inputs("abcdef")
    scene.effects(before)
    if before:
        scene.commit(len(before))
    scene.rebalance()
    return scene


def test_who_begins_beyond_what_is_committed_skips_what_lies_between(tmp_path: Path) -> None:
    """The witness is the first input of those, with how many there are; each of them is lost."""
    scene = moved()
    scene.effects("ef")
    scene.commit(6)
    found = witnesses(scene, tmp_path, "id", "member", "committed", "began_at", "skipped")
    assert found["skip"] == [("c", "member-2", 2, 4, 2)]
    assert [row[0] for row in found["lost"]] == ["c", "c", "d", "d"]


def test_where_nothing_was_committed_the_owner_begins_with_the_first_input(tmp_path: Path) -> None:
    """A group that starts upon a backlog, at its end; the first owner is a new owner too."""
    scene = Scene("at-least-once")
    scene.inputs("abc")
    scene.rebalance()
    scene.effects("c")
    scene.commit(3)
    assert witnesses(scene, tmp_path, "id", "committed", "skipped")["skip"] == [("a", None, 2)]


def test_an_input_that_is_lost_later_was_not_skipped(tmp_path: Path) -> None:
    """The new owner began where it should."""
    scene = moved()
    scene.effects("cef")
    scene.commit(6)
    assert witnesses(scene, tmp_path) == {"lost": [("d",), ("d",)]}


def test_what_was_read_and_taken_back_was_not_skipped(tmp_path: Path) -> None:
    """An effect that was hidden tells that its input was read."""
    scene = moved()
    scene.effects("cd", visible=False)
    scene.effects("ef")
    scene.commit(6)
    assert witnesses(scene, tmp_path).keys() == {"lost"}


def test_what_others_had_begun_and_taken_back_is_the_new_owners_to_do(tmp_path: Path) -> None:
    """Their effects of it, hidden, do not tell that the new owner read it."""
    scene = moved()
    taken_back = scene.rows["owner"][-1]["t_from"] - 1
    scene.effects("cdef", visible=False, t_append=taken_back)
    scene.effects("ef")
    scene.commit(6)
    assert witnesses(scene, tmp_path, "id", "began_at", "skipped")["skip"] == [("c", 4, 2)]


def test_what_was_committed_and_not_done_was_not_skipped_by_the_next(tmp_path: Path) -> None:
    """It began at the committed offset."""
    scene = moved("ab")
    scene.alter("offset_commit", lambda _: True, off=4)
    scene.effects("ef")
    scene.commit(6)
    assert witnesses(scene, tmp_path).keys() == {"lost"}


def test_what_the_new_owner_committed_before_it_wrote_was_read(tmp_path: Path) -> None:
    """A producer whose errors are swallowed: it read them, failed, and committed past them."""
    scene = moved()
    scene.commit(4)
    scene.effects("ef")
    scene.commit(6)
    assert witnesses(scene, tmp_path).keys() == {"lost"}


def test_a_commit_of_where_the_group_stood_tells_nothing(tmp_path: Path) -> None:
    """Some clients commit again and again, whatever they have done."""
    scene = moved()
    scene.commit(2)
    scene.effects("ef")
    scene.commit(6)
    assert witnesses(scene, tmp_path, "id", "began_at")["skip"] == [("c", 4)]


def test_what_the_next_owner_does_was_not_skipped(tmp_path: Path) -> None:
    """An owner that began too far on, and committed nothing, did no harm."""
    scene = moved()
    scene.effects("f", key=None)
    scene.rebalance()
    scene.effects("cdef")
    scene.commit(6)
    assert witnesses(scene, tmp_path).keys() == {"duplicated", "reordered"}


def test_what_was_done_under_another_name_was_not_skipped(tmp_path: Path) -> None:
    """Where an effect names no input, or none that there is, it may be of those that seem to lack theirs."""
    for number, name in enumerate((None, "c-processed")):
        scene = moved()
        scene.effects([name or ""], source_id=name)
        scene.effects("def")
        scene.commit(6)
        assert witnesses(scene, tmp_path / str(number)).keys() == {"lost", "phantom"}


def test_a_change_of_owner_shows_something_only_with_inputs_to_be_done(tmp_path: Path) -> None:
    """Where all is done, there is nothing to judge by; and nothing without a group."""
    idle, told = moved("abcdef"), clean()
    idle.input("g")
    idle.effects("g")
    idle.commit(7)
    told.drop("generation")
    assert evidence(idle, tmp_path / "idle", "skip") == [(0, None)]
    told.drop("owner", lambda row: row["generation"] == 2)
    assert evidence(told, tmp_path / "told", "skip") == [(0, None)]


@thoroughly
@given(group_scenes())
def test_a_slow_loop_finds_the_same(scene: Scene) -> None:
    """Whoever owned, wrote or committed what, in whichever order."""
    assert witnesses_of("skip", scene, "off", "member", "skipped") == by_hand(scene)


def by_hand(scene: Scene) -> list[tuple[int, str, int]]:
    commits = [row["off"] for row in scene.rows["offset_commit"]]
    end = commits[-1] if commits else 0
    found = []
    for tenure in tenures(scene):
        begun = [off for off in range(tenure.committed, INPUTS) if touched(scene, off, tenure)]
        written = [row["t_append"] for row in effects_of(scene, begun[0])] if begun else []
        wrote_at = next((t for t in written if tenure.holds(t)), None)
        if wrote_at is not None and not passed_by(scene, tenure, begun[0], wrote_at):
            missing = [off for off in range(tenure.committed, begun[0]) if off < end]
            if missing:
                found.append((missing[0], tenure.member, len(missing)))
    return found


def passed_by(scene: Scene, tenure: Tenure, began_at: int, wrote_at: int) -> bool:
    """Whether something up to where it began was committed in the tenure, before its first effect."""
    commits = [row["off"] for row in scene.rows["offset_commit"] if tenure.t_from <= row["t_append"] <= wrote_at]
    return any(tenure.committed < off <= began_at for off in commits)


def touched(scene: Scene, off: int, tenure: Tenure) -> bool:
    """Whether an input was done by anyone, or begun since the tenure began."""
    return any(row["visible"] or row["t_append"] >= tenure.t_from for row in effects_of(scene, off))
