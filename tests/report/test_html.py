"""`streamproof report`: what it makes, what it keeps, and what it refuses."""

import base64
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamproof.cli.main import app
from streamproof.errors import ReportError, StreamproofError, UsageError
from streamproof.report.html import counts, generate
from tests.report.conftest import Need
from tests.results import RESULTS, results_of

FAILURES = """
import pytest
from streamproof.errors import ClusterError, PromiseViolated, SubjectError, Unproven
@pytest.fixture
def cluster(): raise ClusterError("no broker answers")
def test_upheld(): pass
def test_violated(): raise PromiseViolated("lost: 3 witnesses, such as {}")
def test_unproven(): raise Unproven("unproven, not upheld:\\n  nothing was broken")
def test_cluster(cluster): pass
def test_subject(): raise SubjectError("subject orders exited")
def test_defect(): raise NameError("name")
def test_other(): assert 1 == 2
"""


@pytest.fixture
def results(pytester: pytest.Pytester, own_home: None) -> Path:
    pytester.makepyfile(FAILURES)
    results_of(pytester)
    return pytester.path / RESULTS


def test_failures_are_sorted_by_what_they_are_and_kept_from_report_to_report(
    results: Path, need: Need, tmp_path: Path
) -> None:
    """A broken promise is not a broken test; a second report replaces the first, and knows it by the history."""
    need("npx")
    output, history = tmp_path / "report", tmp_path / "history.jsonl"
    for _ in range(2):
        assert generate(results, output, history).is_file()
    page = (output / "index.html").read_text()
    assert not re.search(r'(src|href)="https?:', page)
    assert page.index("allureReportDataReady = true") < page.index("<body>")
    [embedded] = re.findall(r'd\("widgets/categories.json","([^"]*)"\)', page)
    categories = json.loads(base64.b64decode(embedded))
    found = {
        node["name"]: [categories["nodes"][leaf].get("name") for leaf in _leaves(categories["nodes"], node)]
        for node in map(categories["nodes"].get, categories["roots"])
    }
    assert found == {
        "Promise violated": ["test_violated"],
        "Unproven": ["test_unproven"],
        "Environment": ["test_cluster"],
        "Subject did not run": ["test_subject"],
        "Test defects": ["test_defect"],
        "Other failures": ["test_other"],
    }
    assert len(history.read_text().splitlines()) == 2
    assert counts(output / "index.html") == {"total": 7, "passed": 1, "failed": 3, "broken": 3}


def _leaves(nodes: dict[str, dict[str, list[str]]], node: dict[str, list[str]]) -> list[str]:
    below = node.get("childrenIds", [])
    return [leaf for child in below for leaf in (_leaves(nodes, nodes[child]) or [child])]


@pytest.mark.parametrize(
    ("files", "path", "sentence"),
    [
        ([], None, "allure-results holds no results of Allure's; make some by pytest --alluredir allure-results"),
        (["allure-results/1-result.json", "allure-report/mine"], None, "allure-report holds something that is not a"),
        (["allure-results/1-result.json", "allure-report"], None, "allure-report holds something that is not a"),
        (["allure-results/1-result.json"], "", "npx is not there; the report needs Node.js 20 or later with npm"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_lost(
    files: list[str], path: str | None, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing, or stands in the way, and what to do."""
    monkeypatch.chdir(tmp_path)
    for name in files:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text('{"uuid": "1"}')
    if path is not None:
        monkeypatch.setenv("PATH", path)
    with pytest.raises(StreamproofError) as caught:
        generate(Path("allure-results"), Path("allure-report"))
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
    assert all(Path(name).is_file() for name in files)


def test_a_generator_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its status and its last words."""
    (tmp_path / "1-result.json").write_text('{"uuid": "1"}')
    npx = tmp_path / "npx"
    npx.write_text("#!/bin/sh\necho no such version >&2\nexit 3\n")
    npx.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(ReportError, match=r"ended with status 3 \(no such version\); it needs Node.js 20 or later"):
        generate(tmp_path, tmp_path / "report")


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", '{"uuid": '])
def test_what_is_no_result_makes_no_report(tmp_path: Path, content: str) -> None:
    """Whatever it is called: the generator would pass over it, and make an empty report."""
    (tmp_path / "1-result.json").write_text(content)
    with pytest.raises(UsageError, match=r"holds no results of Allure's; make some by pytest --alluredir"):
        generate(tmp_path, tmp_path / "report")
    assert not (tmp_path / "report").exists()


GENERATOR = """#!/bin/sh
while [ "$1" != --output ]; do shift; done
mkdir -p "$2" && echo > "$2/index.html"
echo '{"stats": {"total": 3, "passed": 2, "failed": 1}}' > "$2/summary.json"
"""


def test_a_report_is_told_as_json_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is, and what came of the tests; in words, the first alone."""
    (tmp_path / "1-result.json").write_text('{"uuid": "1"}')
    npx = tmp_path / "npx"
    npx.write_text(GENERATOR)
    npx.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    arguments = ["report", str(tmp_path), "--output", str(tmp_path / "report")]
    index = tmp_path / "report" / "index.html"
    assert CliRunner().invoke(app, arguments).stdout == f"Report {index}\n"
    output = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert output == {"report": str(index), "tests": {"total": 3, "passed": 2, "failed": 1}}
