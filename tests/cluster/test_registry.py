"""A real registry on this machine: it keeps schemas, refuses what breaks readers, and is gone when its run is."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from streamproof.cluster.ports import PortLease, is_free
from streamproof.cluster.registry import Registry, connect_registry, start_registry
from streamproof.errors import RegistryError, RegistryUnreachable
from streamproof.guardian import Guardian, processes_of

WaitUntil = Callable[[Callable[[], bool]], None]


def record(**fields: str) -> str:
    listed = [{"name": name, "type": kind} for name, kind in fields.items()]
    return json.dumps({"type": "record", "name": "R", "fields": listed})


def test_what_is_registered_is_found_by_its_id(schema_registry: Registry) -> None:
    """The same schema has the same id; an id that is not in use has no schema, and that is no error."""
    client = schema_registry.client
    number = client.register("kept-value", record(a="string"), "AVRO")
    assert client.register("kept-value", record(a="string"), "AVRO") == number
    assert json.loads(client.schema(number, "AVRO") or "") == json.loads(record(a="string"))
    assert client.schema(number + 10_000, "AVRO") is None


def test_a_schema_that_cannot_read_what_is_there_is_refused(schema_registry: Registry) -> None:
    """As in Confluent's registry, without being told: a new field needs a default. The sentence names the subject."""
    client = schema_registry.client
    client.register("guarded/value", record(a="string"), "AVRO")
    with pytest.raises(RegistryError, match=r"refuses the schema of guarded/value: .*ncompatible"):
        client.register("guarded/value", record(a="string", b="string"), "AVRO")


def test_what_is_no_schema_is_refused(schema_registry: Registry) -> None:
    """The registry's own words are in the sentence."""
    with pytest.raises(RegistryError, match="refuses the schema of broken-value: "):
        schema_registry.client.register("broken-value", '{"type": "record", "name": "R"}', "AVRO")


def test_a_schema_of_another_kind_is_told(schema_registry: Registry) -> None:
    """An id of a JSON Schema is a mistake of the contract's, not a record without an identity."""
    body = {
        "schema": json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}),
        "schemaType": "JSON",
    }
    headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    made = httpx.post(f"{schema_registry.url}/subjects/json-value/versions", json=body, headers=headers)
    assert made.is_success, made.text
    with pytest.raises(RegistryError, match="is JSON, not AVRO"):
        schema_registry.client.schema(made.json()["id"], "AVRO")


def test_a_registry_that_dies_at_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last lines of its log, and where the rest is."""
    with Guardian() as guardian, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(PortLease, "take", lambda _self, _count: (port, port))
        monkeypatch.setattr("streamproof.serde.registry.TIMEOUT_S", 1.0)  # what holds the port answers nothing
        with pytest.raises(RegistryError) as caught, start_registry(guardian, logs=tmp_path):
            pass
        assert not processes_of(guardian.label, set())
    message = str(caught.value)
    assert "ended with status 1; its last lines:" in message
    assert f"Port {port} seems to be in use" in message
    assert message.endswith(f"whole log: {tmp_path / 'registry.log'}")


def test_a_registry_that_does_not_answer_is_an_error(schema_registry: Registry) -> None:
    """Whatever stands in its address; a password in it is not repeated."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(RegistryUnreachable, match=r"127\.0\.0\.1:\d+ does not answer .*; start it, or") as caught:
            connect_registry(f"http://me:secret@127.0.0.1:{closed.getsockname()[1]}")
    assert "secret" not in str(caught.value)
    with pytest.raises(RegistryUnreachable, match="does not answer"):
        connect_registry("127.0.0.1:8081")
    assert connect_registry(schema_registry.url + "/").url == schema_registry.url


def test_what_is_no_registry_is_told(web_server: str) -> None:
    """Another server; so does a registry at an address that lacks the path of its Confluent API, if it answers."""
    with pytest.raises(RegistryError, match=r"no schema registry: .* such as http://HOST:8081"):
        connect_registry(web_server)


RUN = """
import sys
from streamproof.cluster.registry import start_registry
from streamproof.guardian import Guardian
guardian = Guardian()
print(guardian.label, guardian.directory, flush=True)
with start_registry(guardian, logs=guardian.directory, say=lambda text: print(text, flush=True)) as registry:
    print(registry.url, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("when", ["while it starts", "when it is up"])
def test_a_registry_listens_on_loopback_alone_and_is_gone_with_a_killed_run(when: str, wait_until: WaitUntil) -> None:
    """After SIGKILL of the run no process, directory or port of its registry is left; while it was there, none was open
    to others.
    """
    listening: list[Any] = []
    with subprocess.Popen([sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout
        label, directory = run.stdout.readline().decode().split()
        assert b"starting the registry" in run.stdout.readline()
        if when == "when it is up":
            url = run.stdout.readline().decode().strip()
            connections = [c for process in processes_of(label, set()) for c in process.net_connections("tcp")]
            listening = [connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN]
            assert httpx.URL(url).port in {address.port for address in listening}
        with contextlib.suppress(ProcessLookupError):
            os.kill(run.pid, signal.SIGKILL)
    wait_until(lambda: not Path(directory).exists() and not processes_of(label, set()))
    assert {address.ip for address in listening} <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert all(is_free(address.port) for address in listening)
