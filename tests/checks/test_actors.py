"""Who of the group was which process: as far as the record leaves no other, and not further."""

from pathlib import Path

import pytest

from streamproof.checks import What
from streamproof.history.tables import TABLES
from tests.checks.histories import START, Row, Scene
from tests.checks.scenes import names, small
from tests.checks.stories import (
    FIRST,
    MINUTE,
    SECOND,
    faults,
    kill,
    lost_in_a_crash,
    own,
    process,
    story,
    two_in_turn,
    two_instances,
)


def test_where_it_is_not_known_who_was_killed_nothing_is_said_of_faults(tmp_path: Path) -> None:
    """Two processes live on, and either may be the owner: neither is it named, nor is the kill, nor its absence."""
    scene = Scene("at-least-once")
    two_instances(scene)
    scene.inputs(names(0, 10))
    scene.effects(names(0, 5))
    scene.commit(10)
    scene.fault("instance:1")
    scene.wait(9)
    scene.effects(names(6, 10))
    found = story(scene, tmp_path, "lost")
    assert "in[0] is owned by member first, since" in found.lines()[1]
    assert faults(found) == []
    assert found.calm is None
    assert not any("No fault" in line for line in found.lines())


@pytest.mark.parametrize(("first", "second", "who"), [("one", "two", "instance 1 (its 1st process)"), ("c", "c", None)])
def test_a_client_that_has_a_name_of_its_own_is_known_by_it(
    tmp_path: Path, first: str, second: str, who: str | None
) -> None:
    """Before anything tells two members apart: by those of later, unless all have the same name."""
    uuid = "-12345678-1234-1234-1234-12345678901"
    scene = Scene("at-least-once")
    two_instances(scene)
    own(scene, {0: f"{first}{uuid}1", 1: f"{second}{uuid}2"})
    scene.drop("owner", lambda row: row["member"] in {FIRST, SECOND})
    scene.input("a")
    scene.commit(1)
    own(scene, {0: f"{first}{uuid}3", 1: f"{second}{uuid}4"})
    kill(scene, 1)
    scene.wait(MINUTE)
    own(scene, {0: f"{first}{uuid}5", 1: f"{second}{uuid}4"})
    owned = story(scene, tmp_path, "lost").lines()[1]
    assert f" is owned by {who or f'member {first}{uuid}1'}, since" in owned


def test_a_name_that_only_one_instance_is_known_by_may_be_that_of_all(tmp_path: Path) -> None:
    """The first member can only have been instance 1; the second, whose client has the same name, may be either."""
    uuid = "-12345678-1234-1234-1234-12345678901"
    scene = small("at-least-once", "a")
    process(scene, 1, 1, START)
    own(scene, {0: f"c{uuid}1"})
    process(scene, 2, 1, scene.wait())
    own(scene, {0: f"c{uuid}2"})
    scene.commit(1)
    told = [moment.text for moment in story(scene, tmp_path, "lost").moments if moment.what is What.OWNED]
    assert told == ["in[0] goes to instance 1", f"in[0] goes to member c{uuid}2"]


def test_who_sleeps_is_not_given_partitions(tmp_path: Path) -> None:
    """Of two members that nothing else tells apart, one was given partitions while instance 1 was paused."""
    scene = Scene("at-least-once")
    two_instances(scene)
    scene.inputs("ab")
    scene.effects("a")
    scene.fault("instance:1", lasts_ms=2 * MINUTE)
    scene.alter("fault", lambda _: True, kind="pause-beyond-session", instance=1)
    scene.wait(MINUTE)
    own(scene, {0: SECOND, 1: SECOND})
    scene.commit(2)
    scene.wait(2 * MINUTE)
    told = [moment.text for moment in story(scene, tmp_path, "lost").moments]
    assert "in[0] is owned by instance 1, since 14:13:20.001" in told
    assert "in[0] goes to instance 2" in told


