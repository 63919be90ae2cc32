"""`verify --dry-run`: what can be checked without a broker is checked, and what would be done is told."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from streamproof.checks import load_checks
from streamproof.config.file import read_config
from streamproof.faults import Plan, Surroundings, json_of
from tests.calling import FAULT, Call
from tests.contract.documents import DOCUMENT

ROOT = Path(__file__).parents[2]
CONFIG = ["--config", str(ROOT / "streamproof.toml"), "--events", "200", "--seed", "7"]
RUN = ["--run", "true", "--input-topic", "a", "--output-topic", "b", "--group", "g", "--events", "20"]


@pytest.fixture(autouse=True)
def _nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess.Popen, "__init__", start)


def test_a_dry_run_says_what_would_be_run_fed_broken_and_judged(call: Call, tmp_path: Path) -> None:
    """In words, and it leaves nothing behind."""
    called = call("verify", "orders", *CONFIG, "--dry-run")
    assert (called.status, called.err) == (0, "")
    assert "orders: 2 × python -m pipeline forward\n" in called.out
    assert "3 brokers, Apache Kafka 4.3.1, embedded\n" in called.out
    assert "exactly-once, ordered by key, of group order-processor\n" in called.out
    assert "200 events, seed 7, such as\n" in called.out
    assert called.out.count("process: key s7-k") == 3
    assert 'event-id=s7-0 · {"event_id":"s7-0","order_id":"s7-k' in called.out
    assert "pause-broker broker:leader: progress 0.76\n" in called.out
    assert (
        "lost (forbidden), shown by faults that took effect while inputs were in flight; needed effects; " in called.out
    )
    assert "overtried (forbidden), shown by dead letters that tell their attempts\n" in called.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("subject", "refused"), [("orders", 1), ("projector", 0), ("consumer", 0), ("producer", 0)])
def test_a_transaction_is_refused_where_the_promise_takes_transactions(call: Call, subject: str, refused: int) -> None:
    """Exactly once from topic to topic: not into a database, not at least once, and not what is told what to send."""
    told = json.loads(call("verify", subject, *CONFIG, "--dry-run", "--json").out)
    assert [fault["kind"] for fault in told["plan"]["faults"]].count("error-answer") == refused


def test_a_dry_run_is_one_json_document(call: Call) -> None:
    """Its plan is the plan that the run would carry out, and its command starts the run."""
    called = call("verify", "orders", *CONFIG, "--dry-run", "--json", "--directory", "kept")
    told = json.loads(called.out)
    assert called.status == 0, called.err
    foreseen = Surroundings.foreseen(
        read_config(ROOT / "streamproof.toml").subject("orders"), "embedded", 3, proxied=True
    )
    assert told["plan"] == {**json.loads(json_of(Plan.default(7, foreseen, transactional=True))), "dropped": []}
    assert len(told["faults"]) == len(told["plan"]["faults"])
    assert [event["headers"] for event in told["sample"]] == [{"event-id": f"s7-{n}"} for n in range(3)]
    assert [anomaly["anomaly"] for anomaly in told["anomalies"]] == [check.name for check in load_checks()]
    assert shlex.split(told["again"]) == ["streamproof", "verify", "orders", *CONFIG, "--json"]


def test_a_function_of_the_contracts_is_tried_before_anything_starts(call: Call, tmp_path: Path) -> None:
    """On the first event: a run that ends with such a mistake would be lost."""
    contract = tmp_path / "orders.yaml"
    expect = "expect: { by: oracle.py:forgetful, fields: [status] }"
    written = DOCUMENT.replace("identity: json:/id }", f"identity: json:/id, {expect} }}")
    contract.write_text(written)
    (tmp_path / "oracle.py").write_text("def forgetful(event):\n    return {'status': event.value['kind']}\n")
    (tmp_path / "streamproof.toml").write_text('[subject.s]\ncontract = "orders.yaml"\ncommand = "true"\n')
    called = call("verify", "--config", str(tmp_path / "streamproof.toml"), "--dry-run")
    assert (called.status, called.out) == (2, "")
    assert "the contract's function forgetful failed for an input of key s" in called.err
    assert "KeyError: 'kind'; mend it, or leave its fields out" in called.err


@pytest.mark.parametrize(("promise", "duplicated"), [("at-least-once", "counted"), ("exactly-once", "forbidden")])
def test_a_dry_run_says_what_an_anomaly_would_mean_for_this_promise(call: Call, promise: str, duplicated: str) -> None:
    """What is forbidden, and what is only counted."""
    told = json.loads(call("verify", *RUN, "--promise", promise, "--dry-run", "--json").out)
    meanings = {anomaly["anomaly"]: anomaly["meaning"] for anomaly in told["anomalies"]}
    assert (meanings["lost"], meanings["duplicated"], meanings["late"]) == ("forbidden", duplicated, "never upheld")


def test_what_takes_a_fault_is_told_where_none_is_planned(call: Call) -> None:
    """Such a run cannot be upheld, and that is known before it starts."""
    out = call("verify", *RUN, "--faults", "none", "--dry-run").out
    lost, late = (next(line for line in out.splitlines() if f" {name} (" in line) for name in ("lost", "late"))
    assert lost.endswith(" (it takes a fault, and none is planned)")
    assert not late.endswith(")")
    assert "(it takes a fault" not in call("verify", *RUN, "--faults", "kill@instance:1", "--dry-run").out


def test_a_subject_that_is_told_what_to_send_is_shown_its_lines(call: Call) -> None:
    """A line has no key and no headers."""
    (first, *_) = json.loads(call("verify", "producer", *CONFIG, "--dry-run", "--json").out)["sample"]
    assert (first["key"], first["headers"]) == (None, {})
    assert json.loads(first["value"])["event_id"] == "s7-0"


def test_an_existing_cluster_is_not_asked(call: Call) -> None:
    """Its brokers are left alone, which the plan says."""
    called = call("verify", *RUN, "--cluster", "127.0.0.1:1", "--dry-run")
    assert called.status == 0, called.err
    assert "left out: loss of a broker: the brokers of an existing cluster are not ours to break\n" in called.out


@pytest.mark.parametrize(
    ("arguments", "files", "sentence"),
    [
        (["--run", "no-such-program"], {}, "cannot run 'no-such-program' (No such file or directory)"),
        (["--run", "./here"], {}, "cannot run './here' (No such file or directory)"),
        (["--run", "python -u loop.py"], {}, "/loop.py, which python is to run; check the command in streamproof.toml"),
        (["--run", "sh here/run.sh"], {}, "/here/run.sh, which sh is to run"),
        (["--junit", "no/j.xml"], {}, "there is no place for a file no/j.xml; make its directory"),
        (["--run", "true {bootstrap_server}"], {}, 'did you mean "bootstrap_servers"?'),
        (["--brokers", "2"], {}, "an odd number of brokers, not 2"),
        (["--kafka-version", "1.0.0"], {}, 'Apache Kafka "1.0.0" is not known here'),
        (["--cluster", "testcontainer"], {}, 'did you mean "testcontainers"?'),
        (["--faults", "kill@instance:7"], {}, "there is no instance:7; write instance:1"),
        (["--faults", "p.json"], {"p.json": FAULT.format("melt", "instance:1", 0.5)}, "there is none of that name"),
        (["--directory", "f"], {"f": ""}, "f cannot be made (File exists)"),
    ],
)
def test_a_mistake_is_found_by_a_dry_run(
    call: Call, arguments: list[str], files: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    """By the sentence that the run would end in, and with its status."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    called = call("verify", *RUN, *arguments, "--dry-run")
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith("streamproof: ")
    assert sentence in called.err
    assert {path.name for path in tmp_path.iterdir()} == set(files)


