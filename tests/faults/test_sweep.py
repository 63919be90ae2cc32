"""The plan of a sweep: a fault at each step that it makes sense at, in its turn."""

import pytest

from streamproof.capabilities import Capability
from streamproof.errors import UnsupportedByCluster, UsageError
from streamproof.faults import AtMoment, BrokerRole, ErrorAnswer, Instance, Surroundings
from streamproof.faults.cycle import Step
from streamproof.faults.moments import Stage
from streamproof.faults.sweep import EVENTS, How, check_possible, check_tried, plan_of, trials
from streamproof.faults.written import fault_of, keys_of
from streamproof.history.terms import Side
from streamproof.wire import Moment

COMMIT = Step(Stage.STEADY, Moment("EndTxn", Side.REQUEST, "commit"), times=500)
COMMITTED = Step(Stage.STEADY, Moment("EndTxn", Side.RESPONSE, "commit"), times=500)
JOINED = Step(Stage.START_UP, Moment("JoinGroup", Side.RESPONSE))
LEFT = Step(Stage.SHUTDOWN, Moment("LeaveGroup"))
STEPS = (JOINED, COMMIT, COMMITTED, LEFT)


@pytest.mark.parametrize(
    ("how", "steps"),
    [
        (How.KILL, STEPS),
        (How.CUT, STEPS),
        (How.STOP, (JOINED, COMMIT, COMMITTED)),  # what is stopping already is not stopped again
        (How.PAUSE, (COMMIT, COMMITTED)),  # who is no member yet, or no more, no group gives up
        (How.BROKER, (JOINED, COMMIT, COMMITTED)),
        (How.HOLD, (COMMIT,)),
        (How.ERROR, (COMMIT,)),
    ],
)
def test_a_fault_is_tried_where_it_makes_sense(how: How, steps: tuple[Step, ...]) -> None:
    """A request can be held, or refused; an answer is there."""
    assert [trial.step for trial in trials(STEPS, [how])] == list(steps)


@pytest.mark.parametrize(
    ("heartbeat", "errors"),
    [
        ("Heartbeat", {"OffsetCommit": "ILLEGAL_GENERATION", "Heartbeat": "ILLEGAL_GENERATION"}),
        (
            "ConsumerGroupHeartbeat",
            {"OffsetCommit": "STALE_MEMBER_EPOCH", "ConsumerGroupHeartbeat": "FENCED_MEMBER_EPOCH"},
        ),
    ],
)
def test_a_request_is_refused_as_its_groups_protocol_has_it(heartbeat: str, errors: dict[str, str]) -> None:
    """A member of a consumer group has an epoch; of a generation its client knows nothing, and may end itself."""
    steps = [Step(Stage.STEADY, Moment(api)) for api in ("OffsetCommit", heartbeat)]
    plan, _ = plan_of(trials(steps, [How.ERROR]), 7, learnt_from=1000)
    refused = {
        fault.when.moment.api: fault.action.error
        for fault in plan.faults
        if isinstance(fault.when, AtMoment) and isinstance(fault.action, ErrorAnswer)
    }
    assert refused == errors


def test_a_member_without_an_epoch_is_not_refused_for_it() -> None:
    """Who joins a consumer group, or leaves it."""
    steps = [Step(stage, Moment("ConsumerGroupHeartbeat")) for stage in (Stage.START_UP, Stage.SHUTDOWN)]
    assert not trials(steps, [How.ERROR])


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (["steady/*"], ["kill/steady/EndTxn-commit/request", "kill/steady/EndTxn-commit/response"]),
        (["*/request", "kill/start-up/*"], ["kill/start-up/JoinGroup/response", "kill/steady/EndTxn-commit/request",
                                            "kill/shutdown/LeaveGroup/request"]),
    ],
)  # fmt: skip
def test_some_steps_can_be_asked_for(only: list[str], names: list[str]) -> None:
    """By their names, with or without the fault's."""
    assert [trial.name for trial in trials(STEPS, [How.KILL], only)] == names


def test_a_name_that_no_step_has_is_told() -> None:
    """With the nearest."""
    with pytest.raises(UsageError, match=r'--only steady/EndTx/request: no step .* \(did you mean "steady/EndTxn'):
        trials(STEPS, [How.KILL], ["steady/EndTx/request"])


def test_a_rare_step_has_a_longer_turn() -> None:
    """Else it would not come before the next has its turn; what is brought about comes anyway."""
    rare = Step(Stage.STEADY, Moment("Produce"), times=3)
    plan, events = plan_of(trials((JOINED, rare, COMMIT), [How.KILL]), 7, learnt_from=1000)
    marks = [fault.when.mark or 0.0 for fault in plan.faults]
    assert events == EVENTS + 1000 + EVENTS + EVENTS
    assert marks == [0.0, round(EVENTS / events, 4), round((EVENTS + 1000) / events, 4)]


@pytest.mark.parametrize("how", How)
def test_each_fault_can_be_written_and_read_again(how: How) -> None:
    """So that the plan of a run of the sweep repeats it."""
    plan, _ = plan_of(trials(STEPS, [how]), 7, learnt_from=1000)
    for fault in plan.faults:
        assert fault_of(keys_of(fault)) == fault


def test_the_broker_that_is_lost_is_the_one_that_is_asked() -> None:
    """At the moment of the instance, not of its own."""
    plan, _ = plan_of(trials(STEPS, [How.BROKER]), 7, learnt_from=1000)
    asked = [(fault.on, fault.when.instance) for fault in plan.faults if isinstance(fault.when, AtMoment)]
    assert asked == [(BrokerRole.ASKED, 1)] * 3
    killed, _ = plan_of(trials(STEPS, [How.KILL]), 7, learnt_from=1000)
    assert {fault.on for fault in killed.faults} == {Instance(1)}


def test_a_kind_that_no_step_is_fit_for_is_told() -> None:
    """A sweep that tries nothing has shown nothing."""
    with pytest.raises(UsageError, match=r"--how hold: there is no step at which that could be done"):
        check_tried([How.KILL, How.HOLD], trials((JOINED,), [How.KILL, How.HOLD]))
    check_tried([How.KILL, How.HOLD], trials((COMMIT,), [How.KILL, How.HOLD]))


def test_a_kind_that_cannot_be_done_here_is_told_before_anything_runs() -> None:
    """The brokers of others are not ours to break."""
    surroundings = Surroundings(2, (), (1,), "existing", frozenset({Capability.WIRE, Capability.CONSUMER_GROUP}))
    check_possible([How.KILL, How.PAUSE], surroundings)
    with pytest.raises(UnsupportedByCluster, match="--how broker: this cannot be done to a cluster that is existing"):
        check_possible([How.KILL, How.BROKER], surroundings)


@pytest.mark.parametrize(
    ("able", "impossible"),
    [
        ({*Capability}, set()),
        ({Capability.WIRE, Capability.CONSUMER_GROUP}, {How.BROKER}),  # an existing cluster
        ({Capability.WIRE, Capability.BREAK_BROKERS}, {How.PAUSE}),  # a subject that is told what to send
    ],
)
def test_what_cannot_be_done_is_not_tried(able: set[Capability], impossible: set[How]) -> None:
    """The brokers of others are not ours to break, and who is in no group is given up by none."""
    assert {how for how in How if not how.is_possible(able)} == impossible
