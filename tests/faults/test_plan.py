"""Plans of faults: the same from the same seed, and honest about what a cluster cannot be made to do."""

import pytest

from streamproof.errors import UsageError
from streamproof.faults import Fault, Plan
from streamproof.faults.kinds import KINDS
from streamproof.faults.nemesis import check_kinds


def test_a_seed_makes_the_same_plan_again() -> None:
    """What a run did can be done again; another seed does something else."""
    first = Plan.default(7, instances=2, can_break_brokers=True)
    assert first == Plan.default(7, instances=2, can_break_brokers=True)
    assert first != Plan.default(8, instances=2, can_break_brokers=True)


def test_a_plan_is_read_as_it_was_saved() -> None:
    """plan.json is a plan."""
    plan = Plan.default(7, instances=2, can_break_brokers=True)
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


@pytest.mark.parametrize("seed", range(20))
def test_the_default_plan_names_faults_that_there_are_in_the_order_of_their_marks(seed: int) -> None:
    """For every seed; and two instances are each broken once."""
    plan = Plan.default(seed, instances=2, can_break_brokers=True)
    check_kinds(plan)
    marks = [one.at for one in plan.faults]
    assert marks == sorted(marks)
    assert {one.target for one in plan.faults if one.target.startswith("instance")} == {"instance:1", "instance:2"}


def test_brokers_that_are_not_ours_are_left_alone_and_that_is_said() -> None:
    """On an existing cluster the loss of a broker is not shown."""
    plan = Plan.default(7, instances=2, can_break_brokers=False)
    assert not [one for one in plan.faults if one.target.startswith("broker")]
    assert any("broker" in sentence for sentence in plan.dropped)


def test_a_fault_that_there_is_not_is_told_with_those_that_there_are() -> None:
    """Before anything runs."""
    with pytest.raises(UsageError, match='"melt" is not a fault; there are') as told:
        check_kinds(Plan(seed=1, faults=(Fault(kind="melt", target="instance:1", at=0.5),)))
    assert all(kind in str(told.value) for kind in KINDS)
