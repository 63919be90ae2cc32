"""What looks tell, as metrics of Prometheus. docs/lag.md has their names; a test holds the page against them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streamproof.errors import ClusterError, UsageError
from streamproof.lag.document import LagReport

Rows = Iterable[tuple[tuple[str, ...], float | None]]  # the values of labels, and a number if it is known
GROUP, PARTITION = ("group",), ("group", "topic", "partition")


class Exporter(Collector):
    """Serves the last report. After a look that failed it says so, and nothing else: what was true before may not be.

    `registry` is what a server reads.
    """

    def __init__(self) -> None:
        self._report: LagReport | None = None
        self._failed = 0
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def update(self, told: LagReport | ClusterError) -> None:
        """Take what a look told, or that it failed."""
        if isinstance(told, ClusterError):
            self._report, self._failed = None, self._failed + 1
        else:
            self._report = told

    def collect(self) -> Iterator[Metric]:
        report = self._report
        yield _gauge("look_success", "1 where the last look was answered, else 0.", (), [((), report is not None)])
        yield _counter("looks_failed", "Looks that the brokers did not answer.", (), [((), self._failed)])
        if report is not None:
            yield from _metrics(report)


def _metrics(report: LagReport) -> Iterator[Metric]:
    groups = [((told.group,), told) for told in report.groups]
    parts = [
        ((told.group, each.topic, str(each.partition)), each) for told in report.groups for each in told.partitions
    ]
    yield _gauge("group_members", "Members.", GROUP, [(name, told.members) for name, told in groups])
    yield _gauge("group_epoch", "Epoch of a KIP-848 group.", GROUP, [(name, told.epoch) for name, told in groups])
    yield _gauge(
        "group_unsettled_looks",
        "Looks of the window at which a group was rebalancing, or was not what it had been at the look before.",
        GROUP,
        [(name, told.unsettled) for name, told in groups],
    )
    yield _gauge(
        "group_committed_offset", "Committed offset.", PARTITION, [(where, each.committed) for where, each in parts]
    )
    yield _gauge(
        "group_lag_offsets",
        "Offsets from the first unread record to the last stable offset.",
        PARTITION,
        [(where, each.lag) for where, each in parts],
    )
    yield _gauge(
        "group_lag_seconds",
        "Age of the first unread record.",
        PARTITION,
        [(name, each.lag_seconds) for name, each in parts],
    )
    yield _gauge(
        "group_held_back_offsets",
        "Offsets behind the last stable offset, which open transactions keep from readers.",
        PARTITION,
        [(where, each.held_back) for where, each in parts],
    )
    yield _gauge(
        "group_partition_state",
        "1 for the state that a group is in, in a partition.",
        (*PARTITION, "state"),
        [((*where, each.state), 1) for where, each in parts],
    )
    yield _gauge(
        "transactions_ongoing", "Transactions that have begun and not ended.", (), [((), report.ongoing_transactions)]
    )
    yield _gauge(
        "transaction_hanging",
        "1 for each transaction that should have ended.",
        ("transactional_id", "producer_id"),
        [((one.transactional_id or "", str(one.producer_id)), 1) for one in report.hanging_transactions],
    )
    yield _counter(
        "dead_letters",
        "Where a topic of dead letters ends, in offsets.",
        ("topic",),
        [((letters.topic,), letters.end) for letters in report.dead_letters],
    )


def _gauge(name: str, told: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    return _with(GaugeMetricFamily(f"streamproof_{name}", told, labels=labels), rows)


def _counter(name: str, told: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    return _with(CounterMetricFamily(f"streamproof_{name}", told, labels=labels), rows)


def _with(metric: GaugeMetricFamily | CounterMetricFamily, rows: Rows) -> Metric:
    for labels, value in rows:
        if value is not None:
            metric.add_metric(labels, value)
    return metric


@contextmanager
def serving(exporter: Exporter, host: str, port: int) -> Iterator[str]:
    """Serve over HTTP within the block; the address is yielded. UsageError for a port that cannot be had."""
    try:
        server, thread = start_http_server(port, host, exporter.registry)
    except OSError as error:
        raise UsageError(
            f"{host}:{port} cannot be listened at ({error.strerror}); end what listens there, or choose another port"
        ) from error
    try:
        yield f"http://{host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
