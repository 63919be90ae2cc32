"""`streamproof lag` as its user meets it, on a real cluster."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from jsonschema import Draft202012Validator

from streamproof.cluster import Cluster
from streamproof.kafka.topics import create_topics
from streamproof.make_schemas import schemas
from tests.calling import Call

STREAMPROOF = str(Path(sys.executable).with_name("streamproof"))
NOWHERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def servers(embedded_cluster: Cluster) -> str:
    return embedded_cluster.bootstrap_servers


@pytest.fixture(scope="module")
def group(servers: str) -> str:
    """A group that has read two of five records, of a topic that has its name."""
    name = f"lagging-{uuid4().hex[:8]}"
    create_topics(servers, {name: 1}, replication=3)
    producer = Producer({"bootstrap.servers": servers})
    for _ in range(5):
        producer.produce(name, b"x")
    assert producer.flush(30) == 0
    consumer = Consumer({"bootstrap.servers": servers, "group.id": name})
    consumer.commit(offsets=[TopicPartition(name, 0, 2)], asynchronous=False)
    consumer.close()
    return name


@contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """The command in a process of its own, which is interrupted at the end of the block; it must end well by that."""
    with subprocess.Popen(
        [STREAMPROOF, "lag", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
            assert process.stderr
            assert process.stderr.read() == ""
        finally:
            process.kill()


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline()


def test_a_look_is_a_table(call: Call, servers: str, group: str) -> None:
    """A row for the group, a row for its partition; one look does not tell how it goes on."""
    called = call("lag", "--cluster", servers, "--group", group)
    assert (called.status, called.err) == (0, "")
    rows = [line.split() for line in called.out.splitlines()]
    assert rows[0] == ["group", "partition", "committed", "stable", "end", "lag", "time", "lag", "state"]
    assert rows[1][:4] == [group, "all", "1", "3"]
    assert rows[1][-3:] == ["Empty,", "0", "members"]
    assert rows[2][:4] == [f"{group}[0]", "2", "5", "3"]
    assert rows[2][-1] == "unknown"


def test_a_look_is_a_document(call: Call, servers: str, group: str) -> None:
    """It fits its schema."""
    called = call("lag", "--bootstrap", servers, "--group", group, "--dlq", group, "--json")
    document = json.loads(called.out)
    Draft202012Validator(schemas()["lag.json"]).validate(document)
    (told,) = document["groups"]
    assert (told["group"], told["lag"], told["members"]) == (group, 3, 0)
    assert document["dead_letters"] == [{"topic": group, "end": 5, "arrived": 0}]


@pytest.mark.parametrize(("most", "status"), [(2, 1), (3, 0)])
def test_a_lag_above_a_bound_is_a_failure(call: Call, servers: str, group: str, most: int, status: int) -> None:
    """Of any partition; what is told is the same."""
    called = call("lag", "--cluster", servers, "--group", group, "--fail-above", str(most))
    assert called.status == status
    assert group in called.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--cluster", NOWHERE], f"no broker answers at {NOWHERE} "),
        (["--cluster", NOWHERE, "--watch"], f"no broker answers at {NOWHERE} "),
        (["--watch", "--fail-above", "1"], "--fail-above is about a single look; leave out --watch and --serve"),
        (["--serve", "9308", "--json"], "--json and --serve are two ways to tell the same; give one of them"),
        (["--serve", "metrics"], '--serve "metrics" is no port; give a number from 0 (any that is free) to 65535'),
    ],
)
def test_mistakes_are_told_in_a_sentence(call: Call, arguments: list[str], sentence: str) -> None:
    """What, where, and what to do."""
    called = call("lag", *arguments)
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith(f"streamproof: {sentence}")
    assert called.err.count("\n") == 1


def test_a_group_that_is_not_there_is_told_with_the_nearest_name(call: Call, servers: str, group: str) -> None:
    """A name that is mistyped has no lag, which would look like good news."""
    called = call("lag", "--cluster", servers, "--group", group[:-1])
    assert called.status == 2
    assert f'there is no consumer group "{group[:-1]}" at {servers} (did you mean "{group}"?)' in called.err


def test_a_watch_goes_on_until_it_is_interrupted(servers: str, group: str) -> None:
    """A document after each look; Ctrl-C ends it in order."""
    with running("--cluster", servers, "--group", group, "--watch", "--every", "0.2", "--json") as process:
        looks = [json.loads(line_of(process))["looks"] for _ in range(3)]
    assert looks == [1, 2, 3]


def test_a_watch_without_a_terminal_is_table_after_table(servers: str, group: str) -> None:
    """Whole lines, without colours."""
    with running("--cluster", servers, "--group", group, "--watch", "--every", "0.2") as process:
        lines = [line_of(process) for _ in range(10)]
    assert sum(line.startswith("group ") for line in lines) == 2
    assert "\x1b" not in "".join(lines)


def test_an_exporter_serves_what_it_sees_on_loopback(servers: str, group: str) -> None:
    """As text of Prometheus, until it is interrupted."""
    with running("--cluster", servers, "--group", group, "--serve", "0", "--every", "0.2") as process:
        address = line_of(process).removeprefix("Metrics are at ").split()[0].removesuffix(".")
        assert address.startswith("http://127.0.0.1:")
        answer = httpx.get(address, timeout=30)
    labels = f'{{group="{group}",partition="0",topic="{group}"}}'
    assert f"streamproof_group_lag_offsets{labels} 3.0" in answer.text
    assert "streamproof_look_success 1.0" in answer.text
