"""Two instances in a scene: who owns what, who dies, and the story of what comes of it."""

from pathlib import Path

from streamproof.checks import Story, What, load_checks
from streamproof.checks.actors import Actors
from streamproof.checks.queries import open_queries
from streamproof.checks.stories import tell
from tests.checks.histories import START, Row, Scene
from tests.checks.scenes import names

FIRST, SECOND = "first", "second"  # the members that instance 1 and instance 2 were
MINUTE = 60_000


def story(scene: Scene, directory: Path, anomaly: str) -> Story:
    """Of the first witness; no other check is asked, for that takes long."""
    history = scene.write(directory)
    check = next(check for check in load_checks() if check.name == anomaly)
    with open_queries(history, threads=1) as queries:
        _, (first,) = queries.witnesses(check.sql, anomaly, 1)
        return tell(queries, check, first, Actors(queries))


def process(scene: Scene, instance: int, incarnation: int, t_start: int, **end: int | str) -> None:
    row: Row = {"instance": instance, "incarnation": incarnation, "pid": 4000 + 10 * instance + incarnation}
    row |= {"t_start": t_start, "t_ready": t_start, "t_stop": None, "t_end": None, "exit": None, "cause": None}
    scene.rows["process"].append(row | end)


def two_instances(scene: Scene) -> None:
    """Instance 1 owns partition 0, instance 2 partition 1; no record says which is which."""
    for instance in (1, 2):
        process(scene, instance, 1, START)
    own(scene, {0: FIRST, 1: SECOND})


def two_in_turn(scene: Scene) -> None:
    """The same, but instance 2 started when instance 1 had joined."""
    process(scene, 1, 1, START)
    own(scene, {0: FIRST, 1: FIRST})
    process(scene, 2, 1, scene.wait())
    own(scene, {0: FIRST, 1: SECOND})


def own(scene: Scene, members: dict[int, str]) -> None:
    """A generation in which each partition has the member that is named."""
    scene.rebalance(parts=members)
    for row in scene.rows["owner"][-len(members) :]:
        row["member"] = members[row["part"]]


def kill(scene: Scene, instance: int) -> None:
    """Instance dies, and comes back; its group takes it up again a minute later."""
    scene.fault(f"instance:{instance}", lasts_ms=5)
    scene.alter("process", lambda row: row["instance"] == instance, t_end=scene.now, cause="killed", exit=-9)
    process(scene, instance, 2, scene.wait(5))


def is_taken_up(scene: Scene, instance: int) -> None:
    """The partition of the instance that was killed goes to its next process."""
    scene.wait(MINUTE)
    own(scene, {0: FIRST if instance != 1 else "third", 1: SECOND if instance != 2 else "third"})


def faults(found: Story) -> list[str]:
    return [moment.text for moment in found.moments if moment.what is What.FAULT]


def lost_in_a_crash(instance: int) -> Scene:
    """Of ten inputs seven are committed past, five are done, and an instance dies; the rest is done afterwards."""
    scene = Scene("at-least-once")
    two_instances(scene)
    scene.inputs(names(0, 10))
    scene.effects(names(0, 5))
    scene.commit(7)
    kill(scene, instance)
    is_taken_up(scene, instance)
    scene.effects(names(7, 10))
    scene.commit(10)
    return scene
