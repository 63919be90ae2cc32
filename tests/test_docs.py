"""What the pages say is what the code does."""

import inspect
import re
from enum import StrEnum
from pathlib import Path

import pytest
from _pytest.fixtures import FixtureFunctionDefinition

from streamproof.cluster import DEFAULT_VERSION, versions
from streamproof.config.file import ClusterConfig, Config, DeclaredSubject, read_config
from streamproof.contract.extensions import EXTENSIONS
from streamproof.history.tables import TABLES
from streamproof.history.terms import Cause, Fate, Handling, SendOutcome, Side
from streamproof.probe.ask import QUESTIONS
from streamproof.probe.make_docs import BEGIN, END
from streamproof.pytest import plugin, steps
from streamproof.subject.placeholders import PLACEHOLDERS

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("table", TABLES)
def test_each_recorded_table_is_documented_as_it_is(table: str) -> None:
    """Every column, in order, with its type, and whether it may be null."""
    page = (ROOT / "docs" / "history.md").read_text()
    section = page.split(f"\n## {table}\n")[1].split("\n## ")[0]
    documented = re.findall(r"^\| (\w+)(\??) \| ([^|]+) \|$", section, re.MULTILINE)
    actual = [(field.name, "?" if field.nullable else "", str(field.type)) for field in TABLES[table]]
    assert [row for row in documented if row[0] != "column"] == actual


@pytest.mark.parametrize(
    ("column", "words"),
    [("outcome", SendOutcome), ("fate", Fate), ("cause", Cause), ("side", Side), ("rule", Handling)],
)
def test_the_words_of_a_column_are_documented(column: str, words: type[StrEnum]) -> None:
    """All of them, in order."""
    page = (ROOT / "docs" / "history.md").read_text()
    (told,) = re.findall(rf"^- `{column}`: (.+)$", page, re.MULTILINE)
    assert [word for word in re.findall("`([a-z]+)`", told) if word in set(words)] == list(words)


def test_every_key_of_the_configuration_is_documented() -> None:
    """Those of each table, and no other."""
    page = (ROOT / "docs" / "reference.md").read_text()
    for title, model in (("[subject.NAME]", DeclaredSubject), ("[cluster]", ClusterConfig), ("At the top", Config)):
        keys = [field.alias or name for name, field in model.model_fields.items()]
        rows = page.split(f"\n### {title}\n")[1].split("\n##")[0]
        assert set(re.findall(r"^\| `(\w+)`", rows, re.MULTILINE)) == set(keys) - {"name", "path", "subject", "cluster"}
    for placeholder in PLACEHOLDERS:
        assert f"`{{{placeholder}}}`" in page


def test_every_extension_of_the_contract_is_documented() -> None:
    """And no other is."""
    page = (ROOT / "docs" / "reference.md").read_text()
    assert set(re.findall(r"`(x-[\w-]+)`", page)) == set(EXTENSIONS)


def test_the_configuration_on_the_page_is_valid(tmp_path: Path) -> None:
    """It can be read as it stands."""
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "reference.md").read_text(), re.DOTALL)
    (tmp_path / "streamproof.toml").write_text(example)
    assert read_config(tmp_path / "streamproof.toml").subject().operation == "forwardOrders"


def test_the_versions_of_kafka_are_those_that_are_pinned() -> None:
    """README names each, the default first."""
    (sentence,) = re.findall(r"^Apache Kafka .* as well\.", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert tuple(re.findall(r"\d+\.\d+\.\d+", sentence)) == versions()


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("docs/clusters.md", "builds apache/kafka:{} where"),
        ("docs/reference.md", "| `version` | {} |"),
        ("docker-compose.yml", "image: apache/kafka:{}\n"),
        ("docker/build-kafka", "version=${{1:-{}}}"),
    ],
)
def test_the_default_version_of_kafka_is_the_same_everywhere(file: str, line: str) -> None:
    """Where a page or a script writes it out."""
    assert line.format(DEFAULT_VERSION) in (ROOT / file).read_text()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "DESIGN.md"])
def test_what_a_page_names_is_there(page: str) -> None:
    """Every path in backticks or links that begins in a folder of the project."""
    text = (ROOT / page).read_text()
    folders = "streamproof|pipeline|contracts|features|steps|mutants|examples|bench|tests|docs"
    named = re.findall(rf"[`(]((?:{folders})/[\w./-]*)[`)]", text)
    assert named
    for path in named:
        if "NAME" not in path:
            assert (ROOT / path).exists(), f"{page} names {path}"


def test_every_fixture_and_option_of_the_plugin_is_documented() -> None:
    """Those of each table, and no other; the arguments of run_subject too."""
    page = (ROOT / "docs" / "pytest.md").read_text()
    fixtures = [
        name
        for module in (plugin, steps)
        for name, value in vars(module).items()
        if isinstance(value, FixtureFunctionDefinition) and not name.startswith("pytestbdd")
    ]
    told = page.split("\n## Fixtures\n")[1].split("\n### ")[0]
    assert set(re.findall(r"^\| `(\w+)`", told, re.MULTILINE)) == set(fixtures)
    assert set(re.findall(r"^\| `(--[\w-]+)`", page, re.MULTILINE)) == set(plugin.OPTIONS)
    arguments = [name for name in inspect.signature(plugin.RunSubject.__call__).parameters if name != "self"]
    assert re.findall(r"^\| `(\w+)`", page.split("\n### run_subject\n")[1], re.MULTILINE) == arguments


def test_the_page_of_the_probe_has_each_question_as_it_is_asked() -> None:
    """In the order of the command, with what is right and what a wrong answer lets through."""
    page = (ROOT / "docs" / "probe.md").read_text().partition(BEGIN)[2].partition(END)[0]
    rows = [line.split(" | ")[:3] for line in page.splitlines()[2:] if not line.startswith("| **")]
    asked = [[f"| {each.asked}", each.right, ", ".join(each.lets_through)] for each in QUESTIONS]
    assert rows == asked
