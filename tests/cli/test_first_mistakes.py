"""Mistakes of somebody who writes the first streamproof.toml and the first contract: what, where, and what to do."""

from pathlib import Path

import pytest

from tests.calling import Call

TOML = '[subject.a]\ncontract = "c.yaml"\ncommand = "true"\n'
CONTRACT = """asyncapi: 3.0.0
info: {title: t, version: "1"}
channels:
  a: {address: a, messages: {event: {payload: {type: object}}}}
  b: {address: b}
operations:
  move:
    action: receive
    channel: {$ref: "#/channels/a"}
    bindings: {kafka: {groupId: {const: g}}}
    x-delivery: at-least-once
    x-identity: header:event-id
    x-produces: [{channel: b, identity: header:event-id}]
"""
PRODUCES = "x-produces: [{channel: b, identity: header:event-id}]"


def told(call: Call, tmp_path: Path, toml: str, contract: str) -> str:
    """What a dry run says against these two files."""
    (tmp_path / "streamproof.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "c.yaml").write_text(contract)
    called = call("verify", "--dry-run")
    assert (called.status, called.out) == (2, ""), called.err
    assert called.err.startswith("streamproof: ")
    assert called.err.count("\n") == 1
    return called.err


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("", "streamproof.toml: no subject is declared; add a table [subject.NAME]"),
        ("subject = 3\n", "streamproof.toml:1: subject: expected a table, [subject.NAME], found 3"),
        ("[subject]\na = 3\n", "streamproof.toml:2: subject.a: expected a table, [subject.NAME], found 3"),
        ("[subjekt.a]\n", 'streamproof.toml:1: subjekt is not known (did you mean "subject"?)'),
        ("[subject.a\n", "streamproof.toml:1:11: no valid TOML: a table's name is not closed; write [NAME]"),
        ("[subject.a]\ncommand='x'\n", "subject.a.contract is missing: expected the path of an AsyncAPI 3 document"),
        (TOML + "instances = '2'\n", "streamproof.toml:4: subject.a.instances: expected a whole number of at least 1"),
        (TOML + "instances = 0\n", "streamproof.toml:4: subject.a.instances: expected a whole number of at least 1"),
        (TOML + "ready = 'yes'\n", 'subject.a.ready: expected "group-stable", { log = "TEXT" } or { http = "URL" }'),
        (TOML + "env = 3\n", "streamproof.toml:4: subject.a.env: expected a text in quotes for each name, found 3"),
        (TOML + "command = 'y'\n", "streamproof.toml:4:14: no valid TOML: that key or table is there already"),
        (TOML.replace('"true"', '["true"]'), "subject.a.command: expected a command, as in a shell, found a list"),
        (TOML.replace("true", "true {instnce}"), 'the placeholder {instnce} is not known (did you mean "instance"?)'),
        (TOML.replace("true", "sh -c 'x"), "subject.a.command: the command cannot be split into words"),
        (TOML.replace("true", "./nope"), "subject a: cannot run './nope' (No such file or directory); check the com"),
        (TOML.replace("true", "./c.yaml"), "subject a: cannot run './c.yaml' (Permission denied); check the command"),
        (TOML + "cwd = 'nope'\n", "subject a: cannot run in nope (No such file or directory); make that directory"),
        (TOML + "[cluster]\nbrokers = 2\n", "streamproof.toml:5: cluster.brokers: expected an odd number, so that"),
        (TOML + "[cluster]\nversion = '9.9.9'\n", "streamproof.toml:5: cluster.version: expected one of 4.3.1, 4.2.2"),
        (TOML + "[cluster]\nwhere = 'embeded'\n", 'found "embeded" (did you mean "embedded"?)'),
        (TOML + "[cluster]\nregistry = 'here'\n", 'cluster.registry: expected a URL such as "http://127.0.0.1:8081"'),
    ],
)
def test_a_mistake_in_the_configuration(call: Call, tmp_path: Path, toml: str, sentence: str) -> None:
    """With its line, where it has one."""
    assert sentence in told(call, tmp_path, toml, CONTRACT)


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        (CONTRACT, "", "c.yaml:1: the document is empty; expected an AsyncAPI 3 document"),
        (
            CONTRACT,
            "a:\n\tb: 1\n",
            "c.yaml:2:1: no valid YAML: a tab; indent with spaces",
        ),
        (CONTRACT, "- 1\n", "c.yaml:1: the document: expected a mapping, found a list"),
        ("3.0.0", "2.6.0", 'c.yaml:1: asyncapi: expected a version 3.x.y, found "2.6.0"'),
        (CONTRACT.partition("operations")[2], ": {}\n", "c.yaml:6: no operation says what it promises; add an x-deliv"),
        ("at-least-once", "at-leat-once", "c.yaml:11: operations.move.x-delivery: expected at-most-once, at-least-"),
        ("x-delivery", "x-delivry", 'c.yaml:11: operations.move.x-delivry is not known (did you mean "x-delivery"?)'),
        ("receive", "recieve", 'c.yaml:8: operations.move.action: expected receive, send, found "recieve"'),
        ("#/channels/a", "#/channels/z", "c.yaml:9: operations.move.channel.$ref: #/channels/z is not there"),
        ("    bindings: {kafka: {groupId: {const: g}}}\n", "", "operations.move.bindings.kafka.groupId is missing"),
        (
            "{const: g}",
            "g",
            "c.yaml:10: operations.move.bindings.kafka.groupId: expected a schema with one value, such",
        ),
        ("x-identity: header:", "x-identity: ", 'c.yaml:12: operations.move.x-identity: "event-id" locates nothing'),
        (PRODUCES, "x-order: key", "c.yaml:7: operations.move.x-produces is missing: expected a list of what each"),
        (PRODUCES, "x-produces: []", "c.yaml:13: operations.move.x-produces: expected a list of what each input cau"),
        ("channel: b", "channel: c", 'c.yaml:13: channel "c" is not defined'),
        (", identity: header:event-id}", "}", "c.yaml:13: operations.move.x-produces[0].identity is missing: expected"),
        ("address: b", "address: a", 'c.yaml:7: operations.move: two of its channels are the topic "a"'),
        ("address: b", "address: b b", "c.yaml:5: channels.b.address: expected a topic's name: up to 249 letters"),
        (
            "{type: object}",
            "{type: objekt}",
            'integer, null, number, object, string, found "objekt" (did you mean "object"?)',
        ),
    ],
)
def test_a_mistake_in_the_contract(call: Call, tmp_path: Path, right: str, wrong: str, sentence: str) -> None:
    """With its line, and its place in the document."""
    assert CONTRACT.count(right) >= 1
    assert sentence in told(call, tmp_path, TOML, CONTRACT.replace(right, wrong, 1))


