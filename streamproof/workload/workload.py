"""What all ways to feed a subject have in common: events at a pace, held back by a gate, each send in the log."""

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from streamproof.contract.model import Contract
from streamproof.history.terms import Fate, SendOutcome
from streamproof.workload.events import Event
from streamproof.workload.pace import Pace, everything
from streamproof.workload.send_log import SendLog, Write

POLL_S = 0.02


class Workload(ABC):
    """Feeds the input of one contract. `run` blocks until all is sent and answered; the rest is for other threads.

    A way in says how an event is given, and how the end is waited for. Each send's outcome goes to `_log`.
    """

    def __init__(self, contract: Contract) -> None:
        channel = contract.input.channel
        self.sent = 0
        self._log = SendLog(channel.name, channel.topic)
        self._stopping = threading.Event()

    @property
    def fates(self) -> Mapping[str, tuple[int, Fate]]:
        """Sequence and fate of each id that has been, or is about to be, sent."""
        return self._log.fates

    @property
    def counts(self) -> Counter[SendOutcome]:
        """How many sends ended in which way, so far."""
        return self._log.counts

    def stop(self) -> None:
        """Send nothing more; `run` returns within seconds, and what is unanswered then is unknown."""
        self._stopping.set()

    def prepare(self, events: Sequence[Event]) -> None:  # noqa: B027 - most ways in need nothing before
        """Do in the background what takes its time before the first of `events` can be sent."""

    def run(
        self,
        events: Sequence[Event],
        write: Write,
        *,
        rate: float | None = None,
        gate: Callable[[], float] = everything,
    ) -> None:
        """Send `events`, at most `rate` a second, and at any time no greater share of them than `gate` says.

        `write` gets rows of the `sent` table.
        """
        self._log.write = write
        pace = Pace(rate)
        try:
            for n, event in enumerate(events):
                while not self._stopping.is_set() and (wait := pace.wait(held=n >= gate() * len(events))) > 0:
                    self._pause(min(wait, POLL_S))
                if self._stopping.is_set():
                    break
                self._log.expect(event)
                self._give(event)
                self.sent += 1
        finally:
            self._finish()
            self._log.flush()

    def _pause(self, seconds: float) -> None:
        """Wait until the next event may be due."""
        self._stopping.wait(seconds)

    @abstractmethod
    def _give(self, event: Event) -> None:
        """Send one event; its answer may come later."""

    @abstractmethod
    def _finish(self) -> None:
        """Wait until each send is answered, or given up."""
