"""Runs that need a schema registry: started for the run, started elsewhere, or not there."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streamproof.checks import Outcome
from streamproof.cluster import EmbeddedCluster
from streamproof.cluster.registry import connect_registry
from streamproof.engine.request import Request, verify
from streamproof.errors import RegistryUnreachable, SubjectError
from streamproof.guardian import Guardian
from streamproof.history.promise import Delivery

ROOT = Path(__file__).parents[2]
WaitUntil = Callable[[Callable[[], bool]], None]


@pytest.fixture
def elsewhere(session_guardian: Guardian, tmp_path: Path, wait_until: WaitUntil) -> Iterator[dict[str, str]]:
    """What `streamproof up --registry` says of what it runs: one JSON document. It ends in order."""
    output = tmp_path / "output"
    with output.open("wb") as stdout:
        command = [sys.executable, "-m", "streamproof", "up", "--registry", "--json"]
        up = session_guardian.popen(command, cwd=tmp_path, stdout=stdout, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: output.read_text().endswith("\n") or up.poll() is not None)
        told = json.loads(output.read_text())
        yield told
    finally:
        up.send_signal(signal.SIGINT)
        status = up.wait(30)
    assert (status, json.loads(output.read_text())) == (0, told)
    with pytest.raises(RegistryUnreachable):
        connect_registry(told["registry_url"])


def test_a_run_uses_the_registry_that_is_named(elsewhere: dict[str, str], tmp_path: Path) -> None:
    """Upheld through it; the contract's schemas are there, each under its topic's name."""
    request = Request(
        directory=tmp_path / "run",
        seed=5,
        subject="orders-avro",
        config=ROOT / "streamproof.toml",
        events=1_500,
        cluster=elsewhere["bootstrap_servers"],
        registry=elsewhere["registry_url"],
    )
    judged = verify(request)
    verdict, history = judged.verdict, judged.history
    assert verdict.outcome is Outcome.UPHELD, (verdict.missing, history.directory)
    assert not (tmp_path / "run" / "logs" / "registry.log").exists()
    client = connect_registry(elsewhere["registry_url"]).client
    schema = (ROOT / "contracts" / "schemas" / "order-processed.avsc").read_text()
    number = client.register("orders-processed-value", schema, "AVRO")
    assert json.loads(client.schema(number, "AVRO") or "") == json.loads(schema)


def asking(tmp_path: Path, cluster: str, registry: str | None) -> Request:
    """A subject that prints the registry's address, and ends."""
    return Request(
        directory=tmp_path / "run",
        seed=1,
        command="sh -c 'echo told {registry_url}; exit 3'",
        input_topic=f"in-{tmp_path.name}",
        output_topics=(f"out-{tmp_path.name}",),
        group=tmp_path.name,
        promise=Delivery.AT_LEAST_ONCE,
        events=10,
        cluster=cluster,
        registry=registry,
    )


def test_a_subject_that_names_the_registry_is_told_one(tmp_path: Path, embedded_cluster: EmbeddedCluster) -> None:
    """Started for it alone, without Avro in the contract, and ended with the run."""
    with pytest.raises(SubjectError, match=r"told http://127\.0\.0\.1:\d+/apis/ccompat/v7") as caught:
        verify(asking(tmp_path, embedded_cluster.bootstrap_servers, None))
    url = str(caught.value).split("told ")[1].split()[0]
    with pytest.raises(RegistryUnreachable):
        connect_registry(url)


def test_a_registry_that_is_not_there_is_told(tmp_path: Path, embedded_cluster: EmbeddedCluster) -> None:
    """Before the subject starts."""
    with pytest.raises(RegistryUnreachable, match=r"http://127\.0\.0\.1:1 does not answer"):
        verify(asking(tmp_path, embedded_cluster.bootstrap_servers, "http://127.0.0.1:1"))
