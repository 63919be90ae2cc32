"""Instances that are asked to end: what is told is how their processes went, and each is started again."""

from dataclasses import replace
from typing import Any

import pytest

from streamproof.errors import ClusterError, UsageError
from streamproof.faults import AllInstances, Deploy, Fault, InFlight, Instance, Kill, Progress, Stop, System
from streamproof.faults.targets import parse_target
from streamproof.kafka.groups import Group
from tests.faults.conftest import Running, WaitUntil, act, with_progress

ORDERLY = "sh -c 'trap \"exit 3\" TERM; echo up; while :; do sleep 0.02; done'"
DEAF = "sh -c 'trap \"\" TERM; echo up; while :; do sleep 0.02; done'"
CARELESS = "sh -c 'echo up; exec sleep 60'"
GROUP = "streamproof.faults.actions.deployments.describe_group"
MEMBERS = "streamproof.faults.actions.processes.describe_group"
NOW = Progress(0.5)


def rows(system: System) -> list[dict[str, Any]]:
    return system.supervisor.rows()


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (ORDERLY, "instance 1 stopped, and ended with status 3, started again after "),
        (CARELESS, "instance 1 stopped, and ended by SIGTERM, started again after "),
        (DEAF, "instance 1 did not end within 0.3 s of SIGTERM, and was killed, started again after "),
    ],
)
def test_how_an_instance_ended_is_told(running: Running, command: str, told: str) -> None:
    """By its exit status, or the signal that it died of; it is there again afterwards."""
    system = running(command, stop_timeout_s=0.3)
    evidence = act(system, Fault(Stop(lasts_ms=0), Instance(1), NOW))
    assert evidence.effective
    assert evidence.sentence.startswith(told)
    assert [row["incarnation"] for row in rows(system)] == [1, 2]


def test_an_instance_that_had_ended_by_itself_was_not_stopped(running: Running, wait_until: WaitUntil) -> None:
    """It is started again all the same."""
    system = running("sh -c 'echo up'")
    wait_until(lambda: not system.supervisor.current(1).running)
    evidence = act(system, Fault(Stop(lasts_ms=0), Instance(1), NOW))
    assert not evidence.effective
    assert evidence.sentence.startswith("instance:1 had ended by itself, and was started again")
    assert len(rows(system)) == 2


def test_all_are_stopped_before_any_is_started_again(running: Running) -> None:
    """The whole group is away for a while."""
    system = running(ORDERLY, instances=2)
    evidence = act(system, Fault(Stop(lasts_ms=0), AllInstances(), NOW))
    assert "instance 1 stopped, and ended with status 3, instance 2 stopped, and ended" in evidence.sentence
    assert max(row["t_end"] for row in rows(system)[:2]) < min(row["t_start"] for row in rows(system)[2:])


def test_a_rolling_deployment_stops_an_instance_once_the_one_before_is_back(running: Running) -> None:
    """At no time are two away."""
    system = running(ORDERLY, instances=3)
    evidence = act(system, Fault(Deploy(), AllInstances(), NOW))
    assert evidence.effective, evidence.sentence
    assert evidence.sentence.endswith("instance 3 stopped, and ended with status 3; all take part again")
    first, second = rows(system)[:3], rows(system)[3:]
    assert [row["instance"] for row in second] == [1, 2, 3]
    for back, following in zip(second, first[1:], strict=False):
        assert back["t_start"] < following["t_end"]


def test_a_rolling_deployment_ends_with_an_instance_that_does_not_come_back(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever deploys by hand would not stop the next."""
    monkeypatch.setattr("streamproof.faults.actions.deployments.BACK_WITHIN_S", 0.1)
    system = with_progress(running(ORDERLY, instances=2), is_whole=lambda _: False)
    evidence = act(system, Fault(Deploy(), AllInstances(), NOW))
    assert not evidence.effective
    assert evidence.sentence.endswith("instance 1 was not back within 0 s")
    assert [row["instance"] for row in rows(system)] == [1, 2, 1]


@pytest.mark.parametrize(
    ("state", "then", "told", "given_up"),
    [
        ("Stable", {"b"}, "its group let a member go", ("a",)),
        ("Empty", set(), "its group let a member go", ("a", "b")),
        ("PreparingRebalance", {"b"}, "its group let a member go", ("a",)),
        ("Stable", {"a", "b"}, "its group keeps its place", ()),
    ],
)
def test_what_the_group_made_of_a_stop_is_told(
    running: Running, monkeypatch: pytest.MonkeyPatch, *, state: str, then: set[str], told: str, given_up: tuple[str]
) -> None:
    """A static member leaves no word: its group waits for it, and that is no less a stop."""
    monkeypatch.setattr(MEMBERS, lambda *_: Group("Stable", frozenset("ab")))
    monkeypatch.setattr(GROUP, lambda *_: Group(state, frozenset(then)))
    evidence = act(replace(running(ORDERLY), group="faults"), Fault(Stop(lasts_ms=50), Instance(1), NOW))
    assert evidence.effective
    assert told in evidence.sentence
    assert evidence.given_up == given_up


@pytest.mark.parametrize("action", [Stop(lasts_ms=0), Deploy()])
def test_what_was_stopped_is_started_though_nobody_answers(
    running: Running, monkeypatch: pytest.MonkeyPatch, action: Stop | Deploy
) -> None:
    """Else it would be away to the end of the run."""

    def silent(*_: object) -> Group:
        raise ClusterError("no broker answers")

    monkeypatch.setattr(MEMBERS, lambda *_: Group("Stable", frozenset("ab")))
    monkeypatch.setattr(GROUP, silent)
    system = with_progress(replace(running(ORDERLY, instances=2), group="faults"), is_whole=silent)
    evidence = act(system, Fault(action, AllInstances(), NOW))
    assert not evidence.effective
    assert evidence.sentence.startswith("begun, but nothing could be seen of it: no broker answers")
    assert all(instance.running for instance in system.supervisor.current_all())


def test_all_instances_are_a_target_of_their_own() -> None:
    """Of what can be done to all at once, and nothing that needs one of them."""
    assert parse_target("instance:all") == AllInstances()
    assert Fault.of("stop", "instance:all").on == AllInstances()
    with pytest.raises(UsageError, match='its target cannot be "instance:all"; write instance:N'):
        Fault(Kill(), AllInstances(), NOW)
    with pytest.raises(UsageError, match="instance:all has no cycle"):
        Fault(Stop(), AllInstances(), InFlight(NOW))
    with pytest.raises(UsageError, match='its target cannot be "instance:1"; write instance:all'):
        Fault.of("deploy", "instance:1")
