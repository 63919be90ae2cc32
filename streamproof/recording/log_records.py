"""The records of the coordinators' logs, decoded one by one by the schemas that the jars hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from streamproof.errors import HistoryError
from streamproof.recording.message_schemas import Schema

Row = dict[str, Any]
Schemas = Mapping[str, Schema]

VERSION_BYTES: Final = 2  # before each key, value and assignment


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A data record of a coordinator's topic (not a control record). `visible`: not part of an aborted transaction.

    `t_append` in microseconds since the epoch; `pid` -1 and `epoch` -1 where there is no producer.
    `leader_epoch`: which leader of the partition took it, counted.
    """

    part: int
    off: int
    key: bytes | None
    value: bytes | None
    t_append: int
    pid: int
    epoch: int
    leader_epoch: int
    transactional: bool
    visible: bool


def in_order(records: Iterable[LogRecord]) -> list[LogRecord]:
    # a group, and a transactional id, has one partition: its order is that of offsets, whatever clocks say
    return sorted(records, key=lambda record: (record.part, record.off))


def kind_of(record: LogRecord) -> int:
    if record.key is None or len(record.key) < VERSION_BYTES:
        return -1
    return number_of(record.key)


def number_of(data: bytes) -> int:
    return int.from_bytes(data[:VERSION_BYTES], "big", signed=True)


def read_record(record: LogRecord, kind: int, name: str, schemas: Schemas) -> tuple[Row, Row | None]:
    try:
        key_schema = definition(schemas, f"{name}Key")
        # to Kafka 3.9 the kind of a record was the version of its key's definition; since then it stands beside it
        version = kind if kind in key_schema.versions else key_schema.versions.first
        key = key_schema.decode((record.key or b"")[VERSION_BYTES:], version)
        if record.value is None:
            return key, None
        return key, _decode_versioned(definition(schemas, f"{name}Value"), record.value)
    except HistoryError as error:
        raise HistoryError(
            f"the coordinator's record at offset {record.off} of partition {record.part} cannot be read: {error}"
        ) from None


def definition(schemas: Schemas, name: str) -> Schema:
    if name not in schemas:
        raise HistoryError(f"{name} is defined in none of the jars given; give those of the Kafka that the brokers run")
    return schemas[name]


def _decode_versioned(schema: Schema, data: bytes) -> Row:
    if len(data) < VERSION_BYTES:
        raise HistoryError(f"{schema.name} has no version: it is {len(data)} bytes long")
    return schema.decode(data[VERSION_BYTES:], number_of(data))
