"""Real clients on a real cluster, through the proxy."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streamproof.cluster import Cluster
from streamproof.kafka.topics import create_topics
from streamproof.wire import Proxy

RECORDS = 200


@pytest.fixture
def proxy(embedded_cluster: Cluster) -> Iterator[Proxy]:
    proxy = Proxy(embedded_cluster.subject_bootstrap_servers)
    proxy.start()
    yield proxy
    proxy.stop()


def rows(proxy: Proxy) -> list[dict[str, Any]]:
    proxy.stop()
    return [entry.row(proxy.nodes) for entry in proxy.journal.take_all()]


def test_clients_of_two_instances_never_leave_their_own_addresses(proxy: Proxy, embedded_cluster: Cluster) -> None:
    """An instance transacts, the other reads as a group: all of it is seen, each request of the right instance."""
    topic, tid, grp = (f"wire-{uuid4()}" for _ in range(3))
    create_topics(embedded_cluster.bootstrap_servers, {topic: 3}, replication=1)
    producer = Producer({"bootstrap.servers": proxy.servers(1), "transactional.id": tid, "client.id": "same"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for number in range(RECORDS):
        producer.produce(topic, str(number), str(number))
    producer.commit_transaction(30)
    consumer = Consumer(
        {
            "bootstrap.servers": proxy.servers(2), "group.id": grp, "auto.offset.reset": "earliest",
            "enable.auto.commit": False, "client.id": "same",
        }
    )  # fmt: skip
    consumer.subscribe([topic])
    seen: set[bytes | None] = set()
    while len(seen) < RECORDS:
        record = consumer.poll(30)
        assert record is not None
        assert record.error() is None
        seen.add(record.value())
    consumer.commit(asynchronous=False)
    brokers = AdminClient({"bootstrap.servers": proxy.servers(2)}).list_topics(timeout=30).brokers.values()
    consumer.close()
    addresses = {broker.id: f"{broker.host}:{broker.port}" for broker in brokers}
    assert set(addresses) == set(embedded_cluster.brokers)
    assert set(addresses.values()) == set(proxy.servers(2).split(","))
    told = rows(proxy)
    assert {row["instance"] for row in told if row["tid"] == tid} == {1}
    assert {row["instance"] for row in told if row["grp"] == grp} == {2}
    assert {row["broker"] for row in told} <= set(embedded_cluster.brokers)
    ends = [row for row in told if row["api"] == "EndTxn"]
    assert [(row["side"], row["committed"], row["error"]) for row in ends] == [
        ("request", True, None), ("response", True, None),
    ]  # fmt: skip
    produced = {part for row in told if row["api"] == "Produce" for part in row["parts"]}
    assert produced == {f"{topic}-{number}" for number in range(3)}
    (committed,) = [row for row in told if row["api"] == "OffsetCommit" and row["side"] == "request"]
    assert committed["member"]
    assert committed["generation"] >= 1
    assert set(committed["parts"]) == produced
    fetched = [row for row in told if row["api"] == "Fetch"]
    assert sum(row["times"] for row in fetched) >= len(fetched) > 0
    assert not proxy.undecoded


def test_a_client_that_asks_for_no_answers_is_served(proxy: Proxy, embedded_cluster: Cluster) -> None:
    """With acks=0 the records are there, and what follows on the connection is answered as ever."""
    topic = f"wire-{uuid4()}"
    create_topics(embedded_cluster.bootstrap_servers, {topic: 1}, replication=1)
    failed: list[KafkaError] = []
    known = Producer({"bootstrap.servers": embedded_cluster.bootstrap_servers, "acks": "all"})
    known.produce(topic, "-1")  # a leader that does not know the topic yet loses what asks for no answer
    assert known.flush(30) == 0
    producer = Producer({"bootstrap.servers": proxy.servers(1), "acks": 0, "linger.ms": 0})
    for number in range(RECORDS):
        producer.produce(topic, str(number), on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(30) == 0
    assert not failed
    reader = Consumer({"bootstrap.servers": proxy.servers(1), "group.id": topic, "enable.auto.commit": False})
    reader.assign([TopicPartition(topic, 0, 0)])
    assert [int(reader.poll(30).value()) for _ in range(RECORDS + 1)] == list(range(-1, RECORDS))  # type: ignore[union-attr,arg-type]
    reader.close()
