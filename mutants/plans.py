"""The faults that mutants need, by name: those of their subject, or others."""

from streamproof.faults import (
    AllInstances,
    AtMoment,
    DatabaseOf,
    Deploy,
    Fault,
    GrowTopic,
    InFlight,
    InputTopic,
    Instance,
    Join,
    Kill,
    LockDatabase,
    PauseBeyondSession,
    PauseBeyondTransaction,
    Progress,
    Replace,
    Stop,
)
from streamproof.history.terms import Side
from streamproof.wire import Moment

# Each of two instances is killed once inside its cycle: a bug between two steps shows only to who dies there. That a
# consumer holds records of which nothing is written yet cannot be seen from outside: there, a kill is left to luck.
FAULTS = {
    "orders": (
        Fault(Kill(lasts_ms=300), Instance(1), InFlight(Progress(0.3))),
        Fault(Kill(lasts_ms=300), Instance(2), InFlight(Progress(0.6))),
    ),
    "projector": (
        Fault(Kill(lasts_ms=300), Instance(1), Progress(0.2)),
        Fault(LockDatabase(lasts_ms=1500), DatabaseOf("orderHistory"), Progress(0.4)),
        Fault(Kill(lasts_ms=300), Instance(2), Progress(0.6)),
    ),
    # what follows has a kill each, so that something was interrupted
    # zombies that wake with offsets to send
    "zombies": (
        Fault(PauseBeyondSession(lasts_ms=1000), Instance(1), InFlight(Progress(0.2))),
        Fault(Kill(lasts_ms=300), Instance(1), InFlight(Progress(0.5))),
        Fault(PauseBeyondSession(lasts_ms=1000), Instance(2), InFlight(Progress(0.7))),
    ),
    # an instance dies with its work done, and its offsets not committed
    "offsets": (
        Fault(Kill(lasts_ms=300), Instance(1), AtMoment(Progress(0.3), Moment("OffsetCommit", Side.REQUEST))),
        Fault(Kill(lasts_ms=300), Instance(2), AtMoment(Progress(0.6), Moment("OffsetCommit", Side.REQUEST))),
    ),
    "producer": (
        Fault(Kill(lasts_ms=300), Instance(1), Progress(0.3)),
        Fault(Kill(lasts_ms=300), Instance(2), Progress(0.6)),
    ),
    "kill": (Fault(Kill(lasts_ms=300), Instance(1), InFlight(Progress(0.4))),),
    # an instance dies before its broker has what it sends
    "sends": (
        Fault(Kill(lasts_ms=300), Instance(1), AtMoment(Progress(0.3), Moment("Produce", Side.REQUEST))),
        Fault(Kill(lasts_ms=300), Instance(2), AtMoment(Progress(0.6), Moment("Produce", Side.REQUEST))),
    ),
    "ends": (
        Fault(Stop(lasts_ms=300), Instance(1), Progress(0.3)),
        Fault(Kill(lasts_ms=300), Instance(2), Progress(0.5)),
        Fault(Stop(lasts_ms=300), Instance(2), Progress(0.7)),
    ),
    "replacements": (
        Fault(Replace(lasts_ms=500), Instance(1), InFlight(Progress(0.2))),
        Fault(Kill(lasts_ms=300), Instance(1), InFlight(Progress(0.5))),
        Fault(Replace(lasts_ms=500), Instance(2), InFlight(Progress(0.7))),
    ),
    "growth": (
        Fault(Kill(lasts_ms=300), Instance(1), InFlight(Progress(0.2))),
        Fault(GrowTopic(partitions=2), InputTopic(), Progress(0.5)),
    ),
    "timeouts": (
        Fault(PauseBeyondTransaction(lasts_ms=200), Instance(1), InFlight(Progress(0.2))),
        Fault(PauseBeyondTransaction(lasts_ms=200), Instance(2), InFlight(Progress(0.5))),
        Fault(Kill(lasts_ms=300), Instance(1), InFlight(Progress(0.75))),
    ),
    "joins": (
        Fault(Join(), Instance(3), Progress(0.2)),
        Fault(Kill(lasts_ms=300), Instance(1), Progress(0.45)),
        Fault(Join(), Instance(4), Progress(0.7)),
    ),
    "stops": (
        Fault(Stop(lasts_ms=300), Instance(1), Progress(0.15)),
        Fault(Kill(lasts_ms=300), Instance(2), Progress(0.35)),
        Fault(Stop(lasts_ms=300), AllInstances(), Progress(0.55)),
        Fault(Deploy(), AllInstances(), Progress(0.75)),
    ),
}
