"""Actions on brokers: a broker is taken away, others lead what it led, it is given back."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from streamproof.capabilities import Capability
from streamproof.cluster import NetworkedCluster, OwnedCluster, under_control
from streamproof.faults.actions.action import Action, Drawn
from streamproof.faults.in_flight import transactions_of
from streamproof.faults.leadership import Logs, leads_nothing, led_by, logs_of
from streamproof.faults.system import Evidence, Scene
from streamproof.faults.targets import BROKER, Broker, TargetKind

TAKEN_OVER_WITHIN_S = 30.0
Owned = OwnedCluster[Any]


@dataclass(frozen=True)
class Taken:
    """A broker that was taken away. `led`: how many partitions that the subject uses; `done`: what was done to it."""

    node: int
    name: str
    others: tuple[str, ...]
    logs: Logs
    led: int
    done: str


class BrokerAction(Action):
    """What all actions on brokers have in common. A broker that led nothing is not missed."""

    target: ClassVar[TargetKind] = BROKER
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.BREAK_BROKERS})
    back: ClassVar[str] = "back"
    drawn: ClassVar[Drawn] = Drawn.LOST

    @abstractmethod
    def take(self, cluster: Owned, node: int) -> str:
        """Take the broker away; what was done, for a sentence."""

    @abstractmethod
    def give(self, cluster: Owned, node: int) -> None:
        """Give the broker back."""

    def begin(self, scene: Scene) -> Taken:
        system = scene.system
        cluster = under_control(system.cluster, OwnedCluster)
        if not isinstance(scene.met, Broker):
            raise TypeError(f"{scene.on} is no broker")
        node, role = scene.met.node, scene.met.role
        name = f"broker {node}" + (f" ({role})" if role else "")
        others = tuple(cluster.address(other) for other in cluster.brokers if other != node)
        logs = logs_of(system, [transaction.transactional_id for transaction in transactions_of(system)])
        # asked of the others: a broker that was paused a moment ago believes that it leads still
        led = led_by(node, logs, ",".join(others) or cluster.bootstrap_servers)
        return Taken(node, name, others, logs, led, self.take(cluster, node))

    def evidence(self, scene: Scene, state: Taken) -> Evidence:
        what = f"{state.name} {state.done}"
        moved = scene.system.wait_until(
            lambda: leads_nothing(state.node, state.logs, state.others), TAKEN_OVER_WITHIN_S
        )
        if not state.led:
            return Evidence(f"{what}, but it led nothing that the subject uses", effective=False)
        if not moved:
            return Evidence(f"{what}, but it kept its partitions", effective=False)
        partitions = "partition" if state.led == 1 else f"{state.led} partitions"
        return Evidence(f"{what}, the {partitions} that it led taken over", effective=True)

    def end(self, scene: Scene, state: Taken) -> None:
        self.give(under_control(scene.system.cluster, OwnedCluster), state.node)


class KillBroker(BrokerAction):
    """Kill a broker (SIGKILL), and start it again on the same ports and data.

    What it led goes to others without a word from it: clients find out by errors and time-outs, and what it had not
    yet replicated is cut off when it comes back.

    Evidence: it led partitions that the subject uses (of the input, of the topics of its effects, or those of the
    coordinators' logs that hold its group and its transactions), and the other brokers say that it leads none of them
    any more.

    Without effect: when it led nothing that the subject uses, or still led it after 30 s.
    """

    kind: ClassVar[str] = "kill-broker"

    def take(self, cluster: Owned, node: int) -> str:
        cluster.kill(node)
        return "killed"

    def give(self, cluster: Owned, node: int) -> None:
        cluster.start(node)


class RestartBroker(BrokerAction):
    """Stop a broker (SIGTERM) and start it again, as a rolling upgrade does: it hands over what it leads, then ends.

    A broker that does not end within 10 s is killed, and the evidence says so.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """

    kind: ClassVar[str] = "restart-broker"

    def take(self, cluster: Owned, node: int) -> str:
        return "stopped" if cluster.stop(node) else "did not stop in time, was killed"

    def give(self, cluster: Owned, node: int) -> None:
        cluster.start(node)


class PauseBroker(BrokerAction):
    """Pause a broker until others lead what it led, then let it wake: its connections stay open, and nobody answers.

    In a process by SIGSTOP, in a container by Docker's pause. When it wakes, it believes for a moment that it leads
    still.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """

    kind: ClassVar[str] = "pause-broker"
    drawn: ClassVar[Drawn] = Drawn.PAUSED

    def take(self, cluster: Owned, node: int) -> str:
        cluster.pause(node)
        return "paused"

    def give(self, cluster: Owned, node: int) -> None:
        cluster.resume(node)


class DisconnectBroker(BrokerAction):
    """Cut a broker from its peers, not from its clients: it goes on serving those as far as it can, until mended.

    Its container is taken off the brokers' own network.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """

    kind: ClassVar[str] = "disconnect-broker"
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.CUT_BROKERS})

    def take(self, cluster: Owned, node: int) -> str:
        under_control(cluster, NetworkedCluster).disconnect(node)
        return "cut from its peers"

    def give(self, cluster: Owned, node: int) -> None:
        under_control(cluster, NetworkedCluster).connect(node)
