"""What rules do with a request or an answer: keep it back, let it go, lose it."""

import socket
import threading

import pytest

from streamproof.history.terms import Handling, Side
from streamproof.wire import Cut, Deed, Hold, Proxy, Sighting
from tests.peers import PATIENCE_S, Connect, is_closed
from tests.wire.protocol import end_txn, ended, receive
from tests.wire.test_proxy import rows


class First:
    """A rule: the first request or answer of this side meets `deed`."""

    def __init__(self, deed: Deed, side: Side = Side.REQUEST) -> None:
        self.deed, self.side, self.done = deed, side, False

    def __call__(self, sighting: Sighting) -> Deed | None:
        if self.done or sighting.side is not self.side:
            return None
        self.done = True
        return self.deed


def told(proxy: Proxy, side: Side = Side.REQUEST) -> list[object]:
    return [row["rule"] for row in rows(proxy) if row["side"] == side]


@pytest.mark.parametrize("side", Side)
def test_what_is_held_keeps_back_all_behind_it_until_it_is_let_go(proxy: Proxy, connect: Connect, side: Side) -> None:
    """In its order; the other direction goes on."""
    client, broker = connect()
    proxy.add(First(hold := Hold(), side))
    client.sendall(end_txn(1) + end_txn(2))
    if side is Side.RESPONSE:
        receive(broker, 2 * len(end_txn()))
    broker.sendall(ended(1) + ended(2))
    assert hold.wait_held(PATIENCE_S)
    assert hold.sighting
    assert hold.sighting.api == "EndTxn"
    assert not hold.wait_over(0)
    hold.let_go()
    assert hold.wait_over(PATIENCE_S)
    assert not hold.lost
    if side is Side.REQUEST:
        assert receive(broker, 2 * len(end_txn())) == end_txn(1) + end_txn(2)
    assert receive(client, 2 * len(ended())) == ended(1) + ended(2)
    assert told(proxy, side) == [Handling.HELD, None]


def test_a_hold_that_is_let_go_before_it_came_passes_at_once(proxy: Proxy, connect: Connect) -> None:
    """As where the wait for it was given up."""
    client, broker = connect()
    hold = Hold()
    hold.let_go()
    proxy.add(First(hold))
    client.sendall(end_txn())
    assert receive(broker, len(end_txn())) == end_txn()


def held(proxy: Proxy, connect: Connect, side: Side) -> tuple[socket.socket, socket.socket, Hold]:
    """A client and its broker, and what is held between them."""
    client, broker = connect()
    proxy.add(First(hold := Hold(), side))
    client.sendall(end_txn())
    if side is Side.RESPONSE:
        receive(broker, len(end_txn()))
        broker.sendall(ended())
    assert hold.wait_held(PATIENCE_S)
    return client, broker, hold


@pytest.mark.parametrize("side", Side)
def test_what_is_dropped_is_lost_with_its_connection(proxy: Proxy, connect: Connect, side: Side) -> None:
    """A request never reaches the broker, an answer never the client."""
    client, broker, hold = held(proxy, connect, side)
    hold.drop()
    assert hold.wait_over(PATIENCE_S)
    assert hold.lost
    assert is_closed(client)
    assert is_closed(broker)
    assert told(proxy, side) == [Handling.DROPPED]


@pytest.mark.parametrize("side", Side)
def test_what_is_held_dies_with_its_client(proxy: Proxy, connect: Connect, side: Side) -> None:
    """A request that a killed process had sent has not reached the broker, and never will."""
    client, broker, hold = held(proxy, connect, side)
    client.close()
    assert hold.wait_over(PATIENCE_S)
    assert hold.lost
    assert broker.recv(1) == b""
    hold.let_go()
    assert told(proxy, side) == [Handling.DROPPED]


