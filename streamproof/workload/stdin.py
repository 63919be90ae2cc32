"""Feeds a subject through its standard input: a JSON document a line in, one answer a line out.

An answer is `{"outcome": "ok", "id": "…", "partition": 0, "offset": 42}`; outcome is ok, fail or unknown. Other lines
are the subject's own talk. What a process was given and had not answered when it ended is unknown, and is not given
to its successor: that would be another attempt.

An instance's lines are a log of their own: a partition of the topic `STDIN`, in which an input's offset is its line.
Where a consumer group commits, an instance has answered all its lines up to one, or ended without.
"""

import contextlib
import json
import subprocess
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from streamproof.clock import now_us
from streamproof.contract.model import Contract
from streamproof.history.terms import SendOutcome
from streamproof.workload.events import Event
from streamproof.workload.outcome import SendLog, Write
from streamproof.workload.pace import Pace, everything

STDIN = "<stdin>"  # what no topic of Kafka's can be called
WINDOW = 1_000  # events at most that one process has not answered
POLL_S = 0.02
ANSWER_S = 60.0  # after the last event: whatever is unanswered then is unknown

Process = Callable[[int], "subprocess.Popen[bytes]"]
Place = tuple[str, int]


@dataclass(frozen=True)
class Given:
    """A line that an instance was given. `outcome`: how it was answered; unknown, or None while it is not."""

    event: Event
    part: int
    off: int
    t: int
    outcome: SendOutcome | None


@dataclass(frozen=True)
class Advance:
    """From `t` on, all lines of an instance below `off` were accounted for. Microseconds since the epoch."""

    part: int
    off: int
    t: int


class StdinWorkload:
    """Like `Workload`, for a subject whose input is stdin. Each key has one instance of 1 to `instances`.

    `process(n)` is instance n's process at the moment, with pipes for stdin and stdout; what it raises ends the run.
    """

    def __init__(self, contract: Contract, process: Process, instances: int = 1, *, answer_s: float = ANSWER_S) -> None:
        channel = contract.input.channel
        self._outcomes = SendLog(channel.name, channel.topic)
        self._answer_s = answer_s
        self._stopping = threading.Event()
        self._lines = [_Line(n, process, self._outcomes, self._stopping) for n in range(1, instances + 1)]
        self.sent = 0

    @property
    def began(self) -> float | None:
        """When the first event was sent, on the monotonic clock."""
        return self._outcomes.began

    @property
    def counts(self) -> Counter[SendOutcome]:
        """How many sends ended in which way, so far."""
        return self._outcomes.counts

    @property
    def given(self) -> Iterator[Given]:
        """Every line that was given, each instance's in order."""
        for line in self._lines:
            yield from line.given()

    @property
    def advances(self) -> Sequence[Advance]:
        """How far each instance was when, in the order of time."""
        return sorted((advance for line in self._lines for advance in line.advances), key=lambda one: one.t)

    @property
    def places(self) -> Mapping[str, tuple[int, int]]:
        """Instance and line of each id that was given."""
        return {one.event.id: (one.part, one.off) for one in self.given}

    def accounted(self) -> Mapping[Place, int]:
        """Of each instance, the first line that is not accounted for."""
        return {(STDIN, line.number): line.accounted for line in self._lines}

    def last(self) -> Mapping[Place, int]:
        """Of each instance that was given any, the last line."""
        return {(STDIN, line.number): line.count - 1 for line in self._lines if line.count}

    def stop(self) -> None:
        """Give nothing more; what is unanswered then is unknown."""
        self._stopping.set()

    def run(
        self,
        events: Sequence[Event],
        write: Write,
        *,
        rate: float | None = None,
        gate: Callable[[], float] = everything,
    ) -> None:
        """Give the processes `events`, at most `rate` a second, and no greater share of them than `gate` says.

        Returns when all are answered, or given up. `write` gets rows of the `sent` table.
        """
        self._outcomes.write = write
        lines, pace = self._lines, Pace(rate)
        try:
            for n, event in enumerate(events):
                while not self._stopping.is_set() and (wait := pace.wait(held=n >= gate() * len(events))) > 0:
                    self._stopping.wait(min(wait, POLL_S))
                if self._stopping.is_set():
                    break
                lines[zlib.crc32((event.key or event.id).encode()) % len(lines)].give(event)
                self.sent += 1
        finally:
            for line in lines:
                line.close(self._answer_s)
            self._outcomes.flush()


