"""Breaking things on purpose: faults are actions on targets when triggers say so; the nemesis carries plans out."""

from streamproof.faults.actions import (
    ACTIONS,
    Action,
    BlackHole,
    CutConnection,
    Delay,
    Deploy,
    DisconnectBroker,
    ErrorAnswer,
    HoldPastRetry,
    Join,
    Kill,
    KillBroker,
    KillBrokerAhead,
    LockDatabase,
    PauseBeyondPoll,
    PauseBeyondSession,
    PauseBeyondTransaction,
    PauseBroker,
    Replace,
    RestartBroker,
    Stop,
    Throttle,
)
from streamproof.faults.fault import Fault
from streamproof.faults.moments import AtMoment
from streamproof.faults.nemesis import Nemesis
from streamproof.faults.plan import Plan, Surroundings, check_plan
from streamproof.faults.system import Evidence, Scene, System
from streamproof.faults.targets import AllInstances, Broker, BrokerRole, DatabaseOf, Instance
from streamproof.faults.triggers import After, During, Elapsed, InFlight, Progress
from streamproof.faults.written import is_in_words, json_of, plan_in_words, read_plan
from streamproof.wire import Moment

__all__ = [
    "ACTIONS",
    "Action",
    "After",
    "AllInstances",
    "AtMoment",
    "BlackHole",
    "Broker",
    "BrokerRole",
    "CutConnection",
    "DatabaseOf",
    "Delay",
    "Deploy",
    "DisconnectBroker",
    "During",
    "Elapsed",
    "ErrorAnswer",
    "Evidence",
    "Fault",
    "HoldPastRetry",
    "InFlight",
    "Instance",
    "Join",
    "Kill",
    "KillBroker",
    "KillBrokerAhead",
    "LockDatabase",
    "Moment",
    "Nemesis",
    "PauseBeyondPoll",
    "PauseBeyondSession",
    "PauseBeyondTransaction",
    "PauseBroker",
    "Plan",
    "Progress",
    "Replace",
    "RestartBroker",
    "Scene",
    "Stop",
    "Surroundings",
    "System",
    "Throttle",
    "check_plan",
    "is_in_words",
    "json_of",
    "plan_in_words",
    "read_plan",
]
