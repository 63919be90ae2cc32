"""Stopping an instance *inside* its cycle, without a race: what is seen while it is stopped is what it holds."""

import random

from streamproof.clock import time_of_day
from streamproof.faults.world import World
from streamproof.kafka import admin

# what an instance holds: an open transaction or a lock, in words; an input in flight, as its partition and offset
Held = frozenset[str | tuple[int, int]]

ARRIVES_S = 0.05  # what is let in has reached its topic by then
LATE_S, LATEST_S = 0.1, 0.4  # after its waking, a cycle is usually over by the first, and nearly always by the second
FORGOTTEN_AFTER = 20
LOOKS, LOOK_S = 4, 0.1  # longer than a transaction that goes on usually takes
OBSERVED_AFTER_S = 0.15  # what was written, and what was given, before it was stopped has been read by then


def stopped_inside(world: World, number: int, attempts: int) -> tuple[Held, Held]:
    """Stop an instance inside its cycle: what it holds then, work and locks. It runs on when it was never seen so.

    While it is stopped, it is given a little input. Then it runs for a moment, a shorter one when it had done all at
    the look before, a longer one when it had not yet begun.
    """
    chance = random.Random(number)  # noqa: S311 - no secret
    early, moment, late = 0.0, 0.0, LATE_S
    held: Held = frozenset()
    locks: Held = frozenset()
    world.supervisor.pause(number)
    try:
        transactional = bool(transactions_of(world))
        for attempt in range(attempts):
            if attempt:
                world.feed(attempt / (attempts - 1))
                world.wait(ARRIVES_S)
                moment = chance.uniform(early, late)
                world.supervisor.resume(number)
                world.wait(moment)
                world.supervisor.pause(number)
            held, locks = _held_by_stopped(world, number, transactional=transactional), _locked_by_stopped(world)
            if held or locks:
                break
            # what was learnt wears off, for cycles differ, and is forgotten now and then, for it may have been wrong;
            # transactions are long enough to be met by chance
            if attempt % FORGOTTEN_AFTER == 0 or transactional:
                early, late = 0.0, LATE_S
            elif world.done():
                early, late = early * 0.9, moment
            else:
                early, late = moment, min(late * 1.1 + 0.001, LATEST_S)
    finally:
        if not (held or locks):
            world.supervisor.resume(number)
    return held, locks


def _held_by_stopped(world: World, number: int, *, transactional: bool) -> Held:
    """What stays open for a while, seen again and again: with one instance stopped, the others' transactions end."""
    held = open_now(world, number)
    if not (held or transactional):
        world.wait(OBSERVED_AFTER_S)
        held = open_now(world, number)
    for _ in range(LOOKS):
        if not held:
            break
        world.wait(LOOK_S)
        held &= open_now(world, number)
    return held


def _locked_by_stopped(world: World) -> Held:
    """The databases whose writers are kept out for a while. A lock ends with the process that holds it."""
    locked = {name for name, one in world.databases.items() if one.lockable}
    for _ in range(LOOKS):
        locked = {name for name in locked if world.databases[name].is_locked()}
        if not locked:
            break
        world.wait(LOOK_S)
    return frozenset(f"the lock of a writer of {name} held" for name in locked)


def transactions_of(world: World) -> list[admin.Transaction]:
    """Those of the subject: begun since its start (a cluster may have seen others), and not the verifier's own.

    A producer that has just taken its id again has begun none yet: the id was the subject's before, and still is.
    """
    known = world.transactional_ids
    found = [
        one
        for one in admin.list_transactions(world.cluster.bootstrap_servers)
        if one.transactional_id in known
        or (
            one.start_ms is not None
            and one.start_ms >= world.since_ms
            and not one.transactional_id.startswith(world.own_prefix)
        )
    ]
    known.update(one.transactional_id for one in found)
    return found


def open_now(world: World, number: int) -> Held:
    """What is open now: transactions of the subject that have written; without any, inputs in flight."""
    transactions = transactions_of(world)
    if not transactions:
        in_flight = world.in_flight()
        # told what to send, each instance has a log of lines of its own
        return frozenset(in_flight if world.group else (one for one in in_flight if one[0] == number))
    ongoing = [one for one in transactions if one.state == "Ongoing"]
    # one that has written nothing yet puts nothing at risk
    writing = admin.writing(world.cluster.bootstrap_servers, world.effects) if ongoing else frozenset()
    return frozenset(
        f"transaction {one.transactional_id} open (since {time_of_day(one.start_ms * 1000)})"
        for one in ongoing
        if one.producer_id in writing and one.start_ms is not None
    )


def described(held: Held, world: World) -> str:
    """What is held, in words that follow "with"."""
    told = sorted(one for one in held if isinstance(one, str))
    if told:
        return told[0]
    done = "answered for" if world.group is None else "committed"
    return f"{len(held)} input{'s' * (len(held) != 1)} in flight, whose effects it had written and not {done}"
