"""A secured listener for subjects: who comes in, and what may be done there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streamproof.cluster import EMBEDDED, OwnedCluster, check_cluster, open_cluster
from streamproof.cluster.security import Security, client_settings, make_security
from streamproof.errors import UsageError
from streamproof.guardian import Guardian
from streamproof.kafka.access import DESCRIBE, TOPIC, WRITE, Right, grant
from streamproof.kafka.topics import create_topics

REFUSED_MS = 2_000  # how long a client tries that never comes in
Start = Callable[..., AbstractContextManager[OwnedCluster[Any]]]


def written(client: dict[str, str], topic: str, *, within_ms: int = 30_000) -> str:
    """What became of a record: ok, or the error's name."""
    told: list[KafkaError | None] = []
    producer = Producer({**client, "message.timeout.ms": str(within_ms), "log_level": 0, "error_cb": lambda _: None})
    producer.produce(topic, b"x", on_delivery=lambda error, _: told.append(error))
    assert producer.flush(40) == 0
    return "ok" if told[0] is None else str(told[0].name())


def test_a_user_does_what_was_granted_and_nothing_else(start: Start, guardian: Guardian, tmp_path: Path) -> None:
    """By its password; a wrong password gets nothing, nor does a client that does not ask for encryption."""
    security = make_security("scram", tmp_path / "security")
    with start(guardian, brokers=1, logs=tmp_path, security=security) as cluster:
        create_topics(cluster.bootstrap_servers, {"granted": 1, "other": 1}, replication=1)
        grant(
            cluster.bootstrap_servers,
            str(security.principal),
            (Right(TOPIC, "granted", WRITE), Right(TOPIC, "granted", DESCRIBE)),
        )
        client = client_settings(cluster.subject_values)
        assert written(client, "granted") == "ok"
        assert written(client, "other") == "TOPIC_AUTHORIZATION_FAILED"
        admin = AdminClient({**client, "log_level": 0})
        (made,) = admin.create_topics([NewTopic("new", 1, 1)]).values()
        with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
            made.result(20)
        for stranger in ({**client, "sasl.password": "guessed"}, {"bootstrap.servers": client["bootstrap.servers"]}):
            assert written(stranger, "granted", within_ms=REFUSED_MS) == "_MSG_TIMED_OUT"
        assert written({"bootstrap.servers": cluster.bootstrap_servers}, "other") == "ok"  # the verifier's own listener
        grant(cluster.bootstrap_servers, str(security.principal), (Right(TOPIC, "other", WRITE),))
        assert (written(client, "other"), written(client, "granted")) == ("ok", "TOPIC_AUTHORIZATION_FAILED")


def test_a_certificate_says_who_a_client_is(start: Start, guardian: Guardian, tmp_path: Path) -> None:
    """Without a certificate nobody comes in; with it, what was granted to its name may be done."""
    security = make_security("mtls", tmp_path / "security")
    with start(guardian, brokers=1, logs=tmp_path, security=security) as cluster:
        create_topics(cluster.bootstrap_servers, {"granted": 1, "other": 1}, replication=1)
        grant(cluster.bootstrap_servers, "User:subject", (Right(TOPIC, "granted", WRITE),))
        client = client_settings(cluster.subject_values)
        assert (written(client, "granted"), written(client, "other")) == ("ok", "TOPIC_AUTHORIZATION_FAILED")
        nameless = {name: value for name, value in client.items() if "certificate" not in name and "key" not in name}
        assert written(nameless, "granted", within_ms=REFUSED_MS) == "_MSG_TIMED_OUT"


def test_tls_alone_asks_nobody_who_he_is(guardian: Guardian, tmp_path: Path) -> None:
    """What is sent is encrypted; the broker must have the certificate that the client expects."""
    with open_cluster(EMBEDDED, guardian, brokers=1, logs=tmp_path, security="tls") as cluster:
        create_topics(cluster.bootstrap_servers, {"any": 1}, replication=1)
        client = client_settings(cluster.subject_values)
        assert written(client, "any") == "ok"
        others = make_security("tls", tmp_path / "others")
        misled = {**client, "ssl.ca.location": others.values["ca_file"]}
        assert written(misled, "any", within_ms=REFUSED_MS) == "_MSG_TIMED_OUT"


def test_secrets_are_this_users_alone_and_in_no_text(tmp_path: Path) -> None:
    """Files that nobody else may read; what is printed of it has neither key nor password."""
    scram, mtls = (make_security(mode, tmp_path / mode) for mode in ("scram", "mtls"))
    for path in (tmp_path / "mtls").iterdir():
        assert path.stat().st_mode & 0o077 == 0
    for told in map(repr, (scram, mtls)):
        assert "PRIVATE KEY" not in told
        assert scram.values["kafka_password"] not in told
    assert isinstance(scram, Security)


@pytest.mark.parametrize(
    ("where", "mode", "sentence"),
    [
        ("embedded", "scarm", '--security "scarm" is none (did you mean "scram"?); give tls, mtls, scram'),
        ("127.0.0.1:9092", "tls", "the cluster at 127.0.0.1:9092 is there already: the number of brokers, their "),
    ],
)
def test_a_security_that_cannot_be_is_told(where: str, mode: str, sentence: str) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError) as caught:
        check_cluster(where, security=mode)
    assert str(caught.value).startswith(sentence)
