"""A cluster whose groups lag as a test wants: topics, records, commits and members of each test's own."""

import contextlib
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from streamproof.cluster import Cluster
from streamproof.kafka.topics import create_topics, list_offsets

Send = Callable[..., None]
Commit = Callable[..., None]
Join = Callable[[], Consumer]


@pytest.fixture
def servers(embedded_cluster: Cluster) -> str:
    return embedded_cluster.bootstrap_servers


@pytest.fixture
def topic(servers: str) -> str:
    name = f"topic-{uuid4().hex[:8]}"
    create_topics(servers, {name: 2}, replication=3)
    return name


@pytest.fixture
def group() -> str:
    return f"group-{uuid4().hex[:8]}"


@pytest.fixture
def send(servers: str, wait_until: Callable[[Callable[[], bool]], None]) -> Send:
    """`send(topic, 3, commit=False)`: records of partition 0, in a transaction where `commit` says how it ends."""

    def stable(topic: str) -> bool:
        return all(end.last_stable == end.high_watermark for end in list_offsets(servers, [topic]).values())

    def sent(topic: str, count: int = 1, *, commit: bool | None = None) -> None:
        transactional = {} if commit is None else {"transactional.id": f"tx-{uuid4().hex[:8]}"}
        producer = Producer({"bootstrap.servers": servers, **transactional})
        if commit is not None:
            producer.init_transactions(30)
            producer.begin_transaction()
        for _ in range(count):
            producer.produce(topic, b"x", partition=0)
        assert producer.flush(30) == 0
        if commit is not None:
            (producer.commit_transaction if commit else producer.abort_transaction)(30)
            wait_until(lambda: stable(topic))

    return sent


@pytest.fixture
def commit(servers: str) -> Commit:
    """`commit(group, topic, 7)`: of partition 0, by nobody who stays."""

    def committed(group: str, topic: str, offset: int) -> None:
        consumer = Consumer({"bootstrap.servers": servers, "group.id": group})
        consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
        consumer.close()

    return committed


@pytest.fixture
def join(servers: str, topic: str, group: str) -> Iterator[Join]:
    """`join()`: a member of `group` that has both partitions when it is the only one, and does nothing."""
    settings = {"bootstrap.servers": servers, "group.id": group, "enable.auto.commit": False, "log_level": 0}
    joined: list[Consumer] = []

    def made() -> Consumer:
        consumer = Consumer(settings)
        joined.append(consumer)
        consumer.subscribe([topic])
        while not consumer.assignment():
            consumer.poll(0.1)
        return consumer

    yield made
    for consumer in joined:
        with contextlib.suppress(RuntimeError):  # it was closed by the test
            consumer.close()


@pytest.fixture
def member(join: Join) -> Consumer:
    return join()
