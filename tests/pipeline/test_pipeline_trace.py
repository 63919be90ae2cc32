"""A trace goes on from a record to all that it causes."""

import json
from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from tests.pipeline.conftest import Stage, event
from tests.pipeline.test_pipeline_api import StartApi, start_api, valid

__all__ = ["start_api"]  # a fixture

TRACE = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
EFFECTS = ("PROCESSED_TOPIC", "NOTIFICATIONS_TOPIC", "DLQ_TOPIC")


def test_the_forwarder_passes_a_trace_on(stage: Stage, wait_until: Callable[[Callable[[], bool]], None]) -> None:
    """To the state, the notification and the dead letter."""
    producer = Producer({"bootstrap.servers": stage.bootstrap_servers})
    for value in (json.dumps(event(0)), '{"broken": '):
        producer.produce(stage.topics["INPUT_TOPIC"], value, "order-0", headers=[("event-id", b"event-0"), TRACE])
    assert producer.flush(30) == 0
    stage.start("forwarder")
    wait_until(lambda: stage.committed() == 2)
    for variable in EFFECTS:
        (found,) = stage.read(variable)
        assert TRACE in found.headers()


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "key"}])
def test_the_api_passes_a_trace_on(stage: Stage, start_api: StartApi, key: dict[str, str]) -> None:
    """From the request to the record, with a key or without; what is too long to be part of a trace stays behind."""
    name, value = TRACE
    headers = {**key, name: value.decode(), "tracestate": "x" * 513, "other": "not of the trace"}
    assert start_api().client.post("/orders", json=valid(1), headers=headers).status_code == 201
    (found,) = stage.read("INPUT_TOPIC")
    assert found.headers() == [("event-id", b"event-1"), TRACE]
