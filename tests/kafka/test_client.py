"""What the rest asks of a cluster: answered by the broker that knows, or refused in one sentence."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from streamproof.cluster import EmbeddedCluster, OwnedCluster, connect_existing, under_control
from streamproof.errors import ClusterError, UnsupportedByCluster
from streamproof.kafka.groups import Group, describe_group, list_committed_offsets, list_groups_in_use
from streamproof.kafka.leaders import find_leader, list_leaders
from streamproof.kafka.protocol import NotUnderstood
from streamproof.kafka.topics import create_topics, list_offsets
from streamproof.kafka.transactions import (
    describe_transaction,
    find_transaction_coordinator,
    list_open_producers,
    list_transactions,
)

WaitUntil = Callable[[Callable[[], bool]], None]


@pytest.fixture
def servers(embedded_cluster: EmbeddedCluster) -> str:
    return embedded_cluster.bootstrap_servers


@pytest.fixture
def topic(servers: str) -> str:
    name = f"topic-{uuid4().hex[:8]}"
    create_topics(servers, {name: 3}, replication=3)
    return name


def test_a_topic_that_is_there_is_no_error(servers: str, topic: str) -> None:
    """Creating a topic again is fine; with other partitions it is refused."""
    create_topics(servers, {topic: 3}, replication=3)
    with pytest.raises(ClusterError, match=f'"{topic}" exists with 3 partitions, not 4'):
        create_topics(servers, {topic: 4}, replication=3)


def test_a_topic_that_cannot_be_is_refused(servers: str) -> None:
    """The broker's own reason stands in the sentence."""
    with pytest.raises(ClusterError, match="replication factor of 5 cannot be reached"):
        create_topics(servers, {"wide": 1}, replication=5)


def test_leaders_are_brokers(servers: str, topic: str, embedded_cluster: EmbeddedCluster) -> None:
    """Each partition has one leader, the same by either question; a partition that is not there has none."""
    leaders = list_leaders(servers, topic)
    assert set(leaders) <= set(embedded_cluster.brokers)
    assert [find_leader(servers, topic, part) for part in range(3)] == list(leaders)
    with pytest.raises(ClusterError, match="no partition 3; it has 3"):
        find_leader(servers, topic, 3)


def test_a_transaction_is_seen_from_open_to_complete(
    servers: str, topic: str, embedded_cluster: EmbeddedCluster, wait_until: WaitUntil
) -> None:
    """State, producer and start of a transaction; its records are past the last stable offset until it ends."""
    name = f"tx-{uuid4().hex[:8]}"
    assert describe_transaction(servers, name) is None
    producer = Producer({"bootstrap.servers": servers, "transactional.id": name, "log_level": 0})
    producer.init_transactions(30)
    assert not list_open_producers(servers, [topic])
    producer.begin_transaction()
    producer.produce(topic, b"x", partition=1)
    producer.flush(30)
    seen = describe_transaction(servers, name)
    assert seen
    assert (seen.state, seen.timeout_ms, set(seen.topics), seen.complete) == ("Ongoing", 60_000, {topic}, False)
    assert seen.start_ms
    assert seen in list_transactions(embedded_cluster.bootstrap_servers)
    assert find_transaction_coordinator(servers, name) in embedded_cluster.brokers
    assert list_offsets(servers, [topic])[topic, 1] == (0, 0, 1)
    assert list_open_producers(servers, [topic]).keys() == {seen.producer_id}
    producer.commit_transaction(30)
    wait_until(lambda: describe_transaction(servers, name).state == "CompleteCommit")  # type: ignore[union-attr]
    assert list_offsets(servers, [topic]) == {(topic, 0): (0, 0, 0), (topic, 1): (0, 2, 2), (topic, 2): (0, 0, 0)}
    assert not list_open_producers(servers, [topic])


@pytest.fixture(params=["classic", "consumer"])
def member(servers: str, topic: str, request: pytest.FixtureRequest) -> Iterator[tuple[str, Consumer]]:
    """A group of one member that has its partitions, under each rebalance protocol."""
    name = f"group-{uuid4().hex[:8]}"
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": name, "group.protocol": request.param, "log_level": 0}
    )
    consumer.subscribe([topic])
    while len(consumer.assignment()) < 3:
        consumer.poll(0.1)
    yield name, consumer
    consumer.close()


def test_a_group_and_its_offsets(servers: str, topic: str, member: tuple[str, Consumer]) -> None:
    """State, members and committed offsets, in both rebalance protocols."""
    name, consumer = member
    seen = describe_group(servers, name)
    everything = frozenset((topic, part) for part in range(3))
    assert seen == Group("Stable", frozenset({consumer.memberid()}), frozenset({topic}), everything, seen.epoch)
    assert name in list_groups_in_use(servers)
    assert list_committed_offsets(servers, name) == {}
    consumer.commit(offsets=[TopicPartition(topic, 1, 7)], asynchronous=False)
    assert list_committed_offsets(servers, name) == {(topic, 1): 7}


def test_a_group_that_is_not_there_is_dead(servers: str) -> None:
    """A group nobody has joined has no members and no offsets, and is no error."""
    assert describe_group(servers, "nobody") == Group("Dead", frozenset())
    assert "nobody" not in list_groups_in_use(servers)
    assert list_committed_offsets(servers, "nobody") == {}


def test_an_existing_cluster_is_used_not_broken(embedded_cluster: EmbeddedCluster) -> None:
    """By a bootstrap address come brokers and features; what needs control is refused by a typed error."""
    existing = connect_existing(f"127.0.0.1:1,{embedded_cluster.address(2)}")
    assert existing.brokers == embedded_cluster.brokers
    assert existing.address(3) == embedded_cluster.address(3)
    assert existing.features() == embedded_cluster.features()
    assert existing.version == "unknown"
    assert not existing.capabilities
    with pytest.raises(UnsupportedByCluster, match="cannot be done to the brokers of a cluster that is existing"):
        under_control(existing, OwnedCluster)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "nowhere.invalid:9092"])
def test_a_cluster_that_is_not_there(address: str) -> None:
    """An address that does not answer, or is none, is one sentence."""
    with pytest.raises(ClusterError, match=f"no broker answers at {address}"):
        connect_existing(address)


class _Http(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(100)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.fixture
def http() -> Iterator[str]:
    """The address of a server that answers whatever it is told as web servers do."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Http) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_server_that_is_no_broker_is_not_called_down(http: str) -> None:
    """It is up: the sentence names the request, and how the answer begins."""
    with pytest.raises(
        NotUnderstood, match=f"^{http} is no Kafka broker: its answer to Metadata begins with b'HTTP'; "
    ):
        connect_existing(http)


def test_a_server_that_says_nothing_is_told_with_the_request() -> None:
    """It takes the connection, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(
            ClusterError, match=rf"no broker answers at {address} \(no answer to Metadata within 2 s\);"
        ):
            connect_existing(address)


def test_a_broker_that_does_not_know_a_request_is_told_with_what_it_knows(mock_brokers: str) -> None:
    """It closes the connection without a word, as one that goes down does; asked again, it says what it knows."""
    known = r"the broker at 127\.0\.0\.1:\d+ does not know DescribeGroups version 5 \(it knows none\); use Apache Kafka"
    with pytest.raises(NotUnderstood, match=known):
        describe_group(mock_brokers, "any")
    with pytest.raises(NotUnderstood, match=r"does not know CreateTopics version 6 \(it knows none\)"):
        create_topics(mock_brokers, {"any": 1}, replication=1)
