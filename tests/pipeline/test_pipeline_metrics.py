"""What a member counts, once it is asked to."""

import socket

import pytest
from prometheus_client import CollectorRegistry

from pipeline import metrics
from pipeline.errors import SettingsError

TOPIC, GROUP = "orders", "movers"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> CollectorRegistry:
    """What is counted, and served to nobody."""
    monkeypatch.setattr(metrics, "_served", None)
    monkeypatch.setattr("prometheus_client.start_http_server", lambda *_: None)
    return metrics.serve("127.0.0.1", 0)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, {"messaging_system": "kafka", "messaging_destination_name": TOPIC, **labels})


def test_what_is_sent_and_consumed_is_counted_by_its_topic(registry: CollectorRegistry) -> None:
    """By the names that OpenTelemetry gives, as Prometheus writes them."""
    metrics.sent(TOPIC, 3)
    metrics.sent(TOPIC, error="_MSG_TIMED_OUT")
    metrics.consumed(TOPIC, GROUP, 5)
    labels = {"messaging_operation_name": "send", "error_type": ""}
    assert value(registry, "messaging_client_sent_messages_total", **labels) == 3
    labels["error_type"] = "_MSG_TIMED_OUT"
    assert value(registry, "messaging_client_sent_messages_total", **labels) == 1
    labels = {"messaging_operation_name": "poll", "error_type": "", "messaging_consumer_group_name": GROUP}
    assert value(registry, "messaging_client_consumed_messages_total", **labels) == 5


def test_a_batch_is_timed_and_its_failure_named(registry: CollectorRegistry) -> None:
    """Failure or not, it took its time."""
    labels = {"messaging_operation_name": "process", "messaging_consumer_group_name": GROUP}
    metrics.processed(TOPIC, GROUP, 0.02)
    metrics.processed(TOPIC, GROUP, 3, error="Abort")
    assert value(registry, "messaging_process_duration_seconds_bucket", error_type="", le="0.025", **labels) == 1
    assert value(registry, "messaging_process_duration_seconds_sum", error_type="Abort", **labels) == 3


def test_nothing_is_counted_before_it_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that nobody asks for metrics does nothing for them."""
    monkeypatch.setattr(metrics, "_served", None)
    metrics.sent(TOPIC)
    metrics.consumed(TOPIC, GROUP, 5)
    metrics.processed(TOPIC, GROUP, 1)
    assert metrics._served is None


def test_a_port_in_use_is_told_by_its_variable() -> None:
    """Before anything is joined, or sent."""
    with socket.create_server(("127.0.0.1", 0)) as held, pytest.raises(SettingsError, match="METRICS_PORT: 127"):
        metrics.serve("127.0.0.1", held.getsockname()[1])
