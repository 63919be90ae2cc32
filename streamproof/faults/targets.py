"""What faults are aimed at: typed values, each with the text that stands for it in a plan."""

import re
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Instance:
    """An instance of the subject; numbers start at 1."""

    number: int

    def __str__(self) -> str:
        return f"instance:{self.number}"


@dataclass(frozen=True)
class AllInstances:
    """All instances of the subject that were started."""

    def __str__(self) -> str:
        return "instance:all"


@dataclass(frozen=True)
class Broker:
    """The broker with this node id. `role`: the role that it was found by, if any; it is the same broker without."""

    node: int
    role: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"broker:{self.node}"


@dataclass(frozen=True)
class AllBrokers:
    """All brokers of the cluster."""

    def __str__(self) -> str:
        return "broker:all"


class BrokerRole(StrEnum):
    """The broker that plays a role for the subject, or for the cluster, when the fault begins.

    ASKED: the broker that an instance asks, or is answered by, at the moment at which the fault begins.
    """

    LEADER = "broker:leader"
    GROUP_COORDINATOR = "broker:group-coordinator"
    TRANSACTION_COORDINATOR = "broker:transaction-coordinator"
    CONTROLLER = "broker:controller"
    ASKED = "broker:asked"


@dataclass(frozen=True)
class InputTopic:
    """The topic that the subject reads."""

    def __str__(self) -> str:
        return "topic:input"


@dataclass(frozen=True)
class DatabaseOf:
    """The database that holds the effects of a channel."""

    channel: str

    def __str__(self) -> str:
        return f"database:{self.channel}"


Target = Instance | AllInstances | Broker | AllBrokers | BrokerRole | InputTopic | DatabaseOf
Met = Instance | AllInstances | Broker | AllBrokers | InputTopic | DatabaseOf  # what a target was when the fault began


@dataclass(frozen=True)
class TargetKind:
    """What an action may be aimed at. `forms`: how a plan writes such a target; N is a number from 1."""

    name: str
    types: tuple[type, ...]
    forms: tuple[str, ...]
    example: str


INSTANCE = TargetKind("instance of the subject", (Instance,), ("instance:N",), "instance:1")
INSTANCES = TargetKind(
    "instance of the subject, or all of them", (Instance, AllInstances), ("instance:N", "instance:all"), "instance:1"
)
ALL_INSTANCES = TargetKind("all instances of the subject", (AllInstances,), ("instance:all",), "instance:all")
NEW_INSTANCE = TargetKind("instance that there is not yet", (Instance,), ("instance:N",), "instance:2")
BROKER = TargetKind("broker", (Broker, BrokerRole), ("broker:N", *BrokerRole), BrokerRole.LEADER)
ALL_BROKERS = TargetKind("all brokers", (AllBrokers,), ("broker:all",), "broker:all")
INPUT = TargetKind("topic that the subject reads", (InputTopic,), ("topic:input",), "topic:input")
DATABASE = TargetKind("SQLite database of the subject", (DatabaseOf,), ("database:CHANNEL",), "database:orders")


def parse_target(text: str) -> Target | None:
    """The target that `text` stands for; None when it stands for none."""
    kind, _, rest = text.partition(":")
    number = int(rest) if re.fullmatch(r"[1-9]\d*", rest) else None
    if kind == "instance" and number:
        return Instance(number)
    for every in (AllInstances(), AllBrokers(), InputTopic()):
        if text == str(every):
            return every
    if kind == "broker" and number:
        return Broker(number)
    if kind == "database" and rest:
        return DatabaseOf(rest)
    return BrokerRole(text) if text in set(BrokerRole) else None


def overlap(one: Met, other: Met) -> bool:
    """Whether what is done to the one is done to the other too."""
    return one == other or {type(one), type(other)} in ({Instance, AllInstances}, {Broker, AllBrokers})
