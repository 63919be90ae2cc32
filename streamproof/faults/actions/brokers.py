"""Actions on brokers: a broker is taken away, others lead what it led, it is given back."""

from abc import abstractmethod
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from streamproof.capabilities import Capability
from streamproof.cluster import NetworkedCluster, OwnedCluster, under_control
from streamproof.faults.actions.action import Action, Drawn
from streamproof.faults.in_flight import transactions_of
from streamproof.faults.leadership import Logs, leads_nothing, led_by, logs_of
from streamproof.faults.system import Evidence, Scene
from streamproof.faults.targets import BROKER, Broker, TargetKind

TAKEN_OVER_WITHIN_S = 30.0
Owned = OwnedCluster[Any]


def owned(scene: Scene) -> Owned:
    """The cluster, which is ours to break."""
    return under_control(scene.system.cluster, OwnedCluster)


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
    def take(self, scene: Scene, node: int) -> str:
        """Take the broker away; what was done, for a sentence."""

    @abstractmethod
    def give(self, scene: Scene, node: int) -> None:
        """Give the broker back."""

    def begin(self, scene: Scene) -> Taken:
        system = scene.system
        if not isinstance(scene.met, Broker):
            raise TypeError(f"{scene.on} is no broker")
        node, role = scene.met.node, scene.met.role
        name = f"broker {node}" + (f" ({role})" if role else "")
        others = tuple(system.cluster.address(other) for other in system.cluster.brokers if other != node)
        logs = logs_of(system, [transaction.transactional_id for transaction in transactions_of(system)])
        # asked of the others: a broker that was paused a moment ago believes that it leads still
        led = led_by(node, logs, ",".join(others) or system.cluster.bootstrap_servers)
        return Taken(node, name, others, logs, led, self.take(scene, node))

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
        self.give(scene, state.node)


class KillBroker(BrokerAction):
    """Kill a broker (SIGKILL), and start it again on the same ports and data.

    What it led goes to others without a word from it: clients find out by errors and time-outs, and what it had not
    yet replicated is cut off when it comes back.

    Evidence: it led partitions that the subject uses (of the input, of the topics of its effects, of hops, or those of
    the coordinators' logs that hold its group and its transactions), and the other brokers say that it leads none of
    them any more.

    Without effect: when it led nothing that the subject uses, or still led it after 30 s.
    """

    kind: ClassVar[str] = "kill-broker"

    def take(self, scene: Scene, node: int) -> str:
        owned(scene).kill(node)
        return "killed"

    def give(self, scene: Scene, node: int) -> None:
        owned(scene).start(node)


class KillBrokerAhead(KillBroker):
    """Kill a broker that is ahead of all others: what it alone had is cut off when it comes back.

    The others are paused first (SIGSTOP, or Docker's pause), for `asleep_ms` (1000), and fetch nothing. They wake once
    it is dead, and one that was in sync when it fell asleep leads from then on. So the election is clean, and what was
    acknowledged by the leader alone (acks=1) is gone. No other fault should take a broker meanwhile.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """

    kind: ClassVar[str] = "kill-broker-ahead"
    feeds: ClassVar[bool] = True

    asleep_ms: int = Field(default=1000, ge=0, description="whole milliseconds, of at least 0")

    def take(self, scene: Scene, node: int) -> str:
        cluster = owned(scene)
        with ExitStack() as asleep:
            for other in cluster.brokers:
                if other != node:
                    cluster.pause(other)
                    asleep.callback(cluster.resume, other)
            scene.feed(1.0)  # only now: what comes meanwhile, it has alone
            scene.system.wait(self.asleep_ms / 1000)
            cluster.kill(node)
        return f"killed {self.asleep_ms} ms after all others fell asleep"


class RestartBroker(BrokerAction):
    """Stop a broker (SIGTERM) and start it again, as a rolling upgrade does: it hands over what it leads, then ends.

    A broker that does not end within 10 s is killed, and the evidence says so.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """

    kind: ClassVar[str] = "restart-broker"

    def take(self, scene: Scene, node: int) -> str:
        return "stopped" if owned(scene).stop(node) else "did not stop in time, was killed"

    def give(self, scene: Scene, node: int) -> None:
        owned(scene).start(node)


class PauseBroker(BrokerAction):
    """Pause a broker until others lead what it led, then let it wake: its connections stay open, and nobody answers.

    In a process by SIGSTOP, in a container by Docker's pause. When it wakes, it believes for a moment that it leads
    still.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """

    kind: ClassVar[str] = "pause-broker"
    drawn: ClassVar[Drawn] = Drawn.PAUSED

    def take(self, scene: Scene, node: int) -> str:
        owned(scene).pause(node)
        return "paused"

    def give(self, scene: Scene, node: int) -> None:
        owned(scene).resume(node)


class DisconnectBroker(BrokerAction):
    """Cut a broker from its peers, not from its clients: it goes on serving those as far as it can, until mended.

    Its container is taken off the brokers' own network.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """

    kind: ClassVar[str] = "disconnect-broker"
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.CUT_BROKERS})

    def take(self, scene: Scene, node: int) -> str:
        under_control(scene.system.cluster, NetworkedCluster).disconnect(node)
        return "cut from its peers"

    def give(self, scene: Scene, node: int) -> None:
        under_control(scene.system.cluster, NetworkedCluster).connect(node)
