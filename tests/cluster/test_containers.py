"""Kafka in containers: what only a network can do, and what Docker refuses."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from streamproof.cluster import DEFAULT_VERSION
from streamproof.cluster.artifacts import release
from streamproof.cluster.containers import as_variables, have_image, start_containers
from streamproof.errors import ArtifactError, ClusterError
from streamproof.guardian import Guardian
from streamproof.kafka import requests
from streamproof.kafka.leaders import find_leader
from streamproof.kafka.topics import create_topics
from tests.calling import Call

WaitUntil = Callable[[Callable[[], bool]], None]
Containers = Callable[[str], list[str]]


def test_the_image_formats_as_its_version_does(docker: Any, guardian: Guardian, tmp_path: Path) -> None:
    """The finalized features are those of the same version run as processes."""
    with start_containers(guardian, brokers=1, logs=tmp_path) as cluster:
        assert cluster.features() == release(DEFAULT_VERSION).features
        assert (cluster.backend, cluster.version) == ("testcontainers", DEFAULT_VERSION)


def test_a_broker_cut_from_its_peers_keeps_its_clients(
    docker: Any, guardian: Guardian, tmp_path: Path, wait_until: WaitUntil
) -> None:
    """Others take over what it led; it answers, and leads still as far as it knows; connected, it is whole again."""
    with start_containers(guardian, brokers=3, logs=tmp_path) as cluster:
        servers = cluster.bootstrap_servers
        create_topics(servers, {"kept": 1}, replication=3)
        node = find_leader(servers, "kept", 0)
        own, other = (cluster.address(broker) for broker in (node, node % 3 + 1))
        cluster.disconnect(node)
        wait_until(lambda: kept_at(other).leader_id not in {node, -1})
        wait_until(lambda: node not in brokers_known_at(other))
        assert kept_at(own).leader_id == node
        cluster.connect(node)
        wait_until(lambda: node in brokers_known_at(other))
        wait_until(lambda: kept_at(own).leader_id == kept_at(other).leader_id)
        wait_until(lambda: node in kept_at(other).isr_nodes)


def brokers_known_at(address: str) -> set[int]:
    return {broker.node_id for broker in requests.metadata(address).brokers}


def kept_at(address: str) -> Any:
    """The topic's one partition as this broker knows it: clients ask whichever they like."""
    return requests.metadata(address, ("kept",)).topics[0].partitions[0]


def test_compressed_records_pass_through(docker: Any, guardian: Guardian, tmp_path: Path) -> None:
    """The native libraries of the codecs load in the image: a broker opens batches to set their timestamps."""
    with start_containers(guardian, brokers=1, logs=tmp_path) as cluster:
        servers = cluster.bootstrap_servers
        create_topics(servers, {"kept": 1}, replication=1)
        for codec in ("gzip", "snappy", "lz4", "zstd"):
            producer = Producer({"bootstrap.servers": servers, "compression.type": codec, "linger.ms": 50})
            errors: list[Any] = []
            for _ in range(100):
                producer.produce("kept", b"x" * 100, on_delivery=lambda error, _, errors=errors: errors.append(error))  # type: ignore[misc]
            assert producer.flush(30) == 0
            assert errors == [None] * 100, codec


def test_closing_leaves_neither_container_nor_network(
    docker: Any, containers: Containers, guardian: Guardian, tmp_path: Path
) -> None:
    """Nor the image's volumes; what the brokers wrote is kept."""
    with start_containers(guardian, brokers=1, logs=tmp_path):
        container, _network = containers(guardian.label)
        volumes = [mount["Name"] for mount in docker.api.inspect_container(container)["Mounts"]]
        assert volumes
    assert not containers(guardian.label)
    assert not {volume["Name"] for volume in docker.api.volumes()["Volumes"]} & set(volumes)
    assert "Kafka Server started" in (tmp_path / "broker-1.log").read_text()


def test_a_start_that_fails_leaves_nothing(docker: Any, containers: Containers, tmp_path: Path) -> None:
    """Its containers and its network are gone before the error is told."""
    with Guardian() as guardian:
        started = start_containers(guardian, brokers=1, logs=tmp_path, settings={"num.io.threads": "0"})
        with pytest.raises(ClusterError, match=r"num\.io\.threads"), started:
            pass
    assert not containers(guardian.label)


def test_a_guardian_that_was_killed_is_stood_in_for(docker: Any, containers: Containers, tmp_path: Path) -> None:
    """The run that closes ends the containers itself."""
    with contextlib.ExitStack() as stack:
        with Guardian() as guardian:
            stack.enter_context(start_containers(guardian, brokers=1, logs=tmp_path))
            guardian._guardian.kill()
            guardian._guardian.wait()
        assert not containers(guardian.label)


def test_an_image_that_cannot_be_had_is_named(docker: Any) -> None:
    """In one sentence, with what to do."""
    with pytest.raises(
        ArtifactError, match=r"^the image apache/kafka:0\.0\.1 is not here and cannot be pulled \(.*load it"
    ):
        have_image(docker, "0.0.1")


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("unix:///no/docker.sock", "Docker cannot be reached at /no/docker.sock (No such file or directory); start it"),
        ("tcp://10.0.0.1:2375", "Docker at tcp://10.0.0.1:2375 may be another machine's"),
    ],
)
def test_docker_that_is_not_here_is_told(call: Call, monkeypatch: pytest.MonkeyPatch, host: str, sentence: str) -> None:
    """The command ends with 2 and one sentence, which says what to do."""
    monkeypatch.setenv("DOCKER_HOST", host)
    ended = call("up", "--cluster", "testcontainers")
    assert ended.status == 2
    assert ended.err.startswith(f"streamproof: {sentence}")
    assert ended.err.count("\n") == 1


def test_settings_become_the_images_variables() -> None:
    """As the image takes them apart again: `_` for a dot, `__` for an underscore, `___` for a dash."""
    variables = as_variables({"log.dirs": "/data", "a_b": "1", "a-b": "2"})
    assert variables == {"KAFKA_LOG_DIRS": "/data", "KAFKA_A__B": "1", "KAFKA_A___B": "2"}
