"""The session's brokers, which the tests of recording leave whole, with topics of each test's own."""

from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from streamproof.cluster import EmbeddedCluster
from streamproof.kafka.topics import create_topics, list_offsets

Send = Callable[..., None]


@pytest.fixture(scope="session")
def broker(embedded_cluster: EmbeddedCluster) -> EmbeddedCluster:
    return embedded_cluster


@pytest.fixture
def topic(broker: EmbeddedCluster, request: pytest.FixtureRequest) -> str:
    """A topic of two partitions, named after the test."""
    name = str(request.node.originalname)
    create_topics(broker.bootstrap_servers, {name: 2}, replication=1)
    return name


@pytest.fixture
def send(broker: EmbeddedCluster, wait_until: Callable[[Callable[[], bool]], None]) -> Send:
    """`send(topic, "a", "b", part=0, commit=True)`: records whose header `id` and key say so.

    In one transaction that `commit` says how to end, its marker written; outside of any where it is not given.
    """

    def stable(topic: str) -> bool:
        ends = list_offsets(broker.bootstrap_servers, [topic]).values()
        return all(end.last_stable == end.high_watermark for end in ends)

    def sent(topic: str, *ids: str, part: int = 0, commit: bool | None = None) -> None:
        settings = {} if commit is None else {"transactional.id": f"{topic}-{part}-{commit}"}
        producer = Producer({"bootstrap.servers": broker.bootstrap_servers, **settings})
        if commit is not None:
            producer.init_transactions(20)
            producer.begin_transaction()
        for id_ in ids:
            producer.produce(topic, b"value of " + id_.encode(), id_.encode(), part, headers=[("id", id_.encode())])
        assert producer.flush(20) == 0
        if commit is not None:
            (producer.commit_transaction if commit else producer.abort_transaction)(20)
            # the client has its answer when the outcome is decided; the markers come after
            wait_until(lambda: stable(topic))

    return sent
