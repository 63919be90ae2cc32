"""A trace goes on from a record to all that it causes."""

import json
from collections.abc import Callable

from confluent_kafka import Producer

from tests.pipeline.conftest import Stage, event

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
