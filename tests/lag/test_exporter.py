"""What is served to Prometheus."""

import re
from pathlib import Path

import httpx
import pytest
from prometheus_client import generate_latest

from streamproof.errors import ClusterError, UsageError
from streamproof.kafka.groups import Group
from streamproof.kafka.topics import Offsets
from streamproof.kafka.unread import Unread
from streamproof.lag.document import report_of
from streamproof.lag.exporter import Exporter, serving
from streamproof.lag.look import Hanging, Look, Position, Reader

PAGE = Path(__file__).parents[2] / "docs" / "lag.md"
POSITIONS = {
    ("orders", 0): Position(10, Offsets(0, 20, 25), Unread(14, 3_500_000), owned=True),
    ("orders", 1): Position(None, Offsets(0, 20, 20)),
}
LOOK = Look(
    5_000_000,
    {"movers": Reader(Group("Stable", frozenset({"a"}), epoch=3), POSITIONS)},
    ongoing=2,
    hanging=(Hanging(7, (("orders", 0),)), Hanging(8, (), "mover-1", 70.0, 60.0)),
    dead_letters={"orders.dlq": 4},
)


def served(exporter: Exporter) -> str:
    return generate_latest(exporter.registry).decode()


@pytest.fixture
def exporter() -> Exporter:
    made = Exporter()
    made.update(report_of([LOOK]))
    return made


def test_each_number_that_is_known_has_a_sample(exporter: Exporter) -> None:
    """What nobody knows has none."""
    text = served(exporter)
    for sample in (
        'streamproof_group_members{group="movers"} 1.0',
        'streamproof_group_epoch{group="movers"} 3.0',
        'streamproof_group_lag_offsets{group="movers",partition="0",topic="orders"} 6.0',
        'streamproof_group_lag_seconds{group="movers",partition="0",topic="orders"} 1.5',
        'streamproof_group_held_back_offsets{group="movers",partition="0",topic="orders"} 5.0',
        'streamproof_group_partition_state{group="movers",partition="0",state="unknown",topic="orders"} 1.0',
        "streamproof_transactions_ongoing 2.0",
        'streamproof_transaction_hanging{producer_id="7",transactional_id=""} 1.0',
        'streamproof_transaction_hanging{producer_id="8",transactional_id="mover-1"} 1.0',
        'streamproof_dead_letters_total{topic="orders.dlq"} 4.0',
    ):
        assert sample in text.splitlines()
    assert 'streamproof_group_lag_offsets{group="movers",partition="1"' not in text


def test_after_a_look_that_failed_nothing_is_told_but_that(exporter: Exporter) -> None:
    """What was true before may not be; failures are counted."""
    exporter.update(ClusterError("no broker answers"))
    samples = [line for line in served(exporter).splitlines() if not line.startswith("#")]
    assert samples == ["streamproof_look_success 0.0", "streamproof_looks_failed_total 1.0"]


def test_every_metric_is_documented_with_its_labels(exporter: Exporter) -> None:
    """And no other is."""
    told = re.findall(r"^\| `(streamproof_\w+)` \| ([\w, ]*?) ?\|", PAGE.read_text(), re.MULTILINE)
    made: dict[str, set[str]] = {}
    for metric in exporter.collect():
        for sample in metric.samples:
            made.setdefault(sample.name, set()).update(sample.labels)
    assert {name: set(labels.split(", ")) - {""} for name, labels in told} == made


def test_a_port_in_use_is_told(exporter: Exporter) -> None:
    """Who holds it is not ours to end."""
    with serving(exporter, "127.0.0.1", 0) as address:
        port = httpx.URL(address).port
        sentence = rf"127\.0\.0\.1:{port} cannot be listened at \(Address already in use\); end what listens there"
        with pytest.raises(UsageError, match=sentence), serving(exporter, "127.0.0.1", port or 0):
            pass
        assert "streamproof_look_success 1.0" in httpx.get(address).text


def test_every_alert_is_documented() -> None:
    """And no other is."""
    rules = (PAGE.parents[1] / "docker" / "prometheus" / "alerts.yml").read_text()
    told = re.findall(r"^\| `([A-Z]\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert told == re.findall(r"- alert: (\w+)", rules)
