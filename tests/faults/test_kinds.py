"""Faults on a real cluster: evidence is what the brokers say, and none is made up."""

import threading
from pathlib import Path

import pytest

from streamproof.cluster import Cluster, admin, start_embedded
from streamproof.errors import UsageError
from streamproof.faults import Evidence, Fault, Nemesis
from streamproof.faults.kinds import KINDS
from streamproof.faults.world import World
from streamproof.guardian import Guardian
from streamproof.subject import Keeper, SubjectSpec

TOPIC = "faults-input"


def world_of(cluster: Cluster, guardian: Guardian, logs: Path) -> World:
    """A world without a subject: what brokers do needs none."""
    return World(
        cluster=cluster,
        keeper=Keeper(guardian, SubjectSpec("none", "true"), {}, logs),
        group="faults",
        input_topic=TOPIC,
        in_flight=frozenset,
        committed=lambda: 0,
        waiting=lambda: 0,
        stopping=threading.Event(),
        since_ms=0,
    )


def test_a_target_that_is_none_is_told_and_not_recorded_as_not_done(
    embedded_cluster: Cluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """A test that breaks something by itself reads the sentence where it does so."""
    nemesis = Nemesis(world_of(embedded_cluster, session_guardian, tmp_path), 0, lambda *_: None)
    with pytest.raises(UsageError, match='fault pause-broker: its target cannot be "leader"'):
        nemesis.inject(Fault(kind="pause-broker", target="leader", at=0.0))
    assert not nemesis.rows


def test_a_broker_that_led_nothing_is_not_missed(session_guardian: Guardian, tmp_path: Path) -> None:
    """Paused, the leader is missed; paused again, when others lead, it is not: that shows nothing, and says so."""
    with start_embedded(session_guardian, brokers=3, logs=tmp_path) as cluster:
        admin.create_topics(cluster.bootstrap_servers, {TOPIC: 1}, replication=3)
        admin.group_coordinator(cluster.bootstrap_servers, "faults")
        world = world_of(cluster, session_guardian, tmp_path)
        leads = [
            node
            for node in cluster.brokers
            if node in admin.leaders(cluster.bootstrap_servers, TOPIC)
            or node in admin.leaders(cluster.bootstrap_servers, "__consumer_offsets")
        ]
        fault = Fault(kind="pause-broker", target=f"broker:{leads[0]}", at=0.5, lasts_ms=0)

        def paused() -> Evidence:
            return KINDS["pause-broker"].inject(world, fault)

        first, second = paused(), paused()
    assert first.effective, first.sentence
    assert not second.effective, second.sentence
    assert second.sentence.endswith("but it led nothing that the subject uses")
