"""A plan by chance: for what no plan foresaw. Its seed brings it again."""

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from streamproof.capabilities import Capability
from streamproof.errors import StreamproofError, UnsupportedByCluster
from streamproof.faults.actions import (
    ACTIONS,
    Action,
    ErrorAnswer,
    GrowTopic,
    Kill,
    PauseBeyondPoll,
    PauseBeyondTransaction,
)
from streamproof.faults.actions.wire import OfRequest
from streamproof.faults.fault import Fault
from streamproof.faults.moments import AtMoment
from streamproof.faults.plan import Plan, Surroundings, check_plan
from streamproof.faults.sweep import ERRORS
from streamproof.faults.targets import INSTANCE, NEW_INSTANCE, AllInstances, BrokerRole, Instance, Target
from streamproof.faults.triggers import During, InFlight, Progress, Trigger
from streamproof.history.terms import Side
from streamproof.wire import Moment

FIRST = 0.08  # of the workload, when an instance is killed
FEWEST, MOST = 3, 6  # faults of a plan
LAST = 0.85  # of the workload, when the last begins
OVERLAPPING = 0.3  # of the faults: begin while the fault before lasts
SHORTEST_MS, LONGEST_MS = 100, 1500
# they wait for a client's own time-outs, which are minutes unless a subject's settings are short
LEFT_OUT = (GrowTopic, PauseBeyondPoll, PauseBeyondTransaction)


def random_plan(seed: int, surroundings: Surroundings, *, transactional: bool = False) -> Plan:
    """Three to six faults, each of another kind, on targets and at moments that `seed` chooses.

    The first is a kill in flight, without which few promises can be judged. Of the others every kind that these
    surroundings allow is as likely as any other. An instance may suffer while a broker does.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    apis = _apis(surroundings, transactional=transactional)
    count = chance.randint(FEWEST, MOST)
    victim = Instance(chance.randint(1, surroundings.instances))
    plan = Plan((Fault(Kill(), victim, InFlight(Progress(FIRST)), "1"),), seed)
    for kind in chance.sample([*ACTIONS.values()], len(ACTIONS)):
        number = len(plan.faults)
        if kind in (Kill, *LEFT_OUT) or number == count:
            continue
        mark = Progress(round(LAST * (number + chance.uniform(0.3, 1)) / count, 3))
        with suppress(StreamproofError):  # these surroundings have none of the kind
            on = chance.choice(_targets(kind, surroundings))
            after = _during(chance, plan, on) or mark
            moment = Moment(chance.choice(apis), chance.choice(getattr(kind, "sides", tuple(Side))))
            fault = Fault(_action(chance, kind, moment), on, _trigger(chance, kind, after, moment), str(number + 1))
            longer = replace(plan, faults=(*plan.faults, fault))
            check_plan(longer, surroundings)
            plan = longer
    return plan


def _apis(surroundings: Surroundings, *, transactional: bool) -> tuple[str, ...]:
    """What a subject sends again and again, so that its moment comes."""
    if transactional:
        return "Produce", "TxnOffsetCommit", "EndTxn"
    return ("Fetch", "OffsetCommit") if Capability.CONSUMER_GROUP in surroundings.capabilities else ("Produce",)


def _targets(kind: type[Action], surroundings: Surroundings) -> Sequence[Target]:
    """What there is of the kind's targets; UnsupportedByCluster where there is nothing."""
    if kind.target is NEW_INSTANCE:
        return [Instance(surroundings.instances + 1)]
    found = [target for target in surroundings.targets(kind.target) if target is not BrokerRole.ASKED]
    if not found:
        raise UnsupportedByCluster(f"there is no {kind.target.name}")
    return found


def _during(chance: random.Random, plan: Plan, on: Target) -> Trigger | None:
    """Now and then: while the fault before lasts, where that is none of an instance and this is, or the other way."""
    before = plan.faults[-1] if plan.faults else None
    if before is None or before.when.overlaps or chance.random() > OVERLAPPING:
        return None
    ours = (Instance, AllInstances)
    return (
        During(before.name, chance.randint(0, SHORTEST_MS))
        if isinstance(on, ours) != isinstance(before.on, ours)
        else None
    )


def _action(chance: random.Random, kind: type[Action], moment: Moment) -> Action:
    lasts_ms = chance.randint(SHORTEST_MS, LONGEST_MS)
    if kind is ErrorAnswer and moment.api in ERRORS:
        return ErrorAnswer(lasts_ms=lasts_ms, error=ERRORS[moment.api])
    return kind(lasts_ms=lasts_ms)


def _trigger(chance: random.Random, kind: type[Action], after: Trigger, moment: Moment) -> Trigger:
    if issubclass(kind, OfRequest):
        return AtMoment(after, moment)
    if kind.target is INSTANCE:
        return chance.choice([after, InFlight(after, required=False), AtMoment(after, moment, required=False)])
    return after
