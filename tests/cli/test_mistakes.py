"""Mistakes that people make at the command: each is one sentence that says what, where and what to do; status 2."""

from pathlib import Path

import pytest

from streamproof.history.promise import RunRecord
from tests.calling import FAULT, Call

CONTRACTS = Path(__file__).parents[2] / "contracts"
FORMAT = RunRecord.model_fields["format"].default
RUN = ["--input-topic", "a", "--output-topic", "b", "--group", "g"]
TOML = '[subject.orders]\ncontract = "c.yaml"\ncommand = "true"\n'
QUERIED = TOML.replace("c.yaml", str(CONTRACTS / "user-events.asyncapi.yaml"))
ELSEWHERE = f'{QUERIED}databases.userHistory = "sqlite:///x.db"\n[cluster]\nwhere = "127.0.0.1:1"\n'
DANGLING = """asyncapi: 3.0.0
info: {title: t, version: "1"}
channels: {}
operations:
  process:
    action: receive
    channel: {$ref: "#/channels/orders"}
    x-delivery: exactly-once
"""


@pytest.mark.parametrize(
    ("arguments", "files", "sentence"),
    [
        (
            ["verify"],
            {},
            "streamproof.toml is not there; `streamproof init` writes it; or name another file, or give the subject by",
        ),
        (
            ["verify"],
            {"streamproof.toml": "[subject"},
            "streamproof.toml:1:9: no valid TOML: a table's name is not closed",
        ),
        (
            ["crash", "--resume", "."],
            {},
            "--resume .: it holds no sweep that was begun by this version; give a directory",
        ),
        (["crash", "--resume", ".", "--how", "kill"], {}, "--resume goes with --quiet and --json alone"),
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
        (["verify"], {"streamproof.toml": ELSEWHERE}, "no broker answers at 127.0.0.1:1"),
        (["verify", "--cluster", "127.0.0.1:2"], {"streamproof.toml": ELSEWHERE}, "no broker answers at 127.0.0.1:2"),
        (["verify", "--run", "x"], {}, "--run needs --input-topic and --output-topic and --group too"),
        (["verify", "--run", "true", *RUN, "--identity", "event-id"], {}, "--identity"),
        (["verify", "--run", "true", *RUN, "--input", "no.jsonl"], {}, "no.jsonl: cannot read the input"),
        (["verify", "--run", "true", *RUN, "--input", "a.jsonl"], {"a.jsonl": "{}\n"}, "a.jsonl:1: value is missing"),
        (["verify", "--run", "true", *RUN, "--cluster", "127.0.0.1:1"], {}, "no broker answers at 127.0.0.1:1"),
        (["verify", "--run", "true", *RUN, "--brokers", "2"], {}, "an odd number of brokers, not 2"),
        (["verify", "--run", "true", *RUN, "--kafka-version", "1.0.0"], {}, 'Apache Kafka "1.0.0" is not known here'),
        (["verify", "--run", "true", *RUN, "--cluster", "testcontainer"], {}, 'did you mean "testcontainers"?'),
        (["verify", "--run", "", *RUN], {}, "--run: the command is empty"),
        (["verify", "--run", "'", *RUN], {}, "--run: the command cannot be split into words (no closing quotation)"),
        (["verify", "--run", "x {bootstrap_server}", *RUN], {}, 'did you mean "bootstrap_servers"?'),
        (["verify", "--run", "true", *RUN, "--directory", "f"], {"f": ""}, "f cannot be made (File exists)"),
        (
            ["verify", "--run", "true", *RUN, "--faults", "no.json"],
            {},
            "--faults no.json: there is no such file; give default, random, none, a fault and its target, such as ",
        ),
        (
            ["verify", "--run", "true", *RUN, "--faults", "kill@instance:1,"],
            {},
            '--faults: "" is no fault and its target; write KIND@TARGET, such as kill@instance:1',
        ),
        (
            ["verify", "--run", "true", *RUN, "--faults", "kill"],
            {},
            '--faults: "kill" is no fault and its target; write KIND@TARGET, such as kill@instance:1',
        ),
        (
            ["verify", "--run", "true", *RUN, "--faults", "kill@instance:1,pause-broker"],
            {},
            '--faults: "pause-broker" is no fault and its target; write KIND@TARGET, such as pause-broker@broker:l',
        ),
        (
            ["verify", "--run", "true", *RUN, "--events", "1000001"],
            {},
            "1,000,001 events are too many: a run holds them all in memory, about 1 kB each; give at most 1,000,000",
        ),
        (
            ["verify", "--run", "true", *RUN, "--faults", "kil@instance:1"],
            {},
            'fault kil, 1 of the plan: there is none of that name (did you mean "kill"?)',
        ),
        (
            ["verify", "--run", "true", *RUN, "--faults", "p.json"],
            {"p.json": "kill it"},
            "p.json:1:1: no valid JSON: expected a value; put a text in double quotes, and no comma before a closing",
        ),
        (
            ["verify", "--run", "true", *RUN, "--faults", "p.json"],
            {"p.json": FAULT.format("kill", "instance:1", 7)},
            "p.json: fault 1: at: expected a share of the workload, from 0 to 1, found 7; a plan is",
        ),
        (
            ["verify", "--run", "true", *RUN, "--faults", "p.json"],
            {"p.json": '{"faults": [{"kind": "kill", "target": "instance:1"}]}'},
            "p.json: fault kill, 1 of the plan: it does not say when; write one of at, ",
        ),
        (
            ["verify", "--run", "true", *RUN, "--faults", "p.json"],
            {"p.json": FAULT.format("melt", "instance:1", 0.5)},
            "melt, 1 of the plan: there is none of that name; there are",
        ),
        (
            ["verify", "--run", "true", *RUN, "--faults", "p.json"],
            {"p.json": FAULT.format("pause-broker", "leader", 0.5)},
            'fault pause-broker, 1 of the plan: its target cannot be "leader"; write broker:N, broker:leader, ',
        ),
        (
            ["verify", "--run", "true", *RUN, "--instances", "2", "--faults", "p.json"],
            {"p.json": FAULT.format("kill", "instance:7", 0.5)},
            "there is no instance:7; write instance:1 or instance:2",
        ),
        (
            ["verify", "orders", "--run", "true", *RUN],
            {},
            "give the subject by its name (orders) or by --run, not by both",
        ),
        (
            ["verify", *RUN],
            {"streamproof.toml": TOML},
            "--input-topic and --output-topic and --group go with --run, which stands for a subject of ",
        ),
        (
            ["verify", "--promise", "at-most-once"],
            {"streamproof.toml": TOML},
            "--promise goes with --run, which stands",
        ),
        (["verify", "--no-ordered"], {"streamproof.toml": TOML}, "--ordered goes with --run, which stands"),
        (["verify"], {"streamproof.toml": TOML}, "streamproof.toml: subject.orders.contract: there is no file c.yaml;"),
        (
            ["verify"],
            {"streamproof.toml": TOML.replace("c.yaml", ".")},
            "streamproof.toml: subject.orders.contract: . is a directory; name an AsyncAPI 3 document",
        ),
        (
            ["verify", "--run", "true", *RUN, "--registry", "http://127.0.0.1:1"],
            {},
            "--registry: subject command uses none",
        ),
        (
            ["verify", "--run", "true", *RUN, "--faults", "disconnect-broker@broker:1"],
            {},
            "fault disconnect-broker, 1 of the plan: this cannot be done to a cluster that is embedded; leave it",
        ),
        (
            ["verify", "--run", "true", *RUN, "--cluster", "127.0.0.1:65537"],
            {},
            "no broker answers at 127.0.0.1:65537 (it is not HOST:PORT, with a port from 1 to 65535)",
        ),
        (
            ["verify", "--run", "true", *RUN, "--cluster", "h:abc"],
            {},
            "(it is not HOST:PORT, with a port from 1 to 65535)",
        ),
        (
            ["verify", "--run", "true", *RUN, "--cluster", "127.0.0.1:1", "--brokers", "3"],
            {},
            "the cluster at 127.0.0.1:1 is there already: a number of brokers, a version and security are for a cl",
        ),
        (["verify", "--run", "true", *RUN, "--brokers", "0"], {}, "an odd number of brokers, not 0"),
        (["verify", "--run", "true", *RUN, "--kafka-version", ""], {}, 'Apache Kafka "" is not known here'),
        (["check", "nowhere"], {}, "nowhere is not a directory; give that of a run"),
        (["check", "."], {}, "is not a complete history"),
        (["check", "."], {"run.json": "{}"}, "run.json: subject: Field required; it was not written by this version"),
        (["check", "."], {"run.json": "{"}, "run.json: Invalid JSON: EOF while parsing an object"),
        (
            ["check", "."],
            {"run.json": '{"format": 99}'},
            f"run.json: format: Input should be {FORMAT}; it was not written by",
        ),
        (["report", "results"], {}, "results holds no results of Allure's; make some by pytest --alluredir results"),
        (["up", "--brokers", "2"], {}, "an odd number of brokers, not 2"),
        (["up", "--port", "70000"], {}, "70000 is no port; choose a number from 1 to 65535"),
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
    assert {path.name for path in tmp_path.rglob("*")} == set(files)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["verify", "--evnts", "3"],
            "no such option: --evnts (Possible options: --events) (see streamproof verify --help)\n",
        ),
        (["veryfi"], "no such command 'veryfi'. Did you mean 'verify'? (see streamproof --help)\n"),
        (["--versio"], "no such option: --versio (Possible options: --version) (see streamproof --help)\n"),
        (["verify", "--events", "many"], "invalid value for '--events': give a valid integer (see "),
        (["verify", "--instances", "0"], "invalid value for '--instances': give at least 1 (see streamproof verify"),
        (["verify", "--promise", "twice"], "invalid value for '--promise': "),
        (["check"], "missing argument 'DIR' (see streamproof check --help)\n"),
        (["check", "a", "b"], "got unexpected extra argument(s) (b) (see streamproof check --help)\n"),
        (
            ["verify", "--junit", "."],
            "invalid value for '--junit': there is no place for a file .; make its directory, or ",
        ),
        (["check", ".", "--junit", "no/j.xml"], "invalid value for '--junit': there is no place for a file no/j.xml; "),
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
