"""A search for a smaller run: how often each is run, what counts, and when it ends. No run is started here."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streamproof.engine.events import SessionEvent
from streamproof.engine.shrink import CandidateEnded, Shrinking, TriedCandidate, ViolatedRun
from streamproof.engine.smaller import Candidate
from streamproof.errors import SubjectError
from streamproof.faults import Fault, Plan

START = Candidate(Plan((Fault.of("kill", "instance:1"), Fault.of("kill", "instance:2"))), 8, 2)
RUN = cast("ViolatedRun", SimpleNamespace(size=START, shares_a_cluster=False))


@dataclass
class Made:
    """A search over fake runs, and what it told and kept."""

    shrinking: Shrinking
    told: list[CandidateEnded] = field(default_factory=list)
    kept: list[TriedCandidate] = field(default_factory=list)

    @property
    def rates(self) -> list[tuple[str, str]]:
        return [(str(event.trial.candidate), event.trial.rate) for event in self.told]


@pytest.fixture
def searching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Made]:
    """A search in which `fails` says what becomes of each run."""

    def make(fails: Callable[[Candidate], bool], **more: Any) -> Made:
        def listen(event: SessionEvent) -> None:
            if isinstance(event, CandidateEnded):
                made.told.append(event)

        def keep(trial: TriedCandidate) -> None:
            made.kept.append(trial)

        settings = {"runs": 3, "within_s": 3600.0, "again": str, "keep": keep, "listeners": [listen], **more}
        made = Made(Shrinking(RUN, tmp_path, **settings))
        monkeypatch.setattr(made.shrinking, "_run", fails)
        return made

    return make


def test_a_smaller_run_is_tried_until_it_fails_and_the_smallest_as_often_as_it_may_be(
    searching: Callable[..., Made],
) -> None:
    """What fails once in three counts as failing; how often the smallest fails is found out at the end."""
    times: dict[Candidate, Iterator[int]] = {}

    def fails(candidate: Candidate) -> bool:
        runs = times.setdefault(candidate, itertools.count(1))
        return candidate.events >= 4 and next(runs) % 2 == 0

    made = searching(fails)
    assert made.shrinking.search() == TriedCandidate(replace(START, plan=Plan(), events=4, instances=1), 1, 3)
    assert made.rates == [
        ("2 faults, 8 events, 2 instances", "1 of 2"),
        ("no faults, 8 events, 2 instances", "1 of 2"),
        ("no faults, 4 events, 2 instances", "1 of 2"),
        ("no faults, 2 events, 2 instances", "0 of 3"),
        ("no faults, 4 events, 1 instance", "1 of 2"),
        ("no faults, 2 events, 1 instance", "0 of 3"),
        ("no faults, 4 events, 1 instance", "1 of 3"),
    ]
    assert [trial.candidate for trial in made.kept][-1] == made.kept[-2].candidate
    assert made.kept[-1].rate == "1 of 3", "the files tell the last word"


def test_a_run_that_does_not_fail_again_is_not_made_smaller(searching: Callable[..., Made]) -> None:
    """It was run as often as it may be, and nothing is kept."""
    made = searching(lambda _: False)
    assert made.shrinking.search() is None
    assert (made.rates, made.kept) == ([("2 faults, 8 events, 2 instances", "0 of 3")], [])


def test_once_the_time_is_up_the_smallest_so_far_is_what_was_found(searching: Callable[..., Made]) -> None:
    """The first run is made whatever the time; no other begins."""
    made = searching(lambda _: True, within_s=0.0)
    assert made.shrinking.search() == TriedCandidate(START, 1, 1)
    assert not made.shrinking.in_time
    assert [trial.candidate for trial in made.kept] == [START]


def test_the_smallest_so_far_is_kept_when_somebody_ends_it(searching: Callable[..., Made]) -> None:
    """What Ctrl-C interrupts is a run; what was found before is written."""
    runs: Iterator[int] = itertools.count()

    def fails(_: Candidate) -> bool:
        if next(runs) == 2:
            raise KeyboardInterrupt
        return True

    made = searching(fails)
    with pytest.raises(KeyboardInterrupt):
        made.shrinking.search()
    assert made.kept[-1].candidate == replace(START, plan=Plan())


def test_a_smaller_run_that_cannot_be_run_has_not_failed(searching: Callable[..., Made]) -> None:
    """An error of the run as it was is told; why a smaller run came to nothing is told beside it."""

    def fails(candidate: Candidate) -> bool:
        if not candidate.plan.faults:
            raise SubjectError("too few")
        return candidate == START

    made = searching(fails)
    made.shrinking.search()
    assert [event.trial for event in made.told if event.trial.error] == [
        TriedCandidate(replace(START, plan=Plan()), 0, 3, "too few")
    ]

    def never(_: Candidate) -> bool:
        raise SubjectError("never ready")

    with pytest.raises(SubjectError, match="never ready"):
        searching(never).shrinking.search()
