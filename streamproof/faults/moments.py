"""Faults at a moment of the wire: the instance is held there, at the proxy, until the action has begun."""

from dataclasses import dataclass, replace
from typing import ClassVar

from streamproof.capabilities import Capability
from streamproof.clock import now_us
from streamproof.errors import SubjectError
from streamproof.faults.system import Evidence, Scene
from streamproof.faults.triggers import Following
from streamproof.wire import Await, Hold, Moment

WITHIN_S = 15.0
SHARES = 30  # in which a turn's input is let in, until the moment comes


@dataclass(frozen=True)
class AtMoment(Following):
    """Once `after` is met, an instance comes to `moment`, and what it sends or is answered is held at the proxy.

    The instance is the target; `instance` says which, where the target is a broker or a database. What is held goes on
    as soon as the action has begun; what an instance was killed or paused with goes with its connection, or waits until
    it is woken.
    """

    moment: Moment
    instance: int | None = None
    feeds: ClassVar[bool] = True
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.WIRE})

    def __str__(self) -> str:
        whose = "" if self.instance is None else f" (instance {self.instance})"
        return f"{self.after}, {self.moment}{whose}"

    def seize(self, scene: Scene) -> bool:
        number, wire = self._number(scene), scene.system.wire
        if wire is None:
            raise SubjectError("there is no proxy in this run, so no moment can be waited for")
        scene.hold = hold = Hold()
        rule = Await(self.moment, number, hold)
        wire.add(rule)
        try:
            for share in range(SHARES):
                scene.feed((share + 1) / SHARES)
                if hold.wait_held(WITHIN_S / SHARES) or scene.system.stopping.is_set():
                    break
        finally:
            wire.remove(rule)
            if not hold.held:
                hold.let_go()
        scene.stopped_us = now_us() if hold.held else None
        return hold.held

    def never(self, scene: Scene) -> str:
        return f"instance {self._number(scene)} was never seen there within {WITHIN_S:.0f} s: {self.moment}"

    def begun(self, scene: Scene) -> None:
        if scene.instance != self._number(scene):
            self.release(scene)

    def over(self, scene: Scene) -> None:
        self.release(scene)

    def release(self, scene: Scene) -> None:
        if scene.hold:
            scene.hold.let_go()

    def told(self, scene: Scene, evidence: Evidence) -> Evidence:
        return replace(evidence, sentence=f"{self.moment} (instance {self._number(scene)}): {evidence.sentence}")

    def _number(self, scene: Scene) -> int:
        number = scene.instance if self.instance is None else self.instance
        if number is None:
            raise SubjectError(f"{scene.on} has no moments; say at which instance's moment (instance)")
        return number
