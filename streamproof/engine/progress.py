"""How far a run has come, for all that must know while it goes on: the faults, the gate of the input, the terminal."""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping

from streamproof.engine.input import InputPort
from streamproof.errors import ClusterError
from streamproof.recording.batches import Place
from streamproof.recording.observers import Observers

POLL_S = 0.1


class RunProgress:
    """What the subject is done with, and what lies in its hands.

    `start` begins to keep up with what the subject is done with, in a thread of its own; `saw_progress` is then told,
    ten times a second, how many inputs that are. A broker that is away is asked again.
    """

    def __init__(self, port: InputPort, observers: Observers, saw_progress: Callable[[int], None]) -> None:
        self._port, self._observers, self._saw_progress = port, observers, saw_progress
        self._accounted: Mapping[Place, int] = {}
        self._began: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_up, name="progress", daemon=True)

    def start(self) -> None:
        self._began = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def committed(self) -> int:
        """How many inputs the subject was done with a moment ago."""
        return sum(self._accounted.values())

    def fed_for(self) -> float | None:
        """Seconds since the subject was ready, and its input flows; None before."""
        return None if self._began is None else time.monotonic() - self._began

    def in_flight(self) -> frozenset[tuple[int, int]]:
        """Partition and offset of each input that has an effect, and that the subject is not done with."""
        return self._observers.in_flight(self._port.accounted())

    def done(self) -> bool:
        """Whether the subject is done with all that observers have read."""
        return self._observers.done(self._port.accounted())

    def waiting(self) -> int:
        """How many inputs were fed, and are not done with: what is committed past may not be counted as sent yet."""
        return max(0, self._port.workload.sent - self.committed())

    def unanswered(self, instance: int) -> int:
        """How many inputs an instance was given alone and has not answered for; none where a group shares them."""
        return self._port.unanswered(instance)

    def is_whole(self, instances: int) -> bool:
        """Whether so many instances take part in the work. Without a group, each that runs does."""
        return self._port.group is None or self._port.group.is_whole(instances)

    def _keep_up(self) -> None:
        while not self._stopping.wait(POLL_S):
            with contextlib.suppress(ClusterError, OSError):
                self._accounted = self._port.accounted()
                self._saw_progress(self.committed())
