"""What the proxy costs a client: the same producer and consumer, Kafka's own in Java, through it and directly."""

import statistics
import time
from typing import Any

from bench.producer import PARTITIONS, RECORDS, REPEATS, consumed, produced, tools
from streamproof.cluster import start_embedded
from streamproof.guardian import Guardian
from streamproof.kafka.topics import create_topics
from streamproof.wire import Proxy


def through_the_proxy() -> list[dict[str, Any]]:
    """Records a second, the median of some runs, by turns; and the proxy's own processor time, whatever else runs."""
    taken: dict[str, list[float]] = {}
    spent = 0.0
    with Guardian() as guardian, start_embedded(guardian, brokers=3, logs=guardian.directory / "logs") as cluster:
        java, direct = tools(), cluster.subject_bootstrap_servers
        proxy = Proxy(direct)
        proxy.start()
        try:
            for number in range(REPEATS):
                for way, servers in (("proxy", proxy.servers(1)), ("direct", direct)):
                    topic = f"{way}-{number}"
                    create_topics(cluster.bootstrap_servers, {topic: PARTITIONS}, replication=3)
                    before = time.process_time()
                    taken.setdefault(f"produce {way}", []).append(produced(java, servers, topic))
                    taken.setdefault(f"consume {way}", []).append(consumed(java, servers, topic))
                    spent += (time.process_time() - before) * (1 if way == "proxy" else -1)
        finally:
            proxy.stop()
    rates = [_row(what, taken[f"{what} proxy"], taken[f"{what} direct"]) for what in ("produce", "consume")]
    per_thousand = spent * 1000 / (REPEATS * RECORDS / 1000)
    cost = {
        "name": "of the proxy, 1,000 records produced and consumed",
        "value": per_thousand,
        "unit": "ms of processor",
    }
    return [*rates, cost]


def _row(what: str, through: list[float], direct: list[float]) -> dict[str, Any]:
    value, peer_value = statistics.median(through), statistics.median(direct)
    return {
        "name": f"{what} through the proxy", "value": round(value), "unit": "records/s", "peer": "directly",
        "peer_value": round(peer_value), "ratio": round(value / peer_value, 2),
    }  # fmt: skip
