"""Members that say who they are, and may do no more than their contract names: what is refused loses nothing."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import ForwarderSettings, ProducerSettings
from streamproof.cluster import EMBEDDED, Cluster, open_cluster
from streamproof.guardian import Guardian
from streamproof.kafka.access import DESCRIBE, GROUP, READ, TOPIC, TRANSACTIONAL_ID, WRITE, Right, grant
from streamproof.kafka.topics import create_topics
from tests.pipeline.conftest import PARTITIONS, VARIABLES, Stage

WaitUntil = Callable[[Callable[[], bool]], None]
SIZE = 40
POISON = 7


@pytest.fixture(scope="module")
def secured(session_guardian: Guardian, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A broker that asks for a password, and lets nobody do what was not granted."""
    logs = tmp_path_factory.mktemp("secured")
    with open_cluster(EMBEDDED, session_guardian, brokers=1, logs=logs, security="scram") as cluster:
        yield cluster


@pytest.fixture
def stage(secured: Cluster, session_guardian: Guardian, tmp_path: Path) -> Iterator[Stage]:
    name = uuid.uuid4().hex[:8]
    topics = {variable: f"{variable.lower().replace('_', '-')}-{name}" for variable in VARIABLES}
    create_topics(secured.bootstrap_servers, dict.fromkeys(topics.values(), PARTITIONS), replication=1)
    made = Stage(secured.bootstrap_servers, topics, f"group-{name}", tmp_path, session_guardian)
    yield made
    made.end()


def credentials(cluster: Cluster) -> Any:
    values = cluster.subject_values
    return {
        "KAFKA_BOOTSTRAP_SERVERS": values["bootstrap_servers"],
        "SECURITY_PROTOCOL": values["security_protocol"],
        "SSL_CA_LOCATION": values["ca_file"],
        "SASL_USERNAME": values["kafka_username"],
        "SASL_PASSWORD": values["kafka_password"],
    }


def rights(stage: Stage) -> dict[str, tuple[Right, ...]]:
    """The least that a forwarder needs, each by what it is for."""
    named = stage.topics
    return {
        "input": (Right(TOPIC, named["INPUT_TOPIC"], READ),),
        "group": (Right(GROUP, stage.group, READ),),
        "transactions": tuple(Right(TRANSACTIONAL_ID, f"{stage.group}-1", kind) for kind in (WRITE, DESCRIBE)),
        "processed": (Right(TOPIC, named["PROCESSED_TOPIC"], WRITE),),
        "notifications": (Right(TOPIC, named["NOTIFICATIONS_TOPIC"], WRITE),),
        "dead letters": (Right(TOPIC, named["DLQ_TOPIC"], WRITE),),
    }


@pytest.mark.parametrize("lacking", ["input", "group", "transactions", "processed", "dead letters"])
def test_a_forwarder_that_lacks_a_right_loses_nothing(
    lacking: str, stage: Stage, secured: Cluster, wait_until: WaitUntil
) -> None:
    """It ends with status 1 and says why, or tries again; with the right granted, each event is done once."""
    principal, needed = str(secured.security and secured.security.principal), rights(stage)
    granted = [right for name, group in needed.items() if name != lacking for right in group]
    grant(secured.bootstrap_servers, principal, granted)
    stage.send(range(SIZE), poison=lambda number: number == POISON)
    refused = stage.start("refused", **credentials(secured))
    wait_until(lambda: refused.poll() is not None or stage.log("refused").count("aborting") > 1)
    assert refused.poll() in (None, 1)
    assert stage.committed() < SIZE  # a batch without the poison may have needed no letter
    refused.kill()
    assert secured.subject_values["kafka_password"] not in stage.log("refused")
    grant(secured.bootstrap_servers, principal, [*granted, *needed[lacking]])
    stage.start("forwarder", **credentials(secured))
    wait_until(lambda: stage.committed() >= SIZE)
    assert stage.ids("PROCESSED_TOPIC") == Counter(f"event-{n}" for n in range(SIZE) if n != POISON)
    assert stage.ids("DLQ_TOPIC") == {f"event-{POISON}": 1}


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_USERNAME": "u"}, "SECURITY_PROTOCOL=SASL_SSL needs SASL_USERNAME and"),
        ({"SSL_KEY_LOCATION": "key.pem"}, "SSL_CERTIFICATE_LOCATION and SSL_KEY_LOCATION go together"),
        ({"SECURITY_PROTOCOL": "TLS"}, "SECURITY_PROTOCOL: Input should be 'PLAINTEXT', 'SSL', "),
    ],
)
def test_settings_that_do_not_fit_are_told(environment: dict[str, str], sentence: str) -> None:
    """Before a client is made, in one sentence."""
    with pytest.raises(SettingsError) as caught:
        ProducerSettings.from_environment({"KAFKA_BOOTSTRAP_SERVERS": "b:1", **environment})
    assert str(caught.value).startswith(sentence)


def test_a_password_is_shown_to_the_client_alone() -> None:
    """Every client of a member gets it; no text of the settings has it."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": "b:1",
        "TRANSACTIONAL_ID": "t",
        "SECURITY_PROTOCOL": "SASL_SSL",
        "SASL_USERNAME": "u",
        "SASL_PASSWORD": "hidden",
    }
    settings = ForwarderSettings.from_environment(environment)
    clients: tuple[Any, ...] = (settings.consumer_config(), settings.producer_config())
    assert [client["sasl.password"] for client in clients] == ["hidden", "hidden"]
    assert "hidden" not in f"{settings} {settings!r}"
