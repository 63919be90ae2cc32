"""What the pages say is what the code does."""

import re
from pathlib import Path

import pytest

from streamproof.cluster import versions
from streamproof.history.tables import TABLES

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("table", TABLES)
def test_each_recorded_table_is_documented_as_it_is(table: str) -> None:
    """Every column, in order, with its type, and whether it may be null."""
    page = (ROOT / "docs" / "history.md").read_text()
    section = page.split(f"\n## {table}\n")[1].split("\n## ")[0]
    documented = re.findall(r"^\| (\w+)(\??) \| ([^|]+) \|$", section, re.MULTILINE)
    actual = [(field.name, "?" if field.nullable else "", str(field.type)) for field in TABLES[table]]
    assert [row for row in documented if row[0] != "column"] == actual


def test_the_versions_of_kafka_are_those_that_are_pinned() -> None:
    """README names each, the default first."""
    (sentence,) = re.findall(r"^Apache Kafka .* as well\.", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert tuple(re.findall(r"\d+\.\d+\.\d+", sentence)) == versions()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "DESIGN.md"])
def test_what_a_page_names_is_there(page: str) -> None:
    """Every path in backticks or links that begins in one of the project's folders."""
    text = (ROOT / page).read_text()
    folders = "streamproof|pipeline|contracts|features|steps|mutants|bench|tests|docs"
    named = re.findall(rf"[`(]((?:{folders})/[\w./-]*)[`)]", text)
    assert named
    for path in named:
        if "NAME" not in path:
            assert (ROOT / path).exists(), f"{page} names {path}"
