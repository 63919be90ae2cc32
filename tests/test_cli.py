"""The command as its user meets it: exit status, one sentence for each mistake, JSON, help."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from streamproof import __version__
from streamproof.cli import main
from streamproof.cluster import EmbeddedCluster, versions
from streamproof.cluster.admin import create_topics
from streamproof.contract.model import Channel

STREAMPROOF = str(Path(sys.executable).with_name("streamproof"))
CONTRACTS = Path(__file__).parent.parent / "contracts"
SCHEMAS = CONTRACTS / "schemas/order_event"
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
QUERIED = TOML.replace("c.yaml", str(CONTRACTS / "user-events.asyncapi.yaml"))
DANGLING = """asyncapi: 3.0.0
info: {title: t, version: "1"}
channels: {}
operations:
  process:
    action: receive
    channel: {$ref: "#/channels/orders"}
    x-delivery: exactly-once
"""
FAULT = '{{"seed": 1, "faults": [{{"kind": "{}", "target": "{}", "at": {}}}]}}'


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
        (
            ["verify"],
            {"streamproof.toml": TOML, "c.yaml": DANGLING},
            "c.yaml:7: operations.process.channel.$ref: #/channels/orders is",
        ),
        (
            ["verify", "--cluster", "127.0.0.1:1"],
            {"streamproof.toml": f'{QUERIED}databases.usrHistory = "sqlite:///x.db"\n'},
            'databases.usrHistory: operation keepUserEvents has no such channel with an x-query (did you mean "userH',
        ),
        (
            ["verify", "--cluster", "127.0.0.1:1"],
            {"streamproof.toml": QUERIED},
            "subject orders: channel userHistory is a query; say where: [subject.orders.databases] userHistory = ",
        ),
        (["verify", "--run", "x"], {}, "--run needs --input-topic and --output-topic and --group too"),
        (["verify", "--run", "x", *RUN, "--identity", "event-id"], {}, "--identity"),
        (["verify", "--run", "x", *RUN, "--input", "no.jsonl"], {}, "no.jsonl: cannot read the input"),
        (["verify", "--run", "x", *RUN, "--input", "a.jsonl"], {"a.jsonl": "{}\n"}, "a.jsonl:1: value is missing"),
        (["verify", "--run", "x", *RUN, "--cluster", "127.0.0.1:1"], {}, "no broker answers at 127.0.0.1:1"),
        (["verify", "--run", "x", *RUN, "--brokers", "2"], {}, "an odd number of brokers, not 2"),
        (["verify", "--run", "x", *RUN, "--kafka-version", "1.0.0"], {}, "Apache Kafka 1.0.0 is not known here"),
        (["verify", "--run", "x", *RUN, "--cluster", "testcontainer"], {}, 'did you mean "testcontainers"?'),
        (["verify", "--run", "", *RUN], {}, "--run: the command is empty"),
        (["verify", "--run", "'", *RUN], {}, "--run: the command cannot be split into words (no closing quotation)"),
        (["verify", "--run", "x {bootstrap_server}", *RUN], {}, 'did you mean "bootstrap_servers"?'),
        (["verify", "--run", "x", *RUN, "--directory", "f"], {"f": ""}, "f cannot be made (File exists)"),
        (["verify", "--run", "x", *RUN, "--faults", "no.json"], {}, 'give "default", "none" or a plan.json'),
        (
            ["verify", "--run", "x", *RUN, "--faults", "p.json"],
            {"p.json": "kill it"},
            "--faults p.json: Invalid JSON: expected value at line 1 column 1; a plan is what a run saves as plan.json",
        ),
        (
            ["verify", "--run", "x", *RUN, "--faults", "p.json"],
            {"p.json": FAULT.format("kill", "instance:1", 7)},
            "--faults p.json: fault 1: at: expected a share of the workload, from 0 to 1, found 7; a plan is",
        ),
        (
            ["verify", "--run", "x", *RUN, "--faults", "p.json"],
            {"p.json": FAULT.format("melt", "instance:1", 0.5)},
            '"melt" is not a fault; there are',
        ),
        (
            ["verify", "--run", "x", *RUN, "--faults", "p.json"],
            {"p.json": FAULT.format("pause-broker", "leader", 0.5)},
            'fault 1 of the plan, pause-broker: its target cannot be "leader"; write broker:N, broker:leader, ',
        ),
        (
            ["verify", "--run", "x", *RUN, "--instances", "2", "--faults", "p.json"],
            {"p.json": FAULT.format("kill", "instance:7", 0.5)},
            'no instance of the subject "instance:7"; write instance:1 or instance:2',
        ),
        (
            ["verify", "orders", "--run", "x", *RUN],
            {},
            "give the subject by its name (orders) or by --run, not by both",
        ),
        (["verify", *RUN], {"streamproof.toml": TOML}, "--input-topic, --output-topic and --group go with --run"),
        (["verify", "--run", "x", *RUN, "--brokers", "0"], {}, "an odd number of brokers, not 0"),
        (["verify", "--run", "x", *RUN, "--kafka-version", ""], {}, "Apache Kafka  is not known here"),
        (["check", "nowhere"], {}, "nowhere is not a directory; give that of a run"),
        (["check", "."], {}, "is not a complete history"),
        (["check", "."], {"run.json": "{}"}, "run.json: subject: Field required; it was not written by this version"),
        (["check", "."], {"run.json": "{"}, "run.json: Invalid JSON: EOF while parsing an object"),
        (["check", "."], {"run.json": '{"format": 99}'}, "run.json: format: Input should be 1; it was not written by"),
        (["report", "results"], {}, "results holds no results of Allure's; make some by pytest --alluredir results"),
        (["up", "--brokers", "2"], {}, "an odd number of brokers, not 2"),
        (["up", "--port", "70000"], {}, "70000 is no port; choose one from 1 to 65535"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(
    call: Call, arguments: list[str], files: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    """What is wrong, where, and what to do; nothing else is said, and nothing is left behind."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    called = call(*arguments)
    assert called.status == 2, called.err
    assert called.err.startswith("streamproof: ")
    assert sentence in called.err
    assert called.err.count("\n") == 1
    assert not called.out
    assert {one.name for one in tmp_path.rglob("*")} == set(files)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["verify", "--evnts", "3"],
            "no such option: --evnts (Possible options: --events) (see streamproof verify --help)\n",
        ),
        (["veryfi"], "no such command 'veryfi'. Did you mean 'verify'? (see streamproof --help)\n"),
        (["--versio"], "no such option: --versio (Possible options: --version) (see streamproof --help)\n"),
        (["verify", "--events", "many"], "invalid value for '--events': Input should be a valid integer"),
        (["verify", "--promise", "twice"], "invalid value for '--promise': "),
        (["check"], "missing argument 'DIR' (see streamproof check --help)\n"),
        (["check", "a", "b"], "got unexpected extra argument(s) (b) (see streamproof check --help)\n"),
        (["up", "--port"], "option '--port' requires an argument (see "),
    ],
)
def test_a_wrong_flag_is_one_sentence_too(call: Call, arguments: list[str], sentence: str) -> None:
    """What the parser of flags says, with what is close, in the form of all other mistakes."""
    called = call(*arguments)
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith(f"streamproof: {sentence}")
    assert called.err.endswith(" --help)\n")
    assert called.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        (["verify", "--config", ""], "--config"),
        (["verify", "--directory="], "--directory"),
        (["verify", "--input", ""], "--input"),
        (["verify", "--output-topic", ""], "--output-topic"),
        (["verify", "--faults", ""], "--faults"),
        (["verify", "--registry", ""], "--registry"),
        (["check", ""], "DIR"),
        (["check", ".", "--checks", ""], "--checks"),
        (["report", ""], "RESULTS"),
        (["report", ".", "--output", ""], "--output"),
        (["report", ".", "--history", ""], "--history"),
        (["compat", ""], "NEW"),
        (["compat", "a.avsc", ""], "OLD..."),
        (["compat", "a.avsc", "--reference", ""], "--reference"),
    ],
)
def test_an_empty_value_is_no_value(call: Call, arguments: list[str], flag: str) -> None:
    """It is not the current directory, nor as if it was left out: a variable of a script was not set."""
    called = call(*arguments)
    assert (called.status, called.out) == (2, "")
    assert called.err.startswith(f"streamproof: invalid value for '{flag}'")
    assert "it is empty; give a value, or leave it out" in called.err