class _Line:
    """One instance's pipes, across its incarnations."""

    def __init__(self, number: int, process: Process, outcomes: SendLog, stopping: threading.Event) -> None:
        self.number, self._process, self._outcomes, self._stopping = number, process, outcomes, stopping
        self._changed = threading.Condition()
        self._given: list[tuple[Event, int]] = []
        self._answered: list[SendOutcome | None] = []
        self._waiting: dict[str, int] = {}
        self._current: subprocess.Popen[bytes] | None = None
        self._over: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self.accounted = 0
        self.advances: list[Advance] = []

    @property
    def count(self) -> int:
        return len(self._given)

    def given(self) -> Iterator[Given]:
        for off, (event, began) in enumerate(self._given):
            yield Given(event, self.number, off, began, self._answered[off])

    def give(self, event: Event) -> None:
        """Write one event to the process that runs, as soon as one does and its window allows."""
        while not self._stopping.is_set():
            process = self._running()
            if process is None or not self._take_place(event, process):
                self._stopping.wait(POLL_S)
                continue
            stdin = _pipe(process.stdin)
            with contextlib.suppress(OSError):  # it ended meanwhile: its reader gives up what it was given
                stdin.write(event.value.replace(b"\n", b" ") + b"\n")
                stdin.flush()
            return

    def close(self, answer_s: float) -> None:
        """Wait until all is answered, or `answer_s` have passed: what a live process leaves unanswered stays so."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._stopping.is_set(), answer_s)
            late, self._waiting = list(self._waiting.values()), {}
        for off in late:
            self._tell(off, SendOutcome.UNKNOWN)

    def _running(self) -> "subprocess.Popen[bytes] | None":
        process = self._process(self.number)
        if process.poll() is not None:
            return None
        if process is not self._current:
            if self._reader is not None:
                self._reader.join()  # the old one's last answers first
            self._current = process
            name = f"stdin-{self.number}"
            self._reader = threading.Thread(target=self._read, args=(process,), name=name, daemon=True)
            self._reader.start()
        return process

    def _take_place(self, event: Event, process: "subprocess.Popen[bytes]") -> bool:
        """Count the event as given, unless the window is full or the process has answered its last."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < WINDOW or self._over is process, POLL_S)
            if len(self._waiting) >= WINDOW or self._over is process:
                return False
            self._waiting[event.id] = len(self._given)
            self._answered.append(None)  # first: who reads along looks for the answer of each that was given
            self._given.append((event, now_us()))
            return True

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        for line in _pipe(process.stdout):
            self._answer(line)
        with self._changed:
            self._over = process  # from here on, nothing that is given to it would be answered or given up
        self._give_up()

    def _answer(self, line: bytes) -> None:
        try:
            given = json.loads(line)
            outcome, identity = SendOutcome(given["outcome"]), str(given["id"])
        except (ValueError, KeyError, TypeError):
            return
        with self._changed:
            off = self._waiting.pop(identity, None)
            if off is not None:
                self._account(off, outcome)
        if off is not None:
            self._tell(off, outcome, part=given.get("partition"), place=given.get("offset"))

    def _give_up(self) -> None:
        """The process is over: what it was given is accounted for, and nobody knows how it ended."""
        with self._changed:
            given_up, self._waiting = list(self._waiting.values()), {}
            for off in given_up:
                self._account(off, SendOutcome.UNKNOWN)
        for off in given_up:
            self._tell(off, SendOutcome.UNKNOWN)

    def _account(self, off: int, outcome: SendOutcome) -> None:
        self._answered[off] = outcome
        before = self.accounted
        while self.accounted < len(self._answered) and self._answered[self.accounted] is not None:
            self.accounted += 1
        if self.accounted > before:
            self.advances.append(Advance(self.number, self.accounted, now_us()))
        self._changed.notify_all()

    def _tell(self, off: int, outcome: SendOutcome, *, part: int | None = None, place: int | None = None) -> None:
        event, began = self._given[off]
        self._outcomes.add(event, outcome, began, f"stdin-{self.number}", part=part, off=place)


def _pipe(pipe: "IO[bytes] | None") -> "IO[bytes]":
    if pipe is None:
        raise ValueError('the subject\'s process has no pipes: start it with input = "stdin"')
    return pipe
