"""The command as its user meets it: exit status, output, help."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from streamproof.cluster import versions
from tests.calling import Call
from tests.checks.scenes import clean

STREAMPROOF = str(Path(sys.executable).with_name("streamproof"))
CONTRACTS = Path(__file__).parents[2] / "contracts"
SCHEMAS = CONTRACTS / "schemas/order_event"
RUN = ["--input-topic", "a", "--output-topic", "b", "--group", "g"]
VERBS = [
    "demo", "init", "up", "verify", "crash", "shrink", "validate", "check", "lag", "probe", "report", "compat", "steps",
    "completion",
]  # fmt: skip


def test_without_a_verb_help_is_shown(call: Call) -> None:
    """Nothing else is said; it is no success."""
    called = call()
    assert (called.status, called.err) == (2, "")
    assert "verify" in called.out


def test_ctrl_c_ends_in_a_sentence_and_status_130(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shell says it of any program."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("streamproof.cli.verify.verify_each", interrupt)
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
    """The status says it all; what was for a stream does not go to the other."""
    done = subprocess.run(["sh", "-c", f"{STREAMPROOF} {command}"], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, b"", b"")


def test_output_in_an_encoding_that_lacks_a_character_is_escaped() -> None:
    """It is no fault of anybody's."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([STREAMPROOF, "compat", "--help"], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"v2.avsc, \u2026" in done.stdout


@pytest.mark.parametrize("command", VERBS)
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

    monkeypatch.setattr("streamproof.cli.verify.verify_each", fail)
    called = call("verify", "--run", "x", *RUN)
    assert called.status == 2
    assert "RuntimeError: unforeseen" in called.err
    assert called.err.endswith("this is a fault of Streamproof, not of the subject; please report it\n")


@pytest.mark.parametrize("command", VERBS)
def test_help_fits_a_narrow_terminal(call: Call, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """At 80 columns no name of a flag is cut."""
    monkeypatch.setenv("COLUMNS", "80")
    called = call(command, "--help")
    assert max(map(len, called.out.splitlines())) <= 80
    assert not re.search(r"-[\w-]*…", called.out)


@pytest.mark.parametrize(
    "arguments", [["verify"], ["init"], ["demo"], ["check"], ["lag"], ["probe"], ["report"], ["compat"], ["steps"], []]
)
def test_help_gives_no_type_to_a_flag_that_takes_no_value(call: Call, arguments: list[str]) -> None:
    """Nobody is to write `--json true`."""
    told = call(*arguments, "--help").out
    assert [line for line in told.splitlines() if "<bool>" in line and "--help" not in line] == []


def test_a_verdict_does_without_what_could_not_be_judged(call: Call, tmp_path: Path) -> None:
    """By a flag of `check`; `verify` tells of a name that is none before anything runs."""
    clean().absent("txn").write(tmp_path / "history")
    assert call("check", str(tmp_path)).status == 3
    flags = [word for name in ("torn", "commit-ahead", "hanging-transaction") for word in ("--without", name)]
    called = call("check", str(tmp_path), *flags)
    assert (called.status, "; without: commit-ahead, torn, hanging-transaction" in called.out) == (0, True)
    called = call("verify", "--run", "true", "--input-topic", "a", "--output-topic", "b", "--group", "g",
                  "--without", "tron", "--dry-run")  # fmt: skip
    assert (called.status, 'without "tron": there is no such anomaly (did you mean "torn"?)' in called.err) == (2, True)


def test_a_run_of_several_groups_is_judged_by_the_group_that_is_named(call: Call, tmp_path: Path) -> None:
    """Without a name, the error tells the names."""
    history = clean().write(tmp_path / "history")
    mine = history.record.promise()
    record = history.record.model_copy(update={"promises": (mine, mine.model_copy(update={"grp": "others"}))})
    (history.directory / "run.json").write_text(record.model_dump_json())
    unnamed = call("check", str(tmp_path))
    assert (unnamed.status, unnamed.out) == (2, "")
    assert "name the group to judge (--group): movers, others" in unnamed.err
    assert call("check", str(tmp_path), "--group", "movers").status == 0


def test_a_call_leaves_nothing_in_the_users_directory(tmp_path: Path) -> None:
    """Whatever is installed beside it: Hypothesis would leave a directory of its own where kio is imported."""
    done = subprocess.run([STREAMPROOF, "verify"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 2
    assert not list(tmp_path.iterdir())
