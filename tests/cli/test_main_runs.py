"""`verify` and `check` on a cluster, as their user meets them: what a subject did wrong, verdicts, JSON."""

import json
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from streamproof import __version__
from streamproof.cluster import EmbeddedCluster
from streamproof.contract.model import Channel
from streamproof.kafka.topics import create_topics
from tests.calling import FAULT, Call

STREAMPROOF = str(Path(sys.executable).with_name("streamproof"))
CONTRACTS = Path(__file__).parents[2] / "contracts"
SCHEMAS = CONTRACTS / "schemas/order_event"
Foreign = tuple[str, Callable[[str], list[str]]]  # a name, and the flags that verify a command under it


@pytest.fixture
def foreign(embedded_cluster: EmbeddedCluster, request: pytest.FixtureRequest) -> Foreign:
    """Flags for a command on the session's cluster, with topics and a group of this test's own."""
    name = re.sub(r"\W", "-", request.node.name)[-60:]

    def flags(command: str) -> list[str]:
        topics = ["--input-topic", f"in-{name}", "--output-topic", f"out-{name}", "--group", name]
        run = ["--run", command, "--events", "50", "--faults", "none"]
        return ["verify", *run, *topics, "--cluster", embedded_cluster.bootstrap_servers]

    return name, flags


def test_a_subject_that_exits_at_once_is_shown_with_its_last_lines(call: Call, foreign: Foreign) -> None:
    """Its status, what it said last, and where the rest is."""
    _, flags = foreign
    called = call(*flags("sh -c 'echo no such topic >&2; exit 7'"))
    assert called.status == 2
    assert "instance 1 exited with status 7 before it was ready; its last lines:\n    no such topic\n" in called.err
    assert "whole log: " in called.err


def test_a_command_that_cannot_be_run_is_named(call: Call, foreign: Foreign) -> None:
    """Before anything waits for it."""
    _, flags = foreign
    called = call(*flags("no-such-program"))
    assert called.status == 2
    assert "cannot run 'no-such-program' (No such file or directory)" in called.err


def test_a_topic_with_other_partitions_is_refused(
    call: Call, foreign: Foreign, embedded_cluster: EmbeddedCluster
) -> None:
    """What stands is not changed: the sentence says what was found and what was wanted."""
    name, flags = foreign
    create_topics(embedded_cluster.bootstrap_servers, {f"in-{name}": 2}, replication=1)
    called = call(*flags("sleep 60"))
    assert called.status == 2
    assert f"in-{name}" in called.err
    assert "partitions" in called.err


def test_a_topic_that_has_its_producers_times_is_refused(
    call: Call, foreign: Foreign, embedded_cluster: EmbeddedCluster
) -> None:
    """Whoever writes to it could make any record look early or late."""
    name, flags = foreign
    servers, topic = embedded_cluster.bootstrap_servers, f"in-{name}"
    config = {topic: {"message.timestamp.type": "CreateTime"}}
    create_topics(servers, {topic: Channel.partitions}, replication=1, config=config)
    called = call(*flags("sleep 60"))
    assert called.status == 2
    assert f'topic "{topic}" has the times of its producers, message.timestamp.type=CreateTime' in called.err


