"""Actions on the subject's instances."""

from dataclasses import dataclass
from typing import ClassVar

from streamproof.capabilities import Capability
from streamproof.faults.actions.action import Action
from streamproof.faults.in_flight import described, open_now
from streamproof.faults.roles import group_of
from streamproof.faults.system import Evidence, Scene, System
from streamproof.faults.targets import INSTANCE, NEW_INSTANCE, TargetKind
from streamproof.kafka.groups import describe_group

ENDED = "had ended by itself, and was started again"
KEPT = "its group kept it: its session time-out is longer; lower it for such runs (session.timeout.ms)"
UNKNOWN = "whether it was a member is not known: its group was not whole before"
UNSETTLED = "its group, which gave up a member, did not settle without it"
NOTICED_WITHIN_S = 30.0
LOST_WITHIN_S = 10.0  # what the proxy holds of a process that is dead
SETTLED = frozenset({"Stable", "Empty"})
GIVEN_UP_WITHIN_S = 60.0  # clients' sessions run out after 45 s, unless they are told otherwise


def members_of(system: System) -> frozenset[str]:
    """The ids of the group's members now."""
    return describe_group(system.cluster.bootstrap_servers, group_of(system)).ids


def note_members(scene: Scene) -> None:
    """The members of the subject's group, if it has one, before the fault, and whether each instance is among them."""
    system = scene.system
    if system.group is not None:
        group = describe_group(system.cluster.bootstrap_servers, system.group)
        running = sum(1 for instance in system.supervisor.current_all() if instance.running)
        scene.members, scene.whole = group.ids, group.state == "Stable" and group.members >= running


def seen_given_up(scene: Scene, what: str, kept: str = KEPT, within_s: float | None = None) -> Evidence:
    """Whether the group gives up one of its members in time, while an instance does nothing. `what` was done to it.

    `kept`: why it may have been kept though it was a member.

    Another may leave meanwhile, and come back by another name. Not until the silent member is out can the group settle.
    """
    system, held = scene.system, scene.held_transactions
    gone: frozenset[str] = frozenset()

    def settled() -> bool:
        nonlocal gone
        group = describe_group(system.cluster.bootstrap_servers, group_of(system))
        gone = scene.members - group.ids
        return group.state in SETTLED and bool(gone)

    if system.wait_until(settled, within_s or GIVEN_UP_WITHIN_S):
        return Evidence(f"{what}given up by its group", effective=True, held=held, given_up=tuple(sorted(gone)))
    why = UNSETTLED if gone else kept if scene.whole else UNKNOWN
    return Evidence(f"{what}but {why}", effective=False)


@dataclass(frozen=True)
class Killed:
    """`died`: the instance died of this kill. `unanswered`: how many inputs it had not answered for."""

    number: int
    died: bool
    unanswered: int


class Kill(Action):
    """Kill an instance (SIGKILL), and start it again.

    In flight (`"in_flight": true`, or the name `kill-in-flight`), it is killed *inside* its cycle: what it had begun,
    others must end or undo. Without a race: the instance is stopped (SIGSTOP) and looked at, again and again until it
    is inside its cycle, and then killed: it dies with all that is seen while it is stopped.

    Evidence: its group gave up a member, and went on without. Of a subject that is told what to send: it had lines to
    answer for. In flight, what was seen while it was stopped and again after its death: a transaction open at its
    coordinator, with records in a topic of its effects or in a hop; without transactions, effects whose inputs are not
    committed; or, while it was stopped, its lock on a SQLite database. No broker says whose process a transaction is
    of: what stands still while the instance is stopped, and while the others are seen to go on with theirs (for 1 s at
    most), is taken for its own. The record is asked afterwards, and a fault that it contradicts does not count. At a
    moment of the wire: what the proxy held there was lost with the connection of the process that died.

    Without effect: when it had just ended by itself; when the group did not give it up within 60 s, as with a longer
    session time-out, or where it was no member; when nothing was unanswered. In flight, when it was never inside its
    cycle in 60 looks, or nothing that was open before was seen open after. The instance is started again all the same.
    """

    kind: ClassVar[str] = "kill"
    target: ClassVar[TargetKind] = INSTANCE
    back: ClassVar[str] = "started again"

    def prepare(self, scene: Scene) -> None:
        note_members(scene)

    def begin(self, scene: Scene) -> Killed:
        number = scene.number
        unanswered = scene.system.progress.unanswered(number)
        return Killed(number, scene.system.supervisor.kill(number), unanswered)

    def evidence(self, scene: Scene, state: Killed) -> Evidence:
        system, who = scene.system, f"instance {state.number}"
        if not state.died:
            return Evidence(f"{who} {ENDED}", effective=False)
        if scene.looks:
            # what a dead process has not answered, it never will: that counts as accounted for as soon as it is gone
            open_still = scene.held if system.group is None else scene.held & open_now(system, state.number)
            if held := open_still | scene.locks:
                ids = scene.held_transactions
                return Evidence(f"{who} killed with {described(held, system)}", effective=True, held=ids)
            return Evidence(f"{who} was killed, but nothing that was open before was seen open after", effective=False)
        if hold := scene.own_hold:
            lost = hold.wait_over(LOST_WITHIN_S) and hold.lost
            return Evidence(f"{who} killed{'' if lost else ', but what it was at went on'}", effective=lost)
        if system.group is None:
            return Evidence(f"{who} killed with {state.unanswered:,} inputs unanswered", effective=state.unanswered > 0)
        return seen_given_up(scene, f"{who} killed, ")

    def end(self, scene: Scene, state: Killed) -> None:
        scene.system.supervisor.start(state.number)


class Join(Action):
    """Start an instance beyond those that there were: its group is rebalanced while work goes on.

    Input flows from when it joins, so that the others have work in hand when they must give up partitions. The instance
    stays. `lasts_ms` means nothing here.

    Evidence: its group has a member more.

    Without effect: when it has not joined within 30 s.
    """

    kind: ClassVar[str] = "join"
    target: ClassVar[TargetKind] = NEW_INSTANCE
    repeatable: ClassVar[bool] = False
    feeds: ClassVar[bool] = True
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.CONSUMER_GROUP})

    def prepare(self, scene: Scene) -> None:
        scene.members = members_of(scene.system)

    def begin(self, scene: Scene) -> int:
        scene.system.supervisor.start(scene.number)
        return scene.number

    def evidence(self, scene: Scene, state: int) -> Evidence:
        system, before = scene.system, len(scene.members)

        joined = system.wait_until(lambda: len(members_of(system)) > before, NOTICED_WITHIN_S)
        scene.feed(1.0)  # not before: the others would have done it all while it starts
        return Evidence(f"instance {state} started, {'and joined' if joined else 'but did not join'}", effective=joined)

    def end(self, scene: Scene, state: int) -> None:
        """The instance stays."""
