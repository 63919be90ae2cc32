"""What each ACKS loses, and when: the leader dies with what its followers have not fetched yet."""

import pytest

from streamproof.checks import Outcome
from streamproof.faults import BrokerRole, Fault, InFlight, Instance, Kill, KillBrokerAhead, Plan, Progress
from streamproof.pytest.plugin import RunSubject

# the instances are killed so that duplication and order are judged too: without their deaths nothing is upheld
PLAN = Plan(
    (
        Fault(Kill(), Instance(1), InFlight(Progress(0.1))),
        Fault(KillBrokerAhead(), BrokerRole.LEADER, Progress(0.35)),
        Fault(Kill(), Instance(2), InFlight(Progress(0.7))),
    )
)


@pytest.mark.parametrize(("acks", "outcome"), [("1", Outcome.VIOLATED), ("all", Outcome.UPHELD)])
def test_what_the_leader_alone_acknowledged_dies_with_it(run_subject: RunSubject, acks: str, outcome: Outcome) -> None:
    """With ACKS=1 acknowledged events are lost; with ACKS=all nothing was acknowledged that could be."""
    with run_subject("producer", records=8_000, instances=2, env={"ACKS": acks}) as run:
        run.carry_out(PLAN)
    verdict = run.verdict
    assert verdict.outcome is outcome, (verdict.missing, verdict.findings)
    assert bool(verdict.finding("lost").witnesses) is (acks == "1")
