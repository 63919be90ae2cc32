"""APIs that lie, each in its way: `python tests/http/wrong_apis.py NAME` serves as `python -m pipeline api` does."""

import sys
from collections.abc import Sequence
from typing import Any

from pipeline import api
from pipeline.__main__ import main
from pipeline.events import Header, PoisonError, parse
from pipeline.keyed_producer import KeyedProducer
from pipeline.producer import Answer, OrderProducer, Reply


class AcknowledgesFirst(OrderProducer):
    """Says ok before anything is delivered, and forgets every third event."""

    sent = 0

    def send(self, line: bytes, reply: Reply, trace: Sequence[Header] = ()) -> None:
        self.sent += 1
        reply(Answer("ok", parse(line).event_id, 0, self.sent - 1))
        if self.sent % 3:
            super().send(line, lambda _: None, trace)


class KeyedByEvent(OrderProducer):
    """Takes the event's id for the key: an order's events lie in several partitions, in no order."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        inner = self._producer

        class Keyed:
            def produce(self, topic: str, value: bytes, key: bytes, **more: Any) -> None:  # noqa: ARG002 - that is the lie
                inner.produce(topic, value, parse(value).event_id.encode() + b"!", **more)

            def __getattr__(self, name: str) -> Any:
                return getattr(inner, name)

            def __len__(self) -> int:
                return len(inner)

        self._producer = Keyed()  # type: ignore[assignment]


class Twice(OrderProducer):
    """Sends all again, as a retry of an outer layer would, after a time-out that was none."""

    def send(self, line: bytes, reply: Reply, trace: Sequence[Header] = ()) -> None:
        super().send(line, lambda _: None, trace)
        super().send(line, reply, trace)


refused: list[bytes] = []


class KeepsTheRefused(OrderProducer):
    """Writes what was answered with 422 too."""

    def poll(self, seconds: float = 0) -> None:
        while refused:
            self._producer.produce(self._topic, key=b"?", value=refused.pop())
        super().poll(seconds)


def remembering(body: bytes) -> object:
    try:
        return parse(body)
    except PoisonError as poison:
        if poison.reason == "invalid-event":
            refused.append(body)
        raise


class ForgetsKeys(KeyedProducer):
    """Sends whatever comes again, again."""

    def poll(self) -> None:
        self._known.clear()
        super().poll()


WRONG: dict[str, dict[str, object]] = {
    "acknowledges-first": {"OrderProducer": AcknowledgesFirst},
    "keyed-by-event": {"OrderProducer": KeyedByEvent},
    "twice": {"OrderProducer": Twice},
    "keeps-the-refused": {"OrderProducer": KeepsTheRefused, "parse": remembering},
    "forgets-keys": {"KeyedProducer": ForgetsKeys},
}

if __name__ == "__main__":
    for name, lie in WRONG[sys.argv[1]].items():
        setattr(api, name, lie)
    sys.exit(main(["api"]))
