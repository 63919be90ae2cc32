"""POST /orders under Schemathesis: the API keeps its OpenAPI document, and says the truth of every event.

Tests of the right API share a run of Schemathesis; each wrong API of wrong_apis.py has a shorter run of its own.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from streamproof.cluster import Cluster
from streamproof.cluster.ports import PortLease
from streamproof.guardian import Guardian
from streamproof.kafka.topics import create_topics
from tests.http.ledger import Ledger, Record, read_log

ROOT = Path(__file__).parents[2]
PARTITIONS = 3
RIGHT = ("-m", "pipeline", "api")
ENOUGH = 20  # events of each kind, so that to find nothing means something
FEW = ("--max-examples", "20")  # lies are found soon

WaitUntil = Callable[[Callable[[], bool]], None]


class Tried(NamedTuple):
    """A run of Schemathesis, what the API said meanwhile, and what lies in its topic after that."""

    run: "subprocess.CompletedProcess[str]"
    ledger: Ledger
    log: list[Record]


@contextmanager
def served(command: Sequence[str], environment: dict[str, str], guardian: Guardian, wait: WaitUntil) -> Iterator[str]:
    """The address of an API that is ready."""
    with closing(PortLease()) as ports:
        (port,) = ports.take(1)
        variables = {**os.environ, **environment, "PORT": str(port)}
        process = guardian.popen([sys.executable, *command], env=variables, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"

        def healthy() -> bool:
            assert process.poll() is None, "the API ended"
            try:
                return httpx.get(f"{url}/readyz").status_code == 200
            except httpx.TransportError:
                return False

        try:
            wait(healthy)
            yield url
        finally:
            process.terminate()
        assert process.wait(20) == 0


@pytest.fixture(scope="module")
def attempt(
    kafka_cluster: Cluster, kafka_guardian: Guardian, wait_until: WaitUntil, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Tried]:
    """Tries an API with Schemathesis, as its users run it, on a topic that is empty."""

    def trying(topic: str, command: Sequence[str], *arguments: str) -> Tried:
        servers = kafka_cluster.bootstrap_servers
        names = {"INPUT_TOPIC": topic, "KEYS_TOPIC": f"keys-of-{topic}"}
        create_topics(
            servers, dict.fromkeys(names.values(), PARTITIONS), replication=min(3, len(kafka_cluster.brokers))
        )
        books = tmp_path_factory.mktemp("schemathesis") / "ledger.jsonl"
        environment = {"KAFKA_BOOTSTRAP_SERVERS": servers, "TRANSACTIONAL_ID": topic, **names}
        settings = str(Path(__file__).parent / "schemathesis.toml")
        with served(command, environment, kafka_guardian, wait_until) as url:
            run = subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli", "--config-file", settings),
                    *("run", f"{url}/openapi.json", "--no-color", "--output-sanitize", "false", *arguments),
                ],
                env={**os.environ, **environment, "SCHEMATHESIS_HOOKS": "tests.http.hooks", "LEDGER": str(books)},
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=180,
                check=False,
            )
        return Tried(run, Ledger.read(books), read_log(servers, topic))

    return trying


@pytest.fixture(scope="module")
def tried(attempt: Callable[..., Tried]) -> Tried:
    """The API of the pipeline, through all phases."""
    return attempt("order-events-right", RIGHT)


def test_the_api_keeps_its_openapi_document(tried: Tried) -> None:
    """Whatever it is asked: valid is taken, invalid is refused, and each answer is documented."""
    assert tried.run.returncode == 0, tried.run.stdout + tried.run.stderr


def test_what_was_acknowledged_is_on_kafka_exactly_once_with_its_key(tried: Tried) -> None:
    """Each at the place in its answer, under the order's id, byte for byte; and nothing that no answer names."""
    assert len(tried.ledger.acknowledged) > ENOUGH
    assert tried.ledger.not_as_acknowledged(tried.log) == []


def test_what_was_refused_is_not_on_kafka(tried: Tried) -> None:
    """A refused event on Kafka would double the order when its sender mends it and posts it again."""
    assert len(tried.ledger.refused) > ENOUGH
    assert tried.ledger.refused_and_there(tried.log) == []


@pytest.mark.parametrize(
    ("wrong", "find"),
    [
        ("acknowledges-first", Ledger.not_as_acknowledged),
        ("keyed-by-event", Ledger.not_as_acknowledged),
        ("twice", Ledger.not_as_acknowledged),
        ("keeps-the-refused", Ledger.refused_and_there),
        ("forgets-keys", Ledger.not_as_acknowledged),
    ],
)
def test_an_api_that_lies_is_caught(
    attempt: Callable[..., Tried], wrong: str, find: Callable[[Ledger, list[Record]], list[object]]
) -> None:
    """What the tests above look at shows each lie of wrong_apis.py, and so does Schemathesis' own check."""
    lie = attempt(f"order-events-{wrong}", (str(Path(__file__).parent / "wrong_apis.py"), wrong), *FEW)
    assert find(lie.ledger, lie.log)
    assert "Custom check failed: `TheApiSaysTheTruth`" in lie.run.stdout, lie.run.stdout
