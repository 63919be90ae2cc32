"""Actions that stop an instance (SIGSTOP) until somebody else has lost patience with it, and let it wake."""

import signal
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from streamproof.capabilities import Capability
from streamproof.faults.actions.action import Action, Drawn
from streamproof.faults.actions.processes import ENDED, NOTICED_WITHIN_S, members_of, note_members, seen_given_up
from streamproof.faults.in_flight import described
from streamproof.faults.system import Evidence, Scene
from streamproof.faults.targets import INSTANCE, TargetKind
from streamproof.kafka.transactions import describe_transaction, list_transactions
from streamproof.subject import Instance as Process

LEAVES_WITHIN_S = 10.0  # a client looks at its poll interval every half second
CLEANS_UP_WITHIN_S = 15.0  # a coordinator looks for transactions past their time every 10 s, by its default
OPEN = "Ongoing"
ABORTED = frozenset({"PrepareAbort", "PrepareEpochFence", "CompleteAbort"})
TOO_SOON = "its session ran out first; make lasts_ms shorter than that, or the session longer"
NOT_LEFT = "it did not leave its group; make lasts_ms longer than its poll interval (max.poll.interval.ms)"


class Pause(Action):
    """What all pauses have in common: inside the cycle, where the instance is seen there."""

    target: ClassVar[TargetKind] = INSTANCE
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.CONSUMER_GROUP})
    back: ClassVar[str] = "woken"
    drawn: ClassVar[Drawn] = Drawn.PAUSED
    feeds: ClassVar[bool] = True
    looks: ClassVar[int] = 30  # fewer than for a kill: an instance that has nothing in its hands sleeps too

    def prepare(self, scene: Scene) -> None:
        note_members(scene)

    def begin(self, scene: Scene) -> Any:
        scene.system.supervisor.pause(scene.number)
        return scene.number

    def end(self, scene: Scene, state: Any) -> None:
        scene.system.supervisor.resume(state)


class PauseBeyondSession(Pause):
    """Pause an instance (SIGSTOP) *inside* its cycle until its group has given it up, then let it wake: a zombie.

    It wakes in the belief that it still owns what others have taken over, with work in its hands; all it writes then
    must be fenced off. It is looked for inside its cycle as for [kill](#kill) in flight; when it is not seen there in
    30 looks, it is paused where it is, with nothing in its hands. `lasts_ms` counts from when it was given up.

    Evidence: its group gave up a member while it slept, and went on without; and what it held.

    Without effect: when the group kept it for 60 s, as with a longer session time-out, or where it was no member.
    """

    kind: ClassVar[str] = "pause-beyond-session"

    def evidence(self, scene: Scene, state: int) -> Evidence:
        scene.feed(1.0)  # for those who take over
        evidence = seen_given_up(scene, _slept(scene, state))
        scene.system.wait(self.lasts_ms / 1000)  # its partitions are with others when it wakes
        return evidence


class PauseBeyondPoll(Pause):
    """Pause an instance (SIGSTOP) inside its cycle for longer than its poll interval, and shorter than its session.

    Its group still has it when it wakes. It is the client that finds that it has not polled for too long
    (`max.poll.interval.ms`), and leaves the group by itself, while the work goes on that it had in its hands: the same
    as when that work takes too long. Its partitions are others' before it is done. `lasts_ms` is how long it sleeps. A
    client whose session may not be longer than its poll interval cannot suffer this: librdkafka with
    `group.protocol=classic`.

    Evidence: its group had all its members when it woke, and let a member go after that; and what it held.

    Without effect: when its session ran out first, or no member was let go within 10 s.
    """

    kind: ClassVar[str] = "pause-beyond-poll"

    lasts_ms: int = Field(default=3000, ge=0, description="whole milliseconds, of at least 0")

    def evidence(self, scene: Scene, state: int) -> Evidence:
        system = scene.system
        scene.feed(1.0)
        slept = _slept(scene, state)
        system.wait_since(scene.began, self.lasts_ms)
        if scene.members - members_of(system):
            return Evidence(f"{slept}but {TOO_SOON}", effective=False)
        system.supervisor.resume(state)
        return seen_given_up(scene, f"{slept}woken as a member still, ", NOT_LEFT, LEAVES_WITHIN_S)


