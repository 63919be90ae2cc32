"""Foreign-commit on hand-written histories: those that show it and nearly do; on random ones, as a loop finds it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.history.tables import TABLES
from tests.checks.cases import Case, same_owner
from tests.checks.groups import Tenure, tenures, thoroughly, witnesses_of
from tests.checks.histories import GROUP, STEP, Row, Scene
from tests.checks.scenes import clean, evidence, witnesses

HEIR = "member-2"


def on_the_wire(scene: Scene, t: int, side: str = "request", **said: Any) -> None:
    """What a process said, or was answered."""
    row: Row = dict.fromkeys(TABLES["wire"].names)
    row |= {"conn": 1, "instance": 1, "incarnation": 1, "version": 3, "times": 1, "parts": [], "grp": GROUP}
    scene.rows["wire"].append(row | {"side": side, "n": scene.n(), "t": t, "t_last": t} | said)


def joins(scene: Scene, member: str, instance: int) -> None:
    on_the_wire(scene, scene.now, api="Heartbeat", member=member, instance=instance, conn=instance)


def commits(scene: Scene, off: int, *, answer: str | None = "", **said: Any) -> None:
    """A process asks for a commit, and the coordinator takes it, or answers with an error; None: it is not answered."""
    plain = said.get("pid") is None
    said = {"api": "OffsetCommit" if plain else "TxnOffsetCommit", "parts": ["in-0"]} | said
    said |= {"conn": scene.n()} if answer is None else {}  # on which no later answer can come
    on_the_wire(scene, scene.wait(3), **said)
    if not answer:
        scene.commit(off, **({} if plain else {"pid": said["pid"], "epoch": said["epoch"]}))
    if answer is not None:
        on_the_wire(scene, scene.wait(), "response", error=answer or None, **said)


def refused(scene: Scene) -> None:
    """Both members are seen; the first tries to commit what it has lost."""
    joins(scene, "member-1", 1)
    joins(scene, HEIR, 2)
    commits(scene, 60, answer="ILLEGAL_GENERATION", member="member-1", generation=1)


def refused_zombie() -> Scene:
    scene = clean()
    refused(scene)
    return scene


def taken(scene: Scene) -> None:
    commits(scene, 60, member="member-1", generation=1)


CASE = Case(
    evidence={"commits that were tried by who had lost the partition": (1, same_owner)},
    wrong=taken,
    scene=refused_zombie,
)


def moved() -> Scene:
    """The partition goes from the member of one process to that of another."""
    scene = Scene("exactly-once")
    scene.rebalance()
    scene.inputs("abc")
    joins(scene, "member-1", 1)
    scene.commit(1)
    scene.rebalance()
    joins(scene, HEIR, 2)
    return scene


def found(scene: Scene, directory: Path) -> list[tuple[Any, ...]]:
    return witnesses(scene, directory, "topic", "part", "off", "member", "owner").get("foreign-commit", [])


NAMED: Row = {"member": "member-1", "generation": 1}
UNNAMED: Row = {"pid": 7, "epoch": 0, "generation": -1}


@pytest.mark.parametrize("said", [NAMED, UNNAMED, NAMED | {"pid": 7, "epoch": 0}])
def test_what_is_taken_from_who_has_lost_the_partition_is_foreign(tmp_path: Path, said: Row) -> None:
    """Whether the commit names its member, or only its process tells whose it was."""
    scene = moved()
    commits(scene, 2, **said)
    assert found(scene, tmp_path) == [("in", 0, 2, said.get("member"), HEIR)]


@pytest.mark.parametrize(
    "said",
    [
        NAMED | {"answer": "ILLEGAL_GENERATION"},
        NAMED | {"answer": None},
        NAMED | {"member": HEIR},
        NAMED | {"parts": ["in-1"]},
        NAMED | {"grp": "others"},
        UNNAMED | {"instance": 2},
        UNNAMED | {"instance": 3},
        UNNAMED | {"incarnation": 2},
    ],
)
def test_what_is_refused_or_may_be_the_owners_is_not_foreign(tmp_path: Path, said: Row) -> None:
    """Nor what was not answered, nor of a process that never had the partition."""
    scene = moved()
    commits(scene, 2, **said)
    assert found(scene, tmp_path) == []


def test_what_is_aborted_afterwards_took_no_effect(tmp_path: Path) -> None:
    """It was tried, and accepted, and that is evidence."""
    scene = moved()
    commits(scene, 2, **UNNAMED)
    scene.alter("offset_commit", lambda row: row["pid"] == UNNAMED["pid"], visible=False)
    assert found(scene, tmp_path / "history") == []
    assert evidence(scene, tmp_path / "evidence", "foreign-commit") == [(1, True)]


def test_an_answer_is_that_to_its_own_request(tmp_path: Path) -> None:
    """A commit was taken in time, and its answer held back; the next is refused, while the owner commits."""
    scene = moved()
    said: Row = {"api": "OffsetCommit", "parts": ["in-0"]} | NAMED
    on_the_wire(scene, scene.rows["owner"][0]["t_from"], **said)
    on_the_wire(scene, scene.wait(3), **said)
    scene.commit(2)
    for error in (None, "ILLEGAL_GENERATION"):
        on_the_wire(scene, scene.wait(), "response", error=error, **said)
    assert found(scene, tmp_path) == []


def test_what_is_committed_before_the_partition_has_its_next_owner_is_not_foreign(tmp_path: Path) -> None:
    """As a member does that lets it go step by step: it commits in the generation in which nobody has the partition."""
    scene = moved()
    scene.alter("owner", lambda row: row["member"] == HEIR and row["part"] == 0, t_from=scene.now + 9 * STEP)
    commits(scene, 2, **NAMED)
    assert found(scene, tmp_path) == []


def test_where_the_owners_process_was_not_seen_nobody_is_blamed_for_what_names_no_member(tmp_path: Path) -> None:
    """It may be of the same process."""
    scene = moved().drop("wire", lambda row: row["member"] == HEIR)
    commits(scene, 2, **UNNAMED)
    assert found(scene, tmp_path) == []


def test_one_process_may_be_two_members(tmp_path: Path) -> None:
    """What goes from one thread to another is its process' still."""
    scene = moved()
    joins(scene, HEIR, 1)
    commits(scene, 2, **UNNAMED)
    assert found(scene, tmp_path) == []