def test_a_request_that_outlives_its_client_reaches_the_broker_late(proxy: Proxy, connect: Connect) -> None:
    """Its answer is seen, though nobody waits for it any more; then the connection ends."""
    client, broker = connect()
    proxy.add(First(hold := Hold()))
    client.sendall(end_txn(1))
    assert hold.wait_held(PATIENCE_S)
    hold.part()
    assert is_closed(client)
    again, broker_again = connect()
    again.sendall(end_txn(2))
    assert receive(broker_again, len(end_txn())) == end_txn(2)
    hold.let_go()
    assert receive(broker, len(end_txn())) == end_txn(1)
    broker.sendall(ended(1))
    assert is_closed(broker)
    assert told(proxy, Side.RESPONSE) == [None]


def test_a_held_request_whose_broker_goes_is_lost(proxy: Proxy, connect: Connect) -> None:
    """And its client is told, as by any connection that ends."""
    client, broker = connect()
    proxy.add(First(hold := Hold()))
    client.sendall(end_txn())
    assert hold.wait_held(PATIENCE_S)
    broker.close()
    assert hold.wait_over(PATIENCE_S)
    assert hold.lost
    assert is_closed(client)


@pytest.mark.parametrize("side", Side)
def test_a_cut_ends_the_connection_before_it_goes_on(proxy: Proxy, connect: Connect, side: Side) -> None:
    """Nothing behind it goes on either."""
    client, broker = connect()
    proxy.add(First(Cut(), side))
    client.sendall(end_txn(1) + end_txn(2))
    if side is Side.RESPONSE:
        receive(broker, 2 * len(end_txn()))
        broker.sendall(ended(1) + ended(2))
    assert is_closed(client)
    assert is_closed(broker)
    assert told(proxy, side) == [Handling.CUT]


def test_a_rule_that_fails_is_kept_and_hangs_nothing(proxy: Proxy, connect: Connect) -> None:
    """What it was asked about passes; it is not asked again; a rule after it is."""
    asked = []

    def wrong(sighting: Sighting) -> Deed | None:
        asked.append(sighting)
        raise KeyError("mistake")

    client, broker = connect()
    proxy.add(wrong)
    proxy.add(First(hold := Hold()))
    client.sendall(end_txn(1))
    assert hold.wait_held(PATIENCE_S)
    hold.let_go()
    client.sendall(end_txn(2))
    assert receive(broker, 2 * len(end_txn())) == end_txn(1) + end_txn(2)
    assert len(asked) == 1
    assert isinstance(proxy.failure, KeyError)


def test_a_rule_that_was_removed_is_asked_no_more(proxy: Proxy, connect: Connect) -> None:
    """What it would have held passes."""
    client, broker = connect()
    proxy.add(rule := First(Cut()))
    proxy.remove(rule)
    client.sendall(end_txn())
    assert receive(broker, len(end_txn())) == end_txn()


def test_what_a_rule_holds_stays_held_when_it_is_removed(proxy: Proxy, connect: Connect) -> None:
    """Until it is let go."""
    client, broker = connect()
    proxy.add(rule := First(hold := Hold()))
    client.sendall(end_txn())
    assert hold.wait_held(PATIENCE_S)
    proxy.remove(rule)
    assert hold.became is None
    hold.let_go()
    assert receive(broker, len(end_txn())) == end_txn()


def test_a_rule_that_does_not_come_back_holds_up_no_end(
    proxy: Proxy, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails by it; once it is back, the proxy can be stopped as ever."""
    asked, back = threading.Event(), threading.Event()

    def stuck(_: Sighting) -> None:
        asked.set()
        back.wait(PATIENCE_S)

    client, _ = connect()
    proxy.add(stuck)
    client.sendall(end_txn())
    assert asked.wait(PATIENCE_S)
    monkeypatch.setattr("streamproof.wire.proxy.STOP_S", 0.05)
    proxy.stop()
    assert isinstance(proxy.failure, TimeoutError)
    back.set()
    monkeypatch.undo()
    proxy.stop()
    assert proxy._thread is None
