"""What a rule changes: another request, or another answer, goes on in its place."""

from dataclasses import replace
from typing import Any

import pytest
from kio.schema.errors import ErrorCode

from streamproof.history.terms import Handling, Side
from streamproof.wire import Change, Proxy
from tests.peers import Connect
from tests.wire.protocol import end_txn, ended, receive
from tests.wire.test_holds import First, told


def test_a_changed_request_reaches_the_broker(proxy: Proxy, connect: Connect) -> None:
    """With all else of it as it was; what comes after it is as it came."""
    client, broker = connect()
    proxy.add(First(Change(lambda asked: replace(asked, committed=False))))
    client.sendall(end_txn(1) + end_txn(2))
    assert receive(broker, 2 * len(end_txn())) == end_txn(1, committed=False) + end_txn(2)
    assert told(proxy) == [Handling.CHANGED, None]


def test_a_changed_answer_reaches_the_client(proxy: Proxy, connect: Connect) -> None:
    """The broker's own stays unsaid."""
    client, broker = connect()
    proxy.add(First(Change(lambda said: replace(said, error_code=ErrorCode.none)), Side.RESPONSE))
    client.sendall(end_txn(1))
    receive(broker, len(end_txn()))
    broker.sendall(ended(1, ErrorCode.not_coordinator))
    assert receive(client, len(ended())) == ended(1)
    assert told(proxy, Side.RESPONSE) == [Handling.CHANGED]


def _same(asked: Any) -> Any:
    return asked


def test_what_stays_as_it_is_was_not_changed(proxy: Proxy, connect: Connect) -> None:
    """It goes on as it came, and the journal says so."""
    client, broker = connect()
    proxy.add(First(Change(_same)))
    client.sendall(end_txn())
    assert receive(broker, len(end_txn())) == end_txn()
    assert told(proxy) == [None]


def _mistaken(asked: Any) -> Any:
    return asked.no_such_field


def _unwritable(asked: Any) -> Any:
    return replace(asked, producer_id="nobody's")


@pytest.mark.parametrize("by", [_mistaken, _unwritable])
def test_a_change_that_fails_changes_nothing_and_fails_the_run(proxy: Proxy, connect: Connect, by: Any) -> None:
    """The request goes on as it came; the connection lives."""
    client, broker = connect()
    proxy.add(First(Change(by)))
    client.sendall(end_txn(1) + end_txn(2))
    assert receive(broker, 2 * len(end_txn())) == end_txn(1) + end_txn(2)
    assert proxy.failure is not None


def test_what_cannot_be_read_cannot_be_changed(proxy: Proxy, connect: Connect) -> None:
    """It is passed on as it came, and counted; no rule is at fault."""
    client, broker = connect()
    proxy.add(First(Change(_mistaken)))
    frame = end_txn()[:-1] + b"\0\0\0\0"  # longer than an EndTxn is
    frame = (len(frame) - 4).to_bytes(4) + frame[4:]
    client.sendall(frame)
    assert receive(broker, len(frame)) == frame
    assert proxy.undecoded["EndTxn", 1, Side.REQUEST]
    assert proxy.failure is None
