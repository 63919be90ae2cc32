"""A stream is cut into frames, however it arrives."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from streamproof.wire.frames import Splitter


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.lists(st.integers(1, 30), min_size=1))
def test_frames_come_out_as_they_went_in(bodies: list[bytes], cuts: list[int]) -> None:
    """Whatever pieces the network makes of them."""
    frames = [struct.pack(">i", len(body)) + body for body in bodies]
    stream, splitter, found = b"".join(frames), Splitter(), []
    for number in range(len(stream)):
        size = cuts[number % len(cuts)]
        piece, stream = stream[:size], stream[size:]
        found += splitter.feed(piece) if piece else []
    assert found == frames
    assert not splitter.raw


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=8))
def test_whatever_arrives_nothing_is_lost_or_made_up(pieces: list[bytes]) -> None:
    """What comes out is the beginning of what went in; all of it, once it is no such protocol."""
    splitter = Splitter()
    came = b"".join(b"".join(splitter.feed(piece)) for piece in pieces)
    assert b"".join(pieces).startswith(came)
    assert not splitter.raw or came == b"".join(pieces)


def test_another_protocol_passes_through() -> None:
    """TLS begins with bytes that would be a size beyond any; a frame before it still comes out whole."""
    splitter, hello = Splitter(), bytes.fromhex("16030100c8010000c40303")
    assert splitter.feed(b"\x00\x00\x00\x01x" + hello) == [b"\x00\x00\x00\x01x", hello]
    assert splitter.raw
    assert splitter.feed(b"more") == [b"more"]
