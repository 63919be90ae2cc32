"""docker-compose.yml: the whole pipeline comes up, does its work, and goes away again."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parent.parent
API = "http://127.0.0.1:8080"
REGISTRY = "http://127.0.0.1:8081/apis/ccompat/v7/subjects"
ASK = "import sqlite3, sys; print(sqlite3.connect('/data/orders.db').execute(sys.argv[1]).fetchall())"
STEPS = ("placed", "paid", "shipped")

Compose = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.timeout(600)  # images are built where they are not there


def event(order: int, sequence: int) -> dict[str, Any]:
    return {
        "event_id": f"{order}-{sequence}",
        "order_id": f"order-{order}",
        "sequence": sequence,
        "type": STEPS[sequence],
        "amount": 4990,
        "currency": "EUR",
        "occurred_at": "2026-03-01T09:15:00Z",
    }


@pytest.fixture(scope="module")
def compose(docker: Any) -> Iterator[Compose]:
    """`compose("exec", …)` on a project of this test's own, which is up."""
    if not shutil.which("docker-compose"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no docker-compose: install it, or Docker's plugin")
    project = f"streamproof-{uuid.uuid4().hex[:8]}"

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["docker-compose", "--project-name", project, *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    try:
        up = run("up", "--build", "--detach")
        assert up.returncode == 0, up.stdout + up.stderr
        yield run
    finally:
        run("down", "--volumes", "--timeout", "10")
    left = docker.api.containers(all=True, filters={"label": f"com.docker.compose.project={project}"})
    assert not left


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


def test_orders_that_are_posted_are_in_the_projectors_database(
    compose: Compose, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    """Through the API, the brokers, two forwarders and two projectors: each order in its last state."""
    wait_until(lambda: answers(f"{API}/readyz") and answers(REGISTRY))
    for sequence in range(len(STEPS)):
        for order in range(20):
            answer = httpx.post(f"{API}/orders", json=event(order, sequence), timeout=30)
            assert answer.status_code == 201, answer.text

    def asked(query: str) -> str:
        return compose("exec", "-T", "projector-1", "python", "-c", ASK, query).stdout

    wait_until(lambda: "(60,)" in asked("SELECT count(*) FROM order_history"))
    assert asked("SELECT DISTINCT status, count(*) FROM order_state").strip() == "[('in-transit', 20)]"
    told = httpx.get(f"{API}/orders/order-7", timeout=30)
    assert (told.status_code, told.json()["status"]) == (200, "in-transit")


def test_nothing_listens_beyond_this_machine(compose: Compose, docker: Any) -> None:
    """Every published port is loopback's."""
    published = [
        binding
        for container in compose("ps", "--quiet").stdout.split()
        for bindings in docker.containers.get(container).ports.values()
        for binding in bindings or ()
    ]
    assert published
    assert {binding["HostIp"] for binding in published} == {"127.0.0.1"}
