"""An open model: things happen when they are due, however long the last thing took."""

import time

import gevent


class Pace:
    """`rate` times a second from now on."""

    def __init__(self, rate: float) -> None:
        self._every = 1 / rate
        self._due = time.monotonic()

    def wait(self) -> float:
        """Sleep until the next is due, not at all when it is overdue; when it was due, on the monotonic clock."""
        due = self._due
        self._due += self._every
        gevent.sleep(max(0.0, due - time.monotonic()))
        return due
