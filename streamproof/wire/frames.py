"""A stream of bytes as the frames of Kafka's protocol: a size, and as many bytes."""

import struct

from streamproof.kafka.protocol import LARGEST_ANSWER

SIZE = 4


class Splitter:
    """Cuts what arrives into frames, each with its size in front, as it came.

    `raw`: what arrives is no such protocol, as with TLS; from then on all of it comes out as it arrives.
    """

    def __init__(self) -> None:
        self.raw = False
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole now, in their order."""
        if self.raw:
            return [data]
        if not self._rest and len(data) > SIZE and _size(data, 0) == len(data) - SIZE:
            return [data]  # as most frames arrive: nothing is copied
        rest, start, frames = self._rest, 0, []
        rest += data
        while len(rest) - start >= SIZE:
            size = _size(rest, start)
            if not 0 < size <= LARGEST_ANSWER:
                self.raw = True
                frames.append(bytes(rest[start:]))
                start = len(rest)
                break
            end = start + SIZE + size
            if len(rest) < end:
                break
            frames.append(bytes(rest[start:end]))
            start = end
        del rest[:start]
        return frames


def _size(data: bytes | bytearray, at: int) -> int:
    size: int = struct.unpack_from(">i", data, at)[0]
    return size
