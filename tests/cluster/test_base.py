"""What is the same of every cluster."""

import pytest

from streamproof.cluster import ExistingCluster, has_one_clock


@pytest.mark.parametrize(
    ("addresses", "same_clock"),
    [
        (["127.0.0.1:9092", "localhost:9093", "[::1]:9094"], True),
        (["127.0.0.1:9092", "10.0.0.2:9092"], False),
        (["kafka-1.example.com:9092"], False),
    ],
)
def test_only_brokers_of_this_machine_have_one_clock(addresses: list[str], same_clock: bool) -> None:
    """Times that others give can be apart by as much as their clocks are."""
    cluster = ExistingCluster("unknown", dict(enumerate(addresses)), addresses[0], addresses[0])
    assert has_one_clock(cluster) is same_clock


def test_loopback_may_lead_into_a_virtual_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """As to Docker's containers outside Linux: their clock is another."""
    address = "127.0.0.1:9092"
    cluster = ExistingCluster("unknown", {1: address}, address, address)
    monkeypatch.setattr("sys.platform", "darwin")
    assert not has_one_clock(cluster)