def test_a_zombie_is_known_by_what_else_its_producer_wrote(tmp_path: Path) -> None:
    """It is paused, another owns its partition and does its input, and it wakes and does it too: it woke between."""
    scene = Scene()
    two_in_turn(scene)
    scene.inputs(names(0, 20))
    scene.effects(names(0, 18), pid=1)
    scene.commit(18)
    scene.fault("instance:1", lasts_ms=MINUTE + 20)
    scene.wait(MINUTE)
    own(scene, {0: SECOND, 1: SECOND})
    scene.effects(names(18, 20), pid=2)
    scene.commit(20)
    scene.wait(30)
    scene.effect("x018", pid=1)
    found = story(scene, tmp_path, "duplicated")
    assert [moment.instance for moment in found.moments if moment.what is What.EFFECT] == [2, 2, 1]
    assert faults(found) == ["seen (fault: kill@instance:1); over at 14:14:20.081"]


def seen(scene: Scene, instance: int, incarnation: int, t: int, **who: str | int) -> None:
    """An instance's process was seen on the wire, as a member or with a producer."""
    row: Row = dict.fromkeys(TABLES["wire"].names)
    row |= {"conn": 1, "instance": instance, "incarnation": incarnation, "api": "Heartbeat", "version": 4}
    row |= {"side": "request", "n": scene.n(), "times": 1, "t": t, "t_last": t, "parts": []}
    scene.rows["wire"].append(row | who)


def test_who_was_seen_on_the_wire_is_known(tmp_path: Path) -> None:
    """Though nothing else tells two instances apart: the kill of the owner was between, and is told."""
    scene = lost_in_a_crash(1)
    seen(scene, 1, 1, START, member=FIRST)
    found = story(scene, tmp_path, "lost")
    assert faults(found) == ["seen (fault: kill@instance:1)"]
    assert "in[0] is owned by instance 1 (its 1st process), since" in found.lines()[1]


@pytest.mark.parametrize(
    ("others", "by"),
    [
        ([(1, 2, 10**9)], "instance 1 (its 1st process)"),  # its next process had not come yet
        ([(1, 2, 1)], "instance 1 (its 2nd process)"),
        ([(2, 1, 0)], "producer 7"),  # two instances with the same transactional id
    ],
)
def test_a_producer_is_of_the_process_that_was_seen_with_it_then(
    tmp_path: Path, others: list[tuple[int, int, int]], by: str
) -> None:
    """The last of its instance's; where two instances had it at a time, that is not known."""
    scene = small("exactly-once", "a")
    for instance, incarnation in ((1, 1), (1, 2), (2, 1)):
        process(scene, instance, incarnation, START)
    for _ in range(2):
        scene.effect("a", pid=7)
    seen(scene, 1, 1, START, pid=7)
    for instance, incarnation, later_us in others:
        seen(scene, instance, incarnation, START + later_us, pid=7)
    told = [moment.text for moment in story(scene, tmp_path, "duplicated").moments if moment.what is What.EFFECT]
    assert [text.partition(", by ")[2] for text in told] == [by, by]


@pytest.mark.parametrize("table", ["owner", "process"])
def test_where_owners_or_processes_were_not_recorded_nobody_is_named_or_cleared(tmp_path: Path, table: str) -> None:
    """An instance was killed between, and may have had a part in it."""
    scene = lost_in_a_crash(1).absent(table)
    found = story(scene, tmp_path, "lost")
    assert (faults(found), found.calm) == ([], None)


def test_who_holds_a_transaction_open_may_be_anybody(tmp_path: Path) -> None:
    """Nothing tells whose producer it is."""
    scene = small("exactly-once", "a")
    process(scene, 1, 1, START)
    scene.transaction().effects("a")
    scene.fault("instance:1")
    found = story(scene, tmp_path, "hanging-transaction")
    assert (faults(found), found.calm) == ([], None)
