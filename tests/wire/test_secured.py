"""What a subject and its brokers encrypt: the proxy is a broker to the one, and the subject to the others."""

from pathlib import Path

import pytest

from streamproof.cluster import EMBEDDED, open_cluster
from streamproof.cluster.security import client_settings
from streamproof.guardian import Guardian
from streamproof.history.terms import Side
from streamproof.kafka.access import DESCRIBE, TOPIC, WRITE, Right, grant
from streamproof.kafka.topics import create_topics
from streamproof.wire import Proxy
from tests.cluster.test_security import REFUSED_MS, written


@pytest.mark.parametrize(("mode", "credential"), [("mtls", "ssl.certificate.location"), ("scram", "sasl.password")])
def test_requests_are_read_and_who_sent_them_is_kept(
    session_guardian: Guardian, tmp_path: Path, mode: str, credential: str
) -> None:
    """Rights are the subject's own, a client without its credential is refused, and no password is recorded."""
    with open_cluster(EMBEDDED, session_guardian, brokers=1, logs=tmp_path, security=mode) as cluster:
        assert cluster.security is not None
        create_topics(cluster.bootstrap_servers, {"granted": 1, "other": 1}, replication=1)
        rights = (Right(TOPIC, "granted", WRITE), Right(TOPIC, "granted", DESCRIBE))
        grant(cluster.bootstrap_servers, str(cluster.security.principal), rights)
        proxy = Proxy(cluster.subject_bootstrap_servers, cluster.security.ends)
        proxy.start()
        client = client_settings({**cluster.subject_values, "bootstrap_servers": proxy.servers(1)})
        assert written(client, "granted") == "ok"
        assert written(client, "other") == "TOPIC_AUTHORIZATION_FAILED"
        stranger = {name: value for name, value in client.items() if name != credential}
        if mode == "scram":
            stranger[credential] = "guessed"
        else:
            del stranger["ssl.key.location"]
        assert written(stranger, "granted", within_ms=REFUSED_MS) == "_MSG_TIMED_OUT"
        proxy.stop()
        told = [entry.row(proxy.nodes) for entry in proxy.journal.take_all()]
    assert proxy.failure is None
    assert {row["api"] for row in told if row["side"] == Side.REQUEST} >= {"Metadata", "Produce"}
    assert not proxy.raw
    password = cluster.subject_values["kafka_password"]
    assert not password or password not in repr(told)
