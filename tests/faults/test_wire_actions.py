"""What faults do to requests and answers: as the socket behind the proxy sees it, and as a real client does."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.checks import Outcome
from streamproof.config.file import ClusterConfig, read_config
from streamproof.engine.request import Request, spec_of
from streamproof.engine.session import Session
from streamproof.errors import UsageError
from streamproof.faults import (
    Action,
    AtMoment,
    BlackHole,
    CutConnection,
    Delay,
    ErrorAnswer,
    Evidence,
    Fault,
    HoldPastRetry,
    Instance,
    Kill,
    Moment,
    Plan,
    Progress,
    System,
    Throttle,
)
from streamproof.history.terms import Side
from streamproof.wire import Proxy
from tests.conftest import WaitUntil
from tests.faults.conftest import act
from tests.peers import Connect, is_closed
from tests.wire.protocol import end_txn, ended, receive

ROOT = Path(__file__).parents[2]
REQUEST, ANSWER = Moment("EndTxn"), Moment("EndTxn", Side.RESPONSE)


def fault(action: Action, moment: Moment = REQUEST) -> Fault:
    return Fault(action, Instance(1), AtMoment(Progress(0), moment))


def acted(system: System, proxy: Proxy, what: Fault, *work: Callable[[], object]) -> Evidence:
    """One fault; `work` is done once the moment is waited for."""
    pieces = iter(work)

    def feed(_share: float) -> None:
        for piece in pieces:
            piece()

    return act(replace(system, wire=proxy), what, feed)


def test_a_connection_is_cut_before_a_request_reaches_its_broker(
    unmade: System, proxy: Proxy, connect: Connect
) -> None:
    """The broker gets nothing."""
    client, broker = connect()
    evidence = acted(unmade, proxy, fault(CutConnection(lasts_ms=0)), lambda: client.sendall(end_txn()))
    assert evidence.sentence == "before its 1st EndTxn reached a broker (instance 1): its connection was cut"
    assert broker.recv(1) == b""
    assert is_closed(client)


def test_an_answer_is_lost_with_its_connection(unmade: System, proxy: Proxy, connect: Connect) -> None:
    """The broker has done it, and the client never hears."""
    client, broker = connect()
    client.sendall(end_txn())
    receive(broker, len(end_txn()))
    evidence = acted(unmade, proxy, fault(CutConnection(lasts_ms=0), ANSWER), lambda: broker.sendall(ended()))
    assert evidence.effective
    assert is_closed(client)


@pytest.mark.parametrize("gives_up", [False, True])
def test_a_request_is_late(unmade: System, proxy: Proxy, connect: Connect, *, gives_up: bool) -> None:
    """It reaches the broker after all, unless its client has given up; which is told."""
    client, broker = connect()

    def send() -> None:
        client.sendall(end_txn())
        if gives_up:
            client.close()

    evidence = acted(unmade, proxy, fault(Delay(lasts_ms=50)), send)
    assert evidence.effective
    if gives_up:
        assert evidence.sentence.endswith("then lost with its connection, which the client had given up")
        assert broker.recv(1) == b""
    else:
        assert evidence.sentence.endswith("held back for 0.05 s, then passed on")
        assert receive(broker, len(end_txn())) == end_txn()


def test_a_request_is_answered_in_the_brokers_place_in_its_turn(unmade: System, proxy: Proxy, connect: Connect) -> None:
    """After the answer to what was asked before it; the broker never gets it, and gets what comes after."""
    client, broker = connect()
    refused = fault(ErrorAnswer(error="CONCURRENT_TRANSACTIONS", lasts_ms=0), Moment("EndTxn", nth=2))
    evidence = acted(unmade, proxy, refused, lambda: client.sendall(end_txn(1) + end_txn(2) + end_txn(3)))
    assert evidence.sentence.endswith("answered CONCURRENT_TRANSACTIONS")
    assert receive(broker, 2 * len(end_txn())) == end_txn(1) + end_txn(3)
    broker.sendall(ended(1) + ended(3))
    answers = [receive(client, len(ended())) for _ in range(3)]
    assert [int.from_bytes(answer[4:8]) for answer in answers] == [1, 2, 3]
    assert [int.from_bytes(answer[-2:]) for answer in answers] == [0, 51, 0]


@pytest.mark.parametrize("action", [BlackHole(lasts_ms=600_000), Throttle(lasts_ms=600_000, bytes_per_s=1)])
def test_what_is_on_its_way_waits_until_the_fault_is_over(
    unmade: System, proxy: Proxy, connect: Connect, wait_until: WaitUntil, action: Action
) -> None:
    """Then all of it goes on, in its order; the end of the run ends the fault too."""
    client, broker = connect()
    system = replace(unmade, wire=proxy)

    def send() -> None:
        wait_until(lambda: bool(proxy._rules))
        (rule,) = proxy._rules
        client.sendall(end_txn(1) + end_txn(2))
        wait_until(lambda: rule.count > 0)  # type: ignore[attr-defined]
        system.stopping.set()

    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    evidence = act(system, Fault(action, Instance(1), Progress(0)))
    sending.join(timeout=30)
    assert evidence.sentence == "1 of its requests and answers held back within 600 s"
    assert receive(broker, 2 * len(end_txn())) == end_txn(1) + end_txn(2)
    assert not proxy._rules


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: Fault(Delay(), Instance(1), Progress(0.3)),
            'fault delay: it is done to a request or an answer; say which by a moment, such as "EndTxn/request"',
        ),
        (lambda: fault(HoldPastRetry(), ANSWER), "fault hold-past-retry: it is done to a request; say which by a mo"),
        (
            lambda: fault(ErrorAnswer(error="OUT_OF_MEMORY")),
            "fault error-answer: a broker that leaves all as it was answers no OUT_OF_MEMORY to EndTxn; write NOT_COO",
        ),
        (
            lambda: fault(ErrorAnswer(), Moment("Fetch")),
            "fault error-answer: a broker that leaves all as it was answers no NOT_COORDINATOR to Fetch; write one of",
        ),
    ],
)
def test_what_cannot_be_done_at_a_moment_is_told(make: Callable[[], Fault], sentence: str) -> None:
    """Before anything runs."""
    with pytest.raises(UsageError) as error:
        make()
    assert str(error.value).startswith(sentence)


ASKED = (
    Fault(ErrorAnswer(error="MESSAGE_TOO_LARGE"), Instance(1), AtMoment(Progress(0.05), Moment("Produce"))),
    Fault(ErrorAnswer(), Instance(2), AtMoment(Progress(0.15), Moment("AddOffsetsToTxn"))),
    Fault(ErrorAnswer(error="UNKNOWN_MEMBER_ID"), Instance(1), AtMoment(Progress(0.25), Moment("TxnOffsetCommit"))),
    Fault(CutConnection(), Instance(1), AtMoment(Progress(0.35), ANSWER)),
    Fault(Delay(lasts_ms=300), Instance(2), AtMoment(Progress(0.5), ANSWER)),
    Fault(Throttle(lasts_ms=1000, bytes_per_s=20_000), Instance(1), Progress(0.6)),
    Fault(Kill(lasts_ms=0), Instance(2), AtMoment(Progress(0.7), REQUEST)),
)


def test_the_reference_forwarder_is_upheld_whatever_becomes_of_its_requests(tmp_path: Path) -> None:
    """Each fault takes effect; where it is forced to, the forwarder aborts its transaction."""
    config = read_config(ROOT / "streamproof.toml")
    spec = spec_of(Request(directory=tmp_path / "run", config=config.path, subject="orders", events=4000), config, 5)
    with Session(ClusterConfig(brokers=1), logs=tmp_path / "logs") as session:
        judged = session.verify(spec, Plan(ASKED))
    faults = judged.history.rows("fault")
    assert [row["effective"] for row in faults] == [True] * len(ASKED), [row["evidence"] for row in faults]
    ends = [row for row in judged.history.rows("wire") if row["api"] == "EndTxn" and row["side"] == "request"]
    assert {row["committed"] for row in ends} == {True, False}
    assert judged.verdict.outcome is Outcome.UPHELD, judged.verdict.missing