def test_a_subject_that_never_gets_ready_is_told_by_its_group(
    call: Call, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group's state says what is missing."""
    monkeypatch.setattr("streamproof.subject.spec.READY_TIMEOUT_S", 2.0)
    name, flags = foreign
    called = call(*flags("sleep 60"))
    assert called.status == 2
    assert f'was not ready within 2 s: group "{name}" is Dead with 0 of 1 members' in called.err


def test_a_fault_that_the_cluster_cannot_do_is_told_before_anything_runs(
    call: Call, foreign: Foreign, tmp_path: Path, embedded_cluster: EmbeddedCluster
) -> None:
    """As soon as the cluster is known: no topic is made, no subject started."""
    name, flags = foreign
    (tmp_path / "p.json").write_text(FAULT.format("kill-broker", "broker:leader", 0.5))
    called = call(*flags("sleep 60"), "--faults", "p.json")
    assert called.status == 2
    assert "fault kill-broker, 1 of the plan: this cannot be done to a cluster that is existing; " in called.err
    admin = AdminClient({"bootstrap.servers": embedded_cluster.bootstrap_servers})
    assert f"in-{name}" not in admin.list_topics(timeout=10).topics


@pytest.mark.parametrize(
    ("seed", "flags", "used"), [("", [], r"\d+"), ('"seed": 5, ', [], "5"), ('"seed": 5, ', ["--seed", "7"], "7")]
)
def test_a_run_of_a_saved_plan_can_be_run_again(
    call: Call, foreign: Foreign, seed: str, flags: list[str], used: str
) -> None:
    """With the same plan and the seed that was used: the flag's, else the plan's, else a random seed, which is told."""
    name, flagged = foreign
    Path("p.json").write_text(f'{{{seed}"faults": []}}')
    command = f"{sys.executable} {LOOP} {{bootstrap_servers}} {name} in-{name} out-{name}"
    arguments = [*flagged(command), *flags, "--faults", "p.json", "--promise", "at-least-once"]
    called = call(*arguments, "--directory", "kept")
    again = re.search(r"Again   (.*)", called.out)
    assert again, called.err
    repeated = shlex.split(again[1])[1:]
    assert repeated[: len(arguments)] == arguments
    told = repeated[repeated.index("--seed") + 1]
    assert re.fullmatch(used, told)
    assert json.loads(Path("kept/plan.json").read_text())["seed"] == int(told)
    assert json.loads(Path("kept/history/run.json").read_text())["seed"] == int(told)


def test_several_seeds_run_on_one_cluster_and_are_told_side_by_side(
    call: Call, foreign: Foreign, tmp_path: Path
) -> None:
    """Each with names and a directory of its own; the status is that of the worst."""
    name, flags = foreign
    command = f"{sys.executable} {LOOP} {{bootstrap_servers}} {name}{{run}} in-{name}{{run}} out-{name}{{run}}"
    arguments = [*flags(command), "--promise", "at-least-once"]
    called = call(*arguments, "--seed", "5", "--seeds", "2", "--directory", "kept", "--junit", "j.xml", "--json")
    assert called.status == 3, called.err
    told = json.loads(called.out)
    assert [(run["seed"], run["outcome"]) for run in told] == [(5, "unproven"), (6, "unproven")]
    assert [Path(run["directory"]) for run in told] == [Path(f"kept/seed-{seed}/history") for seed in (5, 6)]
    assert shlex.split(told[1]["again"]) == ["streamproof", *arguments, "--json", "--seed", "6"]
    assert (tmp_path / "j.xml").read_text().count("<testsuite ") == 2
    assert called.err.count("  cluster ") == 1
    refused = call(*flags("sleep 60"), "--seeds", "2")
    assert refused.status == 2
    assert "--seeds: subject command has no {run} in its command or environment, so all runs would meet" in refused.err


@pytest.mark.parametrize(("flag", "lines"), [("--quiet", 1), ("--verbose", 40)])
def test_a_run_is_told_in_a_line_or_event_by_event(call: Call, foreign: Foreign, flag: str, lines: int) -> None:
    """The verdict's line alone, or each event with its time beside what is told anyway."""
    name, flags = foreign
    command = f"{sys.executable} {LOOP} {{bootstrap_servers}} {name} in-{name} out-{name}"
    called = call(*flags(command), "--promise", "at-least-once", flag)
    assert (called.status, called.err) == (3, "")
    told = called.out.splitlines()
    assert "UNPROVEN  at-least-once, ordered by key" in told
    assert (len(told) == 1) if lines == 1 else (len(told) > lines)
    events = [line for line in told if re.match(r"\d\d:\d\d:\d\d\.\d{3}  [A-Z]\w+ ", line)]
    assert bool(events) == (flag == "--verbose")


# reads what its third argument names, for ever, and commits nothing
READS_ONLY = """
import sys, confluent_kafka
c = confluent_kafka.Consumer({'bootstrap.servers': sys.argv[1], 'group.id': sys.argv[2], 'enable.auto.commit': False,
    'auto.offset.reset': 'earliest'})
c.subscribe([sys.argv[3]])
while True: c.poll(0.1)
"""


@pytest.mark.parametrize("case", [("in", "none"), ("out", "none"), ("in", "default")], ids=" ".join)
def test_a_subject_that_never_commits_is_told_so(
    call: Call, foreign: Foreign, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: tuple[str, str]
) -> None:
    """It is ready, its group is whole; whether it reads its input or another topic: only the offsets tell."""
    monkeypatch.setattr("streamproof.engine.spec.QUIET_S", 2.0)
    for patience in ("IDLE_S", "RECOVERY_S"):
        monkeypatch.setattr(f"streamproof.faults.nemesis.{patience}", 2.0)
    (name, flags), (reads, faults) = foreign, case
    (tmp_path / "reads.py").write_text(READS_ONLY)
    called = call(*flags(f"{sys.executable} reads.py {{bootstrap_servers}} {name} {reads}-{name}"), "--faults", faults)
    assert called.status == 2
    assert "not done" not in called.out, "nothing is broken in it"
    assert f'has committed nothing in group "{name}"' in called.err
    instead = f'its members read "out-{name}"; ' if reads == "out" else ""
    assert f'though "in-{name}" has records; {instead}check that it reads that topic and commits' in called.err


def test_a_subject_that_commits_and_writes_nothing_is_told_so(call: Call, foreign: Foreign, tmp_path: Path) -> None:
    """An empty topic of effects is a mistake of the command, not the loss of each input."""
    name, flags = foreign
    (tmp_path / "reads.py").write_text(READS_ONLY.replace("False", "True, 'auto.commit.interval.ms': 100"))
    called = call(*flags(f"{sys.executable} reads.py {{bootstrap_servers}} {name} in-{name}"), "--faults", "none")
    assert called.status == 2
    assert re.search(rf"has committed past \d+ inputs, and nothing has come on out-{name}; check that it", called.err)


COPIED = """asyncapi: 3.0.0
channels:
  source:
    address: in-NAME
    messages: {event: {payload: {type: object}, examples: [{payload: {a: 1}}]}}
  target: {address: out-NAME}
operations:
  copy:
    action: receive
    channel: {$ref: "#/channels/source"}
    bindings: {kafka: {groupId: {const: NAME}}}
    x-delivery: at-least-once
    x-identity: header:event-id
    x-produces: [{channel: target, identity: header:event-id}]
"""
OWN = """-- known: an input, whatever came of it.
-- forbidden: at-least-once
SELECT i.id FROM distinct_input i ORDER BY i.id
"""
EVIDENCE = "SELECT 'inputs' AS evidence, count(*) AS seen, count(*) > 0 AS enough FROM live_input"


def test_a_run_is_judged_by_the_checks_of_its_project_too(call: Call, foreign: Foreign, tmp_path: Path) -> None:
    """Those beside streamproof.toml, wherever it is called from; a wrong check is told before anything runs."""
    name, flags = foreign
    project = tmp_path / "project"
    checks = project / "mine"
    checks.mkdir(parents=True)
    command = f"{sys.executable} {LOOP} {{bootstrap_servers}} {name} in-{name} out-{name}"
    subject = f'[subject.copy]\ncontract = "c.yaml"\ncommand = "{command}"\n'
    (project / "streamproof.toml").write_text(f'checks = "mine"\n{subject}')
    (project / "c.yaml").write_text(COPIED.replace("NAME", name))
    (checks / "known.sql").write_text(OWN)
    (checks / "known.evidence.sql").write_text("SELECT 1 AS number")
    arguments = ["verify", "--config", "project/streamproof.toml", "--events", "50", "--faults", "none"]
    arguments += [*flags("")[-2:], "--directory", "kept", "--json"]
    called = call(*arguments)
    assert called.status == 2
    assert called.err.startswith("streamproof: known.evidence.sql must give the columns evidence (text), ")
    assert not Path("kept").exists()
    (checks / "known.evidence.sql").write_text(EVIDENCE)
    called = call(*arguments)
    assert called.status == 1, called.err
    (known,) = [found for found in json.loads(called.out)["findings"] if found["anomaly"] == "known"]
    assert (known["status"], known["witnesses"] > 0) == ("forbidden", True)
    assert Path("kept/witnesses/known.parquet").is_file()
    assert call("check", "kept").status == 3, "without the flag, it is judged by what everyone has"
    assert call("check", "kept", "--checks", "project/mine").status == 1


COLOUR = re.compile(r"\x1b\[(?:\d;)*[39][0-8]")
LOOP = Path(__file__).parents[1] / "foreign" / "loop.py"


def test_a_run_is_one_json_document_and_can_be_judged_again(
    call: Call, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` says of the history what `verify` said; a run in which nothing was broken proves nothing."""
    name, flags = foreign
    command = f"{sys.executable} {LOOP} {{bootstrap_servers}} {name} in-{name} out-{name}"
    called = call(*flags(command), "--promise", "at-least-once", "--directory", "kept", "--json")
    verdict = json.loads(called.out)
    assert called.status == 3
    assert verdict["outcome"] == "unproven"
    assert called.err.startswith(f"streamproof {__version__} · subject command · promise: at-least-once")
    assert "\x1b[" not in called.err
    report = Path(verdict["report"])
    assert report == Path("kept/report.html")
    assert "--promise at-least-once --json --seed" in report.read_text(), "the command that repeats it"
    assert (verdict["subject"], verdict["version"]) == ("command", __version__)
    saved = json.loads(Path("kept/plan.json").read_text())
    assert {name: value for name, value in verdict["plan"].items() if name in saved} == saved
    assert Path(verdict["directory"]) == Path("kept/history")
    repeated = [*flags(command), "--promise", "at-least-once", "--json", "--seed", str(verdict["seed"])]
    assert shlex.split(verdict["again"]) == ["streamproof", *repeated]
    again = call("check", "kept", "--json")
    assert again.status == 3
    assert json.loads(again.out) == verdict
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # as if on a terminal
    assert COLOUR.search(call("check", "kept").out)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not COLOUR.search(call("check", "kept").out)
    refused = call(*flags(command))
    assert refused.status == 2
    assert "holds records already" in refused.err
    refused = call(*flags(command), "--directory", "kept")
    assert refused.status == 2
    assert "kept holds a run already" in refused.err
