"""Progress on a terminal: a line a step, with motion only where there may be some."""

import io

import pytest

from streamproof.report.terminal import Terminal


@pytest.mark.parametrize(
    ("environment", "moves"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm-256color", "TTY_COMPATIBLE": "0"}, False),
    ],
)
def test_nothing_moves_where_colours_are_off(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], moves: bool
) -> None:
    """A spinner is written over and over: it needs a terminal that can, and whose user wants it."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    file = io.StringIO()
    with Terminal.on(file).step("cluster") as step:
        step.now("starting")
        step.done("3 brokers")
    assert "3 brokers" in file.getvalue()
    assert ("\r" in file.getvalue()) is moves


def test_a_step_that_waited_for_work_in_the_background_shows_the_time_of_the_work() -> None:
    """Which may have been over when the step began."""
    file = io.StringIO()
    with Terminal.on(file).step("probe") as step:
        step.done("isolates", 4.2)
    with Terminal.on(file).step("stop") as step:
        step.done("all")
    assert [line.split() for line in file.getvalue().splitlines()] == [
        ["probe", "isolates", "4.2", "s"],
        ["stop", "all", "0.0", "s"],
    ]
