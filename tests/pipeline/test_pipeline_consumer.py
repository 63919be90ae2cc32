"""The projector on real brokers and a real database: whatever fails, no order is lost, and none goes back."""

import json
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import Producer

from tests.pipeline.projected import ORDERS_IN_ALL, Projected

WaitUntil = Callable[[Callable[[], bool]], None]
SIZE = 300


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_each_state_is_kept_and_poison_is_dead_lettered(
    projected: Projected, wait_until: WaitUntil, protocol: str
) -> None:
    """All states, each order's last state, and what was no state as it came; SIGTERM ends it with status 0."""
    projected.send(range(SIZE), poison=(7, 130))
    process = projected.start(GROUP_PROTOCOL=protocol)
    wait_until(lambda: projected.stage.committed() >= SIZE)
    process.terminate()
    assert process.wait(10) == 0
    kept = Counter(found for (found,) in projected.ask("SELECT event_id FROM order_history"))
    assert kept == Counter(f"event-{number}" for number in range(SIZE) if number not in {7, 130})
    last = SIZE // ORDERS_IN_ALL - 1
    assert projected.ask("SELECT DISTINCT sequence FROM order_state") == [(last,)]
    assert projected.stage.ids("DLQ_TOPIC") == Counter(["event-7", "event-130"])
    assert {message.value() for message in projected.stage.read("DLQ_TOPIC")} == {b"\xff"}


def test_what_cannot_be_written_is_kept_and_not_passed_by(projected: Projected, wait_until: WaitUntil) -> None:
    """While the database is locked nothing is committed and the member stays; then all is there."""
    with projected.locked():
        projected.send(range(SIZE))
        projected.start(SESSION_TIMEOUT_MS="1500", MAX_POLL_INTERVAL_MS="5500")
        wait_until(lambda: projected.stage.log("projector").count("trying again") >= 3)
        assert projected.stage.committed() == 0
    wait_until(lambda: projected.stage.committed() >= SIZE)
    assert projected.ask("SELECT count(*) FROM order_history") == [(SIZE,)]
    assert "lost" not in projected.stage.log("projector")


def test_a_killed_projector_is_followed_by_another_that_goes_on(projected: Projected, wait_until: WaitUntil) -> None:
    """Killed again and again in the midst of its work, and nothing is missing."""
    projected.send(range(SIZE))
    for life in range(3):
        process = projected.start(MAX_BATCH="10")
        wait_until(lambda enough=(life + 1) * 60: projected.stage.committed() >= enough)  # type: ignore[misc]
        process.kill()
        process.wait()
    projected.start()
    wait_until(lambda: projected.stage.committed() >= SIZE)
    assert projected.ask("SELECT count(*) FROM order_history") == [(SIZE,)]


