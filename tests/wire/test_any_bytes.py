"""Whatever bytes come from either end, the proxy passes them on as they came, in their order, and goes on."""

import asyncio
from typing import cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamproof.history.terms import Side
from streamproof.wire import Proxy, codec
from streamproof.wire.addresses import ALWAYS, AT_TIMES
from streamproof.wire.link import Link
from streamproof.wire.sightings import TOLD
from tests.wire.protocol import end_txn, ended

KEYS = sorted(key for key, api in codec.APIS.items() if api in {*TOLD, *ALWAYS, *AT_TIMES, "ApiVersions"})


class Wire:
    """The other side of an end of a link: notes what is sent to it."""

    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def linked() -> tuple[Proxy, Link, Wire, Wire]:
    """A link between two ends that are there, whose proxy knows a broker's host."""
    proxy, client, broker = Proxy("broker:9"), Wire(), Wire()
    proxy.hosts.add(b"\x01")  # so that answers are looked into
    link = Link(proxy, 1, (1, 1), "broker:9")
    link._ends = {Side.REQUEST: cast("asyncio.Transport", client), Side.RESPONSE: cast("asyncio.Transport", broker)}
    return proxy, link, client, broker


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A frame that says what it is, and holds anything."""
    key = draw(st.sampled_from(KEYS))
    version = draw(st.integers(0, codec.highest_version(key)))
    start = key.to_bytes(2) + version.to_bytes(2) + (7).to_bytes(4) + b"\xff\xff"
    body = start + draw(st.binary(max_size=60))
    return len(body).to_bytes(4) + body


@settings(deadline=None, max_examples=300)
@given(requests(), st.binary(max_size=60))
@example(b"\0\0\0\x0a\0\x12\0\3\0\0\0\7\xff\xff", bytes(8))  # an ApiVersions answer whose list is null
def test_what_holds_anything_goes_through(asked: bytes, answer: bytes) -> None:
    """A request as it came; and after its answer, whatever that was, the next request and its answer."""
    _, link, client, broker = linked()
    link.received(Side.REQUEST, asked)
    assert broker.sent == asked
    body = (7).to_bytes(4) + answer
    link.received(Side.RESPONSE, len(body).to_bytes(4) + body)
    link.received(Side.REQUEST, end_txn(8))
    link.received(Side.RESPONSE, ended(8))
    assert broker.sent == asked + end_txn(8)
    assert client.sent.endswith(ended(8))
    assert len(client.sent) > len(ended(8))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=80), st.binary(max_size=80))
def test_what_is_no_protocol_at_all_goes_through(asked: bytes, answered: bytes) -> None:
    """As far as it may be a frame that is still to come."""
    _, link, client, broker = linked()
    link.received(Side.REQUEST, asked)
    link.received(Side.RESPONSE, answered)
    assert asked.startswith(broker.sent)
    assert answered.startswith(client.sent)