def test_a_jar_is_looked_for(call: Call, tmp_path: Path) -> None:
    """Wherever Java is, and whatever stands before the jar."""
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    called = call("verify", *RUN, "--run", "./java -Xmx1g -jar no.jar -x", "--dry-run")
    assert (called.status, called.out) == (2, "")
    assert f"subject command: there is no file {tmp_path}/no.jar, which ./java is to run" in called.err
    (tmp_path / "no.jar").touch()
    assert call("verify", *RUN, "--run", "./java -Xmx1g -jar no.jar -x", "--dry-run").status == 0


@pytest.mark.parametrize(
    "command",
    [
        "python -m loop",
        "python -c pass",
        "python -W ignore loop.py",
        "python {directory}/loop.py",
        "python loop.py",
        "sh -c ./loop.sh",
        "sh true",  # which it finds on PATH
        "true loop.py",
    ],
)
def test_a_file_is_looked_for_only_where_it_is_certain_which(call: Call, tmp_path: Path, command: str) -> None:
    """What cannot be known before the run is no mistake."""
    if command == "python loop.py":
        (tmp_path / "loop.py").touch()
    called = call("verify", *RUN, "--run", command, "--dry-run")
    assert (called.status, called.err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "hinted"),
    [
        ([], True),
        (["--run", "true {bootstrap_servers}"], False),
        (["--cluster", "127.0.0.1:1"], False),  # its address may be written down
    ],
)
def test_a_subject_that_is_not_told_where_the_brokers_are_is_hinted_at(
    call: Call, arguments: list[str], *, hinted: bool
) -> None:
    """It may have other ways to know, so it is no mistake."""
    called = call("verify", *RUN, *arguments, "--dry-run")
    assert called.status == 0, called.err
    assert ("look at    nothing in the command or its environment names {bootstrap_servers}" in called.out) == hinted


def test_a_program_is_looked_for_where_the_subject_runs(call: Call, tmp_path: Path) -> None:
    """From its own directory; a program that only the run will make is not looked for."""
    (tmp_path / "sub").mkdir()
    program = tmp_path / "sub" / "go"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    contract = ROOT / "contracts" / "user-events.asyncapi.yaml"
    toml = (
        f'[subject.a]\ncontract = "{contract}"\ncommand = "./go"\ncwd = "CWD"\ndatabases.userHistory = "sqlite:///x"\n'
    )
    for cwd, status in (("sub", 0), (".", 2), ("nowhere", 2)):
        (tmp_path / "streamproof.toml").write_text(toml.replace("CWD", cwd))
        assert call("verify", "--dry-run").status == status
    (tmp_path / "streamproof.toml").write_text(toml.replace("./go", "{directory}/go").replace("CWD", "."))
    assert call("verify", "--dry-run").status == 0