class PauseBeyondTransaction(Pause):
    """Pause an instance (SIGSTOP) inside a transaction until its coordinator has aborted that, then let it wake.

    The coordinator fences the producer then: whatever the instance does with it when it wakes is refused, and what it
    had read must be read again. Where the session is shorter than the transaction's time-out
    (`transaction.timeout.ms`), its group gives it up too. `lasts_ms` counts from when the transaction was aborted.

    Evidence: the coordinator says so of the transaction that the instance had open, or was about to use at a moment of
    the wire.

    Without effect: when it was not seen inside a transaction in 30 looks, or the transaction was not aborted within
    15 s of its time-out.
    """

    kind: ClassVar[str] = "pause-beyond-transaction"

    def evidence(self, scene: Scene, state: int) -> Evidence:
        system = scene.system
        scene.feed(1.0)
        ids = _transactions(scene)
        servers = system.cluster.bootstrap_servers
        held = [found for found in list_transactions(servers) if found.transactional_id in ids and found.state == OPEN]
        if not held:
            return Evidence(f"instance {state} paused, but it had no transaction open", effective=False)
        slept = f"instance {state} paused with transaction {held[0].transactional_id} open, "

        def aborted() -> bool:
            now = [describe_transaction(servers, transaction.transactional_id) for transaction in held]
            return all(found is not None and found.state in ABORTED for found in now)

        longest_s = max(transaction.timeout_ms for transaction in held) / 1000
        if not system.wait_until(aborted, longest_s + CLEANS_UP_WITHIN_S):
            return Evidence(f"{slept}but that was not aborted", effective=False)
        system.wait(self.lasts_ms / 1000)
        return Evidence(f"{slept}which its coordinator aborted", effective=True, held=tuple(sorted(ids)))


class Replace(Pause):
    """Pause an instance (SIGSTOP) inside its cycle, start another process in its place, and let the first wake.

    So an orchestrator does with a machine that it does not hear of, and that comes back: two processes have the same
    number (`{instance}`), and with it the same transactional id, or static member id. The first wakes once its group
    has the second instead, with work in its hands, and is killed `lasts_ms` later. The second stays.

    Evidence: its group gave up a member and had another before the first woke; what that held, and whether it ended by
    itself then.

    Without effect: when the first had ended by itself before, or its group had nobody in its place within 60 s.
    """

    kind: ClassVar[str] = "replace"
    back: ClassVar[str] = "gone"

    def begin(self, scene: Scene) -> Process:
        supervisor, number = scene.system.supervisor, scene.number
        first = supervisor.current(number)
        supervisor.pause(number)
        try:
            supervisor.start(number, beside=True)
        except BaseException:
            supervisor.resume(number)
            raise
        return first

    def evidence(self, scene: Scene, state: Process) -> Evidence:
        system = scene.system
        scene.feed(1.0)
        if not state.running:
            return Evidence(f"{scene.met} {ENDED}", effective=False)
        evidence = seen_given_up(scene, _slept(scene, state.number))
        if not evidence.effective:
            return evidence
        if not system.wait_until(lambda: bool(members_of(system) - scene.members), NOTICED_WITHIN_S):
            return Evidence(f"{evidence.sentence}, but nobody joined in its place", effective=False)
        state.signal(signal.SIGCONT)
        if scene.own_hold:
            scene.own_hold.let_go()
        ended = system.wait_until(lambda: not state.running, self.lasts_ms / 1000)
        became = f"ended with status {state.process.returncode}" if ended else "did not end by itself"
        told = f"{evidence.sentence}, another in its place; woken beside that, it {became}"
        return replace(evidence, sentence=told, held=())  # what it held is decided while the fault lasts

    def end(self, scene: Scene, state: Process) -> None:
        scene.system.supervisor.end(state)


def _slept(scene: Scene, number: int) -> str:
    """That it was paused, and with what."""
    held = scene.held | scene.locks
    nothing = "" if scene.own_hold else " with nothing in its hands"
    return f"instance {number} paused{f' with {described(held, scene.system)}' if held else nothing}, "


def _transactions(scene: Scene) -> set[str]:
    """The ids of the transactions that the instance held, or that it names at a moment of the wire."""
    named = hold.sighting.content.tid if (hold := scene.own_hold) and hold.sighting else None
    return {*scene.held_transactions, *([named] if named else [])}
