"""Runs with several seeds, side by side."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from streamproof.checks import judge
from streamproof.report.seeds import table_of
from tests.checks.scenes import clean


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_row_says_of_each_run_what_was_found_and_where_it_is(tmp_path: Path, width: int) -> None:
    """Within the width that there is, and without losing a letter."""
    broken = clean()
    broken.effect("no input")
    histories = [scene.write(tmp_path / name / "history") for scene, name in ((clean(), "a"), (broken, "b"))]
    out = StringIO()
    table = table_of([(judge(history, threads=1), history) for history in histories])
    Console(file=out, width=width, color_system=None).print(table)
    lines = out.getvalue().splitlines()
    assert lines[0].strip() == "1 of 2 upheld, 1 of 2 violated"
    assert max(map(len, lines)) <= width
    letters = "".join(out.getvalue().split())
    assert "upheldnothing" in letters
    assert "violated1phantom" in letters
    assert "…" not in letters
