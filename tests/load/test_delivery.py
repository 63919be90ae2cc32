"""The load's producer: what is reported, and when no more."""

import time

from load.delivery import Delivery

NOWHERE = "127.0.0.1:1"
DEADLINE_S = 30.0


def test_what_was_given_up_is_not_reported_to_the_next_load() -> None:
    """A report may come long after: it is none of what was sent since."""
    reported: list[str] = []
    delivery = Delivery(
        {"bootstrap.servers": NOWHERE, "delivery.timeout.ms": 300, "linger.ms": 0},
        lambda _took, size, error: reported.append(f"{size} {type(error).__name__}"),
    )
    delivery.send("orders", b"k", b"first", [], time.monotonic())
    assert delivery.drain(0) == 1
    delivery.send("orders", b"k", b"the second", [], time.monotonic())
    assert delivery.drain(DEADLINE_S) == 0
    delivery.close()
    assert reported == ["10 KafkaException"]