def test_without_a_verb_help_is_shown(call: Call) -> None:
    """Nothing else is said; it is no success."""
    called = call()
    assert (called.status, called.err) == (2, "")
    assert "verify" in called.out


def test_ctrl_c_ends_in_a_sentence_and_status_130(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell says it of any program."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("streamproof.cli.run_verify", interrupt)
    called = call("verify", "--run", "x", *RUN)
    assert called.status == 130
    assert called.err == "streamproof: interrupted; everything that it started is ended\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["compat", str(SCHEMAS)], ["verify", "no"]])
def test_output_that_nobody_reads_ends_it_without_a_word(arguments: list[str]) -> None:
    """As it does any program whose lines `head` has had enough of; neither "violated" nor a fault."""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = subprocess.run([STREAMPROOF, *arguments], stdout=writes, stderr=writes, check=False)
    finally:
        os.close(writes)
    assert done.returncode == 141


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["compat", str(SCHEMAS)]])
def test_output_that_has_no_room_is_told(arguments: list[str]) -> None:
    """Where, and why; it is no verdict."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([STREAMPROOF, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    sentence = "standard output cannot be written (No space left on device); let it go where there is room"
    assert done.stderr == f"streamproof: {sentence}\n"


@pytest.mark.parametrize(
    ("command", "status"), [(f"compat {SCHEMAS} >&-", 0), ("veryfi 2>&-", 2), ("veryfi >&- 2>&-", 2)]
)
def test_output_that_is_closed_is_done_without(command: str, status: int) -> None:
    """The status says it all; what was for one stream does not go to the other."""
    done = subprocess.run(["sh", "-c", f"{STREAMPROOF} {command}"], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")


def test_output_in_an_encoding_that_lacks_a_character_is_escaped() -> None:
    """It is no fault of anybody's."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([STREAMPROOF, "compat", "--help"], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"v2.avsc, \u2026" in done.stdout