def test_without_a_mistake_all_is_right(call: Call, tmp_path: Path) -> None:
    """Also where an editor has begun the file with a byte-order mark."""
    (tmp_path / "c.yaml").write_text(CONTRACT)
    (tmp_path / "streamproof.toml").write_text(f"\ufeff{TOML}", encoding="utf-8")
    called = call("verify", "--dry-run")
    assert (called.status, called.err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--faults", "kil"],
            '--faults kil: there is no such file (did you mean "kill"?); give default, random, none, a fault',
        ),
        (["--faults", "kill:1"], '(did you mean "kill"?)'),
        (["--faults", "kill@1"], 'fault kill, 1 of the plan: its target cannot be "1"; write instance:N'),
        (["--faults", "kill@instance:1@2"], "or KIND@TARGET@SHARE, the share of the workload from 0 to 1"),
        (["--faults", "."], ".: cannot be read (Is a directory); name the file of a plan"),
        (["--brokers", "localhost:9092"], 'expected how many, found "localhost:9092"; the address of a cluster goes'),
        (["--cluster", "localhost"], '--cluster "localhost" is none; give embedded, testcontainers, or HOST:PORT'),
        (["--registry", "here"], '--registry: expected a URL such as "http://127.0.0.1:8081", found "here"'),
        (
            ["--input-topic", "a b"],
            "--input-topic, --output-topic, --through: expected a topic's name: up to 249 letters",
        ),
        (["--events", "1e3"], "invalid value for '--events'"),
    ],
)
def test_a_mistake_in_a_flag(call: Call, arguments: list[str], sentence: str) -> None:
    """What is written in another tool's way is told in ours."""
    run = ["--run", "true {registry_url}", "--input-topic", "a", "--output-topic", "b", "--group", "g"]
    called = call("verify", *run, "--dry-run", *arguments)
    assert (called.status, called.out) == (2, "")
    assert sentence in called.err
    assert called.err.count("\n") == 1
