"""`streamproof shrink`: a violated run becomes a small test, on a real cluster; and what cannot be made smaller."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from streamproof.cli.verify import request_of
from streamproof.cluster import EmbeddedCluster
from streamproof.history.promise import Delivery
from streamproof.make_schemas import schemas
from tests.calling import Call
from tests.checks.scenes import clean

LOOP = Path(__file__).parents[1] / "foreign" / "loop.py"
TOML = """
[subject.copy]
contract = "copy.yaml"
command = "python {loop} {{bootstrap_servers}} copy{{run}} source{{run}} target{{run}} read_uncommitted"
instances = 2
"""
CONTRACT = """asyncapi: 3.0.0
channels:
  source:
    address: source
    messages: {event: {payload: {type: object}, examples: [{payload: {a: 1}}]}}
  target: {address: target}
operations:
  copy:
    action: receive
    channel: {$ref: "#/channels/source"}
    bindings: {kafka: {groupId: {const: copy}}}
    x-delivery: at-least-once
    x-identity: header:event-id
    x-produces: [{channel: target, identity: header:event-id}]
"""


def test_a_violated_run_becomes_a_small_test_that_fails_in_the_same_way(
    call: Call, embedded_cluster: EmbeddedCluster
) -> None:
    """A loop that reads what was aborted does so without a fault, in a single instance, of few events."""
    Path("streamproof.toml").write_text(TOML.format(loop=LOOP))
    Path("copy.yaml").write_text(CONTRACT)
    cluster = ["--cluster", embedded_cluster.bootstrap_servers]
    violated = call(
        "verify", "copy", "--events", "12", "--seed", "5", "--faults", "kill@instance:2", *cluster,
        "--directory", "kept", "--quiet",
    )  # fmt: skip
    assert violated.status == 1, violated.err
    refused = call("shrink", "kept", "--anomaly", "torn")
    assert (refused.status, 'kept is not violated by "torn"; name one of aborted-read' in refused.err) == (2, True)
    called = call("shrink", "kept", "--runs", "1", "--directory", "small", "--json")
    assert called.status == 0, called.err
    told = json.loads(called.out)
    assert not list(Draft202012Validator(schemas()["shrunk.json"]).iter_errors(told))
    assert (told["anomaly"], told["before"]["faults"]) == ("aborted-read", ["kill instance:2: progress 0.50"])
    assert (told["after"]["faults"], told["after"]["instances"]) == ([], 1)
    assert told["after"]["events"] <= 3
    assert (told["failed"], told["runs"], told["in_time"]) == (1, 1, True)
    assert "✔ 1 fault, 12 events, 2 instances" in called.err
    assert json.loads(Path("small/plan.json").read_text()) == {"seed": 5, "faults": []}
    assert Path(told["report"]).is_file()
    assert sorted(path.name for path in Path("small").iterdir()) == [
        "plan.json", "run", "test_copy_aborted_read.py",
    ]  # fmt: skip
    assert told["again"] == f"pytest small/test_copy_aborted_read.py --cluster={embedded_cluster.bootstrap_servers}"
    assert call("shrink", "small/run").err.startswith("streamproof: small/run was made by pytest small/")
    repeated = subprocess.run(
        [sys.executable, "-m", *told["again"].split(), "-p", "no:cacheprovider"],
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert repeated.returncode == 1, repeated.stdout
    assert "PromiseViolated: aborted-read" in repeated.stdout


@pytest.mark.parametrize(
    ("again", "sentence"),
    [
        (None, "kept was made by no command, and only a run of streamproof verify can be made smaller; its plan "),
        ("pytest test_a.py::test_b", "kept was made by pytest test_a.py::test_b, and only a run of "),
    ],
)  # fmt: skip
def test_a_run_of_another_kind_is_refused(call: Call, tmp_path: Path, again: str | None, sentence: str) -> None:
    """With what to do instead."""
    history = clean().write(tmp_path / "kept" / "history")
    record = history.record.model_copy(update={"again": again})
    (history.directory / "run.json").write_text(record.model_dump_json())
    called = call("shrink", "kept")
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith(f"streamproof: {sentence}")


def test_a_run_that_is_not_violated_is_refused(call: Call, tmp_path: Path) -> None:
    """There is nothing to look for again."""
    history = clean().write(tmp_path / "kept" / "history")
    again = "streamproof verify --run true --input-topic a --output-topic b --group g --seed 1"
    record = history.record.model_copy(update={"again": again})
    (history.directory / "run.json").write_text(record.model_dump_json())
    (tmp_path / "kept" / "plan.json").write_text('{"seed": 1, "faults": []}')
    called = call("shrink", "kept")
    assert called.status == 2
    assert "kept: its verdict is upheld; only a violated run can be made smaller" in called.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "nowhere is not a directory; give that of a violated run, such as .streamproof/runs/…"),
        ([".", "--within", "10"], 'expected a time such as 90s, 10m or 1h, found "10" (see streamproof shrink --help)'),
        ([".", "--as", "junit"], "junit"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(call: Call, arguments: list[str], sentence: str) -> None:
    """In a sentence."""
    called = call("shrink", *arguments)
    assert (called.status, called.out) == (2, "")
    assert sentence in called.err


def test_the_command_that_repeats_a_run_asks_for_the_same() -> None:
    """It is read as the command itself reads it."""
    words = ["verify", "orders", "--events=50", "--seed", "7", "--promise", "at-least-once", "--through", "a", "--json"]
    request = request_of(words)
    assert (request.subject, request.events, request.seed, request.through) == ("orders", 50, 7, ("a",))
    assert (request.promise, request.arguments) == (Delivery.AT_LEAST_ONCE, tuple(words))
