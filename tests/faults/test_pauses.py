"""Instances that sleep until somebody has lost patience: what is told is what their brokers say of it."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from streamproof.faults import AtMoment, Fault, Moment, PauseBeyondPoll, PauseBeyondTransaction, Progress, System
from streamproof.faults.actions import pauses
from streamproof.faults.system import OpenTransaction, Scene
from streamproof.faults.targets import Instance
from streamproof.kafka.groups import Group
from streamproof.kafka.transactions import Transaction
from streamproof.wire import Hold
from tests.faults.conftest import Deeds, act

MEMBERS = "streamproof.faults.actions.processes.describe_group"


def transaction(state: str, timeout_ms: int = 0) -> Transaction:
    return Transaction("mine", state, 7, 0, 1, timeout_ms)


def knows(monkeypatch: pytest.MonkeyPatch, before: str, after: str) -> None:
    """A coordinator that holds the transaction in one state, and in another when it is asked again."""
    monkeypatch.setattr(pauses, "CLEANS_UP_WITHIN_S", 0.1)
    monkeypatch.setattr(pauses, "list_transactions", lambda _: (transaction(before),))
    monkeypatch.setattr(pauses, "describe_transaction", lambda *_: transaction(after))


def slept_with(system: System, *held: str) -> Scene:
    found = frozenset(OpenTransaction(name, 1, frozenset()) for name in held)
    return Scene(system, Instance(1), met=Instance(1), held=found, looks=1)


@pytest.mark.parametrize(
    ("asleep", "awake", "told", "effective"),
    [
        ("ab", "b", "woken as a member still, given up by its group", True),
        ("b", "b", "but its session ran out first", False),
        ("ab", "ab", "woken as a member still, but it did not leave", False),
    ],
)
def test_a_member_that_has_not_polled_leaves_when_it_wakes(
    noted: System, deeds: Deeds, monkeypatch: pytest.MonkeyPatch, *, asleep: str, awake: str, told: str, effective: bool
) -> None:
    """A group that misses it before shows another fault; it is woken once more at the end, which does nothing."""
    monkeypatch.setattr(pauses, "LEAVES_WITHIN_S", 0.1)
    members = {(): "ab", ("pause 1",): asleep}
    monkeypatch.setattr(MEMBERS, lambda *_: Group("Stable", frozenset(members.get(tuple(deeds.done), awake))))
    evidence = act(noted, Fault(PauseBeyondPoll(lasts_ms=0), Instance(1), Progress(0.5)))
    assert evidence.effective is effective, evidence.sentence
    assert evidence.sentence.startswith(f"instance 1 paused with nothing in its hands, {told}")
    assert deeds.done[-1] == "resume 1"


@pytest.mark.parametrize(
    ("before", "after", "told", "effective"),
    [
        ("Ongoing", "CompleteAbort", "instance 1 paused with transaction mine open, which its coordinator", True),
        ("Ongoing", "PrepareEpochFence", "instance 1 paused with transaction mine open, which its coordinator", True),
        ("Ongoing", "Ongoing", "instance 1 paused with transaction mine open, but that was not aborted", False),
        ("Ongoing", "CompleteCommit", "instance 1 paused with transaction mine open, but that was not", False),
        ("CompleteAbort", "CompleteAbort", "instance 1 paused, but it had no transaction open", False),
    ],
)
def test_a_transaction_that_was_open_is_aborted(
    noted: System, monkeypatch: pytest.MonkeyPatch, *, before: str, after: str, told: str, effective: bool
) -> None:
    """Only its coordinator knows; what had been aborted earlier shows nothing of this pause."""
    knows(monkeypatch, before, after)
    evidence = PauseBeyondTransaction(lasts_ms=0).evidence(slept_with(noted, "mine"), 1)
    assert evidence.sentence.startswith(told)
    assert (evidence.effective, evidence.held) == (effective, ("mine",) if effective else ())


def test_a_pause_without_a_transaction_has_no_effect(noted: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever other transactions the coordinator has aborted."""
    knows(monkeypatch, "Ongoing", "CompleteAbort")
    assert not PauseBeyondTransaction(lasts_ms=0).evidence(slept_with(noted), 1).effective


def test_at_a_moment_the_transaction_is_the_one_that_the_request_names(
    noted: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There nobody has looked at what the instance holds."""
    knows(monkeypatch, "Ongoing", "CompleteAbort")
    sighting = SimpleNamespace(instance=1, content=SimpleNamespace(tid="mine"))
    hold = cast("Hold", SimpleNamespace(sighting=sighting))
    assert PauseBeyondTransaction(lasts_ms=0).evidence(replace(slept_with(noted), hold=hold), 1).effective


def test_a_pause_beyond_the_transaction_may_begin_at_a_moment() -> None:
    """In a plan, as any other fault of an instance."""
    fault = Fault.of("pause-beyond-transaction", "instance:1", at=0.5, moment="EndTxn/request")
    assert fault.when == AtMoment(Progress(0.5), Moment("EndTxn"))
    assert fault.action == PauseBeyondTransaction()
