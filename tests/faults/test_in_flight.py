"""Stopping an instance inside its cycle: while it is stopped, it holds exactly what is seen."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import pytest

from streamproof.errors import ClusterError
from streamproof.faults import Instance, System
from streamproof.faults.in_flight import LOOK_S, OFFSETS, list_incomplete, open_now, stopped_inside
from streamproof.faults.system import OpenTransaction, Scene
from streamproof.kafka.topics import create_topics
from streamproof.kafka.transactions import Transaction
from tests.faults.conftest import Deeds, with_progress

LOOKS = 60


def test_a_subject_whose_producers_are_new_is_transactional_still(
    noted: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have just taken their ids again: nothing is open, and what observers are behind with is not in flight."""
    told = [Transaction("id-1", "Ongoing", 7, 0, 5, 0), Transaction("id-1", "Empty", -1, -1, None, 0)]
    monkeypatch.setattr("streamproof.faults.in_flight.list_transactions", lambda _: [told.pop(0)])
    monkeypatch.setattr("streamproof.faults.in_flight.list_open_producers", lambda *_: {7: frozenset()})
    system = with_progress(replace(noted, since_ms=0), in_flight=lambda: frozenset({(0, 7)}))
    assert [type(held) for held in open_now(system, 1)] == [OpenTransaction]
    assert open_now(system, 1) == frozenset()


@pytest.mark.parametrize(
    ("state", "topics", "own"),
    [
        ("Ongoing", {"out", OFFSETS}, True),
        ("PrepareCommit", {"out"}, True),
        ("CompleteCommit", set(), False),
        ("Ongoing", {OFFSETS}, True),
        ("Ongoing", {"another's", OFFSETS}, False),
    ],
)
def test_what_is_not_complete_counts_though_it_has_written_nothing(
    unmade: System, monkeypatch: pytest.MonkeyPatch, state: str, topics: set[str], own: bool
) -> None:
    """A process that died before its records were sent leaves that; others may use the cluster too."""
    told = [Transaction("id-7", state, 7, 0, 5, 0, frozenset(topics))]
    monkeypatch.setattr("streamproof.faults.in_flight.list_transactions", lambda _: told)
    assert list_incomplete(replace(unmade, effects=("out",))) == (["id-7"] if own else [])


def test_who_has_written_to_a_hop_is_inside_its_cycle(noted: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of several stages never writes to a topic of effects. A hop that is only declared is not asked for."""
    create_topics(noted.cluster.bootstrap_servers, {"a-hop": 1}, replication=1)
    system = replace(noted, since_ms=0, hops=lambda: ("a-hop", "not-there"))
    told = [Transaction("id-7", "Ongoing", 7, 0, 5, 0)]
    asked: list[tuple[str, ...]] = []

    def writing(_: str, topics: tuple[str, ...]) -> dict[int, frozenset[tuple[str, int, int, int]]]:
        asked.append(topics)
        return {7: frozenset({("a-hop", 0, 0, 0)})}

    monkeypatch.setattr("streamproof.faults.in_flight.list_transactions", lambda _: told)
    monkeypatch.setattr("streamproof.faults.in_flight.list_open_producers", writing)
    assert len(open_now(system, 1)) == 1
    assert asked == [(*noted.effects, "a-hop")]


@pytest.mark.parametrize(("grows", "own"), [({8}, {"id-7"}), ({7, 8}, set()), (set(), {"id-7", "id-8"})])
def test_what_goes_on_while_an_instance_is_stopped_is_not_its_own(
    noted: System, monkeypatch: pytest.MonkeyPatch, grows: set[int], own: set[str]
) -> None:
    """A transaction of another, too slow to end meanwhile, is written to."""
    looks = itertools.count()
    told = [Transaction(f"id-{pid}", "Ongoing", pid, 0, 5, 0) for pid in (7, 8)]
    monkeypatch.setattr("streamproof.faults.in_flight.list_transactions", lambda _: told)
    monkeypatch.setattr(
        "streamproof.faults.in_flight.list_open_producers",
        lambda *_: {pid: frozenset({("out", 0, 0, next(looks) if pid in grows else 0)}) for pid in (7, 8)},
    )
    monkeypatch.setattr(System, "wait", lambda *_: None)
    held, _ = stopped_inside(Scene(replace(noted, since_ms=0), Instance(1)), 1, 1)
    assert {transaction.transactional_id for transaction in held if isinstance(transaction, OpenTransaction)} == own


@pytest.mark.parametrize(("shows", "own"), [(4, set()), (99, {"id-8"})])
def test_a_slow_transaction_of_another_is_waited_for_while_the_other_has_shown_no_own(
    noted: System, deeds: Deeds, monkeypatch: pytest.MonkeyPatch, shows: int, own: set[str]
) -> None:
    """The only one that stands still is another's if that goes on with it later; it is the instance's own if not."""
    looks = itertools.count()
    monkeypatch.setattr(deeds, "current_all", lambda: [SimpleNamespace(running=True)] * 2)
    monkeypatch.setattr(
        "streamproof.faults.in_flight.list_transactions", lambda _: [Transaction("id-8", "Ongoing", 8, 0, 5, 0)]
    )
    monkeypatch.setattr(
        "streamproof.faults.in_flight.list_open_producers",
        lambda *_: {8: frozenset({("out", 0, 0, int(next(looks) > shows))})},
    )
    monkeypatch.setattr(System, "wait", lambda *_: None)
    held, _ = stopped_inside(Scene(replace(noted, since_ms=0), Instance(1)), 1, 1)
    assert {transaction.transactional_id for transaction in held if isinstance(transaction, OpenTransaction)} == own


def test_an_instance_runs_on_when_nobody_says_whether_it_has_done_all(noted: System, deeds: Deeds) -> None:
    """A look that ends by an error leaves nothing stopped."""

    def silent() -> bool:
        if "resume 1" in deeds.done:
            raise ClusterError("no broker answers")
        return True

    with pytest.raises(ClusterError):
        stopped_inside(Scene(with_progress(noted, done=silent), Instance(1)), 1, LOOKS)
    assert deeds.done == ["pause 1", "resume 1"] * 2


@pytest.mark.parametrize("begins", [0.004, 0.03, 0.07, 0.15, 0.35])
def test_an_instance_is_stopped_when_its_cycle_is_found_to_be(
    noted: System, monkeypatch: pytest.MonkeyPatch, begins: float
) -> None:
    """Its cycle is 4 ms long: what a look sees says whether the next look comes sooner or later."""
    monkeypatch.setattr("streamproof.faults.in_flight.ARRIVES_S", 0.0)
    monkeypatch.setattr("streamproof.faults.in_flight.OBSERVED_AFTER_S", 0.0)
    ran = [0.0]
    monkeypatch.setattr(System, "wait", lambda _, seconds: ran.append(seconds) if seconds else None)

    def in_flight() -> frozenset[tuple[int, int]]:
        return frozenset({(0, 7)} if begins <= ran[-1] < begins + 0.004 or ran[-1] == LOOK_S else ())

    system = with_progress(noted, in_flight=in_flight, done=lambda: ran[-1] >= begins + 0.004)
    seen, _ = stopped_inside(Scene(system, Instance(1)), 1, LOOKS)
    assert seen
    assert len(ran) < LOOKS / 2
