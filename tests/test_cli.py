"""The command as its user meets it: exit status, one sentence for each mistake, JSON, help."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streamproof.cli import main
from streamproof.cluster import EmbeddedCluster
from streamproof.cluster.admin import create_topics

RUN = ["--input-topic", "a", "--output-topic", "b", "--group", "g"]


class Called:
    """What one call of the command came to."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


Call = Callable[..., Called]
Foreign = tuple[str, Callable[[str], list[str]]]  # a name, and the flags that verify a command under it


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Call the command in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Called:
        monkeypatch.setattr(sys, "argv", ["streamproof", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return Called(int(left.value.code or 0), captured.out, captured.err)

    return run


TOML = '[subject.orders]\ncontract = "c.yaml"\ncommand = "true"\n'


@pytest.mark.parametrize(
    ("arguments", "files", "sentence"),
    [
        (["verify"], {}, "streamproof.toml is not there; write one, name another, or give the subject by --run"),
        (["verify"], {"streamproof.toml": "[subject"}, "streamproof.toml:1: no valid TOML"),
        (["verify", "order"], {"streamproof.toml": TOML}, 'subject "order" is not declared (did you mean "orders"?)'),
        (
            ["verify"],
            {"streamproof.toml": TOML + "instnces = 2\n"},
            'instnces is not known (did you mean "instances"?)',
        ),
        (["verify"], {"streamproof.toml": TOML}, "c.yaml"),
        (["verify", "--run", "x"], {}, "--run needs --input-topic and --output-topic and --group too"),
        (["verify", "--run", "x", *RUN, "--identity", "event-id"], {}, "--identity"),
        (["verify", "--run", "x", *RUN, "--input", "no.jsonl"], {}, "no.jsonl: cannot read the input"),
        (["verify", "--run", "x", *RUN, "--input", "a.jsonl"], {"a.jsonl": "{}\n"}, "a.jsonl:1: value is missing"),
        (["verify", "--run", "x", *RUN, "--bootstrap-servers", "127.0.0.1:1"], {}, "no broker answers at 127.0.0.1:1"),
        (["verify", "--run", "x", *RUN, "--brokers", "2"], {}, "an odd number of brokers, not 2"),
        (["verify", "--run", "x", *RUN, "--kafka-version", "1.0.0"], {}, "Apache Kafka 1.0.0 is not known here"),
        (["check", "nowhere"], {}, "nowhere is not a directory; give that of a run"),
        (["check", "."], {}, "is not a complete history"),
        (["up", "--brokers", "2"], {}, "an odd number of brokers, not 2"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(
    call: Call, arguments: list[str], files: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    """What is wrong, where, and what to do; nothing else on either stream but the progress before it."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    called = call(*arguments)
    assert called.status == 2, called.err
    assert called.err.startswith("streamproof: ")
    assert sentence in called.err
    assert "Traceback" not in called.err
    assert called.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["verify", "--evnts", "3"], ["veryfi"], ["verify", "--events", "many"]])
def test_a_wrong_flag_is_told_with_usage_and_status_2(call: Call, arguments: list[str]) -> None:
    """Flags are the parser's business; its complaints have the same status."""
    called = call(*arguments)
    assert called.status == 2
    assert "Usage:" in called.err


@pytest.mark.parametrize("command", ["up", "verify", "check"])
def test_help_shows_an_example(call: Call, command: str) -> None:
    """Each command's help ends in lines to copy."""
    called = call(command, "--help")
    assert called.status == 0
    assert re.search(r"Examples?:\s+streamproof " + command, called.out)


def test_a_plan_that_cannot_be_used_is_refused_before_anything_runs(
    call: Call, embedded_cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    """A missing file, one that is no plan, and a fault that there is not: each is told with what there is."""
    (tmp_path / "bad.json").write_text('{"seed": 1, "faults": [{"kind": "kill", "target": "instance:1", "at": 7}]}')
    (tmp_path / "odd.json").write_text('{"seed": 1, "faults": [{"kind": "melt", "target": "instance:1", "at": 0.5}]}')
    servers = ["--bootstrap-servers", embedded_cluster.bootstrap_servers]
    for plan, sentence in (
        ("no.json", 'give "default", "none" or a plan.json'),
        ("bad.json", "faults.0.at: Input should be less than or equal to 1"),
        ("odd.json", '"melt" is not a fault; there are join, kill,'),
    ):
        called = call("verify", "--run", "x", *RUN, *servers, "--faults", plan)
        assert (called.status, sentence in called.err) == (2, True), called.err


@pytest.fixture
def foreign(embedded_cluster: EmbeddedCluster, request: pytest.FixtureRequest) -> Foreign:
    """Flags for a command on the session's cluster, with topics and a group of this test's own."""
    name = re.sub(r"\W", "-", request.node.name)[-60:]

    def flags(command: str) -> list[str]:
        topics = ["--input-topic", f"in-{name}", "--output-topic", f"out-{name}", "--group", name]
        run = ["--run", command, "--events", "50", "--faults", "none"]
        return ["verify", *run, *topics, "--bootstrap-servers", embedded_cluster.bootstrap_servers]

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


def test_a_subject_that_never_gets_ready_is_told_by_its_group(
    call: Call, foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group's state says what is missing."""
    monkeypatch.setattr("streamproof.subject.spec.READY_TIMEOUT_S", 2.0)
    name, flags = foreign
    called = call(*flags("sleep 60"))
    assert called.status == 2
    assert f'was not ready within 2 s: group "{name}" is Dead with 0 of 1 members' in called.err


READS_ONLY = """
import sys, confluent_kafka
c = confluent_kafka.Consumer({'bootstrap.servers': sys.argv[1], 'group.id': sys.argv[2], 'enable.auto.commit': False,
    'auto.offset.reset': 'earliest'})
c.subscribe([sys.argv[3]])
while True: c.poll(0.1)
"""


def test_a_subject_that_never_commits_is_told_so(
    call: Call, foreign: Foreign, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It reads, it is ready, its group is whole: only the offsets tell."""
    monkeypatch.setattr("streamproof.run.QUIET_S", 2.0)
    name, flags = foreign
    (tmp_path / "reads.py").write_text(READS_ONLY)
    called = call(*flags(f"{sys.executable} reads.py {{bootstrap_servers}} {name} in-{name}"))
    assert called.status == 2
    assert f'has committed nothing in group "{name}"' in called.err


LOOP = Path(__file__).parent / "foreign" / "loop.py"


def test_a_run_is_one_json_document_and_can_be_judged_again(call: Call, foreign: Foreign) -> None:
    """`check` says of the history what `verify` said; a run in which nothing was broken proves nothing."""
    name, flags = foreign
    command = f"{sys.executable} {LOOP} {{bootstrap_servers}} {name} in-{name} out-{name}"
    called = call(*flags(command), "--promise", "at-least-once", "--directory", "kept", "--json")
    verdict = json.loads(called.out)
    assert called.status == 3
    assert verdict["outcome"] == "unproven"
    assert "\x1b[" not in called.err
    again = call("check", "kept", "--json")
    assert again.status == 3
    told = json.loads(again.out)
    for one in (verdict, told):
        one.pop("directory")
    assert told == verdict
    refused = call(*flags(command))
    assert refused.status == 2
    assert "holds records already" in refused.err
