"""streamproof.toml: what is read from it, and what each mistake in it is answered with."""

from pathlib import Path

import pytest

from streamproof.config.file import ClusterConfig, Config, read_config
from streamproof.errors import UsageError
from streamproof.subject.spec import Input, Ready

SUBJECT = '[subject.orders]\ncontract = "c.yaml"\ncommand = "run"\n'


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "streamproof.toml"


def read(path: Path, text: str) -> Config:
    path.write_text(text)
    return read_config(path)


def test_a_subject_has_all_that_its_table_says(written: Path) -> None:
    """Each key of [subject.NAME] arrives, paths are taken from the file's own directory, placeholders stay."""
    subject = read(
        written,
        """
        checks = "own/checks"
        without = ["torn", "phantom"]
        cluster = { brokers = 5, version = "4.2.2", where = "testcontainers" }
        [subject.orders]
        contract = "contracts/orders.yaml"
        command = "run --at {bootstrap_servers} '{\\"a\\": 1}' ${HOME}"
        instances = 2
        ready = { log = "assigned" }
        ready_timeout_s = 5
        operation = "forwardOrders"
        input = "stdin"
        stop_timeout_s = 2.5
        env.ID = "order-processor-instance-{instance}"
        """,
    ).subject("orders")
    assert subject.name == "orders"
    assert subject.contract == written.parent / "contracts/orders.yaml"
    assert subject.command == "run --at {bootstrap_servers} '{\"a\": 1}' ${HOME}"
    assert (subject.instances, subject.input) == (2, Input("stdin"))
    assert (subject.stop_timeout_s, subject.cwd) == (2.5, written.parent)
    assert (subject.ready, subject.ready_timeout_s) == (Ready("log", "assigned"), 5.0)
    assert subject.env == {"ID": "order-processor-instance-{instance}"}
    config = read_config(written)
    assert (config.cluster.brokers, config.cluster.version, config.cluster.where) == (5, "4.2.2", "testcontainers")
    assert (config.checks, config.without) == (written.parent / "own/checks", ("torn", "phantom"))


