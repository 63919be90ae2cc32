"""A topic that grows while it is read: what is told is whether anything comes to its new partitions."""

from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streamproof.cluster import EmbeddedCluster
from streamproof.errors import UnsupportedByCluster, UsageError
from streamproof.faults import Fault, GrowTopic, InputTopic, Progress, Surroundings, System, check_plan, plan_in_words
from streamproof.faults.actions import topics
from streamproof.guardian import Guardian
from streamproof.kafka.leaders import list_leaders
from streamproof.kafka.topics import create_topics
from streamproof.subject import SubjectSpec
from tests.faults.conftest import act, system_of


@pytest.fixture
def reading(
    embedded_cluster: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path, request: pytest.FixtureRequest
) -> System:
    """A system whose topic is its own, with two partitions."""
    topic = request.node.name.partition("[")[0]
    create_topics(embedded_cluster.bootstrap_servers, {topic: 2}, replication=1)
    return replace(system_of(embedded_cluster, session_guardian, tmp_path), topic=topic)


def test_a_topic_has_grown_when_input_is_in_its_new_partitions(
    reading: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stay when the fault is over."""
    servers, evidence_of = reading.cluster.bootstrap_servers, GrowTopic.evidence

    def sent(*arguments: object) -> object:
        producer = Producer({"bootstrap.servers": servers})
        producer.produce(reading.topic, b"x", partition=3)
        assert producer.flush(30) == 0
        return evidence_of(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(GrowTopic, "evidence", sent)
    evidence = act(reading, Fault(GrowTopic(lasts_ms=0, partitions=2), InputTopic(), Progress(0.5)))
    assert evidence.effective, evidence.sentence
    assert evidence.sentence == f"{reading.topic} has 2 partitions more, 4 in all, with input in them"
    assert len(list_leaders(servers, reading.topic)) == 4


def test_partitions_that_nothing_comes_to_show_nothing(reading: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """No subject could miss them."""
    monkeypatch.setattr(topics, "ARRIVES_WITHIN_S", 0.1)
    evidence = act(reading, Fault(GrowTopic(lasts_ms=0), InputTopic(), Progress(0.5)))
    assert not evidence.effective
    assert evidence.sentence == f"{reading.topic} has 1 partition more, 3 in all, but without input in them"


def test_a_topic_of_others_does_not_grow() -> None:
    """Its partitions could not be taken away again."""
    plan, plain = plan_in_words("grow-topic@topic:input"), SubjectSpec(name="plain", command="true")
    assert plan.faults[0].on == InputTopic()
    check_plan(plan, Surroundings.foreseen(plain, "embedded", 3))
    with pytest.raises(UnsupportedByCluster, match="cannot be done to a cluster that is existing"):
        check_plan(plan, Surroundings.foreseen(plain, "existing", 3))
    with pytest.raises(UsageError, match='its target cannot be "topic:other"; write topic:input'):
        plan_in_words("grow-topic@topic:other")
