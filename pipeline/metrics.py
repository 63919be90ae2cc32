"""What a member counts for Prometheus, by the names of OpenTelemetry's conventions for messaging.

Until `serve` is called nothing is counted, nor is the client of Prometheus imported. Where records are done in batches,
batches are counted: to count each record would cost as much as to process it.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)  # as the conventions want them
Work = TypeVar("Work")
_SENT = ("messaging_system", "messaging_destination_name", "messaging_operation_name", "error_type")
_READ = (*_SENT, "messaging_consumer_group_name")
_served: "_Counts | None" = None


class _Counts:
    def __init__(self) -> None:
        import prometheus_client as client  # noqa: PLC0415 - only where it is served

        self.registry = client.CollectorRegistry()
        self.sent = client.Counter(
            "messaging_client_sent_messages", "Records that were sent, or were to be.", _SENT, registry=self.registry
        )
        self.consumed = client.Counter(
            "messaging_client_consumed_messages", "Records that were taken.", _READ, registry=self.registry
        )
        self.duration = client.Histogram(
            "messaging_process_duration_seconds",
            "How long records took, one or a batch, until they were done or given up.",
            _READ,
            registry=self.registry,
            buckets=BUCKETS,
        )


def serve(host: str, port: int) -> "CollectorRegistry":
    """Count from now on, and serve it over HTTP until the process ends. SettingsError for a port that cannot be had."""
    from prometheus_client import start_http_server  # noqa: PLC0415

    global _served  # noqa: PLW0603 - a process has one log, too
    counts = _Counts()
    try:
        start_http_server(port, host, counts.registry)
    except OSError as error:
        raise SettingsError(f"METRICS_PORT: {host}:{port} cannot be listened at ({error.strerror})") from error
    _served = counts
    return counts.registry


def sent(topic: str, count: int = 1, *, error: str = "") -> None:
    """Records whose delivery is told; `error`: the name of what failed them."""
    if _served:
        _served.sent.labels("kafka", topic, "send", error).inc(count)


def sent_each(topics: Iterable[str]) -> None:
    """Records that were given to the client, each by its topic."""
    if _served:
        for topic, count in Counter(topics).items():
            sent(topic, count)


def consumed(topic: str, group: str, count: int) -> None:
    """Records that a poll gave."""
    if _served and count:
        _served.consumed.labels("kafka", topic, "poll", "", group).inc(count)


def processed(topic: str, group: str, seconds: float, *, error: str = "") -> None:
    """Records that are done, or given up; `error`: the name of what failed them."""
    if _served:
        _served.duration.labels("kafka", topic, "process", error, group).observe(seconds)


def timed(process: Callable[[Work], None], topic: str, group: str) -> Callable[[Work], None]:
    """`process`, of which each call is counted, with the type of what it raises."""

    def done(work: Work) -> None:
        began, error = time.monotonic(), ""
        try:
            process(work)
        except BaseException as raised:
            error = type(raised).__name__
            raise
        finally:
            processed(topic, group, time.monotonic() - began, error=error)

    return done if _served else process
