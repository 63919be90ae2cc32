"""The public face: every name is there, documented, and its example does what it says."""

import subprocess
import sys
from pathlib import Path

import pytest

import streamproof
from streamproof.make_docs import EXAMPLES, PAGE, page

ROOT = Path(__file__).parent.parent


def test_the_page_is_what_the_docstrings_say() -> None:
    """docs/api.md is made by `python -m streamproof.make_docs`."""
    assert (ROOT / PAGE).read_text() == page()


def test_every_name_has_an_example() -> None:
    """And no name is shown that is not exported."""
    assert set(EXAMPLES) == set(streamproof.__all__)
    for name in streamproof.__all__:
        assert getattr(streamproof, name).__doc__


def test_a_name_that_is_not_there_is_told_as_python_does() -> None:
    """Names come when they are asked for, and only those that there are."""
    with pytest.raises(AttributeError, match="no attribute 'Nemesis'"):
        streamproof.Nemesis  # noqa: B018


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("streamproof", ["duckdb", "pyarrow", "confluent_kafka", "kio"]),
        ("streamproof.engine.run", ["httpx", "sqlalchemy"]),
        ("pipeline.__main__", ["httpx", "sqlalchemy", "fastapi"]),
        ("streamproof.cli.main", ["httpx", "sqlalchemy", "duckdb", "pyarrow", "jinja2"]),
    ],
)
def test_what_is_slow_to_import_is_imported_by_who_uses_it(module: str, heavy: list[str]) -> None:
    """Pytest loads the package in every project of an environment; a run needs neither a registry nor a database.

    Nor does a forwarder.
    """
    found = f"import sys, {module}; print(sorted({set(heavy)!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", found], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_examples_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In turn, on a cluster of their own."""
    monkeypatch.chdir(ROOT)
    blocks = [block.split("```")[0] for block in page().split("```python\n")[1:]]
    examples = [block for block in blocks if block.strip() in EXAMPLES.values()]
    assert len(examples) == len(EXAMPLES)
    exec("\n".join([blocks[0], *examples]), {"directory": tmp_path})  # noqa: S102 - the page's own examples
