"""Runs of subjects that are told on standard input what to send: their answers are judged as commits are."""

import shlex
import sys
from pathlib import Path

import pytest

from streamproof.checks import Outcome, Status, Verdict
from streamproof.cluster import EmbeddedCluster
from streamproof.engine.request import Request, verify
from streamproof.errors import SubjectError, UsageError

# sends each line to the topic in its second argument; what it does of each comes from a test
PROGRAM = """
import json, sys, threading, confluent_kafka
pending, HELD = [], {held}
producer = confluent_kafka.Producer({{"bootstrap.servers": sys.argv[1], "enable.idempotence": True, "linger.ms": 200}})

def answer(outcome, event):
    print(json.dumps({{"outcome": outcome, "id": event["id"]}}), flush=True)

def send(event, on_delivery):
    producer.produce(sys.argv[2], json.dumps(event), event["key"], on_delivery=on_delivery)

def deliver():
    while True:
        producer.poll(0.05)

threading.Thread(target=deliver, daemon=True).start()
for line in iter(sys.stdin.readline, ""):
    event = json.loads(line)
    {each}
"""
RIGHT = 'send(event, lambda error, _, event=event: answer("unknown" if error else "ok", event))'
EARLY = 'answer("ok", event); pending.append(event); len(pending) <= HELD or send(pending.pop(0), None)'
DENIES = 'send(event, lambda error, _, event=event: answer("fail", event))'
SILENT = "send(event, None)"
HELD = 50  # events that the early program has answered, and not yet sent
FORGETS = f'event["seq"] == 1 or {RIGHT}'
KILLS = """{"faults": [
    {"kind": "kill-in-flight", "target": "instance:1", "at": 0.3},
    {"kind": "kill", "target": "instance:1", "at": 0.6}
], "seed": 1}"""

CONTRACT = """
asyncapi: 3.0.0
info: {{ title: events, version: 1.0.0 }}
channels: {{ events: {{ address: "{topic}" }} }}
operations:
  tell:
    action: send
    channel: {{ $ref: '#/channels/events' }}
    x-identity: json:/id
    x-key: json:/key
    x-delivery: exactly-once
"""
CONFIG = """
[subject.teller]
contract = "contract.yaml"
command  = {command}
input    = "{input}"
"""


def request_for(
    directory: Path, cluster: EmbeddedCluster, each: str, *, port: str = "stdin", kills: bool = True
) -> Request:
    """A run of a program that does `each`, and is killed twice while it does."""
    topic = f"events-{directory.name}"
    (directory / "program.py").write_text(PROGRAM.format(each=each, held=HELD))
    (directory / "contract.yaml").write_text(CONTRACT.format(topic=topic))
    command = shlex.join([sys.executable, str(directory / "program.py"), "{bootstrap_servers}", topic])
    (directory / "streamproof.toml").write_text(CONFIG.format(command=f"'''{command}'''", input=port))
    (directory / "plan.json").write_text(KILLS)
    return Request(
        directory=directory / "run",
        seed=1,
        config=directory / "streamproof.toml",
        events=600,
        faults=str(directory / "plan.json") if kills else "none",
        cluster=cluster.bootstrap_servers,
    )


def told(directory: Path, cluster: EmbeddedCluster, each: str, *, port: str = "stdin", kills: bool = True) -> Verdict:
    """The verdict on such a program."""
    return verify(request_for(directory, cluster, each, port=port, kills=kills)).verdict


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has not been answered after a few seconds never will be."""
    monkeypatch.setattr("streamproof.engine.spec.QUIET_S", 5.0)


def witnesses(verdict: Verdict) -> dict[str, int]:
    return {finding.anomaly: finding.witnesses for finding in verdict.findings if finding.witnesses}


def test_a_program_that_answers_what_is_delivered_is_upheld(tmp_path: Path, embedded_cluster: EmbeddedCluster) -> None:
    """Killed with effects that it had not answered for: those may be there or not, and nothing else is missing."""
    verdict = told(tmp_path, embedded_cluster, RIGHT)
    assert verdict.outcome is Outcome.UPHELD, (verdict.missing, witnesses(verdict))
    assert verdict.finding("commit-regression").status is Status.NOT_JUDGED


def test_a_program_that_answers_before_delivery_loses(tmp_path: Path, embedded_cluster: EmbeddedCluster) -> None:
    """Events that it had answered but not sent when it was killed are lost; many effects came after their answers."""
    found = witnesses(told(tmp_path, embedded_cluster, EARLY))
    assert found.keys() == {"lost", "commit-ahead"}
    assert found["lost"] >= HELD


def test_what_was_refused_and_is_there_is_too_much(tmp_path: Path, embedded_cluster: EmbeddedCluster) -> None:
    """A caller sends a failed event again, so any effect of the failed attempt is too many."""
    verdict = told(tmp_path, embedded_cluster, DENIES)
    assert verdict.outcome is Outcome.VIOLATED
    assert witnesses(verdict).keys() == {"duplicated"}


def test_an_input_that_is_never_answered_is_late(tmp_path: Path, embedded_cluster: EmbeddedCluster) -> None:
    """By a process that lives: nobody knows what became of it, so nothing is upheld."""
    verdict = told(tmp_path, embedded_cluster, FORGETS, kills=False)
    assert verdict.outcome is Outcome.UNPROVEN
    assert verdict.finding("late").witnesses


def test_a_program_that_answers_nothing_is_told_so(
    tmp_path: Path, embedded_cluster: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it should do."""
    monkeypatch.setattr("streamproof.engine.run.FIRST_COMMIT_S", 2.0)
    with pytest.raises(SubjectError, match=r"teller has answered no line of its standard input; for each"):
        told(tmp_path, embedded_cluster, SILENT, kills=False)


def test_a_program_that_stays_down_is_told_so(tmp_path: Path, embedded_cluster: EmbeddedCluster) -> None:
    """Nobody would ever answer what it should be given next."""
    dies = f'{RIGHT}; event["seq"] % 20 or sys.exit("no more")'
    with pytest.raises(
        SubjectError, match=r"teller, instance 1 ended on its own 6 times, the last time with status 1 after"
    ):
        told(tmp_path, embedded_cluster, dies, kills=False)


def test_a_contract_that_sends_needs_a_subject_that_is_told(tmp_path: Path, embedded_cluster: EmbeddedCluster) -> None:
    """And says where that is written."""
    with pytest.raises(UsageError, match=r'teller: operation tell sends: it is told what to, by input = "stdin"'):
        told(tmp_path, embedded_cluster, RIGHT, port="topic")


def test_an_instance_that_never_says_its_word_is_named(
    tmp_path: Path, embedded_cluster: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names what was waited for, and the instance."""
    monkeypatch.setattr(
        "tests.engine.test_stdin_runs.CONFIG", CONFIG + 'ready = {{ log = "up" }}\nready_timeout_s = 1\n'
    )
    with pytest.raises(SubjectError, match='was not ready within 1 s: instance 1 does not hold "up" in its log; the'):
        told(tmp_path, embedded_cluster, RIGHT)
