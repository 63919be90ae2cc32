"""Stopping an instance *inside* its cycle, without a race: while it is stopped, it holds exactly what is seen."""

import random

from streamproof.clock import now_us
from streamproof.faults.system import Held, OpenTransaction, Scene, System
from streamproof.kafka.transactions import Transaction, list_open_producers, list_transactions

OFFSETS = "__consumer_offsets"
ARRIVES_S = 0.05  # what is let in has reached its topic by then
LATE_S, LATEST_S = 0.1, 0.4  # after its waking, a cycle is usually over by the first, and nearly always by the second
FORGOTTEN_AFTER = 20
LOOKS, LOOK_S = 4, 0.1  # longer than a transaction that goes on usually takes
MOST_LOOKS = 10  # while a transaction that is still may be another's that is slow: less than a short session
OBSERVED_AFTER_S = 0.15  # all that was written and given before it was stopped has been read by then


def stopped_inside(scene: Scene, number: int, attempts: int) -> tuple[Held, Held]:
    """Stop an instance inside its cycle: what it holds then, work and locks. It runs on when it was never seen so.

    While it is stopped, it is given a little input. Then it runs for a moment: shorter when it had done all at the look
    before, longer when it had not yet begun.
    """
    system = scene.system
    chance = random.Random(number)  # noqa: S311 - no secret
    early, moment, late = 0.0, 0.0, LATE_S
    held: Held = frozenset()
    locks: Held = frozenset()
    _stop(scene, number)
    try:
        transactional = bool(transactions_of(system))
        for attempt in range(attempts):
            if attempt:
                scene.feed(attempt / (attempts - 1))
                system.wait(ARRIVES_S)
                moment = chance.uniform(early, late)
                system.supervisor.resume(number)
                system.wait(moment)
                _stop(scene, number)
            held, locks = _held_by_stopped(system, number, transactional=transactional), _locked_by_stopped(system)
            if held or locks:
                break
            # what was learnt wears off, for cycles differ, and is forgotten now and then, for it may have been wrong;
            # transactions are long enough to be met by chance
            if attempt % FORGOTTEN_AFTER == 0 or transactional:
                early, late = 0.0, LATE_S
            elif system.progress.done():
                early, late = early * 0.9, moment
            else:
                early, late = moment, min(late * 1.1 + 0.001, LATEST_S)
    finally:
        if not (held or locks):
            system.supervisor.resume(number)
            scene.stopped_us = None
    return held, locks


def _stop(scene: Scene, number: int) -> None:
    scene.stopped_us = now_us()
    scene.system.supervisor.pause(number)


def _held_by_stopped(system: System, number: int, *, transactional: bool) -> Held:
    """What stays as it is for a while, seen again and again: while an instance is stopped, the others go on.

    Their transactions end, or are written to. What reached the broker before the stop is written after the first look.
    What alone is still is the instance's own if each of the others has shown a transaction too; till then it is looked
    at longer. Where a slow one is taken for the instance's none the less, the record of the run tells it afterwards.
    """
    others = sum(instance.running for instance in system.supervisor.current_all()) - 1
    held = open_now(system, number)
    if not (held or transactional):
        system.wait(OBSERVED_AFTER_S)
        held = open_now(system, number)
    seen = _ids(held)
    for look in range(MOST_LOOKS):
        told_apart = not transactional or (len(held) == 1 and len(seen - _ids(held)) >= others)
        if not held or (look >= LOOKS and told_apart):
            break
        system.wait(LOOK_S)
        now = open_now(system, number)
        held = now if look == 0 else held & now
        seen |= _ids(now)
    return held


def _ids(held: Held) -> set[str]:
    return {thing.transactional_id for thing in held if isinstance(thing, OpenTransaction)}


def _locked_by_stopped(system: System) -> Held:
    """The databases whose writers are kept out for a while. A lock ends with the process that holds it."""
    locked = {name for name, database in system.databases.items() if database.lockable}
    for _ in range(LOOKS):
        locked = {name for name in locked if system.databases[name].is_locked()}
        if not locked:
            break
        system.wait(LOOK_S)
    return frozenset(f"the lock of a writer of {name} held" for name in locked)


def transactions_of(system: System) -> list[Transaction]:
    """Those of the subject: begun since its start (a cluster may have seen others), and not the verifier's own.

    A producer that has just taken its id again has begun none yet: the id was the subject's before, and still is.
    """
    known = system.transactional_ids
    found = [
        transaction
        for transaction in list_transactions(system.cluster.bootstrap_servers)
        if transaction.transactional_id in known
        or (
            transaction.start_ms is not None
            and transaction.start_ms >= system.since_ms
            and not transaction.transactional_id.startswith(system.own_prefix)
        )
    ]
    known.update(transaction.transactional_id for transaction in found)
    return found


def list_incomplete(system: System) -> list[str]:
    """The ids of the subject's transactions that have not ended, among them those that have written nothing yet.

    On a cluster that others use too, a transaction with no topic that the subject writes to is another's, unless it has
    nothing but offsets yet.
    """
    own, offsets = frozenset(system.list_written_topics()), frozenset({OFFSETS})
    return [
        transaction.transactional_id
        for transaction in transactions_of(system)
        if not transaction.complete and (transaction.topics & own or transaction.topics == offsets)
    ]


def open_now(system: System, number: int) -> Held:
    """What is open now: transactions of the subject that have written; without any, inputs in flight."""
    transactions = transactions_of(system)
    if not transactions:
        in_flight = system.progress.in_flight()
        # told what to send, each instance has a log of lines of its own
        return in_flight if system.group else frozenset(place for place in in_flight if place[0] == number)
    ongoing = [transaction for transaction in transactions if transaction.state == "Ongoing"]
    # a transaction that has written nothing yet puts nothing at risk
    writing = list_open_producers(system.cluster.bootstrap_servers, system.list_written_topics()) if ongoing else {}
    return frozenset(
        OpenTransaction(transaction.transactional_id, transaction.start_ms, writing[transaction.producer_id])
        for transaction in ongoing
        if transaction.producer_id in writing and transaction.start_ms is not None
    )


def described(held: Held, system: System) -> str:
    """What is held, in words that follow "with"."""
    in_words = sorted(str(thing) for thing in held if not isinstance(thing, tuple))
    if in_words:
        return " and ".join(in_words)
    done = "answered for" if system.group is None else "committed"
    return f"{len(held)} input{'s' * (len(held) != 1)} in flight, whose effects it had written and not {done}"
