"""The topics of a run, made before it."""

import uuid

import pytest
from confluent_kafka import Producer

from streamproof.cluster import EmbeddedCluster
from streamproof.contract.flags import contract_from_flags
from streamproof.engine.topics import make_topics
from streamproof.errors import ClusterError
from streamproof.kafka.topics import BY_BROKER, TIMES, create_topics, describe_config


def test_a_hop_that_is_there_is_left_as_it_is(embedded_cluster: EmbeddedCluster) -> None:
    """With its records, partitions and times; a hop that is not there is made, with the brokers' times."""
    servers, name = embedded_cluster.bootstrap_servers, uuid.uuid4().hex
    there, new = f"{name}-there", f"{name}-new"
    create_topics(servers, {there: 1}, replication=1, config={there: {TIMES: "CreateTime"}})
    producer = Producer({"bootstrap.servers": servers})
    producer.produce(there, b"of another run")
    assert producer.flush(20) == 0
    names = {"input_topic": f"{name}-in", "group": name, "identity": "header:id", "partitions": 2}
    contract = contract_from_flags(**names, output_topics=[f"{name}-out"], through=[there, new])  # type: ignore[arg-type]
    make_topics(servers, contract, replication=1)
    assert describe_config(servers, [there, new], TIMES) == {there: "CreateTime", new: BY_BROKER}
    contract = contract_from_flags(**names, output_topics=[there])  # type: ignore[arg-type]
    with pytest.raises(ClusterError, match="exists with 1 partitions, not 2"):
        make_topics(servers, contract, replication=1)
