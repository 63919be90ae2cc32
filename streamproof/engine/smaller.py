"""Which smaller runs are tried, and in which order: delta debugging over faults, events and instances.

Nothing runs here. Whether a candidate still fails is asked of an oracle, which may be wrong now and then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from streamproof.faults import AtMoment, Fault, Instance, Plan


@dataclass(frozen=True)
class Candidate:
    """A run by its size: its plan, and how many events and instances."""

    plan: Plan
    events: int
    instances: int

    def __str__(self) -> str:
        faults = len(self.plan.faults)
        return (
            f"{faults or 'no'} fault{'s' * (faults != 1)}, {self.events:,} event{'s' * (self.events != 1)}, "
            f"{self.instances} instance{'s' * (self.instances != 1)}"
        )


Fails = Callable[[Candidate], bool]


def smallest(start: Candidate, fails: Fails) -> Candidate:
    """What is left of `start`, which fails, when no smaller candidate fails any more.

    Faults go first: all, then halves of what is left, then each alone. Then events are halved, and then there are fewer
    instances. What was needed among much may not be needed among little, so all begins again until nothing more goes.
    `fails` is asked about a candidate once: its answer stands.
    """
    answers = {start: True}

    def asked(candidate: Candidate) -> bool:
        if candidate not in answers:
            answers[candidate] = fails(candidate)
        return answers[candidate]

    best, before = start, None
    while best != before:
        before = best
        best = _with_fewer_instances(_with_fewer_events(_with_fewer_faults(best, asked), asked), asked)
    return best


def _with_fewer_faults(best: Candidate, fails: Fails) -> Candidate:
    size = len(best.plan.faults)
    while size:
        at = 0
        while at < len(best.plan.faults):
            smaller = replace(best, plan=_without(best.plan, best.plan.faults[at : at + size]))
            if fails(smaller):
                best = smaller  # what came after these faults stands at their place now
            else:
                at += size
        size //= 2
    return best


def _without(plan: Plan, faults: tuple[Fault, ...]) -> Plan:
    """A fault that others wait for goes with them."""
    for fault in faults:
        plan = plan.without(fault)
    return plan


def _with_fewer_events(best: Candidate, fails: Fails) -> Candidate:
    while best.events > 1 and fails(smaller := replace(best, events=best.events // 2)):
        best = smaller
    return best


def _with_fewer_instances(best: Candidate, fails: Fails) -> Candidate:
    while smaller := next((fewer for fewer in _fewer_instances(best) if fails(fewer)), None):
        best = smaller
    return best


def _fewer_instances(best: Candidate) -> Iterator[Candidate]:
    """With half of the instances, and with one less; as many as faults are aimed at must stay."""
    aimed = {number for fault in best.plan.faults for number in _instances_of(fault)}
    there = sorted(number for number in aimed if number <= best.instances)
    for count in (best.instances // 2, best.instances - 1):
        if max(1, len(there)) <= count:
            numbers = dict(zip(there, range(1, best.instances), strict=False))
            joined = {number: number - best.instances + count for number in aimed if number > best.instances}
            yield replace(best, plan=_renumbered(best.plan, numbers | joined), instances=count)


def _instances_of(fault: Fault) -> Iterator[int]:
    """Those that it names: its target, and whose moment it is at."""
    if isinstance(fault.on, Instance):
        yield fault.on.number
    if isinstance(fault.when, AtMoment) and fault.when.instance is not None:
        yield fault.when.instance


def _renumbered(plan: Plan, numbers: dict[int, int]) -> Plan:
    """The same faults on instances of other numbers, and at theirs."""

    def renumbered(fault: Fault) -> Fault:
        on, when = fault.on, fault.when
        if isinstance(when, AtMoment) and when.instance is not None:
            when = replace(when, instance=numbers[when.instance])
        return replace(fault, on=Instance(numbers[on.number]) if isinstance(on, Instance) else on, when=when)

    return replace(plan, faults=tuple(map(renumbered, plan.faults)))