@pytest.mark.parametrize("command", ["up", "verify", "check", "report"])
def test_help_shows_an_example(call: Call, command: str) -> None:
    """Each command's help ends in lines to copy."""
    called = call(command, "--help")
    assert called.status == 0
    assert re.search(r"Examples?:\s+streamproof " + command, called.out)


@pytest.mark.parametrize("command", ["up", "verify"])
def test_help_names_the_versions_of_kafka_that_there_are(call: Call, command: str) -> None:
    """From their pins, the newest first."""
    told = re.sub(r"[\s│]+", " ", call(command, "--help").out)
    assert f"Of Apache Kafka: {', '.join(versions())}." in told


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("STREAMPROOF_JAVA_HOME", "/nowhere", "there is no bin/java in STREAMPROOF_JAVA_HOME=/nowhere"),
        ("STREAMPROOF_CACHE_DIR", "/dev/null/cache", "the cache /dev/null/cache cannot be written (Not a directory)"),
    ],
)
def test_an_environment_that_cannot_work_is_told_by_its_variable(
    call: Call, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    """Before anything is started; where logs would have been kept, nothing is."""
    monkeypatch.setenv(variable, value)
    called = call("up", "--brokers", "1")
    assert (called.status, called.out) == (2, "")
    assert sentence in called.err
    assert not list(Path.cwd().iterdir())


def test_a_port_in_use_is_named(call: Call, tmp_path: Path) -> None:
    """Who holds it is not ours to end."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        called = call("up", "--brokers", "1", "--port", str(port))
    assert called.status == 2
    assert called.err == (
        f"streamproof: port {port} on 127.0.0.1 is in use; end what listens there, or choose another\n"
    )
    assert not list(tmp_path.iterdir())


def test_a_fault_of_the_verifier_is_no_verdict(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 1 says that the subject broke its promise: nothing else may say so."""

    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("streamproof.cli.run_verify", fail)
    called = call("verify", "--run", "x", *RUN)
    assert called.status == 2
    assert "RuntimeError: unforeseen" in called.err
    assert called.err.endswith("this is a fault of Streamproof, not of the subject; please report it\n")


@pytest.mark.parametrize("arguments", [["verify"], ["up"], ["check"], ["report"]])
def test_help_fits_a_narrow_terminal(call: Call, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """At 80 columns no name of a flag is cut."""
    monkeypatch.setenv("COLUMNS", "80")
    called = call(*arguments, "--help")
    assert max(map(len, called.out.splitlines())) <= 80
    assert "…" not in called.out


@pytest.mark.parametrize("arguments", [["verify"], ["up"], ["check"], ["report"], ["compat"], []])
def test_help_gives_no_type_to_a_flag_that_takes_no_value(call: Call, arguments: list[str]) -> None:
    """Nobody is to write `--json true`."""
    told = call(*arguments, "--help").out
    assert [line for line in told.splitlines() if "<bool>" in line and "--help" not in line] == []


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
    called = call(*flags("no-such-program"), "--faults", "p.json")
    assert called.status == 2
    assert "fault 1 of the plan, kill-broker: this cannot be done to a cluster that is existing; " in called.err
    admin = AdminClient({"bootstrap.servers": embedded_cluster.bootstrap_servers})
    assert f"in-{name}" not in admin.list_topics(timeout=10).topics


@pytest.mark.parametrize(
    ("seed", "flags", "used"), [("", [], r"\d+"), ('"seed": 5, ', [], "5"), ('"seed": 5, ', ["--seed", "7"], "7")]
)
def test_a_run_of_a_saved_plan_can_be_run_again(
    call: Call, foreign: Foreign, seed: str, flags: list[str], used: str
) -> None:
    """With the same plan and the seed that was used: the flag's, else the plan's, else a random one, which is told."""
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


# reads what its third argument names, for ever, and commits nothing
READS_ONLY = """
import sys, confluent_kafka
c = confluent_kafka.Consumer({'bootstrap.servers': sys.argv[1], 'group.id': sys.argv[2], 'enable.auto.commit': False,
    'auto.offset.reset': 'earliest'})
c.subscribe([sys.argv[3]])
while True: c.poll(0.1)
"""


@pytest.mark.parametrize("reads", ["in", "out"])
def test_a_subject_that_never_commits_is_told_so(
    call: Call, foreign: Foreign, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reads: str
) -> None:
    """It is ready, its group is whole; whether it reads its input or another topic: only the offsets tell."""
    monkeypatch.setattr("streamproof.spec.QUIET_S", 2.0)
    name, flags = foreign
    (tmp_path / "reads.py").write_text(READS_ONLY)
    called = call(*flags(f"{sys.executable} reads.py {{bootstrap_servers}} {name} {reads}-{name}"))
    assert called.status == 2
    assert f'has committed nothing in group "{name}"' in called.err
    assert f'though "in-{name}" has records; check that it reads that topic and commits' in called.err


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
SELECT i.id FROM input_once i ORDER BY i.id
"""
EVIDENCE = "SELECT 'inputs' AS evidence, count(*) AS seen, count(*) > 0 AS enough FROM live_input"


def test_a_run_is_judged_by_the_checks_of_its_project_too(call: Call, foreign: Foreign, tmp_path: Path) -> None:
    """Those beside streamproof.toml, wherever it is called from; one that is not right is told before anything runs."""
    name, flags = foreign
    project = tmp_path / "project"
    checks = project / "mine"
    checks.mkdir(parents=True)
    command = f"{sys.executable} {LOOP} {{bootstrap_servers}} {name} in-{name} out-{name}"
    subject = f'[subject.copy]\ncontract = "c.yaml"\ncommand = "{command}"\n'
    (project / "streamproof.toml").write_text(f'checks = "mine"\n{subject}')
    (project / "c.yaml").write_text(COPIED.replace("NAME", name))
    (checks / "known.sql").write_text(OWN)
    arguments = ["verify", "--config", "project/streamproof.toml", "--events", "50", "--faults", "none"]
    arguments += [*flags("")[-2:], "--directory", "kept", "--json"]
    called = call(*arguments)
    assert called.status == 2
    assert called.err.startswith("streamproof: project/mine/known.sql has no known.evidence.sql beside it; ")
    assert not Path("kept").exists()
    (checks / "known.evidence.sql").write_text(EVIDENCE)
    called = call(*arguments)
    assert called.status == 1, called.err
    (known,) = [one for one in json.loads(called.out)["findings"] if one["anomaly"] == "known"]
    assert (known["status"], known["witnesses"] > 0) == ("forbidden", True)
    assert Path("kept/witnesses/known.parquet").is_file()
    assert call("check", "kept").status == 3, "without the flag, it is judged by what everyone has"
    assert call("check", "kept", "--checks", "project/mine").status == 1


PNG = b"\x89PNG"
COLOUR = re.compile(r"\x1b\[(?:\d;)*[39][0-8]")
LOOP = Path(__file__).parent / "foreign" / "loop.py"


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
    assert Path(verdict.pop("timeline")).read_bytes().startswith(PNG)
    again = call("check", "kept", "--json")
    assert again.status == 3
    told = json.loads(again.out)
    for one in (verdict, told):
        one.pop("directory")
    assert told == verdict
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
