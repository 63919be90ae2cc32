"""A subject that is a share group, in Java: a right one, and two that are wrong each in its own way."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamproof.checks import Outcome, Status
from streamproof.cluster import kafka_jars
from streamproof.config.file import ClusterConfig, read_config
from streamproof.engine.events import Judged
from streamproof.engine.request import Request, plan_of, spec_of
from streamproof.engine.session import Session
from streamproof.report.text import explain
from tests.java import compiled

FOREIGN = Path(__file__).parent / "foreign"
JVM = ("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
CONTRACT = """
asyncapi: 3.0.0
channels:
  orders: { address: orders, messages: { order: { $ref: '#/components/messages/Order' } } }
  moved: { address: moved }
  dead: { address: dead }
operations:
  move:
    action: receive
    channel: { $ref: '#/channels/orders' }
    bindings: { kafka: { groupId: { const: movers } } }
    x-group: share
    x-delivery: at-least-once
    x-identity: header:event-id
    x-produces: [{ channel: moved, identity: header:event-id }]
    x-dead-letters: { channel: dead }
components:
  messages:
    Order:
      payload:
        type: object
        required: [order_id, status]
        properties: { order_id: { type: string }, status: { enum: [placed, paid] } }
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with Session(ClusterConfig(brokers=1), logs=tmp_path_factory.mktemp("logs")) as session:
        yield session


@pytest.fixture(scope="module")
def forward(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The command, but for its arguments."""
    path = compiled(FOREIGN / "ShareForward.java", kafka_jars(), tmp_path_factory.mktemp("classes"))
    return shlex.join(["java", *JVM, "-cp", path, "ShareForward"])


def run(session: Session, forward: str, directory: Path, wrong: str, **request: object) -> Judged:
    """Its names end in `wrong`, for runs that share a cluster."""
    names = " ".join(f"{name}-{wrong}" for name in ("movers", "orders", "moved", "dead"))
    contract = CONTRACT
    for name in ("movers", "orders", "moved", "dead"):
        for key in ("address", "const"):
            contract = contract.replace(f"{key}: {name}", f"{key}: {name}-{wrong}")
    (directory / "contract.yaml").write_text(contract)
    (directory / "streamproof.toml").write_text(
        f'[subject.share]\ncontract = "contract.yaml"\ninstances = 2\n'
        f"command = '{forward} {{bootstrap_servers}} {names} {wrong}'\n"
    )
    config = directory / "streamproof.toml"
    asked = Request(directory=directory / "run", seed=3, subject="share", config=config, **request)  # type: ignore[arg-type]
    return session.verify(spec_of(asked, read_config(config), 3), plan_of(asked))


def forbidden(judged: Judged) -> dict[str, int]:
    found = judged.verdict.findings
    return {one.anomaly: one.witnesses for one in found if one.witnesses and one.meaning is not Status.COUNTED}


def test_a_right_share_group_is_upheld(session: Session, forward: str, tmp_path: Path) -> None:
    """One that is killed between effects and acknowledgement does them again; what it buries it rejects."""
    faults = "kill-in-flight@instance:2,pause-beyond-session@instance:1"
    judged = run(session, forward, tmp_path, "none", events=2_000, faults=faults)
    verdict, history = judged.verdict, judged.history
    assert verdict.outcome is Outcome.UPHELD, explain(verdict)
    assert history.record.protocol == "share"
    states = history.rows("share_state")
    assert {row["state"] for row in states} == {"available", "acknowledged", "archived"}
    assert max(row["deliveries"] for row in states) > 1


@pytest.mark.parametrize(("wrong", "anomaly"), [("early", "commit-ahead"), ("silent", "archived")])
def test_a_wrong_share_group_is_told_by_name(
    session: Session, forward: str, tmp_path: Path, wrong: str, anomaly: str
) -> None:
    """One that acknowledges before its effects; one that lets go what it cannot process till the broker gives it up."""
    judged = run(session, forward, tmp_path, wrong, events=600, faults="none")
    fates = [row["fate"] for row in judged.history.rows("input")]
    count = len(fates) - fates.count("abort") if wrong == "early" else fates.count("poison")
    assert forbidden(judged) == {anomaly: count}
    assert judged.verdict.outcome is Outcome.VIOLATED
