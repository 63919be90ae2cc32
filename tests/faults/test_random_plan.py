"""A plan by chance: repeated by its seed, possible where it is made, and as wide as what there is to break."""

import pytest

from streamproof.capabilities import Capability
from streamproof.faults import ACTIONS, Surroundings, check_plan, json_of, random_plan
from streamproof.faults.random_plan import FEWEST, LEFT_OUT, MOST
from streamproof.faults.targets import AllInstances, Instance

SEEDS = range(300)
ALL = Surroundings(2, ("orderHistory",), (1, 2, 3), "testcontainers", frozenset(Capability))


def test_a_seed_brings_its_plan_again() -> None:
    """To the letter, and other seeds bring others."""
    assert json_of(random_plan(7, ALL)) == json_of(random_plan(7, ALL))
    assert len({json_of(random_plan(seed, ALL)) for seed in SEEDS}) == len(SEEDS)


def test_every_kind_comes_up_with_every_kind_of_moment() -> None:
    """But for those that no plan by chance has; some begin while another lasts."""
    plans = [random_plan(seed, ALL, transactional=seed % 2 == 0) for seed in SEEDS]
    assert {type(fault.action) for plan in plans for fault in plan.faults} == {*ACTIONS.values()} - {*LEFT_OUT}
    assert {len(plan.faults) for plan in plans} == {*range(FEWEST, MOST + 1)}
    when = {type(fault.when).__name__ for plan in plans for fault in plan.faults}
    assert when == {"Progress", "InFlight", "AtMoment", "During"}
    for plan in plans:
        for before, fault in zip(plan.faults, plan.faults[1:], strict=False):
            if fault.when.overlaps:
                ours = [isinstance(each.on, Instance | AllInstances) for each in (before, fault)]
                assert sorted(ours) == [False, True]


@pytest.mark.parametrize("seed", [*range(50)])
@pytest.mark.parametrize(
    "surroundings",
    [
        ALL,
        Surroundings(1, (), (), "existing", frozenset({Capability.CONSUMER_GROUP})),
        Surroundings(1, (), (1,), "embedded", frozenset({Capability.BREAK_BROKERS})),
        Surroundings(1, (), (), "existing", frozenset()),
    ],
    ids=["everything", "a group on an existing cluster", "told what to send, one broker", "told, and nothing to break"],
)
def test_a_plan_can_be_carried_out_where_it_is_made(surroundings: Surroundings, seed: int) -> None:
    """It is checked as a plan that somebody wrote; and where there is little to break it has what there is."""
    plan = random_plan(seed, surroundings)
    assert plan.faults
    check_plan(plan, surroundings)
