"""Actions on the topic that the subject reads."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from streamproof.capabilities import Capability
from streamproof.faults.actions.action import Action
from streamproof.faults.system import Evidence, Scene
from streamproof.faults.targets import INPUT, TargetKind
from streamproof.kafka.topics import add_partitions, list_offsets

ARRIVES_WITHIN_S = 30.0
# in which a turn's input is let in, until some of it is there: whoever sends it must look at the topic first
SHARES = 30


@dataclass(frozen=True)
class Grown:
    """The partitions that were added, by number."""

    added: range


class GrowTopic(Action):
    """Add partitions to the topic that the subject reads, while it reads it. They stay.

    From then on part of the input goes there, by the hash of its key: a key may move from one partition to another, and
    Kafka promises it no order between the two. So the order of a key is judged within each partition of the input. A
    client finds new partitions when it next looks at the topic, which is every five minutes by default
    (`metadata.max.age.ms`, `topic.metadata.refresh.interval.ms`): what it has not found by the run's end is late.
    `lasts_ms` means nothing here.

    Evidence: the brokers say that the topic has these partitions, and that input is in one of them.

    Without effect: when no input came there within 30 s.
    """

    kind: ClassVar[str] = "grow-topic"
    target: ClassVar[TargetKind] = INPUT
    requires: ClassVar[frozenset[Capability]] = frozenset({Capability.BREAK_BROKERS, Capability.CONSUMER_GROUP})
    repeatable: ClassVar[bool] = False
    feeds: ClassVar[bool] = True

    partitions: int = Field(default=1, ge=1, description="a whole number, of at least 1")

    def begin(self, scene: Scene) -> Grown:
        return Grown(add_partitions(scene.system.cluster.bootstrap_servers, scene.system.topic, self.partitions))

    def evidence(self, scene: Scene, state: Grown) -> Evidence:
        system = scene.system

        def arrived() -> bool:
            ends = list_offsets(system.cluster.bootstrap_servers, [system.topic])
            return any(ends[system.topic, part].high_watermark for part in state.added)

        there = False
        for share in range(SHARES):
            scene.feed((share + 1) / SHARES)
            if there := system.wait_until(arrived, ARRIVES_WITHIN_S / SHARES):
                break
        count = len(state.added)
        grown = f"{system.topic} has {count} partition{'s' * (count > 1)} more, {state.added.stop} in all"
        return Evidence(f"{grown}, {'with' if there else 'but without'} input in them", effective=there)

    def end(self, scene: Scene, state: Grown) -> None:
        """The partitions stay."""
