"""What is told of a subject that takes no part under the names that its contract gives."""

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest
from confluent_kafka import Consumer

from streamproof.cluster import EmbeddedCluster
from streamproof.engine.input import ConsumerGroup
from streamproof.kafka.topics import create_topics


@pytest.fixture
def names(embedded_cluster: EmbeddedCluster) -> dict[str, str]:
    """A topic that should be read, another, and two groups."""
    found = {name: f"{name}-{uuid4().hex[:8]}" for name in ("orders", "other", "mine", "theirs")}
    create_topics(embedded_cluster.bootstrap_servers, {found["orders"]: 1, found["other"]: 1}, replication=1)
    return found


@pytest.fixture
def cleaning() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def joined(servers: str, group: str, topic: str, cleaning: ExitStack) -> None:
    """A member of a group is there, and has the topic."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": group})
    cleaning.callback(consumer.close)
    consumer.subscribe([topic])
    while not consumer.assignment():
        consumer.poll(0.1)


def test_the_group_that_came_instead_is_named(
    embedded_cluster: EmbeddedCluster, names: dict[str, str], cleaning: ExitStack
) -> None:
    """With what it reads; groups that were there before the subject are not its."""
    servers = embedded_cluster.bootstrap_servers
    group = ConsumerGroup(servers, names["mine"])
    before = f"before-{names['mine']}"
    joined(servers, before, names["other"], cleaning)
    group.look_round()
    assert group.instead() == ""
    joined(servers, names["theirs"], names["orders"], cleaning)
    told = f'is Dead with 0 of 1 members; group "{names["theirs"]}" has come instead, which reads "{names["orders"]}"; '
    assert told in group.missing(1)
    assert before not in group.missing(1)


def test_the_topic_that_is_read_instead_is_named(
    embedded_cluster: EmbeddedCluster, names: dict[str, str], cleaning: ExitStack
) -> None:
    """Of the right group; where it reads what it should, there is nothing to tell."""
    servers = embedded_cluster.bootstrap_servers
    group = ConsumerGroup(servers, names["mine"])
    group.look_round()
    joined(servers, names["mine"], names["other"], cleaning)
    assert group.instead(names["orders"]) == f'its members read "{names["other"]}"; '
    assert group.instead(names["other"]) == ""
