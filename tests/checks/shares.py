"""Hand-written histories of a share group: what became of each record, and the start that follows from it."""

from collections.abc import Iterable, Sequence

from tests.checks.histories import CHANNELS, Scene
from tests.checks.scenes import names

DONE = ("acknowledged", "archived")


class SharedScene(Scene):
    """A share group that reads `in`: nobody owns a partition, and each record is spoken of by itself."""

    def __init__(self) -> None:
        super().__init__("at-least-once", ordered=False)
        self.protocol = "share"
        self._done: dict[int, set[int]] = {}
        self._start: dict[int, int] = {}

    def become(self, state: str, offs: Sequence[int], *, part: int = 0, deliveries: int = 1) -> None:
        """A record of the coordinator, of some offsets."""
        row = {"grp": self.promise.grp, "topic": "in", "part": part, "n": self.n(), "t_append": self.wait()}
        changed = {"state": state, "deliveries": deliveries}
        self.rows["share_state"] += [row | changed | {"first_off": off, "last_off": off} for off in offs]
        if state in DONE:
            done = self._done.setdefault(part, set())
            done.update(offs)
            start = self._start.get(part, 0)
            while start in done:
                start += 1
            if start > self._start.get(part, 0):
                self._start[part] = start
                commit = {"off": start, "pid": -1, "epoch": -1, "leader_epoch": 0}
                self.rows["offset_commit"].append(row | commit | {"transactional": False, "visible": True})


def clean_shared() -> SharedScene:
    """A subject that is killed with records in hand, which are let go and delivered again; it buries what is poison."""
    scene = SharedScene()
    scene.inputs(names(0, 60))
    scene.input("bad", fate="poison")
    scene.effects(names(0, 20))
    scene.become("acknowledged", range(20))
    scene.effects(names(20, 30))
    scene.fault()
    scene.process_ends()
    scene.become("available", range(20, 30))
    scene.effects(names(20, 60))
    scene.effect("bad", "dead")
    scene.become("acknowledged", range(20, 30), deliveries=2)
    scene.become("acknowledged", range(30, 60))
    scene.become("archived", [60])
    scene.process_stops()
    return scene


def shared(*inputs: str, effects: Iterable[str] = ()) -> SharedScene:
    """Some inputs, and some effects that were there in time."""
    scene = SharedScene()
    scene.inputs(inputs)
    scene.effects(effects, CHANNELS)
    return scene
