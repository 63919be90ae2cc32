"""What is to be broken, where and when: a frozen plan, made again from its seed, checked once against what there is."""

import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

from streamproof.capabilities import OF_BACKEND, Capability
from streamproof.cluster import Cluster
from streamproof.errors import UnsupportedByCluster, UsageError
from streamproof.faults.actions import (
    ErrorAnswer,
    Join,
    Kill,
    KillBroker,
    LockDatabase,
    PauseBeyondSession,
    PauseBroker,
    Stop,
)
from streamproof.faults.fault import Fault
from streamproof.faults.moments import AtMoment
from streamproof.faults.targets import (
    ALL_BROKERS,
    BROKER,
    DATABASE,
    INPUT,
    NEW_INSTANCE,
    AllBrokers,
    AllInstances,
    Broker,
    BrokerRole,
    DatabaseOf,
    InputTopic,
    Instance,
    Target,
    TargetKind,
)
from streamproof.faults.triggers import InFlight, Progress
from streamproof.subject import SubjectSpec
from streamproof.wire import Moment
from streamproof.words import either

NO_BROKERS = "loss of a broker: the brokers of an existing cluster are not ours to break"


def _own(subject: SubjectSpec, *, proxied: bool) -> set[Capability]:
    """What a subject lets a run do to it."""
    able = {Capability.CONSUMER_GROUP: subject.input.kind == "topic", Capability.WIRE: proxied}
    return {capability for capability, there in able.items() if there}


@dataclass(frozen=True)
class Surroundings:
    """What a plan may name in a run. `lockable`: the channels whose databases can be locked."""

    instances: int
    lockable: tuple[str, ...]
    brokers: tuple[int, ...]
    backend: str
    capabilities: frozenset[Capability]

    @classmethod
    def foreseen(cls, subject: SubjectSpec, backend: str, brokers: int, *, proxied: bool = False) -> Self:
        """Of a cluster that is still to be started. `proxied`: the subject's connections go through the proxy."""
        own = _own(subject, proxied=proxied)
        return cls(
            subject.instances, subject.lockable, tuple(range(1, brokers + 1)), backend, OF_BACKEND[backend] | own
        )

    @classmethod
    def of(cls, subject: SubjectSpec, cluster: Cluster, *, proxied: bool = False) -> Self:
        """Of a cluster that is there."""
        own = _own(subject, proxied=proxied)
        return cls(subject.instances, subject.lockable, cluster.brokers, cluster.backend, cluster.capabilities | own)

    def targets(self, kind: TargetKind) -> list[Target]:
        """What there is of a kind."""
        if kind is BROKER:
            return [*(Broker(node) for node in self.brokers), *BrokerRole]
        if kind is ALL_BROKERS:
            return [AllBrokers()]
        if kind is INPUT:
            return [InputTopic()]
        if kind is DATABASE:
            return [DatabaseOf(channel) for channel in self.lockable]
        each = [Instance(number) for number in range(1, self.instances + 1)] if Instance in kind.types else []
        return [*each, *([AllInstances()] if AllInstances in kind.types else [])]


