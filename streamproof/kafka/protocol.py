"""One request, one response: the Kafka protocol over a plain socket, typed by kio.

For what the client library cannot ask or hides: DescribeTransactions, batch headers, the last stable offset,
finalized features.
"""

import io
import itertools
import socket
import struct
from typing import Any, Self, TypeVar, cast

from kio.schema.api_versions.v0.request import ApiVersionsRequest
from kio.schema.api_versions.v0.response import ApiVersionsResponse
from kio.schema.request_header.v1.header import RequestHeader as HeaderV1
from kio.schema.request_header.v2.header import RequestHeader as HeaderV2
from kio.schema.response_header.v0.header import ResponseHeader as ResponseHeaderV0
from kio.serial import entity_reader, entity_writer
from kio.serial.errors import DecodeError

from streamproof.errors import ClusterError

API_VERSIONS = 18
LAST_PORT = 65535
LARGEST_ANSWER = 1 << 28  # the first bytes of other protocols, such as those of HTTP and TLS, would be larger sizes
R = TypeVar("R")


class NotUnderstood(ClusterError):  # noqa: N818 - reads as a sentence where it is raised
    """Who answers is there, and does not know what was asked: another server, or a broker of another time.

    `lacks`: what a broker does not know, where it says so.
    """

    def __init__(self, sentence: str, *, lacks: str = "") -> None:
        super().__init__(sentence)
        self.lacks = lacks


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
        self._address, self._timeout_s = address, timeout_s
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
        """Send one kio request entity and decode its answer as `response_type` (same API and version).

        `NotUnderstood` when what answers is no broker, or a broker that does not know this version of the request.
        """
        what = type(request).__name__.removesuffix("Request")
        try:
            return self._ask(request, response_type, what)
        except TimeoutError as error:
            raise TimeoutError(f"no answer to {what} within {self._timeout_s:.0f} s") from error
        except ConnectionError as error:
            self._check_known(request, what)
            raise ConnectionError(f"{what}: {error.strerror or error}") from error

    def _ask(self, request: Any, response_type: type[R], what: str) -> R:
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
        first = self._read(4)
        (size,) = struct.unpack(">i", first)
        if not 0 < size < LARGEST_ANSWER:
            raise NotUnderstood(
                f"{self._address} is no Kafka broker: its answer to {what} begins with {first!r}; check the address"
            )
        answer = self._read(size)
        (seen,) = struct.unpack_from(">i", answer)
        if seen != correlation:
            raise ConnectionError(f"the broker answered request {seen}, not {correlation}")
        # ApiVersions answers always with header version 0, whatever the request's version
        expected: Any = response_type
        answered: Any = ResponseHeaderV0 if expected.__api_key__ == API_VERSIONS else expected.__header_schema__
        try:
            _, offset = entity_reader(answered)(answer, 0)
            response, _ = entity_reader(expected)(answer, offset)
        except DecodeError as error:
            raise NotUnderstood(
                f"{self._address}: its answer to {what} version {request.__version__} cannot be read ({error})"
            ) from error
        return cast("R", response)

    def _check_known(self, request: Any, what: str) -> None:
        """`NotUnderstood` if the broker does not know the request: then it closes the connection, and says nothing."""
        if isinstance(request, ApiVersionsRequest):
            return
        with Connection(self._address, timeout_s=self._timeout_s) as other:
            known = other.ask(ApiVersionsRequest(), ApiVersionsResponse).api_keys
        own = next((api for api in known if api.api_key == request.__api_key__), None)
        if own is None or not own.min_version <= request.__version__ <= own.max_version:
            instead = f"it knows {own.min_version} to {own.max_version}" if own else "it knows none"
            lacks = f"{what} version {request.__version__} ({instead})"
            raise NotUnderstood(
                f"the broker at {self._address} does not know {lacks}; use Apache Kafka 3.9 or later", lacks=lacks
            )

    def _read(self, size: int) -> bytes:
        chunks = bytearray()
        while len(chunks) < size:
            chunk = self._socket.recv(min(size - len(chunks), 1 << 20))
            if not chunk:
                raise ConnectionError("the broker closed the connection")
            chunks += chunk
        return bytes(chunks)
