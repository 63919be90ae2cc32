"""The faults: each a function that breaks one thing, mends it, and returns the evidence that it took effect.

To add one, write a function and name it with `@fault`, with the kind of target that it takes. It gets the world and its
part of the plan, which was checked; it must mend what it breaks before it returns, also by an error, and must look for
its evidence in what the brokers say, never in its own deeds. Its docstring says what it does, then `Evidence:` and
`Without effect:`, a paragraph each, and becomes its part of docs/faults.md (`python -m
streamproof.faults.make_docs`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from streamproof.cluster import STARTED
from streamproof.cluster.backends import TESTCONTAINERS
from streamproof.errors import UsageError
from streamproof.faults.in_flight import described, open_now, stopped_inside, transactions_of
from streamproof.faults.leadership import leads_nothing, led_by, logs_of
from streamproof.faults.plan import Fault
from streamproof.faults.target import BROKER, DATABASE, INSTANCE, NEW_INSTANCE, Target
from streamproof.faults.world import Evidence, World
from streamproof.kafka import admin

ENDED = "had ended by itself, and was started again"
KEPT = "its group kept it: its session time-out is longer; lower it for such runs (session.timeout.ms)"
FaultFunction = Callable[[World, Fault], Evidence]

ATTEMPTS = 60  # a subject that has little to do is inside its cycle a small part of the time
ATTEMPTS_TO_PAUSE = 30  # fewer: one that has nothing in its hands becomes a zombie too
NOTICED_WITHIN_S = 30.0
SETTLED = frozenset({"Stable", "Empty"})
GIVEN_UP_WITHIN_S = 60.0  # clients' sessions run out after 45 s, unless they are told otherwise


@dataclass(frozen=True)
class Kind:
    """One kind of fault. `on`: the clusters that it can be done to; empty for any. `of_group`: to a group's member.

    `feeds`: it lets the input flow itself (`World.feed`), which else flows from its beginning.
    """

    name: str
    inject: FaultFunction
    target: Target
    on: tuple[str, ...]
    of_group: bool
    feeds: bool


KINDS: dict[str, Kind] = {}


def fault(
    name: str, target: Target, *, on: tuple[str, ...] = (), of_group: bool = False, feeds: bool = False
) -> Callable[[FaultFunction], FaultFunction]:
    """Register a function as the fault `name`, aimed at a `target` of this kind."""

    def register(function: FaultFunction) -> FaultFunction:
        KINDS[name] = Kind(name, function, target, on, of_group, feeds)
        return function

    return register


def instance_of(fault: Fault) -> int:
    return int(fault.target.removeprefix("instance:"))


def broker_of(world: World, fault: Fault) -> tuple[int, str]:
    """The node that plays the target's role now, by asking; and what to call it."""
    servers = world.cluster.bootstrap_servers
    role = fault.target.removeprefix("broker:")
    if role.isdigit():
        return int(role), f"broker {role}"
    if role == "leader":
        node = admin.leader(servers, world.topic, 0)
    elif role == "transaction-coordinator" and (transactions := transactions_of(world)):
        node = admin.transaction_coordinator(servers, transactions[0].transactional_id)
    else:
        node, role = admin.group_coordinator(servers, _group(world)), "group-coordinator"
    return node, f"broker {node} ({role.replace('-', ' ')})"


def _group(world: World) -> str:
    if world.group is None:
        raise UsageError("a subject that is told what to send is in no group")
    return world.group


def _members(world: World) -> frozenset[str]:
    """The ids of the group's members now."""
    return admin.group(world.cluster.bootstrap_servers, _group(world)).ids


def _gives_up(world: World, members: frozenset[str]) -> bool:
    """Whether the group gives up one of `members` in time, while an instance does nothing.

    Another may leave meanwhile, and come back by another name. Not until the silent one is out can the group settle.
    """

    def gone() -> bool:
        group = admin.group(world.cluster.bootstrap_servers, _group(world))
        return group.state in SETTLED and bool(members - group.ids)

    return world.wait_until(gone, GIVEN_UP_WITHIN_S)


def _whole_group(world: World) -> frozenset[str]:
    """The same, once all instances take part again: one that is just coming back would hide that another goes."""
    running = sum(1 for one in world.supervisor.current_all() if one.running)
    world.wait_until(lambda: world.is_whole(running), GIVEN_UP_WITHIN_S)
    return _members(world)