@dataclass(frozen=True)
class Plan:
    """Faults, and the seed of the run that they were for. `dropped`: what was left out, each a sentence.

    UsageError for what is no tuple of faults.
    """

    faults: tuple[Fault, ...] = ()
    seed: int | None = None
    dropped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (isinstance(self.faults, tuple) and all(isinstance(fault, Fault) for fault in self.faults)):
            raise UsageError(f"Plan: {self.faults!r} is no tuple of faults; write Plan((fault,)), with its comma")

    def in_turn(self) -> list[Fault]:
        """The faults that take turns, in the order of their marks."""
        return sorted((fault for fault in self.faults if fault.when.mark is not None), key=_mark)

    def beside(self) -> list[Fault]:
        """The faults that happen when they happen."""
        return [fault for fault in self.faults if fault.when.mark is None]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The plan in a file that `save`, or a run, has written. UsageError, with the number of the fault, from 1."""
        from streamproof.faults.written import read_plan  # noqa: PLC0415 - which makes plans

        plan = read_plan(path)
        return cls(plan.faults, plan.seed, plan.dropped)

    def save(self, path: Path) -> None:
        """Write the plan as JSON: for `read`, and for `streamproof verify --faults FILE`."""
        from streamproof.faults.written import json_of  # noqa: PLC0415 - which knows plans

        path.write_text(json_of(self))

    def without(self, fault: Fault) -> Self:
        """The same plan but for a fault, and for those that depend on it."""
        gone, left = [fault], [other for other in self.faults if other is not fault]
        for name in (fault.name for fault in gone if fault.name):
            gone += [other for other in left if other.when.waits_for == name]
            left = [other for other in left if other.when.waits_for != name]
        return replace(self, faults=tuple(left))

    def __add__(self, other: Self) -> Self:
        """The faults of both."""
        return replace(self, faults=self.faults + other.faults, dropped=self.dropped + other.dropped)

    @classmethod
    def default(cls, seed: int, surroundings: Surroundings, *, transactional: bool = False) -> Self:
        """Kill an instance mid-cycle, lose the coordinator, let one sleep beyond its session, stop one, pause a leader.

        And lock each database that can be locked. Instances that are in no group have no coordinator and no session: a
        leader is lost instead, and another instance killed mid-cycle. Of a subject whose promise takes transactions, a
        transaction's offsets are refused once, so that it must abort what it still owns, and do it again. The seed
        chooses which instances, which coordinator, and when exactly. Where brokers cannot be broken, their faults are
        `dropped`.
        """
        chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        numbers = list(range(1, surroundings.instances + 1))
        chance.shuffle(numbers)
        victim, sleeper = Instance(numbers[0]), Instance(numbers[-1])
        in_group = Capability.CONSUMER_GROUP in surroundings.capabilities

        def around(mark: float) -> Progress:
            return Progress(round(mark + chance.uniform(-0.05, 0.05), 3))

        first = InFlight(around(0.08))
        faults = [Fault(Kill(lasts_ms=chance.randint(200, 800)), victim, first)]
        mark = around(0.55)
        aimed = transactional and Capability.WIRE in surroundings.capabilities
        if in_group:
            sleep, offsets = PauseBeyondSession(lasts_ms=200), Moment("TxnOffsetCommit")
            # with its offsets on their way: whether they are taken from a zombie is the question
            at_offsets = AtMoment(mark, offsets, required=False)
            in_flight = InFlight(mark, required=False, looks=sleep.looks)
            faults.append(Fault(sleep, sleeper, at_offsets if aimed else in_flight))
        else:
            faults.append(Fault(Kill(lasts_ms=200), sleeper, InFlight(mark)))
        faults += [
            Fault(LockDatabase(lasts_ms=1500), DatabaseOf(channel), around(0.25)) for channel in surroundings.lockable
        ]
        dropped: tuple[str, ...] = (NO_BROKERS,)
        if Capability.BREAK_BROKERS in surroundings.capabilities:
            coordinator = chance.choice([BrokerRole.TRANSACTION_COORDINATOR, BrokerRole.GROUP_COORDINATOR])
            lost = coordinator if in_group else BrokerRole.LEADER
            faults.append(Fault(KillBroker(), lost, around(0.35)))
            faults.append(Fault(PauseBroker(), BrokerRole.LEADER, around(0.8)))
            dropped = ()
        faults.append(Fault(Stop(lasts_ms=200), victim, around(0.68)))
        if aimed:
            refused = AtMoment(around(0.2), Moment("TxnOffsetCommit"))
            faults.append(Fault(ErrorAnswer(lasts_ms=0, error="ILLEGAL_GENERATION"), victim, refused))
        return cls(tuple(sorted(faults, key=_mark)), seed, dropped)


class Planner(Protocol):
    """Makes the plan of a seed for what there is, as `Plan.default` does."""

    def __call__(self, seed: int, surroundings: Surroundings, *, transactional: bool = False) -> Plan: ...


def planned(plan: Plan | Planner, seed: int, surroundings: Surroundings, *, transactional: bool) -> Plan:
    """The plan that is carried out; UsageError as for `check_plan`."""
    if not isinstance(plan, Plan):
        return plan(seed, surroundings, transactional=transactional)
    check_plan(plan, surroundings)
    return plan


def _mark(fault: Fault) -> float:
    return fault.when.mark or 0.0


def check_plan(plan: Plan, surroundings: Surroundings) -> None:
    """UsageError for the first fault that cannot be carried out in these surroundings, before anything runs.

    UnsupportedByCluster for a fault that such a cluster cannot suffer.
    """
    names = [fault.name for fault in plan.faults if fault.name]
    numbers = {id(fault): number for number, fault in enumerate(plan.faults, 1)}
    for fault in (*plan.in_turn(), *plan.beside()):
        where = f"fault {fault.action.kind}, {numbers[id(fault)]} of the plan"
        if (other := fault.when.waits_for) is not None and names.count(other) != 1:
            raise UsageError(
                f"{where}: there {'are several' if other in names else 'is no'} fault{'s' * (other in names)} "
                f'named "{other}"; name one of the others so'
            )
        if ring := _ring(fault, plan):
            raise UsageError(f"{where}: it waits for itself ({' → '.join(ring)}); give it another moment")
        check_fault(fault, surroundings, where)
        if isinstance(fault.action, Join):
            surroundings = replace(surroundings, instances=surroundings.instances + 1)


def _ring(fault: Fault, plan: Plan) -> list[str]:
    """The names by which a fault waits for itself; empty when it does not."""
    named = {other.name: other for other in plan.faults if other.name}
    names = [fault.name]
    while (following := named.get(names[-1])) and (name := following.when.waits_for) is not None:
        names.append(name)
        if name in names[:-1]:
            return names if name == fault.name else []
    return []


def check_fault(fault: Fault, surroundings: Surroundings, where: str | None = None) -> None:
    """As `check_plan`, for `fault` alone."""
    where = where or f"fault {fault.action.kind}"
    missing = fault.requires - surroundings.capabilities
    if fault.on is BrokerRole.GROUP_COORDINATOR:
        missing |= {Capability.CONSUMER_GROUP} - surroundings.capabilities
    if Capability.CONSUMER_GROUP in missing:
        raise UsageError(f"{where}: a subject that is told what to send is in no group; leave it out")
    if Capability.WIRE in missing:
        raise UsageError(
            f"{where}: it is done at the proxy, and the subject's connections do not go through it here; leave out "
            "--proxy off (proxy = false), or the fault"
        )
    if missing:
        able = [backend for backend, capabilities in OF_BACKEND.items() if missing <= capabilities]
        raise UnsupportedByCluster(
            f"{where}: this cannot be done to a cluster that is {surroundings.backend}; leave it out, or use "
            f"--cluster {either(able)}"
        )
    there = surroundings.targets(fault.action.target)
    if fault.action.target is NEW_INSTANCE:
        if fault.on in there:
            raise UsageError(f"{where}: {fault.on} is there from the start; write instance:{len(there) + 1}")
    elif not there:
        raise UsageError(f"{where}: there is no {fault.action.target.name} at all; leave the fault out")
    elif fault.on not in there:
        raise UsageError(f"{where}: there is no {fault.on}; write {either([str(target) for target in there])}")
    if lacking := fault.when.missing(fault.on, surroundings.instances):
        raise UsageError(f"{where}: {lacking}")
