"""A sweep: the same fault at each step of a subject's own cycle, as a plan."""

from collections.abc import Callable, Container, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from streamproof.capabilities import Capability
from streamproof.errors import UsageError, did_you_mean
from streamproof.faults.actions import (
    Action,
    CutConnection,
    ErrorAnswer,
    HoldPastRetry,
    Kill,
    KillBroker,
    PauseBeyondSession,
    Stop,
)
from streamproof.faults.cycle import Step
from streamproof.faults.fault import Fault
from streamproof.faults.moments import AtMoment, Stage
from streamproof.faults.plan import Plan, Surroundings, check_fault
from streamproof.faults.targets import BrokerRole, Instance
from streamproof.faults.triggers import Progress
from streamproof.history.terms import Side
from streamproof.wire import Moment

EVENTS = 150  # of a turn: more than a subject has in its hands
LUCK = 3  # of so many that should come, one does
VICTIM = 1  # the instance whose moments are waited for
# what is asked of a certain broker: a leader, or a coordinator
OF_ONE = frozenset({
    "Produce", "Fetch", "InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn", "JoinGroup", "SyncGroup",
    "Heartbeat", "ConsumerGroupHeartbeat", "OffsetFetch", "OffsetCommit", "TxnOffsetCommit",
})  # fmt: skip
# with what a broker refuses a request that it may take later, or that belongs to another generation of the group
ERRORS: Mapping[str, str] = {
    "Produce": "NOT_LEADER_OR_FOLLOWER",
    **dict.fromkeys(("InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn"), "NOT_COORDINATOR"),
    **dict.fromkeys(("TxnOffsetCommit", "OffsetCommit", "SyncGroup", "Heartbeat"), "ILLEGAL_GENERATION"),
    "ConsumerGroupHeartbeat": "FENCED_MEMBER_EPOCH",
}
# with what it refuses a member of a consumer group (KIP-848), which has an epoch of its own
EPOCH_ERRORS: Mapping[str, str] = {**ERRORS, "OffsetCommit": "STALE_MEMBER_EPOCH"}
# what decides something, so that it matters when it arrives
DECIDES = frozenset({"Produce", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit", "EndTxn", "OffsetCommit"})


class How(StrEnum):
    """What is done to a subject at each step."""

    KILL = "kill"
    STOP = "stop"
    PAUSE = "pause"
    BROKER = "broker"
    CUT = "cut"
    HOLD = "hold"
    ERROR = "error"

    @property
    def meaning(self) -> str:
        """In words, for who chooses."""
        return _KINDS[self].meaning

    def is_possible(self, capabilities: AbstractSet[Capability]) -> bool:
        """Whether a cluster and a subject with these capabilities let it be done."""
        return _KINDS[self].action(Trial(self, Step(Stage.STEADY, Moment("Produce")))).requires <= capabilities


@dataclass(frozen=True)
class Trial:
    """A fault at a step. `error`: with which a broker would refuse its request, if it would."""

    how: How
    step: Step
    error: str | None = None

    @property
    def name(self) -> str:
        """By which a person asks for it, and a plan refers to it: `kill/steady/EndTxn-commit/request`."""
        return f"{self.how}/{self.step.name}"


def check_possible(hows: Sequence[How], surroundings: Surroundings) -> None:
    """Errors are those of `check_plan`, for a kind of fault that cannot be done here."""
    for how in hows:
        any_step = Trial(how, Step(Stage.STEADY, Moment("Produce")))
        check_fault(_fault(any_step, 0.5), surroundings, f"--how {how}")


def check_tried(hows: Sequence[How], chosen: Sequence[Trial]) -> None:
    """UsageError for a kind of fault that is asked for, and is done at none of the steps that were chosen."""
    for how in hows:
        if not any(trial.how is how for trial in chosen):
            raise UsageError(
                f"--how {how}: there is no step at which that could be done, among those that this subject has and "
                "--only chooses; leave it out, or choose other steps"
            )


def trials(steps: Sequence[Step], hows: Sequence[How], only: Sequence[str] = ()) -> tuple[Trial, ...]:
    """What there is to be tried, each kind of fault after the other; only what a pattern of `only` matches, if any.

    UsageError for a pattern that matches nothing.
    """
    has_epochs = any(step.moment.api == "ConsumerGroupHeartbeat" for step in steps)
    errors = EPOCH_ERRORS if has_epochs else ERRORS
    every = tuple(
        Trial(how, step, errors.get(step.moment.api)) for how in hows for step in steps if _KINDS[how].fits(step)
    )
    for pattern in only:
        if not any(_matches(trial, pattern) for trial in every):
            names = list(dict.fromkeys(trial.step.name for trial in every))
            raise UsageError(
                f"--only {pattern}: no step of this subject has such a name{did_you_mean(pattern, names)}; a * stands "
                f"for anything, as in steady/EndTxn*; there are {', '.join(names)}"
            )
    return tuple(trial for trial in every if not only or any(_matches(trial, pattern) for pattern in only))


def plan_of(chosen: Sequence[Trial], seed: int, learnt_from: int) -> tuple[Plan, int]:
    """A fault for each trial, and how many events a run needs for their turns.

    `learnt_from`: the events of the run that showed the cycle. A rare step, such as a dead letter, has a longer turn.
    """
    turns = [_turn(trial.step, learnt_from) for trial in chosen]
    total = sum(turns) + EVENTS
    marks = [sum(turns[:number]) / total for number in range(len(turns))]
    faults = (_fault(trial, round(mark, 4)) for trial, mark in zip(chosen, marks, strict=True))
    return Plan(tuple(faults), seed), total


def _turn(step: Step, learnt_from: int) -> int:
    """How many events it takes: what is brought about, comes anyway."""
    return max(EVENTS, LUCK * learnt_from // step.times) if step.stage is Stage.STEADY else EVENTS


def _matches(trial: Trial, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in (trial.name, trial.step.name))


def _fault(trial: Trial, mark: float) -> Fault:
    action, step = _KINDS[trial.how].action(trial), trial.step
    to_broker = trial.how is How.BROKER
    target = BrokerRole.ASKED if to_broker else Instance(VICTIM)
    when = AtMoment(Progress(mark), step.moment, step.stage, VICTIM if to_broker else None)
    return Fault(action, target, when, trial.name)


def _goes_on(step: Step) -> bool:
    """Whether the instance does, so that it can be asked to stop, or its broker be missed."""
    return step.stage is not Stage.SHUTDOWN


def _is_request(step: Step, apis: Container[str]) -> bool:
    return step.moment.side is Side.REQUEST and step.moment.api in apis


def _joins_or_leaves(step: Step) -> bool:
    """Whether a member has no epoch yet, or none any more, by which it could be refused."""
    return step.moment.api == "ConsumerGroupHeartbeat" and step.stage is not Stage.STEADY


@dataclass(frozen=True)
class _Kind:
    """A kind of fault: the steps that it `fits`, and the `action` there."""

    meaning: str
    fits: Callable[[Step], bool]
    action: Callable[[Trial], Action]


_KINDS: Mapping[How, _Kind] = {
    How.KILL: _Kind("the instance is killed, and started again", lambda _: True, lambda _: Kill(lasts_ms=0)),
    How.STOP: _Kind("it is asked to stop, and started again", _goes_on, lambda _: Stop(lasts_ms=0)),
    How.PAUSE: _Kind(
        "it is paused until its group has given it up",
        lambda step: step.stage in {Stage.STEADY, Stage.REBALANCE},  # else it is no member yet, or none any more
        lambda _: PauseBeyondSession(lasts_ms=200),
    ),
    How.BROKER: _Kind(
        "the broker that it asks is killed, and started again",
        lambda step: _goes_on(step) and step.moment.api in OF_ONE,
        lambda _: KillBroker(lasts_ms=500),
    ),
    How.CUT: _Kind(
        "its connection ends: the request never arrives, or the answer",
        lambda _: True,
        lambda _: CutConnection(lasts_ms=0),
    ),
    How.HOLD: _Kind(
        "the request is held past its retry, and let go after its successor",
        lambda step: step.stage is Stage.STEADY and _is_request(step, DECIDES),
        lambda _: HoldPastRetry(lasts_ms=0),
    ),
    How.ERROR: _Kind(
        "it is answered with an error, and nothing is done",
        lambda step: _is_request(step, ERRORS) and not _joins_or_leaves(step),
        lambda trial: ErrorAnswer(lasts_ms=0, error=trial.error or ERRORS[trial.step.moment.api]),
    ),
}
