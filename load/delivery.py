"""A producer for each process, made after any fork, that never blocks Locust's loop.

Its success is the delivery report. Blocking calls of the client would stop every other user of the process: so it is
only ever polled, from a single greenlet, and never flushed.
"""

import time
from collections.abc import Callable

import gevent
from confluent_kafka import KafkaError, KafkaException, Message, Producer

POLL_S = 0.002
FULL_S = 0.001  # the queue is full: back-pressure, which the record's own latency shows

# seconds from when it was due, size in bytes, what went wrong
Report = Callable[[float, int, Exception | None], None]


class Delivery:
    """`config` is the client's own; `report` is called for each record, from the polling greenlet."""

    def __init__(self, config: dict[str, str | int | bool], report: Report) -> None:
        self._producer = Producer(config)
        self._report = report
        self._load = 0  # how many were drained before
        self._waiting = 0  # records without a report; what the client itself counts holds its errors too
        self._poller = gevent.spawn(self._poll)

    def send(
        self, topic: str, key: bytes, value: bytes, headers: list[tuple[str, str | bytes | None]], due: float
    ) -> None:
        """Queue a record that was due at `due`, as soon as there is room."""
        load = self._load

        def delivered(error: KafkaError | None, message: Message) -> None:
            if load != self._load:  # it was given up, and counted as that
                return
            self._waiting -= 1
            # the client's own clock ended it, not the moment at which it was polled for
            took = queued - due + (message.latency() or 0.0)
            self._report(took, len(value), KafkaException(error) if error else None)

        while True:
            queued = time.monotonic()
            try:
                self._producer.produce(topic, key=key, value=value, headers=headers, on_delivery=delivered)
            except BufferError:
                gevent.sleep(FULL_S)
            except KafkaException as error:
                self._report(queued - due, len(value), error)
                return
            else:
                self._waiting += 1
                return

    def drain(self, seconds: float) -> int:
        """Wait for the reports that are due, at most so long; how many did not come, whose outcome is unknown.

        Those are never reported: the next load has its own.
        """
        until = time.monotonic() + seconds
        while self._waiting and time.monotonic() < until:
            gevent.sleep(POLL_S)
        given_up, self._waiting = self._waiting, 0
        self._load += 1
        return given_up

    def close(self) -> None:
        """Let the client go, before it complains of brokers that are ended."""
        self._poller.kill()
        del self._producer

    def _poll(self) -> None:
        while True:
            self._producer.poll(0)
            gevent.sleep(POLL_S)
