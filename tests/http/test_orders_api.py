"""POST /orders under Schemathesis: the API keeps its OpenAPI document, and says the truth of every event.

A failure of what a check finds after the run is Schemathesis' own exit status alone: so each is asserted by a name.
`ORDERS_API` names a wrong API of wrong_apis.py to be tried instead.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from streamproof.cluster import Cluster
from streamproof.cluster.ports import PortLease
from streamproof.guardian import Guardian
from streamproof.kafka.topics import create_topics
from tests.http.ledger import Ledger, Record, read_log

ROOT = Path(__file__).parents[2]
TOPIC = "order-events-schemathesis"
PARTITIONS = 3
WRONG = os.environ.get("ORDERS_API")
COMMAND = (str(Path(__file__).parent / "wrong_apis.py"), WRONG) if WRONG else ("-m", "pipeline", "api")
ENOUGH = 20  # events of each kind, so that to find nothing means something

# all tests of the module share a topic and a run of Schemathesis: they need the same worker
pytestmark = pytest.mark.xdist_group("schemathesis")


@pytest.fixture(scope="module")
def orders_api(
    kafka_cluster: Cluster, kafka_guardian: Guardian, wait_until: Callable[[Callable[[], bool]], None]
) -> Iterator[str]:
    """The address of an API whose topic is empty."""
    servers = kafka_cluster.bootstrap_servers
    create_topics(servers, {TOPIC: PARTITIONS}, replication=min(3, len(kafka_cluster.brokers)))
    ports = PortLease()
    (port,) = ports.take(1)
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers, "INPUT_TOPIC": TOPIC, "PORT": str(port)}
    process = kafka_guardian.popen([sys.executable, *COMMAND], env=environment, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"

    def healthy() -> bool:
        assert process.poll() is None, "the API ended"
        try:
            return httpx.get(f"{url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(healthy)
    yield url
    process.terminate()
    assert process.wait(20) == 0
    ports.close()


@pytest.fixture(scope="module")
def schemathesis_run(
    orders_api: str, kafka_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> tuple["subprocess.CompletedProcess[str]", Ledger]:
    """Schemathesis as its users run it, through all its phases; and what the API said meanwhile."""
    books = tmp_path_factory.mktemp("schemathesis") / "ledger.jsonl"
    settings = Path(__file__).parent / "schemathesis.toml"
    arguments = [
        "--config-file",
        str(settings),
        "run",
        f"{orders_api}/openapi.json",
        "--no-color",
        "--output-sanitize",
        "false",
    ]
    run = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *arguments],
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.http.hooks",
            "LEDGER": str(books),
            "KAFKA_BOOTSTRAP_SERVERS": kafka_cluster.bootstrap_servers,
            "INPUT_TOPIC": TOPIC,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return run, Ledger.read(books)


@pytest.fixture
def log(schemathesis_run: object, kafka_cluster: Cluster) -> list[Record]:
    """All that lies in the topic after that."""
    return read_log(kafka_cluster.bootstrap_servers, TOPIC)


def test_the_api_keeps_its_openapi_document(
    schemathesis_run: tuple["subprocess.CompletedProcess[str]", Ledger],
) -> None:
    """Whatever it is asked: valid is taken, invalid is refused, and each answer is documented."""
    run, _ = schemathesis_run
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_was_acknowledged_is_on_kafka_exactly_once_with_its_key(
    schemathesis_run: tuple["subprocess.CompletedProcess[str]", Ledger], log: list[Record]
) -> None:
    """Each at the place in its answer, under the order's id, byte for byte; and nothing that no answer names."""
    _, ledger = schemathesis_run
    assert len(ledger.acknowledged) > ENOUGH
    assert ledger.not_as_acknowledged(log) == []


def test_what_was_refused_is_not_on_kafka(
    schemathesis_run: tuple["subprocess.CompletedProcess[str]", Ledger], log: list[Record]
) -> None:
    """A refused event on Kafka would double the order when its sender mends it and posts it again."""
    _, ledger = schemathesis_run
    assert len(ledger.refused) > ENOUGH
    assert ledger.refused_and_there(log) == []


@pytest.mark.skipif(WRONG is not None, reason="a wrong API is being tried")
@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        ("acknowledges-first", "test_what_was_acknowledged_is_on_kafka_exactly_once_with_its_key"),
        ("keyed-by-event", "test_what_was_acknowledged_is_on_kafka_exactly_once_with_its_key"),
        ("twice", "test_what_was_acknowledged_is_on_kafka_exactly_once_with_its_key"),
        ("keeps-the-refused", "test_what_was_refused_is_not_on_kafka"),
        ("forgets-keys", "test_what_was_acknowledged_is_on_kafka_exactly_once_with_its_key"),
    ],
)
def test_an_api_that_lies_is_caught_by_name(wrong: str, test: str, tmp_path: Path) -> None:
    """Each lie of wrong_apis.py fails the test that is about it, by what it asserts, and Schemathesis' own check."""
    arguments = ["--kafka-brokers", "1", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "nested"), __file__]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        env={**os.environ, "ORDERS_API": wrong, "COLUMNS": "300"},  # room for what was asserted
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert f"FAILED tests/http/test_orders_api.py::{test} - assert [" in run.stdout, run.stdout
    assert "Custom check failed: `TheApiSaysTheTruth`" in run.stdout, run.stdout