def test_what_is_not_said_has_the_documented_value(written: Path) -> None:
    """One instance, ready when its group is stable, fed by a topic, on three brokers."""
    config = read(written, SUBJECT)
    subject = config.subject()
    assert (subject.instances, subject.ready, subject.input, dict(subject.env)) == (1, Ready(), Input(), {})
    assert (subject.ready_timeout_s, subject.stop_timeout_s) == (60, 15)
    assert (config.cluster.brokers, config.cluster.version, config.cluster.where) == (3, None, "embedded")
    assert config.checks is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a =", "1:4: no valid TOML: expected a value"),
        (
            "[cluster]\nregistry = false",
            '2: cluster.registry: expected true, or the URL of a schema registry, such as "http://127.0.0.1:8081"',
        ),
        ('[cluster]\nregistry = ""', "2: cluster.registry: expected true, or the URL of a schema registry"),
        ('[subject.orders]\ncontract = "c', "2:14: no valid TOML: a text is not closed"),
        ("[subjects.orders]", '1: subjects is not known (did you mean "subject"?)'),
        (SUBJECT + "\n# twice\ninstnces = 2", '6: subject.orders.instnces is not known (did you mean "instances"?)'),
        (SUBJECT + "zebra = 2", "4: subject.orders.zebra is not known"),
        (SUBJECT + 'name = "x"', "4: subject.orders.name is not known: the table's key is the name"),
        (
            '[subject.orders]\ncommand = "run"',
            "1: subject.orders.contract is missing: expected the path of an AsyncAPI 3 document",
        ),
        (
            '[subject.orders]\ncontract = "c.yaml"\ncomand = "run"',
            '3: subject.orders.comand is not known (did you mean "command"?)',
        ),
        (SUBJECT + 'instances = "2"', '4: subject.orders.instances: expected a whole number of at least 1, found "2"'),
        (SUBJECT + "instances = 0", "4: subject.orders.instances: expected a whole number of at least 1, found 0"),
        (
            SUBJECT + "instances = true",
            "4: subject.orders.instances: expected a whole number of at least 1, found true",
        ),
        (
            SUBJECT + 'ready = { lag = "x" }',
            '4: subject.orders.ready: expected "group-stable", { log = "TEXT" } or { http = "URL" }, found a table',
        ),
        (SUBJECT + 'ready = "log"', "4: subject.orders.ready: expected"),
        (
            SUBJECT + 'input = "file"',
            '4: subject.orders.input: expected "topic", "stdin" or { http = "URL" }, found "file"',
        ),
        (SUBJECT + "stop_timeout_s = 0", "4: subject.orders.stop_timeout_s: expected seconds, above 0, found 0"),
        (
            SUBJECT + "[subject.orders.env]\nA = 'x'\nPORT = 80",
            "6: subject.orders.env.PORT: expected a text in quotes for each name, found 80",
        ),
        (
            SUBJECT + "[subject.orders.env]\nSERVERS = '{bootstrap_server}'",
            (
                "5: subject.orders.env.SERVERS: the placeholder {bootstrap_server} is not known "
                '(did you mean "bootstrap_servers"?)'
            ),
        ),
        (
            '[subject.orders]\ncontract = "c"\ncommand = "run {zebra}"',
            (
                "3: subject.orders.command: the placeholder {zebra} is not known: "
                "{bootstrap_servers}, {registry_url}, {instance}"
            ),
        ),
        ('[subject.orders]\ncontract = "c"\ncommand = " "', "3: subject.orders.command: the command is empty"),
        (
            '[subject.orders]\ncontract = "c"\ncommand = "say \'hi"',
            "3: subject.orders.command: the command cannot be split into words (no closing quotation)",
        ),
        ("[subject]\norders = 3", "2: subject.orders: expected a table, [subject.NAME], found 3"),
        (SUBJECT + "[cluster]\nbrokers = 2", "5: cluster.brokers: expected an odd number, so that there is a majority"),
        ('[cluster]\nversion = "4.3"', '2: cluster.version: expected a version such as "4.3.1", found "4.3"'),
        ("[cluster]\nbroker = 3", '2: cluster.broker is not known (did you mean "brokers"?)'),
        ('checks = ""', '1: checks: expected a directory, found ""'),
        (SUBJECT + 'cwd = ""', '4: subject.orders.cwd: expected a directory, found ""'),
        (
            '[subject.orders]\ncommand = "run"\ncontract = ""',
            '3: subject.orders.contract: expected the path of an AsyncAPI 3 document, found ""',
        ),
        *[
            (
                f'[subject."{name}"]\ncontract = "c.yaml"\ncommand = "run"',
                f'1: subject "{name}" cannot have that name: files are called by it; use up to 100 letters, digits, -',
            )
            for name in ("a/b", "", "a b", "a" * 101)
        ],
        ("checks = 4", "1: checks: expected a directory, found 4"),
        ('without = "torn"', '1: without: expected names of anomalies, such as ["torn"], found "torn"'),
    ],
)
def test_a_mistake_is_answered_with_file_line_path_and_what_is_expected(
    written: Path, text: str, sentence: str
) -> None:
    """Each mistake is one sentence that says where and what."""
    with pytest.raises(UsageError) as caught:
        read(written, text)
    assert str(caught.value).startswith(f"{written}:{sentence}")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """The sentence names the file and the way to do without."""
    with pytest.raises(UsageError, match=r"nowhere\.toml is not there; .*--run"):
        read_config(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_text_is_refused(written: Path) -> None:
    """Bytes that are not UTF-8 are no crash."""
    written.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read \\(it is no UTF-8 text\\)"):
        read_config(written)


@pytest.mark.parametrize(
    ("line", "found"), [("", None), ("registry = true", None), ('registry = "http://u"', "http://u")]
)
def test_a_registry_is_started_or_named(written: Path, line: str, found: str | None) -> None:
    """True, the default, names none: a registry is started for a run that needs it."""
    written.write_text(f"[cluster]\n{line}\n{SUBJECT}")
    assert read_config(written).cluster.registry == found


FLAGS = {"where": "h:9092", "brokers": 5, "version": "4.0.2", "registry": "http://h"}


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_wins_over_the_file(written: Path, flag: str) -> None:
    """What no flag says stays as the file has it."""
    declared = read(
        written, '[cluster]\nwhere = "testcontainers"\nbrokers = 1\nversion = "4.2.2"\nregistry = "http://u"'
    ).cluster
    flags = dict.fromkeys(FLAGS) | {flag: FLAGS[flag]}
    assert declared.overridden(**flags).model_dump() == declared.model_dump() | {flag: FLAGS[flag]}


@pytest.mark.parametrize("flag", ["brokers", "version"])
def test_the_size_of_a_cluster_that_exists_is_refused(flag: str) -> None:
    """It is as it is, whether the file names it or a flag."""
    flags = dict.fromkeys(FLAGS) | {flag: FLAGS[flag]}
    with pytest.raises(UsageError, match="the cluster at h:9092 is there already: a number of brokers, a version"):
        ClusterConfig(where="h:9092").overridden(**flags)


def test_of_several_subjects_the_first_stands_for_the_project(written: Path) -> None:
    """`streamproof verify` alone runs it, as the README says."""
    config = read(written, SUBJECT + SUBJECT.replace("orders", "bills"))
    assert config.subject().name == "orders"
    assert config.subject("bills").name == "bills"


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        (SUBJECT, "order", ': subject "order" is not declared (did you mean "orders"?)'),
        (SUBJECT, "zebra", ': subject "zebra" is not declared; declared: orders'),
        ("", None, ": no subject is declared; add a table [subject.NAME]"),
    ],
)
def test_a_subject_that_cannot_be_chosen_is_refused(written: Path, text: str, name: str | None, sentence: str) -> None:
    """An unknown name, or none where no subject is declared."""
    with pytest.raises(UsageError) as caught:
        read(written, text).subject(name)
    assert str(caught.value) == f"{written}{sentence}"
