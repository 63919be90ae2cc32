"""A sweep: the same fault at each step of a subject's own cycle, as a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from streamproof.errors import UsageError, did_you_mean
from streamproof.faults.actions import (
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
from streamproof.faults.plan import Plan
from streamproof.faults.targets import BrokerRole, Instance
from streamproof.faults.triggers import Progress
from streamproof.history.terms import Side

EVENTS = 150  # of a turn: more than a subject has in its hands
LUCK = 3  # of so many that should come, one does
VICTIM = 1  # the instance whose moments are waited for
ASKED: Mapping[BrokerRole, frozenset[str]] = {
    BrokerRole.LEADER: frozenset({"Produce", "Fetch"}),
    BrokerRole.TRANSACTION_COORDINATOR: frozenset(
        {"InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn"}
    ),
    BrokerRole.GROUP_COORDINATOR: frozenset(
        {"JoinGroup", "SyncGroup", "Heartbeat", "ConsumerGroupHeartbeat", "OffsetFetch", "OffsetCommit",
         "TxnOffsetCommit"}
    ),
}  # fmt: skip


# with what a broker refuses a request that it may take later, or that belongs to another generation of the group
ERRORS: Mapping[str, str] = {
    "Produce": "NOT_LEADER_OR_FOLLOWER",
    **dict.fromkeys(("InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn"), "NOT_COORDINATOR"),
    **dict.fromkeys(("TxnOffsetCommit", "OffsetCommit", "SyncGroup", "Heartbeat"), "ILLEGAL_GENERATION"),
}
ENDLESS = frozenset({"Fetch", "Heartbeat", "ConsumerGroupHeartbeat"})  # nothing follows from the one before


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
        return MEANINGS[self]


MEANINGS: Mapping[How, str] = {
    How.KILL: "the instance is killed, and started again",
    How.STOP: "it is asked to stop, and started again",
    How.PAUSE: "it is paused until its group has given it up",
    How.BROKER: "the broker that it asks is killed, and started again",
    How.CUT: "its connection ends: the request never arrives, or the answer",
    How.HOLD: "the request is held past its retry, and let go after its successor",
    How.ERROR: "it is answered with an error, and nothing is done",
}


@dataclass(frozen=True)
class Trial:
    """A fault at a step."""

    how: How
    step: Step

    @property
    def name(self) -> str:
        """By which a person asks for it, and a plan refers to it: `kill/steady/EndTxn-commit/request`."""
        return f"{self.how}/{self.step.name}"


def trials(steps: Sequence[Step], hows: Sequence[How], only: Sequence[str] = ()) -> tuple[Trial, ...]:
    """What there is to be tried, each kind of fault after the other; only what a pattern of `only` matches, if any.

    UsageError for a pattern that matches nothing.
    """
    every = tuple(Trial(how, step) for how in hows for step in steps if _makes_sense(how, step))
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


def _makes_sense(how: How, step: Step) -> bool:
    is_request = step.moment.side is Side.REQUEST
    match how:
        case How.KILL:
            return True
        case How.STOP:
            return step.stage is not Stage.SHUTDOWN
        case How.PAUSE:  # who is no member yet, or none any more, no group gives up
            return step.stage in {Stage.STEADY, Stage.REBALANCE}
        case How.BROKER:
            return step.stage is not Stage.SHUTDOWN and _role(step) is not None
        case How.CUT:
            return True
        case How.HOLD:
            return is_request and step.stage is Stage.STEADY and step.moment.api not in ENDLESS
        case How.ERROR:
            return is_request and step.moment.api in ERRORS


def _role(step: Step) -> BrokerRole | None:
    return next((role for role, apis in ASKED.items() if step.moment.api in apis), None)


def _fault(trial: Trial, mark: float) -> Fault:
    step, victim = trial.step, Instance(VICTIM)
    own = AtMoment(Progress(mark), step.moment, stage=step.stage)
    match trial.how:
        case How.KILL:
            return Fault(Kill(lasts_ms=0), victim, own, trial.name)
        case How.STOP:
            return Fault(Stop(lasts_ms=0), victim, own, trial.name)
        case How.PAUSE:
            return Fault(PauseBeyondSession(lasts_ms=200), victim, own, trial.name)
        case How.BROKER:
            asked = AtMoment(Progress(mark), step.moment, stage=step.stage, instance=VICTIM)
            return Fault(KillBroker(lasts_ms=500), _role(step) or BrokerRole.LEADER, asked, trial.name)
        case How.CUT:
            return Fault(CutConnection(lasts_ms=0), victim, own, trial.name)
        case How.HOLD:
            return Fault(HoldPastRetry(lasts_ms=0), victim, own, trial.name)
        case How.ERROR:
            return Fault(ErrorAnswer(lasts_ms=0, error=ERRORS[step.moment.api]), victim, own, trial.name)
