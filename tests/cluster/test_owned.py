"""Real brokers, as processes and in containers: broken, mended, and gone when their run is."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from streamproof.cluster import OwnedCluster
from streamproof.cluster.ports import is_free
from streamproof.errors import ClusterError, UsageError
from streamproof.guardian import Guardian, processes_of
from streamproof.kafka import requests
from streamproof.kafka.leaders import find_leader, list_leaders
from streamproof.kafka.topics import create_topics

WaitUntil = Callable[[Callable[[], bool]], None]
Start = Callable[..., AbstractContextManager[OwnedCluster[Any]]]


@pytest.fixture
def one_broker(start: Start, guardian: Guardian, tmp_path: Path) -> Iterator[OwnedCluster[Any]]:
    with start(guardian, brokers=1, logs=tmp_path) as cluster:
        yield cluster


def produce(servers: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "log_level": 0})
    producer.produce(topic, value)
    assert producer.flush(30) == 0


def read(servers: str, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "reader", "log_level": 0})
    consumer.assign([TopicPartition(topic, 0, 0)])
    values = [message.value() for message in consumer.consume(count, 30)]
    consumer.close()
    return values


def is_led_by_another(servers: str, node: int) -> bool:
    return list_leaders(servers, "kept")[0] not in {node, -1}


def is_back(address: str, node: int) -> bool:
    return node in {broker.node_id for broker in requests.metadata(address).brokers}


def test_brokers_are_broken_and_mended(start: Start, guardian: Guardian, tmp_path: Path, wait_until: WaitUntil) -> None:
    """Killed, stopped and paused brokers lose their leadership, and come back on their ports with their data."""
    with start(guardian, brokers=3, logs=tmp_path) as cluster:
        servers, addresses = cluster.bootstrap_servers, [cluster.address(node) for node in cluster.brokers]
        create_topics(servers, {"kept": 1}, replication=3)
        for take, give in (
            (cluster.kill, cluster.start),
            (cluster.stop, cluster.start),
            (cluster.pause, cluster.resume),
        ):
            node = find_leader(servers, "kept", 0)
            others = ",".join(address for address in addresses if address != cluster.address(node))
            produce(cluster.subject_bootstrap_servers, "kept", take.__name__.encode())
            assert take(node) is not False  # a stop is no kill
            wait_until(partial(is_led_by_another, others, node))
            give(node)
            wait_until(partial(is_back, cluster.address(node), node))
        assert [cluster.address(node) for node in cluster.brokers] == addresses
        assert read(servers, "kept", 3) == [b"kill", b"stop", b"pause"]


def test_a_broker_that_does_not_stop_in_time_is_killed_and_that_is_said(one_broker: OwnedCluster[Any]) -> None:
    """No time at all, which no broker stops in; one that is given enough ends by itself, as it was told."""
    broker = one_broker.broker(1)
    assert not broker.stop(timeout_s=0)
    assert not broker.running
    one_broker.start(1)
    assert one_broker.stop(1)


def test_a_single_broker_keeps_its_data(one_broker: OwnedCluster[Any]) -> None:
    """What was acknowledged before SIGKILL is there after the next start."""
    create_topics(one_broker.bootstrap_servers, {"kept": 1}, replication=1)
    produce(one_broker.bootstrap_servers, "kept", b"x")
    one_broker.kill(1)
    with pytest.raises(ClusterError, match="broker 1 is not running"):
        one_broker.pause(1)
    one_broker.start(1)
    with pytest.raises(ClusterError, match="already running"):
        one_broker.start(1)
    assert read(one_broker.subject_bootstrap_servers, "kept", 1) == [b"x"]


def test_a_broker_that_dies_at_start_says_why(start: Start, guardian: Guardian, tmp_path: Path) -> None:
    """The error has the cause from the broker's log, without stack frames, and the log's path."""
    started = start(guardian, brokers=1, logs=tmp_path, settings={"num.io.threads": "0"})
    with pytest.raises(ClusterError) as caught, started:
        pass
    message = str(caught.value)
    assert "Invalid value 0 for configuration num.io.threads" in message
    assert "\tat " not in message
    assert str(tmp_path / "broker-1.log") in message
    assert not processes_of(guardian.label, set())


def test_a_port_in_use_is_named(
    start: Start, one_broker: OwnedCluster[Any], guardian: Guardian, tmp_path: Path
) -> None:
    """Whether a port is wanted that is taken, or one is taken while its broker was down."""
    port = int(one_broker.address(1).split(":")[1])
    second = start(guardian, brokers=1, logs=tmp_path / "other", port=port)
    with pytest.raises(ClusterError, match=f"port {port} on 127.0.0.1 is in use"), second:
        pass
    one_broker.kill(1)
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ClusterError, match=rf"ports in use \({port}, "):
        one_broker.start(1)


@pytest.mark.parametrize("brokers", [0, 2, -1])
def test_a_quorum_is_odd(start: Start, guardian: Guardian, tmp_path: Path, brokers: int) -> None:
    """An even number of brokers is refused before anything starts."""
    started = start(guardian, brokers=brokers, logs=tmp_path)
    with pytest.raises(UsageError, match=f"odd number of brokers, not {brokers}"), started:
        pass


def test_the_clusters_own_settings_are_its_own(start: Start, guardian: Guardian, tmp_path: Path) -> None:
    """A setting that would unwire the cluster is refused by name."""
    started = start(guardian, brokers=1, logs=tmp_path, settings={"node.id": "7", "log.dirs": "x"})
    with pytest.raises(UsageError, match=r"log\.dirs, node\.id cannot be set"), started:
        pass


def test_clusters_start_side_by_side(start: Start, guardian: Guardian, tmp_path: Path) -> None:
    """Clusters that start at the same moment share neither ports nor data."""
    clusters = [start(guardian, brokers=1, logs=tmp_path / str(number)) for number in range(2)]
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        mine, other = pool.map(stack.enter_context, clusters)
        create_topics(mine.bootstrap_servers, {"mine": 1}, replication=1)
        assert "mine" not in {topic.name for topic in requests.metadata(other.address(1), None).topics}
        assert mine.address(1) != other.address(1)


RUN = """
import sys
from {module} import {function} as start
from streamproof.guardian import Guardian
guardian = Guardian()
print(guardian.label, guardian.directory, flush=True)
with start(guardian, brokers=3, logs=guardian.directory, say=lambda text: print(text, flush=True)) as cluster:
    print(*(cluster.address(node) for node in cluster.brokers), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("when", ["while it starts", "when it is up"])
def test_a_killed_run_leaves_no_broker(start: Start, when: str, wait_until: WaitUntil) -> None:
    """After SIGKILL of the run no process, directory or port of its cluster is left."""
    script = RUN.format(module=start.__module__, function=start.__name__)
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout
        label, directory = run.stdout.readline().decode().split()
        while b"starting 3 brokers" not in run.stdout.readline():
            pass
        addresses = run.stdout.readline().decode().split() if when == "when it is up" else []
        run.kill()
    wait_until(lambda: not Path(directory).exists() and not processes_of(label, set()))
    assert all(is_free(int(address.split(":")[1])) for address in addresses)
