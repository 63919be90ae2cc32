"""Faults at moments of the wire: an instance dies, or sleeps, between two requests of its own."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kio.schema.join_group.v5.request import JoinGroupRequest
from kio.schema.types import GroupId
from kio.static.primitive import i32Timedelta

from streamproof.capabilities import Capability
from streamproof.checks import Outcome
from streamproof.config.file import ClusterConfig, read_config
from streamproof.engine.request import Request, spec_of
from streamproof.engine.session import Session
from streamproof.errors import UsageError
from streamproof.faults import (
    AllInstances,
    AtMoment,
    BrokerRole,
    Fault,
    Instance,
    Kill,
    Moment,
    PauseBroker,
    Plan,
    Progress,
    Stop,
    Surroundings,
    System,
    check_plan,
)
from streamproof.faults.moments import Rebalance, Stage
from streamproof.faults.targets import BROKER, Broker
from streamproof.faults.written import fault_of, keys_of
from streamproof.history.store import History
from streamproof.history.terms import Cause, Side
from streamproof.wire import Hold, Proxy
from tests.faults.conftest import act, log_of
from tests.peers import Connect
from tests.wire.protocol import end_txn, receive, request

WaitUntil = Callable[[Callable[[], bool]], None]
ROOT = Path(__file__).parents[2]
COMMIT = Moment("EndTxn")
TWO = Surroundings(2, (), (1, 2, 3), "embedded", frozenset(Capability))
JOINING = JoinGroupRequest(
    group_id=GroupId("g"), session_timeout=i32Timedelta.parse(timedelta(seconds=6)), member_id="",
    protocol_type="consumer", protocols=(),
)  # fmt: skip
KILLS = (
    Moment("AddOffsetsToTxn"),
    Moment("TxnOffsetCommit", Side.RESPONSE),
    Moment("EndTxn", nth=2),
    Moment("EndTxn", Side.RESPONSE),
)


def test_what_an_instance_is_at_is_held_until_the_fault_is_over(
    unmade: System, tick: Any, proxy: Proxy, connect: Connect
) -> None:
    """And then goes on, where its connection is still there."""
    client, broker = connect()
    work = iter([end_txn(1) + end_txn(2) + end_txn(3)])  # once the moment is waited for
    fault = Fault(tick(lasts_ms=0), Instance(1), AtMoment(Progress(0), Moment("EndTxn", nth=2)))
    evidence = act(replace(unmade, wire=proxy), fault, lambda _: client.sendall(next(work, b"")))
    assert evidence.sentence == "before its 2nd EndTxn reached a broker (instance 1): ticked 1"
    assert log_of(tick) == ["begin 1", "end 1"]
    assert receive(broker, 3 * len(end_txn())) == end_txn(1) + end_txn(2) + end_txn(3)


def test_an_instance_is_asked_to_stop_only_once_it_is_at_work(
    unmade: System, tick: Any, proxy: Proxy, connect: Connect, wait_until: WaitUntil
) -> None:
    """A process that has just been born would end at once, and no moment of its shutdown would come."""
    client, _ = connect()
    told: list[str] = []
    alive = SimpleNamespace(cause=None)
    supervisor: Any = SimpleNamespace(stop=lambda _: told.append("asked to stop"), current=lambda _: alive)

    def work() -> None:
        wait_until(lambda: bool(proxy._rules))  # somebody looks
        told.append("at work")
        client.sendall(end_txn(1))

    working = threading.Thread(target=work)
    working.start()
    sent = iter([end_txn(2)])
    fault = Fault(tick(lasts_ms=0), Instance(1), AtMoment(Progress(0), COMMIT, Stage.SHUTDOWN))

    def feed(_: float) -> None:
        if "at work" in told:
            client.sendall(next(sent, b""))

    act(replace(unmade, wire=proxy, supervisor=supervisor), fault, feed)
    working.join()
    assert told == ["at work", "asked to stop"]


def test_who_was_asked_to_stop_is_asked_once(
    unmade: System, tick: Any, proxy: Proxy, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again, a process may end in another way; it is waited for, and started again."""
    client, _ = connect()
    told: list[str] = []
    asked = SimpleNamespace(cause=Cause.STOPPED)
    supervisor: Any = SimpleNamespace(
        stop=lambda _: told.append("asked"),
        current=lambda _: asked,
        wait_stopped=lambda _: told.append("ended"),
        start=lambda _: told.append("started"),
    )
    works = iter([end_txn(1)])
    monkeypatch.setattr("streamproof.faults.moments._wait_at_work", lambda *_: None)
    system = replace(unmade, wire=proxy, supervisor=supervisor)
    fault = Fault(tick(lasts_ms=0), Instance(1), AtMoment(Progress(0), COMMIT, Stage.SHUTDOWN))
    assert act(system, fault, lambda _: client.sendall(next(works, b""))).effective
    assert told == ["asked", "ended", "started"]


