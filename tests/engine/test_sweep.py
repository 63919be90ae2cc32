"""A sweep over a pipeline that nobody here wrote: it is broken at each step of its own protocol."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.checks import Outcome
from streamproof.engine.events import Judged, RunStarted, SessionEvent, SweepForetold
from streamproof.engine.request import Request
from streamproof.engine.sweep import Sweep, sweep
from streamproof.errors import UsageError
from streamproof.faults.sweep import How
from streamproof.history.promise import Delivery

LOOP = f"{sys.executable} {Path(__file__).parents[1] / 'foreign' / 'loop.py'}"


def asked(directory: Path, command: str = f"{LOOP} {{bootstrap_servers}} loop{{run}} in{{run}} out{{run}}") -> Request:
    """A plain loop that commits after its effects, and promises more than that can keep."""
    return Request(
        directory=directory / "sweep",
        seed=3,
        command=command,
        input_topic="in",
        output_topics=("out",),
        group="loop",
        promise=Delivery.EXACTLY_ONCE,
        instances=2,
        brokers=1,
    )


def test_the_step_that_breaks_a_promise_is_named(tmp_path: Path) -> None:
    """Killed before its commit has arrived, the loop does it again; killed once that is answered, it does not.

    How long it takes is told once the cycle is known.
    """
    told = list[SessionEvent]()
    *runs, came = sweep(asked(tmp_path), told.append, hows=[How.KILL], only=["steady/OffsetCommit/*"])
    assert isinstance(came, Sweep)
    assert came.outcome is Outcome.VIOLATED
    found = {tried.trial.step.name: (tried.came_up, set(tried.witnesses)) for tried in came.tried}
    assert found == {
        "steady/OffsetCommit/request": (True, {"duplicated"}),
        "steady/OffsetCommit/response": (True, set()),
    }
    assert [run.spec.directory.name for run in runs if isinstance(run, Judged)] == ["cycle", "kill"]
    assert (tmp_path / "sweep" / "kill" / "plan.json").is_file()
    (foretold,) = (event for event in told if isinstance(event, SweepForetold))
    assert (foretold.steps, foretold.moments) == (len(came.steps), {"kill": 2})
    assert foretold.each_s > 0
    started = [event.spec.directory.name for event in told[: told.index(foretold)] if isinstance(event, RunStarted)]
    assert started == ["cycle"]


def test_a_sweep_that_was_interrupted_repeats_only_what_is_not_whole(tmp_path: Path) -> None:
    """A run whose history is there is judged again; one that broke off is run again, from its start."""
    begun = list[str]()

    def note(event: SessionEvent) -> None:
        if isinstance(event, RunStarted):
            begun.append(event.spec.directory.name)

    def swept(*, resumed: bool) -> Sweep:
        begun.clear()
        hows, only = [How.KILL], ["steady/OffsetCommit/request"]
        *_, came = sweep(asked(tmp_path), note, hows=hows, only=only, resumed=resumed)
        assert isinstance(came, Sweep)
        return came

    first = swept(resumed=False)
    assert begun == ["cycle", "kill"]
    again = swept(resumed=True)
    assert begun == []
    assert (again.outcome, again.tried, again.steps) == (first.outcome, first.tried, first.steps)
    (tmp_path / "sweep" / "kill" / "history" / "run.json").unlink()
    assert swept(resumed=True).outcome is Outcome.VIOLATED
    assert begun == ["kill"]


def test_a_step_that_the_subject_does_not_have_is_told_with_those_that_it_has(tmp_path: Path) -> None:
    """They are known once its cycle is."""
    steps = sweep(asked(tmp_path), hows=[How.KILL], only=["steady/EndTxn*"])
    with pytest.raises(UsageError, match=r"steady/EndTxn\*: no step .*; there are .*steady/OffsetCommit/request"):
        list(steps)


def test_a_subject_that_comes_past_the_proxy_has_no_cycle(tmp_path: Path) -> None:
    """It is said how it is given the proxy's address, or that the proxy is off."""
    with pytest.raises(UsageError, match="nothing of it came through the proxy"):
        list(sweep(replace(asked(tmp_path), proxy=False)))
