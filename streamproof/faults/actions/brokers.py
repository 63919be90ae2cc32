"""Actions on brokers: a broker is taken away, others lead what it led, it is given back."""

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from streamproof.capabilities import Capability
from streamproof.cluster import EmbeddedCluster, NetworkedCluster, OwnedCluster, under_control
from streamproof.errors import ClusterError
from streamproof.faults.actions.action import Action, Drawn
from streamproof.faults.in_flight import transactions_of
from streamproof.faults.leadership import Logs, leads_nothing, led_by, logs_of
from streamproof.faults.system import Evidence, Scene
from streamproof.faults.targets import ALL_BROKERS, BROKER, Broker, BrokerRole, TargetKind
from streamproof.kafka import requests
from streamproof.kafka.leaders import Partition
from streamproof.kafka.quorum import find_controller
from streamproof.kafka.replicas import Order, let_lead, list_replicas, reorder

TAKEN_OVER_WITHIN_S = 30.0
NOBODY = -1  # leads a partition that is without a leader
Owned = OwnedCluster[Any]


def owned(scene: Scene) -> Owned:
    """The cluster, which is ours to break."""
    return under_control(scene.system.cluster, OwnedCluster)


@dataclass(frozen=True)
class Taken:
    """A broker that was taken away. `led`: how many partitions that the subject uses; `done`: what was done to it.

    `controls`: it was taken as the controller.
    """

    node: int
    name: str
    others: tuple[str, ...]
    logs: Logs
    led: int
    done: str
    controls: bool


def _controlled_by_another(taken: Taken) -> bool:
    try:
        return find_controller(",".join(taken.others)) != taken.node
    except ClusterError:
        return False


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
        node, name = _named(scene)
        others = tuple(system.cluster.address(other) for other in system.cluster.brokers if other != node)
        logs = logs_of(system, [transaction.transactional_id for transaction in transactions_of(system)])
        # asked of the others: a broker that was paused a moment ago believes that it leads still
        led = led_by(node, logs, ",".join(others) or system.cluster.bootstrap_servers)
        return Taken(node, name, others, logs, led, self.take(scene, node), scene.on is BrokerRole.CONTROLLER)

    def evidence(self, scene: Scene, state: Taken) -> Evidence:
        what = f"{state.name} {state.done}"
        if state.controls:
            followed = scene.system.wait_until(lambda: _controlled_by_another(state), TAKEN_OVER_WITHIN_S)
            became = "the quorum led by another" if followed else "but no other leads the quorum"
            return Evidence(f"{what}, {became}", effective=followed)
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
    them any more. Of `broker:controller`: the others say that another leads the quorum.

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


class FillDisk(BrokerAction):
    """Leave a broker no room on its disk: from then on it can write nothing, gives up, and ends.

    No file of its process may grow any more (RLIMIT_FSIZE), which needs no rights and no disk of its own. It is started
    again with room.

    Evidence: as for [kill-broker](#kill-broker).

    Without effect: as for [kill-broker](#kill-broker).
    """

    kind: ClassVar[str] = "fill-disk"
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.FILL_DISKS})

    def take(self, scene: Scene, node: int) -> str:
        under_control(scene.system.cluster, EmbeddedCluster).broker(node).fill_disk()
        return "left without room to write"

    def give(self, scene: Scene, node: int) -> None:
        if owned(scene).broker(node).running:
            owned(scene).kill(node)
        owned(scene).start(node)


class KillAllBrokers(Action):
    """Kill all brokers at once (SIGKILL), and start them again on the same ports and data: a power cut.

    What they had acknowledged is there when they are back: it was written, though not to the disk itself.

    Evidence: nobody answers at any of their addresses.

    Without effect: when a broker answers.
    """

    kind: ClassVar[str] = "kill-all-brokers"
    target: ClassVar[TargetKind] = ALL_BROKERS
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.BREAK_BROKERS})
    back: ClassVar[str] = "back"

    def begin(self, scene: Scene) -> None:
        cluster = owned(scene)
        try:
            for node in cluster.brokers:
                cluster.kill(node)
        except BaseException:
            self.end(scene, None)
            raise

    def evidence(self, scene: Scene, state: None) -> Evidence:  # noqa: ARG002
        cluster = scene.system.cluster
        try:
            requests.find_metadata(cluster.bootstrap_servers)
        except requests.NoAnswer:
            return Evidence(f"all {len(cluster.brokers)} brokers killed, and none answers", effective=True)
        return Evidence("all brokers killed, but one answers", effective=False)

    def end(self, scene: Scene, state: None) -> None:  # noqa: ARG002
        cluster = owned(scene)
        cluster.start(*(node for node in cluster.brokers if not cluster.broker(node).running))


@dataclass(frozen=True)
class Moved:
    """The partitions that a broker led, and their replicas as they were; `to`: as they were told to be."""

    node: int
    name: str
    were: Mapping[Partition, Order]
    to: Mapping[Partition, Order]


class MoveLeaders(Action):
    """Have others elected to lead what a broker leads of the subject's topics; it stays, and gets it back.

    The replicas stay where they are, and their order is changed, so that another is preferred, as after a rolling
    upgrade: nobody is away, and clients are told by an error who leads now.

    Evidence: the brokers say that it leads none of these partitions any more.

    Without effect: when it led none that is on another broker too, or still leads any after 30 s.
    """

    kind: ClassVar[str] = "move-leaders"
    target: ClassVar[TargetKind] = BROKER
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.BREAK_BROKERS})
    back: ClassVar[str] = "back"

    def begin(self, scene: Scene) -> Moved:
        system = scene.system
        servers, (node, name) = system.cluster.bootstrap_servers, _named(scene)
        replicas = list_replicas(servers, (system.topic, *system.list_written_topics()))
        were = {place: order for place, (leader, order) in replicas.items() if leader == node and len(order) > 1}
        to = {place: (*(other for other in order if other != node), node) for place, order in were.items()}
        moved = Moved(node, name, were, to)
        if to:
            try:
                let_lead(servers, to)
            except BaseException:
                self.end(scene, moved)
                raise
        return moved

    def evidence(self, scene: Scene, state: Moved) -> Evidence:
        if not state.to:
            return Evidence(f"{state.name} led nothing of the subject's topics that others have too", effective=False)
        servers, topics = scene.system.cluster.bootstrap_servers, {topic for topic, _ in state.to}

        def moved() -> bool:
            now = list_replicas(servers, topics)
            return all(now[place][0] not in {state.node, NOBODY} for place in state.to)

        done = scene.system.wait_until(moved, TAKEN_OVER_WITHIN_S)
        partitions = "1 partition" if len(state.to) == 1 else f"{len(state.to)} partitions"
        became = "others lead" if done else "not all is led by others"
        return Evidence(f"what {state.name} led in {partitions}, {became}", effective=done)

    def end(self, scene: Scene, state: Moved) -> None:
        if not state.were:
            return
        servers = scene.system.cluster.bootstrap_servers
        # it may have led without being the first of its order, as after a restart
        let_lead(servers, {place: (state.node, *(order[:-1])) for place, order in state.to.items()})
        reorder(servers, state.were)


def _named(scene: Scene) -> tuple[int, str]:
    """The broker that the fault met, and its name for a sentence."""
    if not isinstance(scene.met, Broker):
        raise TypeError(f"{scene.on} is no broker")
    role = scene.met.role
    return scene.met.node, f"broker {scene.met.node}" + (f" ({role})" if role else "")
