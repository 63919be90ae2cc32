"""Frames of Kafka's protocol for tests: requests and their answers, as kio writes them."""

import io
import socket
import struct
from datetime import timedelta
from typing import Any

from kio.schema.end_txn.v1.request import EndTxnRequest
from kio.schema.end_txn.v1.response import EndTxnResponse
from kio.schema.errors import ErrorCode
from kio.schema.types import ProducerId, TransactionalId
from kio.serial import entity_writer
from kio.static.primitive import i16

from streamproof.wire import codec
from streamproof.wire.codec import Header

END_TXN = 26


def request(entity: Any, correlation: int = 1) -> bytes:
    """The frame of a request."""
    header = entity.__header_schema__(
        request_api_key=entity.__api_key__,
        request_api_version=entity.__version__,
        correlation_id=correlation,
        client_id="client",
    )
    buffer = io.BytesIO()
    entity_writer(type(header))(buffer, header)
    entity_writer(type(entity))(buffer, entity)
    return struct.pack(">i", len(buffer.getvalue())) + buffer.getvalue()


def answer(entity: Any, correlation: int = 1) -> bytes:
    """The frame of an answer."""
    header = Header(entity.__api_key__, entity.__version__, correlation, None)
    return codec.write_frame(codec.answer_header(header), entity)


def end_txn(correlation: int = 1, *, committed: bool = True) -> bytes:
    return request(
        EndTxnRequest(
            transactional_id=TransactionalId("t"),
            producer_id=ProducerId(7),
            producer_epoch=i16(2),
            committed=committed,
        ),
        correlation,
    )


def ended(correlation: int = 1, error: ErrorCode = ErrorCode.none) -> bytes:
    return answer(EndTxnResponse(throttle_time=timedelta(0), error_code=error), correlation)  # type: ignore[arg-type]


def receive(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or as many as there are before the end."""
    data = bytearray()
    while len(data) < size and (more := connection.recv(size - len(data))):
        data += more
    return bytes(data)
