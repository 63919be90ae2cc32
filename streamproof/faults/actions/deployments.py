"""Actions that a deployment does: instances are asked to end, end in good order, and are started again."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from streamproof.faults.actions.action import Action
from streamproof.faults.actions.processes import ENDED, note_members
from streamproof.faults.system import Evidence, Scene, System
from streamproof.faults.targets import ALL_INSTANCES, INSTANCES, TargetKind
from streamproof.history.terms import Cause
from streamproof.kafka.groups import describe_group
from streamproof.subject import Instance

BACK_WITHIN_S = 60.0


@dataclass
class Stopping:
    """Of these instances, those that were asked to end so far, and those that had ended by themselves before that."""

    numbers: tuple[int, ...]
    asked: list[Instance] = field(default_factory=list)
    gone: list[Instance] = field(default_factory=list)

    def ask(self, system: System, number: int) -> None:
        instance = system.supervisor.stop(number)
        (self.gone if instance.cause is Cause.EXITED else self.asked).append(instance)

    def start_again(self, system: System) -> None:
        """Start each in whose place nobody is yet, once it has ended."""
        system.supervisor.wait_stopped(self.asked)
        for instance in (*self.asked, *self.gone):
            if system.supervisor.current(instance.number) is instance:
                system.supervisor.start(instance.number)


def how_it_ended(instance: Instance, bound_s: float) -> str:
    """In words, with its exit status, or the signal that ended it."""
    if instance.cause is Cause.KILLED:
        return f"did not end within {bound_s:g} s of SIGTERM, and was killed"
    code = instance.process.returncode
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
    return f"stopped, and {how}"


def how_all_ended(instances: Sequence[Instance], bound_s: float) -> str:
    return ", ".join(f"instance {found.number} {how_it_ended(found, bound_s)}" for found in instances)


class Stop(Action):
    """Ask an instance to end (SIGTERM), or all at once, and start it again: what a deployment does to it.

    What it has in its hands then it must finish, or leave to others: whatever it does on its way out counts. With
    `lasts_ms` of some seconds, the group has an instance less for a while. Whatever does not end within the subject's
    `stop_timeout_s` is killed, and the evidence says so.

    Evidence: how its process ended, by its exit status or a signal; and whether its group let a member go meanwhile,
    or keeps the place of whoever left no word, as for a static member.

    Without effect: when it had just ended by itself.
    """

    kind: ClassVar[str] = "stop"
    target: ClassVar[TargetKind] = INSTANCES
    back: ClassVar[str] = "started again"

    def prepare(self, scene: Scene) -> None:
        note_members(scene)

    def begin(self, scene: Scene) -> Stopping:
        stopping = Stopping(scene.numbers)
        for number in stopping.numbers:
            stopping.ask(scene.system, number)
        if scene.own_hold:
            scene.own_hold.let_go()  # it is asked to stop at that moment, and goes on from there
        return stopping

    def evidence(self, scene: Scene, state: Stopping) -> Evidence:
        system = scene.system
        if not state.asked:
            return Evidence(f"{scene.met} {ENDED}", effective=False)
        system.supervisor.wait_stopped(state.asked)
        told = how_all_ended(state.asked, system.supervisor.spec.stop_timeout_s)
        if system.group is None:
            return Evidence(told, effective=True)
        gone = _left(scene, system.group, self.lasts_ms)
        word = "its group let a member go" if gone else "its group keeps its place"
        return Evidence(f"{told}; {word}", effective=True, given_up=tuple(sorted(gone)))

    def end(self, scene: Scene, state: Stopping) -> None:
        state.start_again(scene.system)


def _left(scene: Scene, name: str, lasts_ms: int) -> frozenset[str]:
    """The members that the group has let go by the end of the fault: who leaves says so before it ends."""
    system, gone = scene.system, frozenset[str]()

    def left() -> bool:
        nonlocal gone
        gone = scene.members - describe_group(system.cluster.bootstrap_servers, name).ids
        return bool(gone)

    system.wait_until(left, lasts_ms / 1000)
    return gone


class Deploy(Action):
    """Stop the instances one after another (SIGTERM), and start each again before the next: a rolling deployment.

    The next follows once all take part again. `lasts_ms` means nothing here.

    Evidence: how each process ended, by its exit status or a signal; and that as many as before take part again.

    Without effect: when all had just ended by themselves, or an instance was not back within 60 s: no other is stopped
    then.
    """

    kind: ClassVar[str] = "deploy"
    target: ClassVar[TargetKind] = ALL_INSTANCES

    def begin(self, scene: Scene) -> Stopping:
        stopping = Stopping(scene.numbers)
        stopping.ask(scene.system, stopping.numbers[0])
        return stopping

    def evidence(self, scene: Scene, state: Stopping) -> Evidence:
        system, numbers = scene.system, state.numbers
        bound_s = system.supervisor.spec.stop_timeout_s
        for number, following in zip(numbers, (*numbers[1:], None), strict=True):
            state.start_again(system)
            if not system.wait_until(lambda: _is_back(system, number, len(numbers)), BACK_WITHIN_S):  # noqa: B023 - at once
                late = f"instance {number} was not back within {BACK_WITHIN_S:.0f} s"
                return Evidence(f"{how_all_ended(state.asked, bound_s)}; {late}", effective=False)
            if following is not None:
                state.ask(system, following)
        told = how_all_ended(state.asked, bound_s) or f"{scene.met} {ENDED}"
        return Evidence(f"{told}; all take part again", effective=bool(state.asked))

    def end(self, scene: Scene, state: Stopping) -> None:
        state.start_again(scene.system)


def _is_back(system: System, number: int, instances: int) -> bool:
    """Whether this instance says so, and all take part."""
    supervisor = system.supervisor
    return supervisor.ready(supervisor.current(number)) and system.progress.is_whole(instances)
