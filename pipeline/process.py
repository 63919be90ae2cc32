"""What every member of the pipeline shares as a process: a log, a line for each thing of note, and an orderly end."""

import gc
import json
import logging
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime


def say(event: str, **details: object) -> None:
    """Write a line to stderr: the time, what happened, and details as name=JSON."""
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    rest = "".join(f" {name}={json.dumps(value, default=str)}" for name, value in details.items())
    sys.stderr.write(f"{stamp} {event}{rest}\n")
    sys.stderr.flush()


def client_logger(listener: Callable[[str], None] = lambda _: None) -> logging.Logger:
    """A logger for a Kafka client, whose lines become ours and are told to `listener`: lost connections and requests.

    The client hands them over in its `poll`, in the caller's thread.
    """

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say("client", line=record.getMessage())
            listener(record.getMessage())

    # of no name in the hierarchy: two clients must not hear each other
    logger = logging.Logger("kafka", level=logging.INFO)  # noqa: LOG001
    logger.addHandler(Handler())
    return logger


def spare_the_collector() -> None:
    """Look for cycles seldom: a batch is thousands of objects that live until it is done, and none is in a cycle."""
    gc.set_threshold(200_000)


class Stop:
    """SIGTERM or SIGINT: begin nothing new, and give up after `grace_ms` what is still open."""

    def __init__(self, grace_ms: int) -> None:
        self._grace_s = grace_ms / 1000
        self._given_up_at = float("inf")

    def listen(self) -> None:
        """Take the process's signals; only from its main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.request())

    def request(self) -> None:
        if not self.requested:
            self._given_up_at = time.monotonic() + self._grace_s

    @property
    def requested(self) -> bool:
        return self._given_up_at != float("inf")

    def seconds_left(self, until: float) -> float:
        """Until `until` on the monotonic clock, or until the grace ends if that is earlier; never below zero."""
        return max(0.0, min(until, self._given_up_at) - time.monotonic())