@fault("kill-in-flight", INSTANCE, feeds=True)
def kill_in_flight(world: World, fault: Fault) -> Evidence:
    """Kill an instance *inside* its cycle, and start it again: what it had begun, others must end or undo.

    Without a race: the instance is stopped (SIGSTOP) and looked at, again and again until it is inside its cycle, and
    then killed (SIGKILL). What is seen while it is stopped is what it dies with.

    Evidence: seen while it was stopped and again after its death: a transaction open at its coordinator, with records
    in a topic of its effects; without transactions, effects whose inputs are not committed; or, while it was stopped,
    its lock on a SQLite database. Of a subject that is told what to send: what it had sent and not answered for, while
    it was stopped.

    Without effect: when it was never inside its cycle in 60 looks, or nothing that was open before was seen open after;
    when it had just ended by itself.
    """
    number = instance_of(fault)
    seen, locks = stopped_inside(world, number, ATTEMPTS)
    if not (seen or locks):
        return Evidence(f"instance {number} was never seen inside its cycle in {ATTEMPTS} looks", effective=False)
    killed = world.supervisor.kill(number)
    broken = time.monotonic()
    try:
        # what a dead process has not answered, it never will: that counts as accounted for as soon as it is gone
        held = (seen if world.group is None else seen & open_now(world, number)) | locks
        world.wait_since(broken, fault.lasts_ms)
    finally:
        world.supervisor.start(number)
    if not killed:
        return Evidence(f"instance {number} {ENDED}", effective=False)
    if not held:
        return Evidence(
            f"instance {number} was killed, but nothing that was open before was seen open after", effective=False
        )
    return Evidence(f"instance {number} killed with {described(held, world)}", effective=True)


@fault("kill", INSTANCE)
def kill(world: World, fault: Fault) -> Evidence:
    """Kill an instance (SIGKILL) wherever it is, and start it again.

    Evidence: its group gave up a member, and went on without. Of a subject that is told what to send: it had been told
    what it had not answered yet.

    Without effect: when it had just ended by itself; when the group did not give it up within 60 s, as with a longer
    session time-out; when nothing was unanswered. The instance is started again all the same.
    """
    number = instance_of(fault)
    waiting = world.unanswered(number)
    members = _whole_group(world) if world.group else frozenset()
    killed = world.supervisor.kill(number)
    broken = time.monotonic()
    try:
        given_up = killed and world.group is not None and _gives_up(world, members)
        world.wait_since(broken, fault.lasts_ms)
    finally:
        world.supervisor.start(number)
    if not killed:
        return Evidence(f"instance {number} {ENDED}", effective=False)
    if world.group is None:
        return Evidence(f"instance {number} killed with {waiting:,} inputs unanswered", effective=waiting > 0)
    if not given_up:
        return Evidence(f"instance {number} killed, but {KEPT}", effective=False)
    return Evidence(f"instance {number} killed, and given up by its group", effective=True)


@fault("pause-beyond-session", INSTANCE, of_group=True, feeds=True)
def pause_beyond_session(world: World, fault: Fault) -> Evidence:
    """Pause an instance (SIGSTOP) *inside* its cycle until its group has given it up, then let it wake: a zombie.

    It wakes in the belief that it still owns what others have taken over, with work in its hands; what it writes then
    must be fenced off. It is looked for inside its cycle as for [kill-in-flight](#kill-in-flight); when it is not seen
    there in 30 looks, it is paused where it is, with nothing in its hands. `lasts_ms` counts from when it was given up.

    Evidence: its group gave up a member while it slept, and went on without; and what it held.

    Without effect: when the group kept it for 60 s, as with a longer session time-out.
    """
    number = instance_of(fault)
    members = _whole_group(world)
    work, locks = stopped_inside(world, number, ATTEMPTS_TO_PAUSE)
    held = work | locks
    started = time.monotonic()
    if not held:
        world.supervisor.pause(number)
    try:
        world.feed(1.0)  # for those who take over
        given_up = _gives_up(world, members)
        world.wait(fault.lasts_ms / 1000)  # its partitions are with others when it wakes
    finally:
        world.supervisor.resume(number)
    slept = f"{time.monotonic() - started:.1f} s with {described(held, world) if held else 'nothing in its hands'}"
    if not given_up:
        return Evidence(f"instance {number} paused for {slept}, but {KEPT}", effective=False)
    return Evidence(f"instance {number} paused for {slept}, given up by its group, woken", effective=True)


