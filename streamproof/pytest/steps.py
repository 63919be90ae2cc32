"""The step vocabulary: words for any subject of streamproof.toml. A project's own words call the same functions.

Given a cluster of 3 brokers
And 2 instances of subject "orders"
And 2,000 records
When instance 1 is killed inside its cycle
Then every record is processed exactly once
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from pytest_bdd import given, parsers, then, when

from streamproof.errors import ClusterError, Unproven

if TYPE_CHECKING:
    from streamproof.checks import Verdict
    from streamproof.engine.run import Run
    from streamproof.engine.session import Session
    from streamproof.faults import Plan
    from streamproof.pytest.plugin import RunSubject

EVERY = 0.2  # each fault of a scenario comes when the group has done another fifth


def number(text: str) -> int:
    """`2,000` as people write it."""
    return int(text.replace(",", ""))


@dataclass
class Story:
    """The steps of a scenario so far. The run starts with the first action, or with the first promise looked at."""

    run_subject: RunSubject
    subject: str | None = None
    instances: int = 1
    records: int = 1000
    seed: int = 1
    env: dict[str, str] = field(default_factory=dict)
    faults: int = 0
    _run: Run | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def run(self) -> Run:
        if self._run is None:
            starting = self.run_subject(
                self.subject, records=self.records, seed=self.seed, instances=self.instances, env=self.env
            )
            self._run = self._stack.enter_context(starting)
        return self._run

    def break_it(self, kind: str, target: str, lasts_ms: int = 500) -> None:
        """Break something now that work is in flight; the scenario fails if it took no effect."""
        from streamproof.faults import Fault

        self.faults += 1
        at = min(0.9, self.faults * EVERY)
        evidence = self.run.inject(Fault.of(kind, target, at=at, lasts_ms=lasts_ms), following=at + EVERY)
        if not evidence.effective:
            raise Unproven(f"the fault took no effect: {evidence.sentence}")

    def carry_out(self, plan: Plan) -> None:
        """Break all that a plan says; the scenario fails if a fault took no effect."""
        for evidence in self.run.carry_out(plan):
            if not evidence.effective:
                raise Unproven(f"a fault took no effect: {evidence.sentence}")

    @property
    def verdict(self) -> Verdict:
        run = self.run
        if run.judged is None:
            self._stack.close()  # leaving the run judges it
        return run.verdict

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def story(run_subject: RunSubject) -> Iterator[Story]:
    """The scenario's own run."""
    telling = Story(run_subject)
    yield telling
    telling.close()


@given(parsers.parse("a cluster of {brokers:d} brokers"))
def a_cluster(streamproof_session: Session, brokers: int) -> None:
    """The cluster has this many brokers. `--kafka-brokers`, or `[cluster]` in `streamproof.toml`, sets the number.

    Example: Given a cluster of 3 brokers
    """
    if streamproof_session.brokers != brokers:  # a cluster that is started is not up yet: the run may be a mistake
        raise ClusterError(
            f"this session's cluster has {streamproof_session.brokers} brokers; run with --kafka-brokers {brokers}"
        )


@given(parsers.parse('{count:d} instance(s) of subject "{name}"'))
@given(parsers.parse('{count:d} instances of subject "{name}"'))
@given(parsers.parse('{count:d} instance of subject "{name}"'))
def instances_of(story: Story, count: int, name: str) -> None:
    """Which subject of `streamproof.toml` runs, and in how many instances. Without the step: the first, in 1 instance.

    Example: Given 2 instances of subject "orders"
    """
    story.subject, story.instances = name, count


@given(parsers.re(r'"(?P<name>\w+)" set to "(?P<value>[^"]*)"'))
def set_to(story: Story, name: str, value: str) -> None:
    """Each instance has this variable in its environment, beside those of `streamproof.toml`.

    Example: Given "GROUP_PROTOCOL" set to "consumer"
    """
    story.env[name] = value


@given(parsers.re(r"(?P<count>[\d,]+) records?"))
def records(story: Story, count: str) -> None:
    """How many records are the input. Without the step: 1,000.

    Example: Given 2,000 records
    """
    story.records = number(count)


@given(parsers.re(r"(?P<count>[\d,]+) records? of seed (?P<seed>\d+)"))
def records_of_seed(story: Story, count: str, seed: str) -> None:
    """The same, made with another seed than 1: the same seed makes the same records.

    Example: Given 40 records of seed 7719
    """
    story.records, story.seed = number(count), int(seed)


