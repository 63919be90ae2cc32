"""The forwarder on real brokers: each event once, in order, whatever happens to its processes."""

import json
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

WaitUntil = Callable[[Callable[[], bool]], None]
SIZE = 600


def once(numbers: range) -> Counter[str]:
    return Counter(f"event-{number}" for number in numbers)


def in_order(messages: list[Any]) -> bool:
    """Each order's events in the order of their sequence."""
    last: dict[str, int] = {}
    for message in messages:
        value = json.loads(message.value())
        if value["sequence"] <= last.get(value["order_id"], -1):
            return False
        last[value["order_id"]] = value["sequence"]
    return True


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_each_event_has_its_effects_once_and_poison_is_dead_lettered(
    stage: Any, wait_until: WaitUntil, protocol: str
) -> None:
    """Both outputs and the dead letters are complete, in order; and SIGTERM ends it with status 0."""
    stage.send(range(SIZE), poison=lambda number: number % 100 == 7)
    forwarder = stage.start("forwarder", GROUP_PROTOCOL=protocol)
    wait_until(lambda: stage.committed() >= SIZE)
    forwarder.terminate()
    assert forwarder.wait(10) == 0
    poison = once(range(7, SIZE, 100))
    for topic in ("PROCESSED_TOPIC", "NOTIFICATIONS_TOPIC"):
        assert stage.ids(topic) == once(range(SIZE)) - poison
    assert stage.ids("DLQ_TOPIC") == poison
    assert in_order(stage.read("PROCESSED_TOPIC"))
    assert {message.value() for message in stage.read("DLQ_TOPIC")} == {b'{"broken": '}


def test_a_killed_forwarder_goes_on_where_it_was(stage: Any, wait_until: WaitUntil) -> None:
    """Killed again and again in the midst of its work, it neither loses nor doubles an event."""
    stage.send(range(SIZE))
    for life in range(3):
        forwarder = stage.start("forwarder", MAX_BATCH="10")
        wait_until(lambda enough=(life + 1) * 100: stage.committed() >= enough)  # type: ignore[misc]
        forwarder.kill()
        forwarder.wait()
    stage.start("forwarder")
    wait_until(lambda: stage.committed() >= SIZE)
    assert stage.ids("PROCESSED_TOPIC") == once(range(SIZE))
    assert in_order(stage.read("PROCESSED_TOPIC"))


@pytest.mark.parametrize(
    "strategy", [{"PARTITION_ASSIGNMENT_STRATEGY": "range"}, {}, {"GROUP_PROTOCOL": "consumer"}], ids=str
)
def test_members_come_and_go(stage: Any, wait_until: WaitUntil, strategy: dict[str, str]) -> None:
    """A second member joins in the midst, the first is stopped: eager, cooperative, and KIP-848."""
    stage.send(range(SIZE))
    first = stage.start("first", MAX_BATCH="10", **strategy)
    wait_until(lambda: stage.committed() >= 50)
    stage.start("second", instance=2, MAX_BATCH="10", **strategy)
    stage.send(range(SIZE, 2 * SIZE))
    wait_until(lambda: "owned=[" in stage.log("second") and "assigned [" in stage.log("second"))
    first.terminate()
    assert first.wait(10) == 0
    wait_until(lambda: stage.committed() >= 2 * SIZE)
    assert stage.ids("NOTIFICATIONS_TOPIC") == once(range(2 * SIZE))
    assert in_order(stage.read("PROCESSED_TOPIC"))


def test_a_forwarder_that_was_thought_dead_does_no_harm(stage: Any, wait_until: WaitUntil) -> None:
    """Paused beyond its session while another takes over, it comes back, is refused, and starts over."""
    stage.send(range(SIZE))
    zombie = stage.start("zombie", MAX_BATCH="10")
    wait_until(lambda: stage.committed() >= 50)
    zombie.send_signal(signal.SIGSTOP)
    stage.start("heir", instance=2)
    wait_until(lambda: stage.committed() >= SIZE)
    zombie.send_signal(signal.SIGCONT)
    stage.send(range(SIZE, 2 * SIZE))
    wait_until(lambda: stage.committed() >= 2 * SIZE)
    assert stage.ids("PROCESSED_TOPIC") == once(range(2 * SIZE))
    wait_until(lambda: stage.log("zombie").count("assigned [") > 1)


def test_two_with_the_same_id_do_not_fence_each_other_for_ever(stage: Any, wait_until: WaitUntil) -> None:
    """Fenced more often than its limit, a forwarder ends with status 3 and says which setting to mend."""
    first = stage.start("first", FENCED_LIMIT="0")
    wait_until(lambda: "assigned [" in stage.log("first"))
    stage.start("second", FENCED_LIMIT="1")
    wait_until(lambda: "assigned [" in stage.log("second"))
    stage.send(range(SIZE))
    wait_until(lambda: first.poll() is not None)
    assert first.returncode == 3, stage.log("first")
    assert "give each its own TRANSACTIONAL_ID" in stage.log("first")
    wait_until(lambda: stage.committed() >= SIZE)
    assert stage.ids("PROCESSED_TOPIC") == once(range(SIZE))


def test_a_wrong_setting_ends_it_at_once(stage: Any) -> None:
    """Status 2, and a sentence that names the variable."""
    forwarder = stage.start("forwarder", MAX_BATCH="none")
    assert forwarder.wait(20) == 2
    assert "MAX_BATCH" in stage.log("forwarder")


def test_the_largest_record_can_be_dead_lettered(stage: Any, wait_until: WaitUntil) -> None:
    """With the reasons it is larger than its topic took; that of dead letters has room for them."""
    value = stage.send_largest()
    stage.start("forwarder")
    wait_until(lambda: stage.committed() == 1)
    assert [message.value() for message in stage.read("DLQ_TOPIC")] == [value]


def test_a_dead_letter_that_its_topic_refuses_is_tried_until_it_takes_it(stage: Any, wait_until: WaitUntil) -> None:
    """The log says what is too large for which topic, and nothing is passed by; changed, the topic has it."""
    value = stage.send_largest()
    small = stage.topics["PROCESSED_TOPIC"]
    stage.start("forwarder", DLQ_TOPIC=small)
    wait_until(lambda: stage.log("forwarder").count("Message size too large") >= 2)
    assert f"ProduceRequest for {small}" in stage.log("forwarder")
    assert stage.committed() == 0
    larger = ConfigEntry("max.message.bytes", "2000000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, small, incremental_configs=[larger])
    admin = AdminClient({"bootstrap.servers": stage.bootstrap_servers})
    admin.incremental_alter_configs([resource])[resource].result(20)
    wait_until(lambda: stage.committed() == 1)
    assert [message.value() for message in stage.read("PROCESSED_TOPIC")] == [value]
