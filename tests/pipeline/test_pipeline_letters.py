"""What a dead letter keeps of its record, and what it tells, whichever member writes it."""

import json
import time
from datetime import datetime
from pathlib import Path

from jsonschema import Draft7Validator

from pipeline.events import Headers, PoisonError, Record
from pipeline.letters import dead_letter

SCHEMA = Path(__file__).parents[2] / "contracts" / "schemas" / "dead-letter-headers.json"


def test_a_letter_says_what_became_of_its_record() -> None:
    """Raw key, value and headers; where it was, who failed, how, how often and when; and its own time."""
    headers: Headers = [("raw", b"\xfe"), ("none", None), ("raw", b"2")]
    record = Record(b"\xff", None, headers, ("orders", 3, 1207), timestamp=-1)
    letter = dead_letter(KeyError("a bug"), record, "order-projector", 10, (0.0, 1.5))
    assert (letter.key, letter.value, letter.headers[:3]) == (b"\xff", None, headers)
    assert dict(letter.headers[3:]) == {
        "dlq-reason": b"failed",
        "dlq-detail": b"'a bug'",
        "dlq-topic": b"orders",
        "dlq-partition": b"3",
        "dlq-offset": b"1207",
        "dlq-attempts": b"10",
        "dlq-group": b"order-projector",
        "dlq-exception": b"KeyError",
        "dlq-first-failure": b"1970-01-01T00:00:00.000+00:00",
        "dlq-last-failure": b"1970-01-01T00:00:01.500+00:00",
        "dlq-timestamp": b"-1",
    }


def test_poison_fails_once_and_now() -> None:
    """By its reason, in headers that the contract's schema accepts, each of which is there."""
    before = time.time()
    letter = dead_letter(PoisonError("not-json", "no"), Record(b"", b"{", [], ("orders", 0, 1)), "order-processor")
    told = {name: value.decode() for name, value in letter.headers if isinstance(value, bytes)}
    schema = json.loads(SCHEMA.read_text())
    Draft7Validator(schema).validate(told)
    assert set(told) == set(schema["properties"]) - {"event-id", "redrive-count"}
    assert (told["dlq-reason"], told["dlq-attempts"]) == ("not-json", "1")
    assert told["dlq-first-failure"] == told["dlq-last-failure"]
    assert datetime.fromisoformat(told["dlq-first-failure"]).timestamp() >= int(before * 1000) / 1000
