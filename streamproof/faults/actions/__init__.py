"""What is done to a target: a class for each action, in the module of what it is done to."""

from streamproof.faults.actions.action import ACTIONS, Action, Drawn
from streamproof.faults.actions.brokers import DisconnectBroker, KillBroker, KillBrokerAhead, PauseBroker, RestartBroker
from streamproof.faults.actions.databases import LockDatabase
from streamproof.faults.actions.deployments import Deploy, Stop
from streamproof.faults.actions.processes import Join, Kill, PauseBeyondSession

__all__ = [
    "ACTIONS",
    "Action",
    "Deploy",
    "DisconnectBroker",
    "Drawn",
    "Join",
    "Kill",
    "KillBroker",
    "KillBrokerAhead",
    "LockDatabase",
    "PauseBeyondSession",
    "PauseBroker",
    "RestartBroker",
    "Stop",
]
