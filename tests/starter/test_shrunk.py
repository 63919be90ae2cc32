"""A test that is written of a run that was made small: it asks for the same run, by pytest and in Gherkin."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.faults import During, Fault, Instance, Kill, PauseBroker, Plan
from streamproof.faults.targets import BrokerRole
from streamproof.faults.triggers import InFlight, Progress
from streamproof.faults.written import json_of
from streamproof.starter.shrunk import Form, ShrunkTest

PLAN = Plan(
    (
        Fault(Kill(lasts_ms=3000), Instance(1), InFlight(Progress(0.3)), name="instance away"),
        Fault(PauseBroker(), BrokerRole.LEADER, During("instance away", after_ms=200)),
    )
)
TEST = ShrunkTest(
    subject="orders-x",
    anomaly="commit-ahead",
    definition="an input that is committed past before its effects. " * 4,
    plan=PLAN,
    events=40,
    instances=2,
    seed=7719,
    before="5 faults, 20,000 events, 2 instances",
    after="2 faults, 40 events, 2 instances",
    rate="3 of 3",
)
FAKES = """
import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
import pytest
from streamproof.errors import PromiseViolated
from streamproof.faults.written import json_of

@pytest.fixture
def run_subject():
    @contextmanager
    def start(name, *, env=None, **size):
        asked = {"subject": name, **size}
        def carry_out(plan):
            asked["plan"] = json_of(plan)
            return tuple(SimpleNamespace(effective=True, sentence="") for _ in plan.faults)
        def require(anomaly):
            Path("asked.json").write_text(json.dumps({**asked, "anomaly": anomaly}))
            raise PromiseViolated("seen again")
        verdict = SimpleNamespace(require=require)
        yield SimpleNamespace(carry_out=carry_out, verdict=verdict, judged=verdict)
    return start
"""


@pytest.mark.parametrize("plan", [PLAN, Plan()], ids=["faults", "none"])
@pytest.mark.parametrize("form", Form)
def test_it_asks_for_the_same_run_and_fails_by_what_is_seen_again(
    pytester: pytest.Pytester, form: Form, plan: Plan
) -> None:
    """With subject, size, seed and each fault as it was; what it requires is that the anomaly is not there."""
    pytester.makeconftest(FAKES)
    test = replace(TEST, plan=plan)
    (pytester.path / test.name(form)).write_text(test.text(form))
    done = pytester.runpytest_inprocess(test.name(form))
    done.assert_outcomes(failed=1)
    assert "PromiseViolated: seen again" in str(done.stdout)
    asked = json.loads(Path("asked.json").read_text())
    assert (asked.get("plan", json_of(Plan())), asked["anomaly"]) == (json_of(plan), "commit-ahead")
    assert {name: asked[name] for name in ("subject", "records", "seed", "instances")} == {
        "subject": "orders-x", "records": 40, "seed": 7719, "instances": 2,
    }  # fmt: skip


@pytest.mark.parametrize("form", Form)
def test_it_tells_what_it_was_made_of(form: Form) -> None:
    """How large the run was, and how often the small run was violated; in short lines, but for faults."""
    text = TEST.text(form)
    told = " ".join(text.split())
    assert f"from {TEST.before} to {TEST.after}, and violated in 3 of 3 runs. Once the subject is mended," in told
    assert max(len(line) for line in text.splitlines() if "lasts_ms" not in line) <= 110
