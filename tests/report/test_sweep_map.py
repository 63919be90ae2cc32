"""The map of a sweep on a terminal."""

import io

import pytest
from rich.console import Console

from streamproof.engine.sweep import Sweep, Tried
from streamproof.faults.cycle import Step
from streamproof.faults.moments import Stage
from streamproof.faults.sweep import How, Trial
from streamproof.report.sweep import map_of
from streamproof.wire import Moment


@pytest.mark.parametrize(("came_up", "sign"), [(True, "✔"), (False, "–")])
def test_a_map_has_its_sentence_on_a_line_whatever_the_width_of_its_table(came_up: bool, sign: str) -> None:
    """And a row for each step."""
    step = Step(Stage.STEADY, Moment("OffsetCommit"))
    file = io.StringIO()
    console = Console(file=file, width=120)
    console.print(map_of(Sweep((step,), (Tried(Trial(How.KILL, step), came_up, "", {}),), ())))
    sentence, head, row, *_ = (line.split() for line in file.getvalue().splitlines())
    assert " ".join(sentence[1:]) == f"{came_up:d} of 1 moments came up, none of them breaks the promise"
    assert head == ["stage", "step", "kill"]
    assert row == ["steady", "→", "OffsetCommit", sign]