def test_without_the_proxy_there_is_nothing_to_judge_by(tmp_path: Path) -> None:
    """Null, and no verdict is left open by it."""
    assert evidence(clean().absent("wire"), tmp_path, "foreign-commit") == [(0, None)]


@st.composite
def disputed(draw: st.DrawFn) -> Scene:
    """One partition that goes between the members of two processes, and commits of both, right or wrong."""
    scene = Scene("exactly-once")
    scene.rebalance(member="m1", parts=[0])
    scene.inputs("abcdefgh")
    for number in (1, 2):
        joins(scene, f"m{number}", number)
    for nth in range(draw(st.integers(2, 9))):
        instance, how = draw(st.integers(1, 2)), draw(st.sampled_from(["moves", "named", "unnamed"]))
        answer = draw(st.sampled_from(["", "", "UNKNOWN_MEMBER_ID", None]))
        if how == "moves":
            scene.rebalance(member=f"m{instance}", parts=[0])
        elif how == "named":
            commits(scene, nth, answer=answer, member=f"m{instance}", instance=instance, conn=instance)
        else:
            commits(scene, nth, answer=answer, pid=instance, epoch=0, generation=-1, instance=instance, conn=instance)
    return scene


@thoroughly
@given(disputed())
def test_a_slow_loop_finds_the_same(scene: Scene) -> None:
    """Each answer without an error, the commit that lies before it, and who had the partition by then."""
    wrong, answers = [], [row for row in scene.rows["wire"] if row["side"] == "response" and row["error"] is None]
    held: list[Tenure] = list(tenures(scene))
    for answer in answers:
        done = max(
            (row for row in scene.rows["offset_commit"] if row["t_append"] < answer["t"]), key=lambda row: row["n"]
        )
        now = next(tenure for tenure in held if tenure.holds(done["t_append"]))
        own = f"m{answer['instance']}"
        if now.member != own and any(tenure.member == own and tenure.t_from < now.t_from for tenure in held):
            wrong.append(done["n"])
    assert [n for (n,) in witnesses_of("foreign-commit", scene, "n")] == wrong
