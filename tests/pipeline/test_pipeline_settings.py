"""Settings are checked before anything is started, and are what the client accepts."""

import re
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from pydantic import ValidationError

from pipeline.__main__ import MEMBERS
from pipeline.errors import SettingsError
from pipeline.settings import ApiSettings, ForwarderSettings, ProducerSettings, read_settings

SETTINGS = {name: member.settings for name, member in MEMBERS.items()}
NEEDED = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9", "TRANSACTIONAL_ID": "order-processor-instance-1"}


def test_settings_come_from_the_variables_of_their_names() -> None:
    """A variable sets the field of its name, an empty variable does not, and the rest keep their defaults."""
    settings = ForwarderSettings.from_environment({**NEEDED, "MAX_BATCH": "7", "GROUP_ID": ""})
    assert (settings.max_batch, settings.group_id, settings.input_topic) == (7, "order-processor", "order-events")


def test_a_file_sets_what_no_variable_does(tmp_path: Path) -> None:
    """Keys at its top are for all members that have them, a member's table for that member, and first."""
    path = tmp_path / "pipeline.toml"
    path.write_text("max_batch = 7\npartitions = 3\nbatch_ms = 1\n[forward]\nbatch_ms = 2\n[project]\nbatch_ms = 3\n")
    file = read_settings(path, "forward", SETTINGS)
    settings = ForwarderSettings.from_environment({**NEEDED, "MAX_BATCH": "8"}, file)
    assert (settings.max_batch, settings.batch_ms) == (8, 2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max_batch", "pipeline.toml cannot be read as TOML"),
        ("max_bach = 1", "pipeline.toml: no member has a setting max_bach"),
        ("[forward]\nmax_bach = 1", "max_bach: Extra inputs are not permitted; set it right in the file"),
        ("max_batch = 0", "max_batch: Input should be greater than or equal to 1; set it right in the file"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    """With its key, as it is written there."""
    path = tmp_path / "pipeline.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=re.escape(sentence)):
        ForwarderSettings.from_environment(NEEDED, read_settings(path, "forward", SETTINGS))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"TRANSACTIONAL_ID": ""}, "TRANSACTIONAL_ID"),
        ({"MAX_BATCH": "many"}, "MAX_BATCH"),
        ({"MAX_BATCH": "0"}, "MAX_BATCH"),
        ({"GROUP_PROTOCOL": "modern"}, "GROUP_PROTOCOL"),
        ({"SESSION_TIMEOUT_MS": "2000", "HEARTBEAT_INTERVAL_MS": "1000"}, "HEARTBEAT_INTERVAL_MS=1000"),
        ({"TRANSACTION_TIMEOUT_MS": "300000"}, "MAX_POLL_INTERVAL_MS must exceed TRANSACTION_TIMEOUT_MS"),
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, str], named: str) -> None:
    """A sentence names the variable that is missing, malformed, or at odds with another."""
    with pytest.raises(SettingsError, match=named):
        ForwarderSettings.from_environment({**NEEDED, **wrong})


def test_settings_are_frozen() -> None:
    """Nothing changes a setting once it was checked."""
    settings = ForwarderSettings.from_environment(NEEDED)
    with pytest.raises(ValidationError):
        settings.max_batch = 1


@pytest.mark.parametrize("transaction_timeout_ms", ["1000", "10000", "60000", "200000"])
def test_a_record_is_not_waited_for_longer_than_its_transaction(transaction_timeout_ms: str) -> None:
    """The client refuses a delivery time-out beyond the transaction's; whatever the latter, it is accepted."""
    settings = ForwarderSettings.from_environment({**NEEDED, "TRANSACTION_TIMEOUT_MS": transaction_timeout_ms})
    config = settings.producer_config()
    assert int(config["delivery.timeout.ms"]) <= int(config["transaction.timeout.ms"])
    Producer(config)


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
@pytest.mark.parametrize("instance", ["", "forwarder-1"])
def test_the_client_accepts_the_consumers_settings(protocol: str, instance: str) -> None:
    """Under both group protocols, static or not, librdkafka takes the configuration."""
    settings = ForwarderSettings.from_environment({**NEEDED, "GROUP_PROTOCOL": protocol, "GROUP_INSTANCE_ID": instance})
    Consumer(settings.consumer_config()).close()


def test_the_new_group_protocol_gets_no_session_settings() -> None:
    """With group.protocol=consumer the session is the broker's; the classic protocol sets its own."""
    new = ForwarderSettings.from_environment({**NEEDED, "GROUP_PROTOCOL": "consumer"}).consumer_config()
    classic = ForwarderSettings.from_environment(NEEDED).consumer_config()
    session = {"session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"}
    assert not session & new.keys()
    assert session <= classic.keys()


@pytest.mark.parametrize(("acks", "idempotent"), [("all", True), ("1", False), ("0", False)])
def test_the_client_accepts_the_producers_settings(acks: str, idempotent: bool) -> None:
    """Under each ACKS librdkafka takes the configuration; idempotence comes with all, and else a single request flies.

    Without idempotence, what is sent again would land behind what came after it.
    """
    config = ProducerSettings.from_environment({**NEEDED, "ACKS": acks}).client_config()
    Producer(config)
    assert config["enable.idempotence"] is idempotent
    assert (config["max.in.flight.requests.per.connection"] == 1) is not idempotent


@pytest.mark.parametrize(
    ("settings", "wrong", "named"),
    [
        (ProducerSettings, {"ACKS": "2"}, "ACKS"),
        (ProducerSettings, {"ACKS": "1", "ENABLE_IDEMPOTENCE": "true"}, "ENABLE_IDEMPOTENCE=true needs ACKS=all"),
        (ProducerSettings, {"ACKS": "0", "ENABLE_IDEMPOTENCE": "true"}, "not ACKS=0"),
        (ApiSettings, {"ACKS": "1"}, "ACKS"),
    ],
)
def test_what_cannot_be_promised_is_refused(
    settings: type[ProducerSettings], wrong: dict[str, str], named: str
) -> None:
    """Idempotence rests on ACKS=all, and so does what the API promises to others."""
    with pytest.raises(SettingsError, match=named):
        settings.from_environment({**NEEDED, **wrong})
