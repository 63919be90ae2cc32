"""Which smaller runs are tried: a fake oracle says what fails, and nothing runs."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.engine.smaller import Candidate, smallest
from streamproof.faults import After, AtMoment, Broker, Fault, Instance, Kill, Moment, PauseBroker, Plan, Progress
from streamproof.faults.actions import Join

SEVEN = tuple(Fault(Kill(lasts_ms=n), Instance(1 + n % 2), Progress(n / 10)) for n in range(1, 8))
START = Candidate(Plan(SEVEN, seed=5), 20_000, 2)


def kept(plan: Plan) -> set[int]:
    """The faults of a plan, by how long they last, which nothing here changes."""
    return {fault.action.lasts_ms for fault in plan.faults}


@given(st.sets(st.integers(1, 7)), st.integers(1, 20_000))
def test_what_the_failure_needs_is_all_that_is_left(needed: set[int], events: int) -> None:
    """No fault more, fewer than twice the events, and an instance for each that faults are aimed at."""
    asked: list[Candidate] = []

    def fails(candidate: Candidate) -> bool:
        asked.append(candidate)
        return needed <= kept(candidate.plan) and candidate.events >= events

    best = smallest(START, fails)
    assert kept(best.plan) == needed
    assert events <= best.events < 2 * events or best.events == START.events
    assert best.instances == max(1, len({1 + n % 2 for n in needed}))
    assert best.plan.seed == 5
    assert len(asked) == len(set(asked)) < 50


def test_without_faults_is_tried_first() -> None:
    """A failure that needs none costs a single trial of the plan."""
    asked: list[Candidate] = []
    smallest(START, lambda candidate: not asked.append(candidate))  # type: ignore[func-returns-value]
    assert asked[0] == replace(START, plan=Plan(seed=5))


def test_what_waits_for_a_fault_goes_with_it() -> None:
    """No plan is tried in which a fault waits for another that is not there."""
    first = Fault(Kill(lasts_ms=1), Instance(1), Progress(0.3), name="first")
    second = Fault(Kill(lasts_ms=2), Instance(1), After("first"), name="second")
    third = Fault(Kill(lasts_ms=3), Instance(1), After("second"))
    other = Fault(Kill(lasts_ms=4), Instance(1), Progress(0.1))

    def fails(candidate: Candidate) -> bool:
        names = {fault.name for fault in candidate.plan.faults}
        assert all(fault.when.waits_for in {None, *names} for fault in candidate.plan.faults)
        return 2 in kept(candidate.plan)

    assert smallest(Candidate(Plan((third, second, other, first)), 1, 1), fails).plan.faults == (second, first)


def test_instances_that_are_left_have_numbers_from_1() -> None:
    """Faults follow their instances, and an instance that joins comes after those that are there."""
    plan = Plan((Fault(Kill(), Instance(3), Progress(0.2)), Fault(Join(), Instance(5), Progress(0.5)),
                 Fault(Kill(), Instance(5), Progress(0.8))))  # fmt: skip
    best = smallest(Candidate(plan, 1, 4), lambda candidate: len(candidate.plan.faults) == 3)
    assert (best.instances, [str(fault) for fault in best.plan.faults]) == (
        1, ["kill instance:1", "join instance:2", "kill instance:2"],
    )  # fmt: skip


@pytest.mark.parametrize("answers", ["as it is", "never", "always"])
def test_an_oracle_that_is_wrong_now_and_then_still_ends_it(answers: str) -> None:
    """Each answer stands: what failed once is taken, and what did not fail is not asked about again."""
    says: dict[str, Callable[[int], bool]] = {
        "as it is": lambda trial: trial % 3 == 0, "never": lambda _: False, "always": lambda _: True,
    }  # fmt: skip
    asked: list[Candidate] = []

    def fails(candidate: Candidate) -> bool:
        asked.append(candidate)
        return says[answers](len(asked))

    best = smallest(START, fails)
    assert len(asked) == len(set(asked)) < 80
    failed = [candidate for number, candidate in enumerate(asked, 1) if says[answers](number)]
    assert best == (failed[-1] if failed else START)


def test_the_instance_of_a_moment_is_renumbered_too() -> None:
    """Else the moment would be waited for in an instance that is not there."""
    third = Fault(PauseBroker(), Broker(1), AtMoment(Progress(0.3), Moment("EndTxn"), instance=3))
    best = smallest(Candidate(Plan((third,)), 1, 3), lambda candidate: bool(candidate.plan.faults))
    (fault,) = best.plan.faults
    assert isinstance(fault.when, AtMoment)
    assert (best.instances, fault.when.instance) == (1, 1)
