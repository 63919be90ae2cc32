"""Answers that are made up in a broker's place: whole, for every API and version that can be refused."""

from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any, get_args, get_origin

import pytest
from kio import index
from kio.schema.errors import ErrorCode
from kio.schema.index import schema_name_map
from kio.static.constants import EntityType

from streamproof.wire import PLAUSIBLE, codec
from streamproof.wire.codec import Header
from streamproof.wire.refusals import _EMPTY, refusal
from streamproof.wire.sightings import error_of
from tests.wire.protocol import request

KEYS = {name: key for key, name in codec.APIS.items()}
VERSIONS = [
    (api, version)
    for api in PLAUSIBLE
    for version in sorted(schema_name_map[index._name_from_key(KEYS[api])])
    if not (api == "AddPartitionsToTxn" and version > 3)  # which only brokers ask
]


def asked(api: str, version: int) -> Any:
    """A request with a topic of two partitions, where it has topics."""
    return _made(index.load_entity_schema(index._name_from_key(KEYS[api]), version, EntityType.request), 0)


def _made(kind: Any, number: int) -> Any:
    values: dict[str, Any] = {}
    for field in fields(kind):
        (of, *_) = get_args(field.type) or (None,)
        if field.name in {"partition_index", "index"}:
            values[field.name] = number
        elif field.name == "partitions" and of is not None and not is_dataclass(of):
            values[field.name] = (0, 1)
        elif field.name in {"topics", "topic_data", "v3_and_below_topics"}:
            values[field.name] = (_made(of, 0),)
        elif field.name in {"partitions", "partition_data"}:
            values[field.name] = (_made(of, 0), _made(of, 1))
        elif field.default is MISSING:
            empty = None if type(None) in get_args(field.type) else _EMPTY.get(str(field.metadata.get("kafka_type")), 0)
            values[field.name] = () if get_origin(field.type) is tuple else empty
    return kind(**values)


@pytest.mark.parametrize(("api", "version"), VERSIONS)
def test_a_refusal_is_an_answer_with_that_error_everywhere(api: str, version: int) -> None:
    """For each partition that was asked about; and it is read as any broker's."""
    frame = request(asked(api, version), 7)
    header = Header(KEYS[api], version, 7, "client")
    error = PLAUSIBLE[api][0]
    head, answer = codec.read_answer(refusal(frame, header, error), header)
    assert head.correlation_id == 7
    assert error_of(answer) == error
    topics = next((getattr(answer, name) for name in TOPICS if hasattr(answer, name)), ())
    for topic in topics:
        (parts,) = (getattr(topic, name) for name in PARTS if hasattr(topic, name))
        assert [getattr(part, "partition_index", getattr(part, "index", None)) for part in parts] == [0, 1]
        assert all(error_of(part) == error for part in parts)


def test_a_list_that_is_null_is_refused_as_one_that_is_empty() -> None:
    """Bytes may say so of any list, also where the protocol has no null."""
    frame = request(replace(asked("TxnOffsetCommit", 3), topics=()), 7)
    assert frame.endswith(b"\1\0")  # a length, counted from 1; no tagged fields
    header = Header(KEYS["TxnOffsetCommit"], 3, 7, "client")
    said = [refusal(some, header, "ILLEGAL_GENERATION") for some in (frame, frame[:-2] + b"\0\0")]
    assert said[0] == said[1]


TOPICS = ("topics", "responses", "results_by_topic_v3_and_below")
PARTS = ("partitions", "partition_responses", "results_by_partition")


def test_only_errors_that_there_are_can_be_given() -> None:
    """By Kafka's own names."""
    for errors in PLAUSIBLE.values():
        for error in errors:
            assert ErrorCode[error.lower()]
