"""One request, one response: the Kafka protocol over a plain socket, typed by kio.

For what the client library cannot ask or hides: DescribeTransactions, batch headers, the last stable offset,
finalized features. Knows no other part of the verifier.
"""

import io
import itertools
import socket
import struct
from typing import Any, Self, TypeVar, cast

from kio.schema.request_header.v1.header import RequestHeader as HeaderV1
from kio.schema.request_header.v2.header import RequestHeader as HeaderV2
from kio.schema.response_header.v0.header import ResponseHeader as ResponseHeaderV0
from kio.serial import entity_reader, entity_writer

API_VERSIONS = 18
LAST_PORT = 65535
R = TypeVar("R")


def parse_address(address: str) -> tuple[str, int]:
    """`"host:port"` (or `"[::1]:port"`) as a pair; ValueError where it is none."""
    host, _, port = address.rpartition(":")
    if not (host and port.isascii() and port.isdecimal() and 0 < int(port) <= LAST_PORT):
        raise ValueError(f"it is not HOST:PORT, with a port from 1 to {LAST_PORT}")
    return host.strip("[]"), int(port)


class Connection:
    """A connection to one broker; not for several threads at once.

    `OSError` when the broker cannot be reached, closes the connection, or does not answer in time.
    """

    def __init__(self, address: str, *, timeout_s: float = 10.0) -> None:
        self._socket = socket.create_connection(parse_address(address), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._correlation = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def ask(self, request: Any, response_type: type[R]) -> R:
        """Send one kio request entity and decode its answer as `response_type` (same API and version)."""
        correlation = next(self._correlation)
        header_type: Any = HeaderV2 if request.__flexible__ else HeaderV1
        header = header_type(
            request_api_key=request.__api_key__,
            request_api_version=request.__version__,
            correlation_id=correlation,
            client_id="streamproof",
        )
        frame = io.BytesIO()
        entity_writer(header_type)(frame, header)
        entity_writer(type(request))(frame, request)
        payload = frame.getvalue()
        self._socket.sendall(struct.pack(">i", len(payload)) + payload)
        (size,) = struct.unpack(">i", self._read(4))
        answer = self._read(size)
        (seen,) = struct.unpack_from(">i", answer)
        if seen != correlation:
            raise ConnectionError(f"the broker answered request {seen}, not {correlation}")
        # ApiVersions answers always with header version 0, whatever the request's version
        expected: Any = response_type
        answered: Any = ResponseHeaderV0 if expected.__api_key__ == API_VERSIONS else expected.__header_schema__
        _, offset = entity_reader(answered)(answer, 0)
        response, _ = entity_reader(expected)(answer, offset)
        return cast("R", response)

    def _read(self, size: int) -> bytes:
        chunks = bytearray()
        while len(chunks) < size:
            chunk = self._socket.recv(min(size - len(chunks), 1 << 20))
            if not chunk:
                raise ConnectionError("the broker closed the connection")
            chunks += chunk
        return bytes(chunks)
