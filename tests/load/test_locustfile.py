"""`locust -f load/locustfile.py` as its users run it, on a real cluster."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from load.system import PARTITIONS, TOPIC
from streamproof.cluster import EmbeddedCluster
from streamproof.cluster.ports import PortLease
from streamproof.kafka.topics import create_topics, list_offsets

ROOT = Path(__file__).parents[2]
ARGUMENTS = ("-f", "load/locustfile.py", "--headless", "--only-summary", "-u", "2", "-r", "2", "-t", "6s")


@pytest.fixture
def cluster(embedded_cluster: EmbeddedCluster) -> EmbeddedCluster:
    """The session's, which has the topic."""
    create_topics(embedded_cluster.bootstrap_servers, {TOPIC: PARTITIONS}, replication=3)
    return embedded_cluster


def locust(cluster: EmbeddedCluster, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "locust", *ARGUMENTS, "--cluster", cluster.bootstrap_servers, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)


def acknowledged(run: "subprocess.CompletedProcess[str]") -> int:
    found = re.search(rf"KAFKA {TOPIC} +([\d,]+) ok +0 failed", run.stdout)
    assert found, run.stdout + run.stderr
    return int(found[1].replace(",", ""))


def in_log(cluster: EmbeddedCluster) -> int:
    return sum(ends.high_watermark - ends.begin for ends in list_offsets(cluster.bootstrap_servers, [TOPIC]).values())


@pytest.mark.parametrize("processes", [(), ("--processes", "2")])
def test_what_is_counted_as_a_success_is_in_the_log(cluster: EmbeddedCluster, processes: tuple[str, ...]) -> None:
    """Each once, by a single process or by several whose measures are merged; and all objectives are kept."""
    before = in_log(cluster)
    run = locust(cluster, "--rate", "50", "--p99-ms", "60000", *processes, "KafkaUser")
    assert acknowledged(run) == in_log(cluster) - before > 0
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_missed_objective_is_told_and_ends_with_status_1(cluster: EmbeddedCluster) -> None:
    """Nothing is acknowledged in a microsecond."""
    run = locust(cluster, "--rate", "50", "--p99-ms", "0.001", "KafkaUser")
    assert f"Objective missed: KAFKA {TOPIC}: p99 is" in run.stdout
    assert run.returncode == 1, run.stdout + run.stderr


def test_each_post_that_is_answered_is_in_the_log(cluster: EmbeddedCluster) -> None:
    """Locust starts the pipeline's API, and posts to it."""
    before = in_log(cluster)
    run = locust(cluster, "--rate", "50", "--p99-ms", "60000", "HttpUser")
    found = re.search(r"POST /orders +([\d,]+) ok +0 failed", run.stdout)
    assert found, run.stdout + run.stderr
    # what was posted last may have no answer, and be there
    assert 0 < int(found[1].replace(",", "")) <= in_log(cluster) - before
    assert run.returncode == 0, run.stdout + run.stderr


def test_an_api_that_never_answers_misses_the_objective(cluster: EmbeddedCluster) -> None:
    """What waits for its answer when the time is over is no success that was merely not counted."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"http://127.0.0.1:{mute.getsockname()[1]}"
        run = locust(cluster, "--rate", "50", "--p99-ms", "500", "--api", address, "HttpUser")
    assert "Objective missed: POST /orders: nothing succeeded" in run.stdout
    assert "Objective missed: POST /orders: 100.00% failed" in run.stdout
    assert run.returncode == 1, run.stdout + run.stderr


@contextmanager
def started(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
    """The process, which is gone with its workers after the block, whatever the test has found."""
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                for worker in psutil.Process(process.pid).children(recursive=True):
                    worker.kill()
                process.kill()


def answers(page: httpx.Client, address: str) -> bool:
    try:
        return page.get(address).is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("processes", [(), ("--processes", "2")])
def test_the_web_page_is_for_this_machine_alone(
    cluster: EmbeddedCluster, wait_until: Callable[[Callable[[], bool]], None], processes: tuple[str, ...]
) -> None:
    """It starts a load, shows what is acknowledged, listens on loopback alone, and closes what it opened once."""
    before = in_log(cluster)
    with closing(PortLease()) as ports, httpx.Client() as page:
        port, reports = ports.take(2)
        address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "locust", *ARGUMENTS[:2], "--web-port", str(port), "--only-summary"]
        command += ["--cluster", cluster.bootstrap_servers, "--p99-ms", "60000", *processes]
        if processes:
            command += ["--master-port", str(reports), "--master-bind-port", str(reports)]
        command.append("KafkaUser")
        with started(command) as locust:

            def listening() -> set[str]:
                found = psutil.Process(locust.pid).net_connections("tcp")
                return {connection.laddr.ip for connection in found if connection.status == psutil.CONN_LISTEN}

            wait_until(lambda: answers(page, address))
            assert listening() == {"127.0.0.1"}
            if processes:  # until they are there, Locust's master says yes to a swarm, and starts none
                wait_until(lambda: len(page.get(f"{address}/stats/requests").json()["workers"]) == int(processes[-1]))
            assert page.post(f"{address}/swarm", data={"user_count": 1, "spawn_rate": 1}).json()["success"]
            wait_until(lambda: page.get(f"{address}/stats/requests").json()["stats"][0]["num_requests"] > 0)
            locust.send_signal(signal.SIGTERM)
            output, _ = locust.communicate(timeout=60)
    assert locust.returncode == 0, output
    assert "Uncaught exception in event handler" not in output
    assert in_log(cluster) > before
