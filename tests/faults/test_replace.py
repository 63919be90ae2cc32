"""A process in the place of another that sleeps: two have one number, until the first is gone."""

from dataclasses import replace

import pytest

from streamproof.errors import ClusterError
from streamproof.faults import Evidence, Fault, Instance, Progress, Replace, System
from streamproof.faults.actions import pauses
from streamproof.kafka.groups import Group
from tests.faults.conftest import Running, WaitUntil, act

SLEEPS = "sh -c 'echo up; exec sleep 60'"
# as a process does that finds itself fenced
ENDS_WHEN_WOKEN = "sh -c 'trap \"exit 3\" CONT; echo up; while :; do sleep 0.02; done'"
MEMBERS = "streamproof.faults.actions.processes.describe_group"


def replaced(system: System, monkeypatch: pytest.MonkeyPatch, then: str, lasts_ms: int = 0) -> Evidence:
    """Instance 1, whose group has the members a and b before, and those of `then` once another was started."""

    def members(*_: object) -> Group:
        started = len(system.supervisor.rows()) > 1
        return Group("Stable", frozenset(then if started else "ab"))

    monkeypatch.setattr(MEMBERS, members)
    monkeypatch.setattr(pauses, "NOTICED_WITHIN_S", 0.1)
    monkeypatch.setattr("streamproof.faults.actions.processes.GIVEN_UP_WITHIN_S", 0.1)
    return act(replace(system, group="faults"), Fault(Replace(lasts_ms=lasts_ms), Instance(1), Progress(0.5)))


def ends(system: System) -> list[tuple[int, int | None]]:
    return [(row["incarnation"], row["exit"]) for row in system.supervisor.rows()]


@pytest.mark.parametrize(
    ("then", "told", "effective"),
    [
        ("bc", "given up by its group, another in its place; woken beside that, it did not end by itself", True),
        ("b", "given up by its group, but nobody joined in its place", False),
        ("abc", "but its group kept it", False),
    ],
)
def test_the_first_wakes_once_another_is_in_its_place(
    running: Running, monkeypatch: pytest.MonkeyPatch, *, then: str, told: str, effective: bool
) -> None:
    """Not before, or there would be nobody to fence it; it is gone in the end, and the second stays."""
    system = running(SLEEPS)
    evidence = replaced(system, monkeypatch, then)
    assert told in evidence.sentence
    assert evidence.effective is effective
    assert ends(system) == [(1, -9), (2, None)]


def test_how_the_first_ended_by_itself_is_told(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fenced, it may give up; nobody starts it again, for another is in its place."""
    system = running(ENDS_WHEN_WOKEN)
    system.supervisor.supervise()
    evidence = replaced(system, monkeypatch, "bc", lasts_ms=30_000)
    assert "woken beside that, it ended with status 3, gone after" in evidence.sentence
    assert ends(system) == [(1, 3), (2, None)]


def test_who_had_ended_by_itself_was_not_replaced(
    running: Running, monkeypatch: pytest.MonkeyPatch, wait_until: WaitUntil
) -> None:
    """The second is a restart then."""
    system = running("sh -c 'echo up'")
    wait_until(lambda: not system.supervisor.current(1).running)
    evidence = replaced(system, monkeypatch, "bc")
    assert not evidence.effective
    assert evidence.sentence.startswith("instance:1 had ended by itself, and was started again")


def test_the_first_is_gone_though_nobody_answers(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two processes of one number would fence each other to the end of the run."""
    system = running(SLEEPS)

    def silent(*_: object) -> Group:
        if len(system.supervisor.rows()) > 1:
            raise ClusterError("no broker answers")
        return Group("Stable", frozenset("ab"))

    monkeypatch.setattr(MEMBERS, silent)
    evidence = act(replace(system, group="faults"), Fault(Replace(lasts_ms=0), Instance(1), Progress(0.5)))
    assert not evidence.effective
    assert ends(system) == [(1, -9), (2, None)]
