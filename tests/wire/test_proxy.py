"""What goes through the proxy: as it came, in its order, both ways, however many there are."""

import socket
import threading
from contextlib import ExitStack
from datetime import timedelta

import pytest
from kio.schema.errors import ErrorCode
from kio.schema.produce.v10.request import PartitionProduceData, ProduceRequest, TopicProduceData
from kio.schema.types import TopicName
from kio.static.primitive import Records, i16, i32

from streamproof.history.terms import Side
from streamproof.wire import Proxy
from tests.conftest import WaitUntil
from tests.peers import Connect, Peer, is_closed
from tests.wire.protocol import end_txn, ended, receive, request

MANY = 1000


def rows(proxy: Proxy) -> list[dict[str, object]]:
    """The journal of a proxy that is stopped here."""
    proxy.stop()
    return sorted(
        (entry.row(proxy.nodes) for entry in proxy.journal.take_all()), key=lambda row: str(row["n"]).zfill(9)
    )


def test_a_request_and_its_answer_pass_and_are_told(proxy: Proxy, connect: Connect) -> None:
    """With what the request says, and the error of the answer."""
    client, broker = connect()
    asked, answered = end_txn(5), ended(5, ErrorCode.concurrent_transactions)
    client.sendall(asked)
    assert receive(broker, len(asked)) == asked
    broker.sendall(answered)
    assert receive(client, len(answered)) == answered
    first, second = rows(proxy)
    assert (first["api"], first["version"], first["side"], first["client"]) == ("EndTxn", 1, "request", "client")
    assert (first["tid"], first["pid"], first["epoch"], first["committed"]) == ("t", 7, 2, True)
    assert (first["instance"], first["incarnation"], first["error"], first["rule"]) == (1, 1, None, None)
    assert (second["side"], second["tid"], second["error"]) == ("response", "t", "CONCURRENT_TRANSACTIONS")


def test_what_is_not_answered_does_not_disturb_the_answers(proxy: Proxy, connect: Connect) -> None:
    """Nothing comes for acks=0; the answer that comes is the next request's."""
    client, broker = connect()
    records = PartitionProduceData(index=i32(0), records=Records(b"x" * 70))
    silent = request(
        ProduceRequest(
            transactional_id=None,
            acks=i16(0),
            timeout=timedelta(seconds=1),  # type: ignore[arg-type]
            topic_data=(TopicProduceData(name=TopicName("a"), partition_data=(records,)),),
        ),
        correlation=3,
    )
    asked, answered = end_txn(3), ended(3)
    client.sendall(silent + asked)
    receive(broker, len(silent) + len(asked))
    broker.sendall(answered)
    assert receive(client, len(answered)) == answered
    assert [(row["api"], row["side"]) for row in rows(proxy)] == [
        ("Produce", "request"), ("EndTxn", "request"), ("EndTxn", "response"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "strange",
    [
        b"\x00\x00\x00\x03abc",  # too short for a header
        b"\x00\x00\x00\x10\x00\x1a\x00\x63\x00\x00\x00\x01\xff\xffnonsen",  # EndTxn of a version that is not known
        b"\x00\x00\x00\x10\x00\x1a\x00\x01\x00\x00\x00\x01\xff\xffnonsen",  # EndTxn that cannot be read
        b"\x00\x00\x00\x10\x03\xe7\x00\x00\x00\x00\x00\x01\xff\xffnonsen",  # an API that is not known
        b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03",  # TLS
    ],
)
def test_what_is_not_understood_passes_as_it_came(proxy: Proxy, connect: Connect, strange: bytes) -> None:
    """Both ways; and what it was is counted."""
    client, broker = connect()
    client.sendall(strange)
    assert receive(broker, len(strange)) == strange
    broker.sendall(strange)
    assert receive(client, len(strange)) == strange


def test_frames_that_cannot_be_read_are_counted(proxy: Proxy, connect: Connect) -> None:
    """By their API and version; what is no such protocol, by its connection."""
    client, broker = connect()
    strange = b"\x00\x00\x00\x10\x00\x1a\x00\x63\x00\x00\x00\x01\xff\xffnonsen"
    client.sendall(strange + b"\x16\x03\x01\x00\xc8")
    receive(broker, len(strange) + 5)
    assert dict(proxy.undecoded) == {("EndTxn", 99, Side.REQUEST): 1}
    assert proxy.raw == {1}


def test_an_end_that_closes_closes_the_other_once_all_has_gone_on(connect: Connect) -> None:
    """Whichever it is; what it sent before arrives."""
    client, broker = connect()
    client.sendall(end_txn())
    client.close()
    assert receive(broker, len(end_txn())) == end_txn()
    assert is_closed(broker)
    client, broker = connect()
    broker.sendall(ended())
    broker.close()
    assert receive(client, len(ended())) == ended()
    assert is_closed(client)


def test_a_broker_that_is_not_there_closes_the_client(proxy: Proxy, peer: Peer, stack: ExitStack) -> None:
    """As a broker does that goes down; once it is back, the same address leads to it."""
    host, port = proxy.servers(1).split(":")
    peer.listening.close()
    with socket.create_connection((host, int(port)), timeout=30) as client:
        assert is_closed(client)
    back = peer.address.split(":")
    peer.listening = stack.enter_context(socket.create_server((back[0], int(back[1]))))
    with socket.create_connection((host, int(port)), timeout=30) as client:
        peer.accept().sendall(ended())
        assert receive(client, len(ended())) == ended()


def test_a_thousand_connections_at_once(proxy: Proxy, peer: Peer, stack: ExitStack) -> None:
    """Each gets its own answer."""
    host, port = proxy.servers(1).split(":")
    pairs = []
    for _ in range(MANY):
        client = stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
        pairs.append((client, peer.accept()))
    for number, (client, _) in enumerate(pairs):
        client.sendall(end_txn(number))
    answering = {}
    for _, broker in pairs:
        frame = receive(broker, len(end_txn()))
        number = int.from_bytes(frame[8:12])
        answering[number] = broker
    for number, broker in answering.items():
        broker.sendall(ended(number))
    for number, (client, _) in enumerate(pairs):
        assert receive(client, len(ended())) == ended(number)
    assert proxy.connections[1] == MANY


def test_who_does_not_read_makes_the_sender_wait(connect: Connect, wait_until: WaitUntil) -> None:
    """So that nothing piles up in the proxy; when it reads, all arrives, in its order."""
    client, broker = connect()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    frame, count = b"\x00\x10\x00\x00" + bytes(1 << 20), 64
    sent = []

    def send() -> None:
        for number in range(count):
            client.sendall(frame[:-1] + bytes([number]))
            sent.append(number)

    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    seen: list[int] = []

    def stands_still() -> bool:
        seen.append(len(sent))
        return len(seen) > 20 and seen[-20] == seen[-1] > 0

    wait_until(stands_still)
    assert len(sent) < count
    assert [receive(broker, len(frame))[-1] for _ in range(count)] == list(range(count))
    sending.join(timeout=30)


def test_nothing_is_left_of_a_proxy_that_has_stopped(proxy: Proxy, connect: Connect) -> None:
    """Neither its thread nor a connection nor an address; to stop it again does nothing."""
    client, broker = connect()
    host, port = proxy.servers(1).split(":")
    proxy.stop()
    proxy.stop()
    assert is_closed(client)
    assert is_closed(broker)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=30)
    assert "proxy" not in {thread.name for thread in threading.enumerate()}
