"""What a member counts, once it is asked to."""

import socket
from collections.abc import Callable
from contextlib import closing

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from pipeline import metrics
from pipeline.errors import SettingsError
from streamproof.cluster.ports import PortLease
from tests.pipeline.conftest import Stage
from tests.pipeline.projected import Projected

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
    metrics.sent_each([TOPIC, "other", TOPIC])
    metrics.consumed(TOPIC, GROUP, 5)
    labels = {"messaging_operation_name": "send", "error_type": ""}
    assert value(registry, "messaging_client_sent_messages_total", **labels) == 5
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


def test_work_is_timed_call_by_call(registry: CollectorRegistry) -> None:
    """What it raises is its error, and is still raised."""

    def work(what: str) -> None:
        if what:
            raise KeyError(what)

    timed = metrics.timed(work, TOPIC, GROUP)
    timed("")
    with pytest.raises(KeyError):
        timed("a")
    labels = {"messaging_operation_name": "process", "messaging_consumer_group_name": GROUP}
    for error in ("", "KeyError"):
        assert value(registry, "messaging_process_duration_seconds_count", error_type=error, **labels) == 1


def test_nothing_is_counted_before_it_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that nobody asks for metrics does nothing for them."""
    monkeypatch.setattr(metrics, "_served", None)
    metrics.sent(TOPIC)
    metrics.consumed(TOPIC, GROUP, 5)
    metrics.processed(TOPIC, GROUP, 1)
    assert metrics._served is None
    assert metrics.timed(print, TOPIC, GROUP) is print


def test_a_port_in_use_is_told_by_its_variable() -> None:
    """Before anything is joined, or sent."""
    with socket.create_server(("127.0.0.1", 0)) as held, pytest.raises(SettingsError, match="METRICS_PORT: 127"):
        metrics.serve("127.0.0.1", held.getsockname()[1])


def samples(url: str) -> dict[tuple[str, str, str], float]:
    """What a member serves: values by name, topic and error."""
    return {
        (
            sample.name,
            sample.labels.get("messaging_destination_name", ""),
            sample.labels.get("error_type", ""),
        ): sample.value
        for metric in text_string_to_metric_families(httpx.get(url, timeout=30).text)
        for sample in metric.samples
    }


def test_a_projector_serves_what_it_counts(
    projected: Projected, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    """Records that it takes, how each fares, and the letters that it sends."""
    with closing(PortLease()) as lease:
        (port,) = lease.take(1)
        projected.start(METRICS_PORT=str(port))
        projected.send(range(5), poison=(3,))
        wait_until(lambda: len(projected.ask("SELECT * FROM order_history")) == 4)
        source, letters = (projected.stage.topics[name] for name in ("INPUT_TOPIC", "DLQ_TOPIC"))
        wait_until(lambda: ("messaging_client_sent_messages_total", letters, "") in samples(f"http://127.0.0.1:{port}"))
        found = samples(f"http://127.0.0.1:{port}")
    assert found["messaging_client_consumed_messages_total", source, ""] == 5
    assert found["messaging_client_sent_messages_total", letters, ""] == 1
    assert found["messaging_process_duration_seconds_count", source, ""] == 4
    assert found["messaging_process_duration_seconds_count", source, "PoisonError"] == 1


def test_a_forwarder_serves_what_it_counts(stage: Stage, wait_until: Callable[[Callable[[], bool]], None]) -> None:
    """Records that it takes and sends, by their topics, and its batches."""
    with closing(PortLease()) as lease:
        (port,) = lease.take(1)
        stage.start("forwarder", METRICS_PORT=str(port))
        stage.send(range(4), poison=lambda number: number == 3)
        wait_until(lambda: stage.committed() == 4)
        source, *effects = (stage.topics[name] for name in ("INPUT_TOPIC", "PROCESSED_TOPIC", "DLQ_TOPIC"))
        done = ("messaging_process_duration_seconds_count", source, "")
        wait_until(lambda: done in samples(f"http://127.0.0.1:{port}"))
        found = samples(f"http://127.0.0.1:{port}")
    assert found["messaging_client_consumed_messages_total", source, ""] == 4
    assert [found["messaging_client_sent_messages_total", topic, ""] for topic in effects] == [3, 1]
    assert not [error for _, _, error in found if error]
