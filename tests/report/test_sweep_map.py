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


@pytest.mark.parametrize(("wrong", "sentence"), [(1, "1 of them breaks"), (2, "2 of them break")])
def test_a_step_that_breaks_the_promise_is_marked_with_what_was_found(wrong: int, sentence: str) -> None:
    """And counted in the sentence."""
    steps = tuple(Step(Stage.STEADY, Moment(api)) for api in ("Produce", "OffsetCommit", "Heartbeat"))
    found = [{"duplicated": 1_040, "lost": 2}] * wrong + [{}] * (len(steps) - wrong)
    tried = [Tried(Trial(How.KILL, step), True, "", there) for step, there in zip(steps, found, strict=True)]
    file = io.StringIO()
    Console(file=file, width=120).print(map_of(Sweep(steps, tuple(tried), ())))
    told, _, *rows, _ = file.getvalue().splitlines()
    assert told.split("  ")[-1].strip() == f"3 of 3 moments came up, {sentence} the promise"
    assert ["✘ 1,040 duplicated, 2 lost" in row for row in rows] == [True] * wrong + [False] * (len(steps) - wrong)