@when("this plan is carried out")
def carried_out(story: Story, docstring: str) -> None:
    """All faults of a plan, which stands below the step as in a `plan.json`, between two lines of three quotes.

    Example: When this plan is carried out
    """
    from streamproof.faults.written import plan_in_json

    story.carry_out(plan_in_json(docstring, "this plan is carried out"))


@when(parsers.parse("instance {number:d} is killed inside its cycle"))
def killed_inside(story: Story, number: int) -> None:
    """The instance is killed while it has work in its hands, and is started again (fault `kill-in-flight`).

    Example: When instance 1 is killed inside its cycle
    """
    story.break_it("kill-in-flight", f"instance:{number}")


@when(parsers.parse("instance {number:d} is killed"))
def killed(story: Story, number: int) -> None:
    """The instance is killed, whatever it is doing, and is started again (fault `kill`).

    Example: When instance 1 is killed
    """
    story.break_it("kill", f"instance:{number}")


@when(parsers.parse("instance {number:d} is paused beyond its session"))
def paused(story: Story, number: int) -> None:
    """The instance is paused until its group has given it up, then wakes (fault `pause-beyond-session`).

    Example: When instance 2 is paused beyond its session
    """
    story.break_it("pause-beyond-session", f"instance:{number}")


@when("another instance joins")
def joins(story: Story) -> None:
    """An additional instance is started, so that the group rebalances (fault `join`).

    Example: When another instance joins
    """
    story.break_it("join", f"instance:{len(story.run.supervisor.current_all()) + 1}")


@when(parsers.re(r"the (?P<role>group coordinator|transaction coordinator|leader) is (?P<how>killed|paused|restarted)"))
def broker_broken(story: Story, role: str, how: str) -> None:
    """The broker in this role is broken, and mended (fault `kill-broker`, `pause-broker` or `restart-broker`).

    Example: When the leader is paused
    """
    kind = {"killed": "kill-broker", "paused": "pause-broker", "restarted": "restart-broker"}[how]
    story.break_it(kind, f"broker:{role.replace(' ', '-')}")


@then("every record is processed exactly once")
def exactly_once(story: Story) -> None:
    """Nothing is seen that `exactly-once` forbids: no record is lost, and none has its effects twice.

    Example: Then every record is processed exactly once
    """
    from streamproof.history.promise import Delivery

    story.verdict.require_delivery(Delivery.EXACTLY_ONCE)


@then("every record is processed at least once")
def at_least_once(story: Story) -> None:
    """Nothing is seen that `at-least-once` forbids: no record is lost. Effects may be there twice.

    Example: Then every record is processed at least once
    """
    from streamproof.history.promise import Delivery

    story.verdict.require_delivery(Delivery.AT_LEAST_ONCE)


@then("every record is processed at most once")
def at_most_once(story: Story) -> None:
    """Nothing is seen that `at-most-once` forbids: no record has its effects twice. Records may be lost.

    Example: Then every record is processed at most once
    """
    from streamproof.history.promise import Delivery

    story.verdict.require_delivery(Delivery.AT_MOST_ONCE)


@then("records with the same key keep their order")
def ordered(story: Story) -> None:
    """Records with the same key have their first effects in the order in which they were sent.

    Example: Then records with the same key keep their order
    """
    story.verdict.require("reordered")


@then("no transaction stays open")
def no_open_transaction(story: Story) -> None:
    """Each transaction is committed or aborted at the end.

    Example: Then no transaction stays open
    """
    story.verdict.require("hanging-transaction")


@then("the promise is upheld")
def upheld(story: Story) -> None:
    """The verdict on all that the subject's contract promises is upheld.

    Example: Then the promise is upheld
    """
    story.verdict.require_upheld()


@then(parsers.parse('there is no "{anomaly}"'))
def no_anomaly(story: Story, anomaly: str) -> None:
    """The anomaly was judged, and has no witness.

    Example: Then there is no "commit-ahead"
    """
    story.verdict.require(anomaly)


@then(parsers.parse("the group has rebalanced at least {times:d} times"))
def rebalanced(story: Story, times: int) -> None:
    """The run has seen at least this many rebalances of the group; with fewer it is unproven.

    Example: Then the group has rebalanced at least 2 times
    """
    seen = story.verdict.seen["rebalances"]
    if seen < times:
        raise Unproven(f"the group has rebalanced {seen} times in the midst of its work, and not {times} times")