@pytest.mark.parametrize(
    ("api", "side", "within"),
    [
        ("OffsetCommit", Side.REQUEST, [False, True, False]),
        ("Produce", Side.RESPONSE, [False, True, False]),
        ("LeaveGroup", Side.REQUEST, [True, True, True]),
    ],
)
def test_a_rebalance_is_from_joining_to_the_answer_that_assigns(api: str, side: Side, within: list[bool]) -> None:
    """What a steady subject sends as well is part of it only then."""
    rebalance = Rebalance()
    found = [rebalance.has(api, side)]
    assert rebalance.has("JoinGroup", Side.REQUEST)
    found.append(rebalance.has(api, side))
    assert rebalance.has("SyncGroup", Side.RESPONSE)
    found.append(rebalance.has(api, side))
    assert found == within


def test_a_moment_that_never_comes_is_told_and_nothing_is_done(
    unmade: System, tick: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything held afterwards."""
    monkeypatch.setattr("streamproof.faults.moments.WITHIN_S", 1.0)
    evidence = act(replace(unmade, wire=proxy), Fault(tick(), Instance(1), AtMoment(Progress(0), COMMIT)))
    assert not evidence.effective
    assert evidence.sentence == (
        "instance 1 was never seen there, for it has sent no EndTxn so far: before its 1st EndTxn reached a broker"
    )
    assert not log_of(tick)
    assert not proxy._rules


@pytest.mark.parametrize(("stage", "looks"), [(Stage.STEADY, 1), (Stage.REBALANCE, 2)])
def test_who_is_a_member_is_looked_at_again_once_another_was_asked_to_stop(  # noqa: PLR0917
    unmade: System, tick: Any, proxy: Proxy, connect: Connect, monkeypatch: pytest.MonkeyPatch, stage: Stage, looks: int
) -> None:
    """Else who has left in good order would be taken for the member that was given up."""
    client, _ = connect()
    looked: list[Any] = []

    monkeypatch.setattr(tick, "prepare", lambda _, scene: looked.append(scene))
    monkeypatch.setattr("streamproof.faults.moments._wait_at_work", lambda *_: None)
    other = SimpleNamespace(number=2, running=True)
    supervisor: Any = SimpleNamespace(
        current_all=lambda: [other], stop=lambda _: other, wait_stopped=lambda _: None, start=lambda _: None
    )
    sent = iter([request(JOINING)])
    fault = Fault(tick(lasts_ms=0), Instance(1), AtMoment(Progress(0), Moment("JoinGroup"), stage))
    assert act(
        replace(unmade, wire=proxy, supervisor=supervisor), fault, lambda _: client.sendall(next(sent, b""))
    ).effective
    assert len(looked) == looks


def test_what_an_instance_at_work_has_never_sent_is_not_waited_for_long(
    unmade: System, tick: Any, proxy: Proxy, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subject without transactions sends nothing of theirs, ever; the fault may go ahead without."""
    monkeypatch.setattr("streamproof.faults.moments.WITHIN_S", 3600.0)
    monkeypatch.setattr("streamproof.faults.moments.UNKNOWN_S", 0.3)
    client, broker = connect()
    client.sendall(end_txn())
    receive(broker, len(end_txn()))
    never = AtMoment(Progress(0), Moment("TxnOffsetCommit"))
    assert not act(replace(unmade, wire=proxy), Fault(tick(), Instance(1), never)).effective
    assert log_of(tick) == []
    evidence = act(replace(unmade, wire=proxy), Fault(tick(lasts_ms=0), Instance(1), replace(never, required=False)))
    assert (evidence.effective, evidence.sentence) == (True, "ticked 1")


def test_who_starts_up_slowly_is_waited_for_as_long(
    unmade: System, tick: Any, proxy: Proxy, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it took from its first start to its first work, beside what a moment is waited for in any case."""
    now = iter([100.0, 140.0])
    monkeypatch.setattr("streamproof.wire.proxy.time", SimpleNamespace(monotonic=lambda: next(now, 999.0)))
    waited: list[float] = []

    def wait(_: Hold, seconds: float) -> bool:
        waited.append(seconds)
        return False

    monkeypatch.setattr(Hold, "wait_held", wait)
    client, broker = connect()
    client.sendall(end_txn())
    receive(broker, len(end_txn()))
    asked = SimpleNamespace(cause=None)
    supervisor: Any = SimpleNamespace(stop=lambda _: asked, wait_stopped=lambda _: None, start=lambda _: None)
    starts = AtMoment(Progress(0), Moment("JoinGroup"), Stage.START_UP)
    act(replace(unmade, wire=proxy, supervisor=supervisor), Fault(tick(), Instance(1), starts))
    assert sum(waited) == pytest.approx(15 + 40)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kill(), Instance(1), AtMoment(Progress(0.3), Moment("EndTxn", Side.RESPONSE, "commit", 3))),
        Fault(PauseBroker(), Broker(1), AtMoment(Progress(0.3), COMMIT, instance=2)),
        Fault(Kill(), Instance(1), AtMoment(Progress(0.3), COMMIT, required=False)),
    ],
)
def test_a_moment_is_read_as_it_is_written(fault: Fault) -> None:
    """Beside what says when."""
    assert fault_of(keys_of(fault)) == fault


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"moment": "EndTx/request"}, 'fault kill: moment "EndTx/request": Kafka has no API EndTx'),
        ({"moment": "EndTxn/request", "in_flight": True}, "fault kill: at a moment, nobody is looked at; leave in_fl"),
        ({"nth": 2}, "fault kill: nth, stage, of_instance and if_seen are of a moment; write them beside it"),
    ],
)
def test_a_mistake_in_a_moment_is_told(keys: dict[str, Any], sentence: str) -> None:
    """With the fault that it is in."""
    with pytest.raises(UsageError) as error:
        fault_of({"kind": "kill", "target": "instance:1", "at": 0.3, **keys})
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault(PauseBroker(), BrokerRole.LEADER, AtMoment(Progress(0.3), COMMIT)), "broker:leader has no moments; say"),
        (Fault(Kill(), Instance(1), AtMoment(Progress(0.3), COMMIT, instance=9)), "there is no instance 9 at whose mo"),
        (Fault(Stop(), AllInstances(), AtMoment(Progress(0.3), COMMIT)), "instance:all has no moments; say at which"),
    ],
)
def test_a_moment_of_nobody_is_told_before_anything_runs(fault: Fault, sentence: str) -> None:
    """Not in the midst of a run."""
    with pytest.raises(UsageError, match=f"fault {fault.action.kind}, 1 of the plan: {sentence}"):
        check_plan(Plan((fault,)), TWO)


def test_nothing_is_rebalanced_with_a_single_instance() -> None:
    """Nor would the moment ever come."""
    fault = Fault(Kill(), Instance(1), AtMoment(Progress(0.3), Moment("SyncGroup"), Stage.REBALANCE))
    with pytest.raises(UsageError, match="instance 1 is alone, so nothing is rebalanced; run two instances"):
        check_plan(Plan((fault,)), replace(TWO, instances=1))
    check_plan(Plan((fault,)), TWO)


def test_the_asked_broker_is_told_by_what_is_held(
    unmade: System, tick: Any, proxy: Proxy, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its address; where no broker has said who is there, nothing is done, and what was held goes on."""
    monkeypatch.setattr(tick, "target", BROKER)
    monkeypatch.setattr(tick, "begin", lambda _, scene: scene.node)
    client, broker = connect()
    fault = Fault(tick(lasts_ms=0), BrokerRole.ASKED, AtMoment(Progress(0), COMMIT, instance=1))
    sent = iter([end_txn(1)])
    evidence = act(replace(unmade, wire=proxy), fault, lambda _: client.sendall(next(sent, b"")))
    assert evidence.sentence.startswith("not done: which broker is at 127.0.0.1:")
    assert receive(broker, len(end_txn())) == end_txn(1)
    proxy.nodes[proxy._servers] = 7
    sent = iter([end_txn(2)])
    evidence = act(replace(unmade, wire=proxy), fault, lambda _: client.sendall(next(sent, b"")))
    assert evidence.sentence.endswith("ticked 7")


def test_the_asked_broker_needs_a_moment() -> None:
    """And an instance whose moment it is."""
    with pytest.raises(UsageError, match="fault pause-broker: broker:asked is told by the moment of an instance"):
        Fault(PauseBroker(), BrokerRole.ASKED, Progress(0.3))
    asked = Fault(PauseBroker(), BrokerRole.ASKED, AtMoment(Progress(0.3), COMMIT))
    with pytest.raises(UsageError, match="broker:asked has no moments; say at which instance's"):
        check_plan(Plan((asked,)), TWO)
    assert fault_of(keys_of(asked)) == asked


def test_an_instance_dies_at_each_moment_of_a_plan(tmp_path: Path) -> None:
    """Exactly there: the last that was seen of its process is what it died at; and the reference is upheld."""
    config = read_config(ROOT / "streamproof.toml")
    spec = spec_of(Request(directory=tmp_path / "run", config=config.path, subject="orders", events=3000), config, 3)
    plan = Plan(
        tuple(
            Fault(Kill(lasts_ms=0), Instance(1), AtMoment(Progress(round(0.1 + number / 6, 3)), moment))
            for number, moment in enumerate(KILLS)
        )
    )
    with Session(ClusterConfig(brokers=1), logs=tmp_path / "logs") as session:
        judged = session.verify(spec, plan)
    faults = judged.history.rows("fault")
    assert [fault["effective"] for fault in faults] == [True] * len(KILLS), [fault["evidence"] for fault in faults]
    assert dropped_at(judged.history) == [(moment.api, moment.side) for moment in KILLS]
    assert judged.verdict.outcome is Outcome.UPHELD, (judged.verdict.missing, spec.directory)


def test_an_instance_is_brought_to_a_stage_for_a_moment_in_it(tmp_path: Path) -> None:
    """A start, a rebalance and two stops."""
    config = read_config(ROOT / "streamproof.toml")
    spec = spec_of(Request(directory=tmp_path / "run", config=config.path, subject="orders", events=1500), config, 3)
    left = Moment("LeaveGroup")
    at = (
        AtMoment(Progress(0.1), Moment("JoinGroup", Side.RESPONSE), Stage.START_UP),
        AtMoment(Progress(0.3), Moment("SyncGroup"), Stage.REBALANCE),
        AtMoment(Progress(0.5), left, Stage.SHUTDOWN),
        AtMoment(Progress(0.7), left, Stage.SHUTDOWN),
    )
    plan = Plan(tuple(Fault(Kill(lasts_ms=0), Instance(1), when) for when in at))
    with Session(ClusterConfig(brokers=1), logs=tmp_path / "logs") as session:
        judged = session.verify(spec, plan)
    faults = judged.history.rows("fault")
    assert [fault["effective"] for fault in faults] == [True] * len(at), [fault["evidence"] for fault in faults]
    assert dropped_at(judged.history) == [(when.moment.api, when.moment.side) for when in at]
    assert judged.verdict.outcome is not Outcome.VIOLATED, spec.directory  # nobody died in a transaction


def dropped_at(history: History) -> list[tuple[str, str]]:
    """What was held of processes that died, one after another."""
    dropped = [row for row in history.rows("wire") if row["rule"] == "dropped"]
    return [(row["api"], row["side"]) for row in sorted(dropped, key=lambda row: int(row["incarnation"]))]


def test_a_moment_needs_the_proxy(tmp_path: Path) -> None:
    """That is told before anything starts."""
    config = read_config(ROOT / "streamproof.toml")
    spec = spec_of(Request(directory=tmp_path / "run", config=config.path, subject="orders", events=10), config, 3)
    plan = Plan((Fault(Kill(), Instance(1), AtMoment(Progress(0.3), COMMIT)),))
    direct = Session(ClusterConfig(proxy=False), logs=tmp_path / "logs")
    with direct as session, pytest.raises(UsageError, match="fault kill, 1 of the plan: it is done at the proxy"):
        session.verify(spec, plan)
