"""Moments: how they are written, what they match, and that an instance is held at the one that is waited for."""

import pytest

from streamproof.errors import UsageError
from streamproof.history.terms import Side
from streamproof.wire import Await, Content, Hold, Moment, Proxy, Sighting
from tests.peers import PATIENCE_S, Connect
from tests.wire.protocol import end_txn, receive


def seen(side: Side, *, api: str = "EndTxn", committed: bool | None = None) -> Sighting:
    return Sighting(1, 1, 1, "127.0.0.1:9", api, 1, None, side, Content(committed=committed))


@pytest.mark.parametrize(
    ("moment", "name", "told"),
    [
        (Moment("EndTxn"), "EndTxn/request", "before its 1st EndTxn reached a broker"),
        (Moment("EndTxn", nth=3), "EndTxn/request", "before its 3rd EndTxn reached a broker"),
        (Moment("EndTxn", about="abort"), "EndTxn-abort/request", "before its 1st EndTxn (abort) reached a broker"),
        (
            Moment("TxnOffsetCommit", Side.RESPONSE, nth=12),
            "TxnOffsetCommit/response",
            "as its 12th TxnOffsetCommit was answered",
        ),
    ],
)
def test_a_moment_is_read_as_it_is_written_and_told_in_words(moment: Moment, name: str, told: str) -> None:
    """Its number is written apart."""
    assert moment.name == name
    assert Moment.parse(name, moment.nth) == moment
    assert str(moment) == told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("EndTxn", '"EndTxn" is no moment; write API/request or API/response'),
        ("EndTxn/reply", '"EndTxn/reply" is no moment; write API/request or API/response'),
        ("EndTx/request", '"EndTx/request": Kafka has no API EndTx (did you mean "EndTxn"?)'),
        ("EndTxn-maybe/request", '"EndTxn-maybe/request": an EndTxn is of commit or abort; write'),
        ("Fetch-commit/request", '"Fetch-commit/request": Fetch has a single kind; write'),
    ],
)
def test_what_is_no_moment_is_told(text: str, sentence: str) -> None:
    """With what to write."""
    with pytest.raises(UsageError) as error:
        Moment.parse(text)
    assert str(error.value).startswith(sentence)


def test_a_moment_matches_its_own_kind_alone() -> None:
    """Its API, its side, and how a transaction is to end, where it says that."""
    commit = Moment("EndTxn", about="commit")
    assert commit.matches(seen(Side.REQUEST, committed=True))
    assert not commit.matches(seen(Side.REQUEST, committed=False))
    assert not commit.matches(seen(Side.RESPONSE, committed=True))
    assert not commit.matches(seen(Side.REQUEST, api="Fetch"))
    assert Moment("EndTxn").matches(seen(Side.REQUEST, committed=False))


def test_an_instance_is_held_at_its_second_moment(proxy: Proxy, connect: Connect) -> None:
    """Those of its first, and of other instances, pass; so does what comes after."""
    client, broker = connect()
    others, mine = Hold(), Hold()
    proxy.add(Await(Moment("EndTxn"), 2, others))
    proxy.add(Await(Moment("EndTxn", nth=2), 1, mine))
    client.sendall(end_txn(1) + end_txn(2) + end_txn(3))
    assert mine.wait_held(PATIENCE_S)
    assert receive(broker, len(end_txn())) == end_txn(1)
    mine.let_go()
    assert receive(broker, 2 * len(end_txn())) == end_txn(2) + end_txn(3)
    assert not others.held
