"""What is done to a target: a class for each action, in the module of what it is done to."""

from streamproof.faults.actions.action import ACTIONS, Action, Drawn
from streamproof.faults.actions.brokers import (
    DisconnectBroker,
    FillDisk,
    KillAllBrokers,
    KillBroker,
    KillBrokerAhead,
    MoveLeaders,
    PauseBroker,
    RestartBroker,
)
from streamproof.faults.actions.databases import LockDatabase
from streamproof.faults.actions.deployments import Deploy, Stop
from streamproof.faults.actions.pauses import PauseBeyondPoll, PauseBeyondSession, PauseBeyondTransaction, Replace
from streamproof.faults.actions.processes import Join, Kill
from streamproof.faults.actions.topics import GrowTopic
from streamproof.faults.actions.wire import BlackHole, CutConnection, Delay, ErrorAnswer, HoldPastRetry, Throttle

__all__ = [
    "ACTIONS",
    "Action",
    "BlackHole",
    "CutConnection",
    "Delay",
    "Deploy",
    "DisconnectBroker",
    "Drawn",
    "ErrorAnswer",
    "FillDisk",
    "GrowTopic",
    "HoldPastRetry",
    "Join",
    "Kill",
    "KillAllBrokers",
    "KillBroker",
    "KillBrokerAhead",
    "LockDatabase",
    "MoveLeaders",
    "PauseBeyondPoll",
    "PauseBeyondSession",
    "PauseBeyondTransaction",
    "PauseBroker",
    "Replace",
    "RestartBroker",
    "Stop",
    "Throttle",
]
