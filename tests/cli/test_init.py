"""`streamproof init`: what it asks, what it writes, and that what it wrote runs."""

import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer

from streamproof.cluster import Cluster
from streamproof.config.file import read_config
from streamproof.history.promise import Delivery
from streamproof.kafka.topics import create_topics
from tests.calling import Call

LOOP = Path(__file__).parents[1] / "foreign" / "loop.py"
NAMES = ["--input-topic", "orders", "--output-topic", "done", "--group", "movers"]
FILES = {
    "streamproof.toml",
    "contracts/pipeline.asyncapi.yaml",
    "tests/test_pipeline.py",
    "features/pipeline.feature",
    ".github/workflows/streamproof.yml",
}
Typed = Callable[..., None]


def files(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Somebody sits at a terminal and types these lines."""

    def sit(*lines: str) -> None:
        monkeypatch.setattr("streamproof.cli.init.is_terminal", lambda: True)
        monkeypatch.setattr("sys.stdin", io.StringIO("\n".join([*lines, ""])))

    return sit


def test_flags_are_enough(call: Call, tmp_path: Path) -> None:
    """Every file is written and named, and the next steps are told."""
    called = call("init", "--run", f"{sys.executable} loop.py localhost:9092 movers orders done", *NAMES)
    assert (called.status, called.err) == (0, "")
    assert files(tmp_path) == FILES
    for name in FILES:
        assert f"  {name}\n" in called.out
    assert "streamproof verify " in called.out
    subject = read_config(tmp_path / "streamproof.toml").subject()
    assert subject.command == f"{sys.executable} loop.py {{bootstrap_servers}} movers{{run}} orders{{run}} done{{run}}"
    (tmp_path / "loop.py").touch()
    assert call("verify", "--dry-run").status == 0


def test_json_tells_the_files(call: Call) -> None:
    """And the variables that were made up."""
    told = json.loads(call("init", "--run", "true localhost:9092 orders done", *NAMES, "--json").out)
    assert set(told["files"]) == FILES
    assert told["assumed"] == ["GROUP_ID"]


def test_without_a_terminal_it_does_not_ask(call: Call, tmp_path: Path) -> None:
    """It says what is missing, all at once."""
    called = call("init", "--group", "movers")
    assert (called.status, called.out) == (2, "")
    assert "init needs --run and --input-topic and --output-topic too, for without a terminal nobody" in called.err
    assert not list(tmp_path.iterdir())


def test_at_a_terminal_it_asks_for_what_is_missing(call: Call, typed: Typed, tmp_path: Path) -> None:
    """An empty answer takes what stands in brackets, and a number takes that option."""
    typed("true localhost:9092 orders done movers", "orders", "done", "movers", "json:/id", "2")
    called = call("init")
    assert called.status == 0, called.err
    assert files(tmp_path) == FILES
    contract = (tmp_path / "contracts/pipeline.asyncapi.yaml").read_text()
    assert "x-delivery: at-least-once\n" in contract
    assert 'x-identity: "json:/id"\n' in contract


def test_an_answer_that_cannot_be_is_asked_for_again(call: Call, typed: Typed) -> None:
    """With the reason; it is no reason to begin anew."""
    typed("'", "true", "twice", "exactly-once")
    called = call("init", *NAMES, "--identity", "key")
    assert called.status == 0
    assert "the command cannot be split into words" in called.err
    assert 'the promise "twice" is not there' in called.err


def test_an_interrupted_question_writes_nothing(call: Call, typed: Typed, tmp_path: Path) -> None:
    """Status 130, as of any program that Ctrl-C ended."""
    typed("true")
    called = call("init")
    assert called.status == 130
    assert called.err.endswith("streamproof: interrupted; everything that it started is ended\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--run", "'"], "--run: the command cannot be split into words (no closing quotation)"),
        (["--run", "true {bootstrap}"], "--run: the placeholder {bootstrap} is not known"),
        (["--run", "true", "--identity", "event-id"], '--identity: "event-id" locates nothing'),
        (["--run", "true", "--output-topic", "orders"], '"orders" is given twice'),
        (["--run", "true", "--env", "HERE"], '--env "HERE" sets no variable; write NAME=VALUE'),
        (["--run", "true", "--env", "=a"], '--env "=a" sets no variable; write NAME=VALUE'),
        (["my orders", "--run", "true"], 'the subject cannot be called "my orders"'),
        (["--run", "true", "--identity", "key", "--ordered"], "with --identity key each key has one event"),
        (["--run", "true", "--cluster", "127.0.0.1:1"], "no broker answers at 127.0.0.1:1"),
        (["--run", "true", "--cluster", "nowhere"], "no broker answers at nowhere (it is not HOST:PORT"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(
    call: Call, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    """One sentence, status 2."""
    called = call("init", *arguments, *NAMES)
    assert (called.status, called.out) == (2, "")
    assert sentence in called.err
    assert called.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_second_time_nothing_is_overwritten(call: Call, tmp_path: Path) -> None:
    """The file that is in the way is named."""
    assert call("init", "--run", "true", *NAMES).status == 0
    (tmp_path / "streamproof.toml").write_text("mine")
    called = call("init", "--run", "true", *NAMES)
    assert called.status == 2
    assert "streamproof.toml is there already, so nothing was written" in called.err
    assert (tmp_path / "streamproof.toml").read_text() == "mine"


def test_a_running_cluster_is_looked_at(call: Call, typed: Typed, embedded_cluster: Cluster, tmp_path: Path) -> None:
    """Its topics and groups are offered by number, and its records tell where ids lie and what values look like."""
    servers = embedded_cluster.bootstrap_servers
    create_topics(servers, {"init-in": 3, "init-out": 2}, replication=1)
    producer = Producer({"bootstrap.servers": servers})
    for n in range(5):
        for topic in ("init-in", "init-out"):
            producer.produce(topic, json.dumps({"number": n, "note": "same"}), "same", headers={"trace-id": f"t{n}"})
    assert producer.flush(60) == 0
    member = Consumer({"bootstrap.servers": servers, "group.id": "init-movers", "auto.offset.reset": "earliest"})
    member.subscribe(["init-in"])
    assert len(member.consume(5, 60)) == 5
    typed(f"true {servers}", "init-im", "init-in", "init-out", "init-movers", "", "")
    called = call("init", "--cluster", servers)
    member.close()
    assert called.status == 0, called.err
    assert 'topic "init-im" is not there (did you mean "init-in"?)' in called.err
    assert re.search(r"  \d+  init-movers\n", called.err)
    contract = (tmp_path / "contracts/pipeline.asyncapi.yaml").read_text()
    assert 'x-identity: "header:trace-id"\n' in contract
    assert re.findall(r"partitions: (\d)", contract) == ["3", "2"]
    assert "number:\n            type: integer\n" in contract
    assert read_config(tmp_path / "streamproof.toml").subject().command == "true {bootstrap_servers}"
    assert call("verify", "--dry-run").status == 0


@pytest.mark.usefixtures("own_home")
def test_what_it_wrote_runs_at_once(
    call: Call, embedded_cluster: Cluster, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`verify` upholds the promise of a pipeline that keeps it, and pytest passes the test and the feature."""
    monkeypatch.chdir(pytester.path)
    shutil.copy(LOOP, pytester.path)
    command = f"{sys.executable} loop.py localhost:9092 written-movers written-in written-out"
    topics = ["--input-topic", "written-in", "--output-topic", "written-out", "--group", "written-movers"]
    assert call("init", "--run", command, *topics, "--promise", Delivery.AT_LEAST_ONCE).status == 0
    where = ["--cluster", embedded_cluster.bootstrap_servers]
    plan = ["--events", "1000", "--seed", "3", "--faults", "kill-in-flight@instance:1"]
    called = call("verify", *where, *plan)
    assert called.status == 0, called.out + called.err
    pytester.runpytest_subprocess("tests", "features", *where).assert_outcomes(passed=2)