def test_waking_after_its_session_takes_nothing_back(projected: Projected, wait_until: WaitUntil) -> None:
    """Another has gone on meanwhile: no commit, and no order, goes back to where the sleeper was."""
    projected.send(range(SIZE))
    sleeper = projected.start("sleeper", MAX_BATCH="10")
    wait_until(lambda: projected.stage.committed() >= 50)
    wait_until(lambda: projected.stopped(sleeper))
    projected.start("other")
    wait_until(lambda: "owned=[0, 1, 2]" in projected.stage.log("other"))
    wait_until(lambda: projected.stage.committed() >= SIZE)
    sleeper.send_signal(signal.SIGCONT)
    wait_until(lambda: "lost" in projected.stage.log("sleeper"))
    projected.send(range(SIZE, SIZE + ORDERS_IN_ALL))
    wait_until(lambda: projected.stage.committed() >= SIZE + ORDERS_IN_ALL)
    assert projected.ask("SELECT DISTINCT sequence FROM order_state") == [(SIZE // ORDERS_IN_ALL,)]


def test_a_projector_that_is_told_to_stop_leaves_what_it_cannot_write_to_the_next(
    projected: Projected, wait_until: WaitUntil
) -> None:
    """SIGTERM while the database is locked: it ends in order and commits nothing, and the next process does it all."""
    with projected.locked():
        projected.send(range(SIZE))
        process = projected.start()
        wait_until(lambda: projected.stage.log("projector").count("trying again") >= 2)
        process.terminate()
        assert process.wait(10) == 0
        assert projected.stage.committed() == 0
    projected.start()
    wait_until(lambda: projected.stage.committed() >= SIZE)
    assert len(projected.kept()) == SIZE


def test_nothing_is_committed_before_its_dead_letters_are_acknowledged(
    projected: Projected, wait_until: WaitUntil
) -> None:
    """Every partition begins with poison, and its topic is not there: what is valid is written, nothing committed."""
    poison = tuple(range(ORDERS_IN_ALL))
    projected.send(range(SIZE), poison=poison)
    process = projected.start(DLQ_TOPIC="not-made", STOP_MS="1000")
    wait_until(lambda: bool(projected.kept()))
    process.terminate()
    assert process.wait(20) == 0
    assert projected.stage.committed() == 0
    assert "stopped" in projected.stage.log("projector")
    projected.start()
    wait_until(lambda: projected.stage.committed() >= SIZE)
    assert projected.stage.ids("DLQ_TOPIC") == Counter(f"event-{number}" for number in poison)


def test_the_largest_record_can_be_dead_lettered(projected: Projected, wait_until: WaitUntil) -> None:
    """With the reasons it is larger than its topic took; that of dead letters has room for them."""
    value = projected.stage.send_largest()
    projected.start()
    wait_until(lambda: projected.stage.committed() == 1)
    assert [message.value() for message in projected.stage.read("DLQ_TOPIC")] == [value]


def test_a_dead_letter_that_its_topic_refuses_ends_it_and_passes_nothing_by(projected: Projected) -> None:
    """It says what to change; to go on without it would lose the record."""
    projected.stage.send_largest()
    process = projected.start(DLQ_TOPIC=projected.stage.topics["PROCESSED_TOPIC"])
    assert process.wait(30) == 1
    assert "look at the topic, and at its max.message.bytes" in projected.stage.log("projector")
    assert projected.stage.committed() == 0


def test_a_projector_that_waits_for_its_database_hears_that_it_was_replaced(
    projected: Projected, wait_until: WaitUntil
) -> None:
    """Another has taken its group.instance.id meanwhile: it starts over, as it does at any other time."""
    with projected.locked():
        projected.send(range(SIZE))
        projected.start("first", GROUP_INSTANCE_ID="projector-1", FENCED_LIMIT="0")
        wait_until(lambda: "trying again" in projected.stage.log("first"))
        projected.start("second", GROUP_INSTANCE_ID="projector-1", FENCED_LIMIT="0")
        wait_until(lambda: "GROUP_INSTANCE_ID=projector-1" in projected.stage.log("first"))
    wait_until(lambda: projected.stage.committed() >= SIZE)
    assert len(projected.kept()) == SIZE


def test_the_smallest_consumer_keeps_user_events(stage: Any, wait_until: WaitUntil) -> None:
    """Two instances share a database; what is no event is dead-lettered as it came."""
    path = stage.directory / "users.db"
    stage.send(range(10))  # order events are no user events
    producer = Producer({"bootstrap.servers": stage.bootstrap_servers})
    for number in range(SIZE):
        user = f"user-{number % 30}"
        record = {
            "event_id": f"{user}-{number}",
            "user_id": user,
            "sequence": number // 30,
            "type": "viewed",
            "page": "/lamps",
            "occurred_at": "2026-03-01T09:14:40Z",
        }
        producer.produce(stage.topics["INPUT_TOPIC"], json.dumps(record), user)
    assert producer.flush(20) == 0
    for name in ("first", "second"):
        stage.start(name, "pipeline", "consume", DATABASE=str(path))
    wait_until(lambda: stage.committed() >= SIZE + 10)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM user_event").fetchone() == (SIZE,)
        assert connection.execute("SELECT sequence FROM user_event WHERE user_id = 'user-7' ORDER BY 1").fetchall() == [
            (sequence,) for sequence in range(SIZE // 30)
        ]
    assert {message.key() for message in stage.read("DLQ_TOPIC")} == {b"order-%d" % number for number in range(10)}
