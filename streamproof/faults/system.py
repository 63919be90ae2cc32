"""The running system as faults see it, and a fault under way in it."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from streamproof.clock import time_of_day
from streamproof.cluster.base import Cluster
from streamproof.errors import SubjectError
from streamproof.faults.targets import Broker, Instance, Met, Target
from streamproof.kafka.topics import list_missing_topics
from streamproof.kafka.transactions import Written
from streamproof.subject import ProcessSupervisor
from streamproof.wire import Hold, Proxy


@dataclass(frozen=True)
class OpenTransaction:
    """A transaction of the subject that is open. `written`: how far; while its owner is stopped, it gets no further."""

    transactional_id: str
    start_ms: int
    written: Written

    def __str__(self) -> str:
        return f"transaction {self.transactional_id} open (since {time_of_day(self.start_ms * 1000)})"


# what an instance holds: an open transaction; a lock, in words; an input in flight, as its partition and offset
Held = frozenset[OpenTransaction | str | tuple[int, int]]


@dataclass(frozen=True)
class Evidence:
    """What was seen of a fault: a sentence, and whether it shows that the fault took effect.

    What the record of the run can be held against: `held`, the transactions that were open, by their ids; `given_up`,
    the members that the group gave up.
    """

    sentence: str
    effective: bool
    held: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()


class Database(Protocol):
    """A database of the subject's effects, as far as a fault needs it."""

    @property
    def lockable(self) -> bool:
        """Whether all writers can be kept out for a while."""

    def is_locked(self) -> bool:
        """Whether a writer would be refused now."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep all writers out."""


class SubjectProgress(Protocol):
    """How far the subject has come, as far as observers have read, which is a moment behind."""

    def committed(self) -> int:
        """How many inputs the subject is done with."""

    def fed_for(self) -> float | None:
        """Seconds since the subject was ready, and its input flows; None before."""

    def in_flight(self) -> frozenset[tuple[int, int]]:
        """Partition and offset of each input that has an effect, and that the subject is not done with."""

    def done(self) -> bool:
        """Whether the subject is done with all that observers have read."""

    def waiting(self) -> int:
        """How many inputs were fed in, and are not done with."""

    def unanswered(self, instance: int) -> int:
        """How many inputs an instance was given alone, and has not answered for."""

    def is_whole(self, instances: int) -> bool:
        """Whether so many instances take part in the work."""


@dataclass(frozen=True)
class System:
    """`group`: None for a subject that is in none. `topic`: what the subject reads or, without a group, sends on.

    `effects`: the topics of its effects. `hops`: those of its own that it is known, by now, to hand inputs on through;
    not all may be there yet. `databases`: those of channels that are queries, by channel. `since_ms`: when
    the run began, in milliseconds since the epoch. `own_prefix`: of the verifier's own transactional ids.
    `wire`: the proxy that the subject's connections go through, if any.
    `transactional_ids`: those that were seen to be the subject's, which is added to.
    """

    cluster: Cluster
    supervisor: ProcessSupervisor
    progress: SubjectProgress
    group: str | None
    topic: str
    effects: tuple[str, ...]
    since_ms: int
    hops: Callable[[], Iterable[str]] = tuple
    databases: Mapping[str, Database] = field(default_factory=dict)
    own_prefix: str = "streamproof-"
    wire: Proxy | None = None
    transactional_ids: set[str] = field(default_factory=set)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def proxy(self) -> Proxy:
        """SubjectError in a run that has none."""
        if self.wire is None:
            raise SubjectError("there is no proxy in this run, so nothing of the wire can be seen or held")
        return self.wire

    def list_written_topics(self) -> tuple[str, ...]:
        """The topics that the subject writes to: of its effects, and hops that are there."""
        hops = tuple(self.hops())
        missing = list_missing_topics(self.cluster.bootstrap_servers, hops) if hops else frozenset()
        return (*self.effects, *(topic for topic in hops if topic not in missing))

    def wait(self, seconds: float) -> None:
        """Let time pass, or the run end."""
        self.stopping.wait(seconds)

    def wait_since(self, moment: float, lasts_ms: int) -> None:
        """Let `lasts_ms` pass since `moment` on the monotonic clock, or the run end."""
        self.wait(max(0.0, moment + lasts_ms / 1000 - time.monotonic()))

    def wait_until(self, seen: Callable[[], bool], timeout_s: float, every_s: float = 0.05) -> bool:
        """Wait until `seen`, at most `timeout_s`; whether it came to be."""
        deadline = time.monotonic() + timeout_s
        while not self.stopping.is_set():
            if seen():
                return True
            if time.monotonic() > deadline:
                return False
            self.stopping.wait(every_s)
        return False


@dataclass
class Scene:
    """A fault under way: where it acts, on whom, and what was seen of the target before it was broken.

    `on`: the target as the plan says it; `met`: the instance, broker or database that this was when the fault began.
    `feed(share)`: lets in that share (0 to 1) of the input that is meant to arrive while the fault acts.
    `members`: the ids of the group's members before; `whole`: each instance was among them. `looks`: how often the
    trigger looked at the instance, stopped; `held` and `locks`: what the instance held then; `stopped_us`: since when.
    `hold`: what the proxy holds of an instance's, at a moment.
    """

    system: System
    on: Target
    met: Met | None = None
    feed: Callable[[float], None] = lambda _: None
    members: frozenset[str] = frozenset()
    whole: bool = True
    looks: int = 0
    held: Held = frozenset()
    locks: Held = frozenset()
    stopped_us: int | None = None
    hold: Hold | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def held_transactions(self) -> tuple[str, ...]:
        """The ids of the transactions among what the instance held."""
        return tuple(sorted(held.transactional_id for held in self.held if isinstance(held, OpenTransaction)))

    @property
    def own_hold(self) -> Hold | None:
        """What the proxy holds of the instance that the fault met."""
        sighting = self.hold.sighting if self.hold else None
        return self.hold if sighting and sighting.instance == self.instance else None

    @property
    def node(self) -> int | None:
        """The id of the broker that the fault met, if it met a broker."""
        return self.met.node if isinstance(self.met, Broker) else None

    @property
    def instance(self) -> int | None:
        """The number of the instance that the fault met, if it met an instance."""
        return self.met.number if isinstance(self.met, Instance) else None

    @property
    def number(self) -> int:
        """As `instance`, of an action or a trigger that is for instances alone."""
        if not isinstance(self.met, Instance):
            raise TypeError(f"{self.on} is no instance")
        return self.met.number

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of the instances that the fault meets."""
        if isinstance(self.met, Instance):
            return (self.met.number,)
        return tuple(instance.number for instance in self.system.supervisor.current_all())
