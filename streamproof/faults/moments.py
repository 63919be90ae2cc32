"""Faults at a moment of the wire: the instance is held there, at the proxy, until the action has begun."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from streamproof.capabilities import Capability
from streamproof.clock import now_us
from streamproof.errors import SubjectError
from streamproof.faults.system import Evidence, Scene
from streamproof.faults.targets import Instance
from streamproof.faults.triggers import Following
from streamproof.history.terms import Cause, Side
from streamproof.wire import Await, Deed, Hold, Moment, Proxy, Rule, Sighting

WITHIN_S = 15.0
UNKNOWN_S = 2.0  # of an instance at work that has never asked for such a thing: of a transaction's, where it has none
# with the first of these an instance is at work, and has started up
WORK = frozenset({"Produce", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn", "OffsetCommit"})
LOOKS_FOR_WORK = frozenset({"Fetch", "ShareFetch"})
JOINING = frozenset({"JoinGroup", "SyncGroup", "LeaveGroup", "OffsetFetch"})  # part of a rebalance, whenever
SHARES = 30  # in which a turn's input is let in, until the moment comes


class Stage(StrEnum):
    """The stages that an instance goes through, again and again, in their order."""

    START_UP = "start-up"
    STEADY = "steady"
    REBALANCE = "rebalance"
    SHUTDOWN = "shutdown"


class Rebalance:
    """Tells what a process says as part of a rebalance: all that is between JoinGroup and the answer to SyncGroup."""

    def __init__(self) -> None:
        self._joining = False

    def has(self, api: str, side: Side) -> bool:
        """Whether this is part of a rebalance; asked of each request and answer in turn."""
        self._joining = self._joining or api == "JoinGroup"
        found = self._joining or api in JOINING
        self._joining = self._joining and not (api == "SyncGroup" and side is Side.RESPONSE)
        return found


@dataclass(frozen=True)
class AtMoment(Following):
    """Once `after` is met, an instance comes to `moment`, and what it sends or is answered is held at the proxy.

    The instance is the target; `instance` says which, where the target is a broker or a database. What is held goes on
    as soon as the action has begun; what an instance was killed or paused with goes with its connection, or waits until
    it is woken.

    `stage` is brought about first, and the moment counted from there: a start-up (the instance is asked to stop, and
    started again), a rebalance (another instance is), a shutdown (it is asked to stop). `required`: without it the
    action goes ahead on an instance that was never seen there.
    """

    moment: Moment
    stage: Stage = Stage.STEADY
    instance: int | None = None
    required: bool = True
    feeds: ClassVar[bool] = True
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.WIRE})

    def __str__(self) -> str:
        whose = "" if self.instance is None else f" (instance {self.instance})"
        return f"{self.after}, {self._place}{whose}{'' if self.required else ' if seen there'}"

    @property
    def keys(self) -> Mapping[str, Any]:
        return {
            **super().keys,
            "moment": self.moment.name,
            **({"nth": self.moment.nth} if self.moment.nth > 1 else {}),
            **({} if self.stage is Stage.STEADY else {"stage": self.stage.value}),
            **({} if self.instance is None else {"of_instance": self.instance}),
            **({} if self.required else {"if_seen": True}),
        }

    def missing(self, target: object, instances: int) -> str | None:
        number = target.number if isinstance(target, Instance) and self.instance is None else self.instance
        if number is None:
            return f"{target} has no moments; say at which instance's moment, by of_instance"
        if not 1 <= number <= instances:
            return f"there is no instance {number} at whose moment it could be done; write of_instance 1 to {instances}"
        if self._rebalances and instances == 1:
            return f"instance {number} is alone, so nothing is rebalanced; run two instances"
        return None

    def seize(self, scene: Scene) -> bool:
        number, wire = self._number(scene), scene.system.proxy
        scene.hold = hold = Hold()
        scene.stopped_us = now_us()  # what is brought about disturbs the subject, too
        since = wire.incarnation(number) + 1 if self.stage is Stage.START_UP else 1
        rule: Rule = Await(self.moment, number, hold, since=since)
        steady = self.stage is Stage.STEADY
        asks = not (steady and wire.has_seen(number, WORK)) or wire.has_seen(number, {self.moment.api})
        within_s = _patience_s(wire, number) if asks else UNKNOWN_S
        with self._brought_about(scene, number, wire, _in_rebalance(rule, number) if self._rebalances else rule):
            for share in range(SHARES):
                scene.feed((share + 1) / SHARES)
                if hold.wait_held(within_s / SHARES) or scene.system.stopping.is_set():
                    break
        if not hold.held:
            self.release(scene)
        if steady:
            scene.stopped_us = now_us() if hold.held else None
        return hold.held or not self.required

    @contextmanager
    def _brought_about(self, scene: Scene, number: int, wire: Proxy, rule: Rule) -> Iterator[None]:
        """The stage has begun, and the rule is asked; a group that was rebalanced gets its other instance back."""
        supervisor = scene.system.supervisor
        other = self._other(scene, number) if self._rebalances else None
        if self.stage in {Stage.REBALANCE, Stage.SHUTDOWN}:
            _wait_at_work(scene, number, wire)
        if self.stage is Stage.SHUTDOWN:  # what it sends before it was asked is of its steady stage
            supervisor.stop(number)
        wire.add(rule)
        try:
            if self.stage is Stage.START_UP:
                _stop_and_wait(scene, number)
                supervisor.start(number)
            elif other is not None:
                _stop_and_wait(scene, other)
            yield
        except BaseException:
            self.release(scene)
            raise
        finally:
            wire.remove(rule)
            if other is not None:
                supervisor.start(other)

    @property
    def disturbs(self) -> bool:
        return self.stage is not Stage.STEADY

    @property
    def _rebalances(self) -> bool:
        return self.stage is Stage.REBALANCE

    def _other(self, scene: Scene, number: int) -> int:
        others = [one.number for one in scene.system.supervisor.current_all() if one.number != number and one.running]
        if not others:
            raise SubjectError(f"instance {number} is alone, so nothing is rebalanced; run two instances")
        return others[0]

    def never(self, scene: Scene) -> str:
        number, wire, api = self._number(scene), scene.system.proxy, self.moment.api
        seldom = f" within {_patience_s(wire, number):.0f} s"
        why = seldom if wire.has_seen(number, {api}) else f", for it has sent no {api} so far"
        return f"instance {number} was never seen there{why}: {self._place}"

    @property
    def _place(self) -> str:
        return f"{self.moment}{'' if self.stage is Stage.STEADY else f' in its {self.stage}'}"

    def begun(self, scene: Scene) -> None:
        if scene.instance != self._number(scene):
            self.release(scene)

    def over(self, scene: Scene) -> None:
        self.release(scene)

    def release(self, scene: Scene) -> None:
        if scene.hold:
            scene.hold.let_go()
        if self.stage is Stage.SHUTDOWN:
            number, supervisor = self._number(scene), scene.system.supervisor
            if (asked := supervisor.current(number)).cause is Cause.STOPPED:
                supervisor.wait_stopped([asked])  # asked twice, it might end in another way
                supervisor.start(number)

    def told(self, scene: Scene, evidence: Evidence) -> Evidence:
        if scene.hold is None or not scene.hold.held:
            return evidence
        return replace(evidence, sentence=f"{self._place} (instance {self._number(scene)}): {evidence.sentence}")

    def _number(self, scene: Scene) -> int:
        number = scene.instance if self.instance is None else self.instance
        if number is None:
            raise SubjectError(f"{scene.on} has no moments; say at which instance's moment (instance)")
        return number


def _patience_s(wire: Proxy, number: int) -> float:
    """How long a moment of an instance is waited for: it may have to start up first, as slowly as it did before."""
    return WITHIN_S + (wire.took(number, WORK) or 0.0)


def _wait_at_work(scene: Scene, number: int, wire: Proxy) -> None:
    """Wait until the process of an instance has started up, at most as long as for a moment."""
    at_work, incarnation = threading.Event(), wire.incarnation(number)

    def look(sighting: Sighting, /) -> None:
        own = (sighting.instance, sighting.incarnation) == (number, incarnation)
        if own and (sighting.api in WORK or sighting.api in LOOKS_FOR_WORK):
            at_work.set()

    wire.add(look)
    try:
        scene.system.wait_until(at_work.is_set, _patience_s(wire, number))
    finally:
        wire.remove(look)


def _in_rebalance(rule: Rule, number: int) -> Rule:
    """The rule, asked of what is part of a rebalance of an instance, and of nothing else."""
    rebalance = Rebalance()

    def asked(sighting: Sighting, /) -> Deed | None:
        mine = sighting.instance == number and rebalance.has(sighting.api, sighting.side)
        return rule(sighting) if mine else None

    return asked


def _stop_and_wait(scene: Scene, number: int) -> None:
    supervisor = scene.system.supervisor
    supervisor.wait_stopped([supervisor.stop(number)])
