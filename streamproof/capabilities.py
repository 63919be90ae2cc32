"""What a cluster, or a subject, lets a run do to it. Faults require capabilities; a plan drops or refuses by them."""

from collections.abc import Mapping
from enum import StrEnum


class Capability(StrEnum):
    BREAK_BROKERS = "brokers can be stopped, killed and paused"
    CUT_BROKERS = "brokers can be cut from their peers"
    FILL_DISKS = "a broker can be left without room on its disk"
    CONSUMER_GROUP = "the subject is in a consumer group"
    WIRE = "the subject's requests go through the proxy"


OF_BACKEND: Mapping[str, frozenset[Capability]] = {
    "embedded": frozenset({Capability.BREAK_BROKERS, Capability.FILL_DISKS}),
    "testcontainers": frozenset({Capability.BREAK_BROKERS, Capability.CUT_BROKERS}),
    "existing": frozenset(),
}