@fault("join", NEW_INSTANCE, of_group=True)
def join(world: World, fault: Fault) -> Evidence:
    """Start one more instance than there were: its group is rebalanced while work goes on.

    The instance stays. `lasts_ms` means nothing here.

    Evidence: its group has a member more.

    Without effect: when it has not joined within 30 s.
    """
    number = instance_of(fault)
    members = len(_members(world))
    world.supervisor.start(number)
    joined = world.wait_until(lambda: len(_members(world)) > members, NOTICED_WITHIN_S)
    return Evidence(f"instance {number} started, {'and joined' if joined else 'but did not join'}", effective=joined)


@fault("lock-database", DATABASE)
def lock_database(world: World, fault: Fault) -> Evidence:
    """Keep the subject from writing to the database of one channel: what a busy or restarting database looks like.

    A transaction of the verifier's own locks the database exclusively, and is rolled back.

    Evidence: a writer was refused while inputs were on their way: fed in, and not committed past.

    Without effect: when no input was on its way, so that nobody missed the database.
    """
    name = fault.target.removeprefix("database:")
    database = world.databases[name]
    with database.lock():
        started = time.monotonic()
        waiting, refused = world.waiting(), database.is_locked()
        world.wait_since(started, fault.lasts_ms)
        waiting = max(waiting, world.waiting())
    return Evidence(
        f"database {name} locked for {fault.lasts_ms / 1000:.1f} s, with {waiting:,} inputs on their way to it",
        effective=refused and waiting > 0,
    )


@fault("kill-broker", BROKER, on=STARTED)
def kill_broker(world: World, fault: Fault) -> Evidence:
    """Kill a broker (SIGKILL), and start it again on the same ports and data.

    What it led goes to others without a word from it: clients find out by errors and time-outs, and what it had not
    yet replicated is cut off when it comes back.

    Evidence: it led partitions that the subject uses (of the input, of the topics of its effects, or those of the
    coordinators' logs that hold its group and its transactions), and the other brokers say that it leads none of them
    any more.

    Without effect: when it led nothing that the subject uses, or still led it after 30 s.
    """
    return _without_broker(world, fault, world.cluster.kill, world.cluster.start, "killed")


@fault("restart-broker", BROKER, on=STARTED)
def restart_broker(world: World, fault: Fault) -> Evidence:
    """Stop a broker (SIGTERM) and start it again, as a rolling upgrade does: it hands over what it leads, then ends.

    One that does not end within 10 s is killed, and the evidence says so.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """
    return _without_broker(world, fault, world.cluster.stop, world.cluster.start, "stopped")


@fault("pause-broker", BROKER, on=STARTED)
def pause_broker(world: World, fault: Fault) -> Evidence:
    """Pause a broker until others lead what it led, then let it wake: its connections stay open, and nobody answers.

    In a process by SIGSTOP, in a container by Docker's pause. When it wakes, it believes for a moment that it leads
    still.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """
    return _without_broker(world, fault, world.cluster.pause, world.cluster.resume, "paused")


@fault("disconnect-broker", BROKER, on=(TESTCONTAINERS,))
def disconnect_broker(world: World, fault: Fault) -> Evidence:
    """Cut a broker from its peers, not from its clients: it goes on serving those as far as it can, until mended.

    Its container is taken off the brokers' own network.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """
    return _without_broker(world, fault, world.cluster.disconnect, world.cluster.connect, "cut from its peers")


def _without_broker(
    world: World, fault: Fault, take: Callable[[int], bool | None], give: Callable[[int], None], done: str
) -> Evidence:
    """Take a broker away, see that others lead what it led, give it back. One that led nothing is not missed.

    `take` returns False for a broker that had to be killed instead.
    """
    node, name = broker_of(world, fault)
    others = [world.cluster.address(other) for other in world.cluster.brokers if other != node]
    logs = logs_of(world, [one.transactional_id for one in transactions_of(world)])
    # asked of the others: one that was paused a moment ago believes that it leads still
    led = led_by(node, logs, ",".join(others) or world.cluster.bootstrap_servers)
    started = time.monotonic()
    if take(node) is False:
        done = "did not stop in time, was killed"
    try:
        moved = world.wait_until(lambda: leads_nothing(node, logs, others), NOTICED_WITHIN_S)
        world.wait_since(started, fault.lasts_ms)
    finally:
        give(node)
    gone = f"{time.monotonic() - started:.1f} s"
    if not led:
        return Evidence(f"{name} {done} for {gone}, but it led nothing that the subject uses", effective=False)
    if not moved:
        return Evidence(f"{name} {done} for {gone}, but it kept its partitions", effective=False)
    partitions = "partition" if led == 1 else f"{led} partitions"
    return Evidence(f"{name} {done}, the {partitions} that it led taken over, back after {gone}", effective=True)
