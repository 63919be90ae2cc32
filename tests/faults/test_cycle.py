"""A subject's cycle, learnt from what went over the wire."""

from collections.abc import Mapping
from typing import Any

import pytest

from streamproof.faults.cycle import Step, learnt
from streamproof.faults.moments import Stage
from streamproof.history.terms import Side
from streamproof.wire import Moment

STOPPING = 1_000


class Talk:
    """What an instance and its brokers said: each request is answered at once, a microsecond later."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, Any]] = []

    def says(
        self,
        *apis: str,
        life: tuple[int, int] = (1, 1),
        at: int | None = None,
        until: int | None = None,
        times: int = 1,
        **more: Any,
    ) -> None:
        """Requests of these APIs by an incarnation (`life`), all at a time (`at`) or one after the other.

        `until`: when the last of so many `times` came.
        """
        for api in apis:
            for side in Side:
                n = len(self.rows)
                said = {"committed": None, "tid": None, "grp": None, **more}
                began = n if at is None else at
                last = began if until is None else until
                place = {"instance": life[0], "incarnation": life[1], "n": n, "t": began, "t_last": last}
                self.rows.append({"api": api, "side": side.value, "times": times, **place, **said})

    def steps(self, stage: Stage) -> list[str]:
        """The requests of a stage."""
        found = [step for step in learnt(self.rows, STOPPING) if step.stage is stage]
        answers = [step.moment.api for step in found if step.moment.side is Side.RESPONSE]
        requests = [step.moment.api for step in found if step.moment.side is Side.REQUEST]
        assert requests == answers
        return requests


def test_an_instance_has_started_up_with_its_first_work() -> None:
    """What comes before is of its start, in each incarnation anew; what it does again and again is steady."""
    talk = Talk()
    for life in ((1, 1), (1, 2), (2, 1)):
        talk.says("ApiVersions", "FindCoordinator", "JoinGroup", "SyncGroup", "Fetch", life=life)
        talk.says("Produce", "EndTxn", "Fetch", life=life, committed=True)
    assert talk.steps(Stage.START_UP) == ["ApiVersions", "FindCoordinator", "JoinGroup", "SyncGroup", "Fetch"]
    assert talk.steps(Stage.STEADY) == ["Produce", "EndTxn", "Fetch"]


def test_what_goes_on_beyond_the_start_is_steady_too() -> None:
    """A consumer has a connection on which it only fetches: the record has a single row of that, from its start on."""
    talk = Talk()
    talk.says("Fetch", "Metadata", times=9, until=500)
    talk.says("ListOffsets", times=9)
    talk.says("Produce", times=9)
    assert talk.steps(Stage.START_UP) == ["Fetch", "Metadata"]
    assert talk.steps(Stage.STEADY) == ["Fetch", "Produce"]


def test_what_comes_by_chance_is_no_step() -> None:
    """Nobody can wait for what a client asked once, or asks when its knowledge is old."""
    talk = Talk()
    talk.says("Produce", times=9)
    talk.says("InitProducerId", "Metadata", "Metadata", "Metadata", "ApiVersions", "ApiVersions", "ApiVersions")
    assert talk.steps(Stage.STEADY) == ["Produce"]


def test_a_rebalance_is_all_from_joining_to_its_answer() -> None:
    """And whatever else belongs to it alone; a commit between is a step of the rebalance, beside the steady one."""
    talk = Talk()
    talk.says("JoinGroup", "SyncGroup", "OffsetFetch")
    talk.says("OffsetCommit", "Heartbeat", times=9)
    talk.says("JoinGroup", "OffsetCommit", "Heartbeat", "SyncGroup", "OffsetFetch")
    assert talk.steps(Stage.REBALANCE) == ["JoinGroup", "OffsetCommit", "SyncGroup", "OffsetFetch"]
    assert talk.steps(Stage.STEADY) == ["OffsetCommit", "Heartbeat"]


def test_a_stop_is_what_comes_once_it_was_asked_for() -> None:
    """A look for more input is no part of it."""
    talk = Talk()
    talk.says("Produce", times=9)
    talk.says("Fetch", "Heartbeat", "OffsetCommit", "LeaveGroup", at=STOPPING)
    assert talk.steps(Stage.SHUTDOWN) == ["OffsetCommit", "LeaveGroup"]


@pytest.mark.parametrize(
    ("api", "said", "names"),
    [
        ("EndTxn", {"committed": True}, ["steady/EndTxn-commit/request", "steady/EndTxn-commit/response"]),
        ("EndTxn", {"committed": False}, ["steady/EndTxn-abort/request", "steady/EndTxn-abort/response"]),
        ("Fetch", {}, ["steady/Fetch/request", "steady/Fetch/response"]),
    ],
)
def test_what_differs_within_an_api_is_told_apart(api: str, said: dict[str, Any], names: list[str]) -> None:
    """A commit is no abort."""
    talk = Talk()
    talk.says("Produce")
    talk.says(api, times=3, **said)
    assert [step.name for step in learnt(talk.rows, STOPPING)][-2:] == names


def test_coordinators_of_a_group_and_of_a_transaction_are_two_steps() -> None:
    """Both come at the start."""
    talk = Talk()
    talk.says("FindCoordinator", tid="order-processor-1")
    talk.says("FindCoordinator", grp="order-processor")
    first, *others = learnt(talk.rows, STOPPING)
    assert first == Step(Stage.START_UP, Moment("FindCoordinator", Side.REQUEST, "transaction"))
    assert [step.name for step in others] == [
        "start-up/FindCoordinator-transaction/response",
        "start-up/FindCoordinator-group/request",
        "start-up/FindCoordinator-group/response",
    ]
