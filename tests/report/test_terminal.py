"""Progress on a terminal: a line a result, with motion only where there may be some."""

import io
import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from streamproof.engine.events import (
    FaultAwaited,
    FaultBegan,
    FaultEnded,
    Judged,
    Phase,
    Probed,
    SubjectReady,
    SweepForetold,
    Working,
    phase,
)
from streamproof.errors import ClusterError
from streamproof.faults import Evidence, Fault
from streamproof.report.terminal import Terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Where things may move."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal.on(io.StringIO())


def shown(terminal: Terminal) -> str:
    """What stands beside the spinner."""
    assert terminal._status is not None
    return str(terminal._status.status)


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
    terminal = Terminal.on(file)
    with phase(Phase.PROBE, terminal) as probing:
        probing.doing("asking")
        terminal(Probed(0.0, {"isolates": True}))
    assert "isolates" in file.getvalue()
    assert ("\r" in file.getvalue()) is moves


def test_a_phase_whose_work_went_on_beside_another_shows_the_time_of_the_work() -> None:
    """The work may have been over when the phase began."""
    file = io.StringIO()
    terminal = Terminal.on(file)
    with phase(Phase.PROBE, terminal):
        terminal(Probed(4.2, {"isolates": True, "fences": False}))
    assert file.getvalue().split() == ["probe", "isolates", "·", "NOT", "fences", "4.2", "s"]


def test_nothing_is_left_moving_when_a_phase_fails(terminal: Terminal) -> None:
    """The sentence that follows stands on a line of its own."""

    def fail() -> None:
        with phase(Phase.CLUSTER, terminal):
            assert terminal._status is not None
            raise ClusterError("no broker answers")

    with pytest.raises(ClusterError):
        fail()
    assert terminal._status is None


def test_what_goes_on_beside_a_phase_is_not_shown_as_its_own(terminal: Terminal) -> None:
    """The subject works on while the end is waited for."""
    with phase(Phase.QUIET, terminal) as waiting:
        waiting.doing("a transaction open")
        terminal(Working(Phase.FAULTS, "7 of 9 events done"))
        assert shown(terminal) == "quiet     a transaction open"


def test_a_fault_is_shown_as_awaited_and_then_as_in_effect(terminal: Terminal) -> None:
    """A fault that others happen beside is shown until it ends."""
    kill, pause = Fault.of("kill", "instance:1"), Fault.of("pause-broker", "broker:leader")
    with phase(Phase.FAULTS, terminal) as breaking:
        breaking.doing("1 of 9 events done")
        terminal(FaultAwaited(kill))
        assert shown(terminal).endswith(f"1 of 9 events done · next {kill}")
        terminal(FaultBegan(kill))
        terminal(FaultBegan(pause))
        breaking.doing("2 of 9 events done")
        assert shown(terminal).endswith(f"2 of 9 events done · now {kill}, {pause}")
        terminal(FaultEnded(kill, Evidence("killed", effective=True)))
        assert shown(terminal).endswith(f"2 of 9 events done · now {pause}")


def test_what_the_record_contradicts_is_taken_back() -> None:
    """Its line has said that it took effect, before the record could be asked."""
    file = io.StringIO()
    false = SimpleNamespace(findings=(), contradicted=("killed, but the record shows that it was not",))
    Terminal.on(file)(Judged(0.1, cast("Any", None), cast("Any", false), cast("Any", None), rows=7))
    assert file.getvalue().splitlines()[1:] == [
        "  faults    ✘ taken back: killed, but the record shows that it was not"
    ]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_fit_the_terminal_and_times_stand_in_a_column(width: int) -> None:
    """What is too long goes on under where its words began; a wide terminal keeps the times near."""
    file = io.StringIO()
    terminal = Terminal(Console(file=file, width=width, force_terminal=True, color_system=None, highlight=False))
    kill = Fault.of("kill", "instance:1")
    words = "instance 1 killed with 12 inputs in flight, whose effects it had written and not committed, started again"
    terminal(FaultEnded(kill, Evidence(words, effective=True)))
    terminal(SubjectReady(1.2, 2, "python -m pipeline forward --all --the-options that-there-are --and more"))
    terminal(Probed(4.0, {"isolates": True}))
    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    column = min(width, 96) - 2
    timed = [line for line in lines if line.endswith(" s")]
    assert [line[:column].rpartition(" ")[2] for line in timed] == ["1.2", "4.0"]
    if width < 100:
        assert re.match(r" {14}\w", lines[1])
    assert " ".join(file.getvalue().split()).startswith(f"faults ✔ {words} subject")


def test_where_there_is_no_terminal_each_line_is_whole() -> None:
    """A program that looks for a word finds it in its line."""
    file = io.StringIO()
    terminal = Terminal(Console(file=file, width=60, color_system=None, highlight=False))
    terminal(SubjectReady(1.2, 2, "x" * 90))
    assert file.getvalue() == f"  subject   2 × {'x' * 90}     1.2 s\n"


def test_a_sweep_says_what_it_will_do_and_about_how_long_that_takes() -> None:
    """Somebody who waits can plan: 6 s each for 70 moments are 7 minutes."""
    file = io.StringIO()
    Terminal.on(file)(SweepForetold(36, {"kill": 36, "stop": 34}, 6.0))
    assert file.getvalue() == ("  sweep     36 steps · moments to try: kill 36 · stop 34 · about 7 min, at 6 s each\n")
