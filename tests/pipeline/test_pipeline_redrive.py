"""Dead letters go back to where they came from: each once, as they were, and no further than there were any."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Producer

from pipeline.events import Headers, PoisonError, Record, Result
from pipeline.letters import dead_letter
from pipeline.redrive import revived, source_of
from tests.pipeline.projected import Projected, state

WaitUntil = Callable[[Callable[[], bool]], None]


def lettered(headers: Headers) -> Record:
    """A record with these headers, as its dead letter is read."""
    letter = dead_letter(
        PoisonError("not-json", "no"), Record(b"key", b"\xff", headers, ("orders", 3, 1207)), "orders-group"
    )
    return Record(letter.key, letter.value, letter.headers, ("orders-dlq", 0, 5))


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ([], [("redrive-count", b"1")]),
        ([("raw", b"\xff\xfe"), ("none", None)], [("raw", b"\xff\xfe"), ("none", None), ("redrive-count", b"1")]),
        ([("redrive-count", b"1"), ("event-id", b"e-1")], [("event-id", b"e-1"), ("redrive-count", b"2")]),
        ([("redrive-count", b"\xff")], [("redrive-count", b"1")]),
    ],
)  # fmt: skip
def test_a_record_is_as_it_was_before_its_letter(headers: Headers, after: Headers) -> None:
    """Key, value and headers, raw; what the letter added is gone, and how often it was sent back is counted."""
    letter = lettered(headers)
    assert source_of(letter) == "orders"
    assert revived(letter) == Result(b"key", b"\xff", after)


def test_a_letter_of_a_letter_goes_to_where_it_was_last() -> None:
    """Somebody's consumer of dead letters may fail too."""
    inner = lettered([])
    outer = dead_letter(PoisonError("failed", "no"), inner, "letters-group")
    assert source_of(Record(outer.key, outer.value, outer.headers)) == "orders-dlq"
    assert source_of(Record(b"key", b"", [("dlq-topic", None)])) is None


def redrive(projected: Projected, name: str, **more: str) -> Any:
    letters = projected.stage.topics["DLQ_TOPIC"]
    group = f"{projected.stage.group}-redrive"
    return projected.stage.start(name, "pipeline", "redrive", **{"GROUP_ID": group, "INPUT_TOPIC": letters, **more})


def test_letters_are_sent_back_once_and_not_round_and_round(projected: Projected, wait_until: WaitUntil) -> None:
    """What still fails comes to the letters again, with its count, and is left for the next redrive."""
    projected.send(range(60), poison=(0, 7, 30))
    foreign = Producer({"bootstrap.servers": projected.stage.bootstrap_servers})
    foreign.produce(projected.stage.topics["DLQ_TOPIC"], b"no letter of ours", "order-0")
    assert foreign.flush(20) == 0
    projected.start()
    wait_until(lambda: projected.stage.committed() >= 60)

    for life in (1, 2):
        assert redrive(projected, f"redrive-{life}").wait(60) == 0
        wait_until(lambda enough=60 + 3 * life: projected.stage.committed() >= enough)  # type: ignore[misc]
    assert "redriven sent=3 left=1" in projected.stage.log("redrive-1")
    assert "redriven sent=3 left=0" in projected.stage.log("redrive-2")
    letters = projected.stage.read("DLQ_TOPIC")
    counts = Counter(dict(letter.headers() or []).get("redrive-count") for letter in letters)
    assert counts == {None: 4, b"1": 3, b"2": 3}
    assert redrive(projected, "bounded", MAX_RECORDS="1").wait(60) == 0
    assert "redriven sent=1 left=0" in projected.stage.log("bounded")


def test_what_was_mended_succeeds(projected: Projected, wait_until: WaitUntil) -> None:
    """A letter whose record is good now is done, and is no letter again; it says what it did."""
    source = projected.stage.topics["INPUT_TOPIC"]
    letter = dead_letter(
        PoisonError("failed", "the database refused it"),
        Record(b"order-1", json.dumps(state(1)).encode(), [("event-id", b"event-1")], (source, 0, 0)),
        "projector",
    )
    producer = Producer({"bootstrap.servers": projected.stage.bootstrap_servers})
    producer.produce(projected.stage.topics["DLQ_TOPIC"], letter.value, letter.key, headers=letter.headers)
    assert producer.flush(20) == 0
    assert redrive(projected, "redrive").wait(60) == 0
    assert "redriven sent=1 left=0" in projected.stage.log("redrive")
    projected.start()
    wait_until(lambda: projected.kept() == {"event-1"})
    assert [dict(found.headers()) for found in projected.stage.read("INPUT_TOPIC")] == [
        {"event-id": b"event-1", "redrive-count": b"1"}
    ]
    assert redrive(projected, "again").wait(60) == 0
    assert "redriven sent=0 left=0" in projected.stage.log("again")


def test_a_topic_that_is_not_there_is_told(projected: Projected) -> None:
    """With the variable to set."""
    assert redrive(projected, "redrive", INPUT_TOPIC="not-made").wait(60) == 1
    assert "set INPUT_TOPIC to a topic of dead letters" in projected.stage.log("redrive")
