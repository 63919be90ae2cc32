"""The probe tells a real broker from what only looks like a broker."""

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from streamproof.cluster import EmbeddedCluster, connect_existing
from streamproof.cluster.probe import probe, probed
from streamproof.errors import ClusterError

WaitUntil = Callable[[Callable[[], bool]], None]
KEPT = {"isolates": True, "fences": True, "atomic-offsets": True}


def test_real_brokers_keep_their_side(embedded_cluster: EmbeddedCluster) -> None:
    """Apache Kafka isolates, fences, and joins offsets to transactions; again and again, under fresh names."""
    assert probe(embedded_cluster.bootstrap_servers, replication=3) == KEPT
    assert probe(embedded_cluster.bootstrap_servers, replication=3) == KEPT


def test_the_probe_leaves_no_topic_behind(embedded_cluster: EmbeddedCluster, wait_until: WaitUntil) -> None:
    """What it made for itself is gone afterwards, as soon as all brokers know."""
    probe(embedded_cluster.bootstrap_servers, replication=3)
    admin = AdminClient({"bootstrap.servers": embedded_cluster.bootstrap_servers})
    wait_until(lambda: not [name for name in admin.list_topics(timeout=10).topics if "probe" in name])


def test_mock_brokers_keep_nothing(mock_brokers: str) -> None:
    """The client's mock cluster shows aborted records and lets zombies commit: no property holds, nothing raises."""
    assert probe(mock_brokers, replication=3) == dict.fromkeys(KEPT, False)


def test_brokers_that_cannot_be_reached_are_an_error() -> None:
    """Nobody there is not the same as somebody who misbehaves."""
    with pytest.raises(ClusterError, match=r"no broker answers at 127\.0\.0\.1:1 "):
        probe("127.0.0.1:1", replication=1)


def test_what_a_pinned_version_has_shown_is_remembered(
    embedded_cluster: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same jars are tried once; a broker that failed is tried again, and so is a broker that is not ours."""
    monkeypatch.setenv("STREAMPROOF_CACHE_DIR", str(tmp_path))
    answers = [{"isolates": False}, {"isolates": True}]
    monkeypatch.setattr("streamproof.cluster.probe.probe", lambda *_, **__: answers.pop(0))
    assert probed(embedded_cluster, replication=3) == {"isolates": False}
    assert probed(embedded_cluster, replication=3) == {"isolates": True}
    assert probed(embedded_cluster, replication=3) == {"isolates": True}, "remembered: nothing is left to answer"
    with pytest.raises(IndexError):
        probed(connect_existing(embedded_cluster.bootstrap_servers), replication=3)
