"""Feeds a subject through its standard input: each line in is a JSON document, each line out an answer.

An answer is `{"outcome": "ok", "id": "…", "partition": 0, "offset": 42}`; outcome is ok, fail or unknown. Other lines
are the subject's own talk. A line that a process had not answered when it ended is unknown, and its successor does not
get it: that would be another attempt.

An instance's lines are a log of their own: a partition of the topic `STDIN`, in which an input's offset is its line.
Answers are for an instance as commits are for a group: it is done with all lines below some line.
"""

import contextlib
import json
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from streamproof.clock import now_us
from streamproof.contract.model import Contract
from streamproof.history.terms import SendOutcome
from streamproof.workload.events import Event
from streamproof.workload.send_log import SendLog
from streamproof.workload.workload import POLL_S, Workload

STDIN = "<stdin>"  # what no topic of Kafka's can be called
WINDOW = 1_000  # events at most that a process has not answered
ANSWER_S = 60.0  # after the last event: whatever is unanswered then is unknown

Process = Callable[[int], "subprocess.Popen[bytes]"]
Place = tuple[str, int]


@dataclass(frozen=True)
class InputLine:
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


class StdinWorkload(Workload):
    """Writes to the standard inputs of a subject's instances. Each key has one instance of 1 to `instances`.

    `process(n)` is instance n's process at the moment, with pipes for stdin and stdout; what it raises ends the run.
    `answer_s`: seconds after the last event, when whatever is unanswered is unknown.
    """

    def __init__(self, contract: Contract, process: Process, instances: int = 1, *, answer_s: float = ANSWER_S) -> None:
        super().__init__(contract)
        self._answer_s = answer_s
        self._pipes = [_Pipes(n, process, self._log, self._stopping) for n in range(1, instances + 1)]

    @property
    def lines(self) -> Iterator[InputLine]:
        """Every line that was given, each instance's in order."""
        for pipes in self._pipes:
            yield from pipes.lines()

    @property
    def advances(self) -> Sequence[Advance]:
        """How far each instance was when, in the order of time."""
        return sorted((advance for pipes in self._pipes for advance in pipes.advances), key=lambda advance: advance.t)

    @property
    def places(self) -> Mapping[str, tuple[int, int]]:
        """Instance and line of each id that was given."""
        return {line.event.id: (line.part, line.off) for line in self.lines}

    def accounted(self) -> Mapping[Place, int]:
        """Of each instance, the first line that is not accounted for."""
        return {(STDIN, pipes.instance): pipes.accounted for pipes in self._pipes}

    def last(self) -> Mapping[Place, int]:
        """Of each instance that was given any, the last line."""
        return {(STDIN, pipes.instance): pipes.count - 1 for pipes in self._pipes if pipes.count}

    def _give(self, event: Event) -> None:
        self._pipes[zlib.crc32((event.key or event.id).encode()) % len(self._pipes)].give(event)

    def _finish(self) -> None:
        for pipes in self._pipes:
            pipes.close(self._answer_s)


class _Pipes:
    """The pipes of one instance, across its incarnations."""

    def __init__(self, instance: int, process: Process, log: SendLog, stopping: threading.Event) -> None:
        self.instance, self._process, self._log, self._stopping = instance, process, log, stopping
        self._changed = threading.Condition()
        self._lines: list[tuple[Event, int]] = []
        self._outcomes: list[SendOutcome | None] = []
        self._waiting: dict[str, int] = {}
        self._current: subprocess.Popen[bytes] | None = None
        self._over: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self.accounted = 0
        self.advances: list[Advance] = []

    @property
    def count(self) -> int:
        return len(self._lines)

    def lines(self) -> Iterator[InputLine]:
        for off, (event, began) in enumerate(self._lines):
            yield InputLine(event, self.instance, off, began, self._outcomes[off])

    def give(self, event: Event) -> None:
        """Write one event, as soon as a process runs and its window allows."""
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
            self._record(off, SendOutcome.UNKNOWN)

    def _running(self) -> "subprocess.Popen[bytes] | None":
        process = self._process(self.instance)
        if process.poll() is not None:
            return None
        if process is not self._current:
            if self._reader is not None:
                self._reader.join()  # the last answers of the process before come first
            self._current = process
            name = f"stdin-{self.instance}"
            self._reader = threading.Thread(target=self._read, args=(process,), name=name, daemon=True)
            self._reader.start()
        return process

    def _take_place(self, event: Event, process: "subprocess.Popen[bytes]") -> bool:
        """Count the event as given, unless the window is full or the process has answered its last."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < WINDOW or self._over is process, POLL_S)
            if len(self._waiting) >= WINDOW or self._over is process:
                return False
            self._waiting[event.id] = len(self._lines)
            self._outcomes.append(None)  # first: who reads along looks for the answer of each that was given
            self._lines.append((event, now_us()))
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
            self._record(off, outcome, part=given.get("partition"), place=given.get("offset"))

    def _give_up(self) -> None:
        """The process has ended: its lines without an answer are accounted for, as unknown."""
        with self._changed:
            given_up, self._waiting = list(self._waiting.values()), {}
            for off in given_up:
                self._account(off, SendOutcome.UNKNOWN)
        for off in given_up:
            self._record(off, SendOutcome.UNKNOWN)

    def _account(self, off: int, outcome: SendOutcome) -> None:
        self._outcomes[off] = outcome
        before = self.accounted
        while self.accounted < len(self._outcomes) and self._outcomes[self.accounted] is not None:
            self.accounted += 1
        if self.accounted > before:
            self.advances.append(Advance(self.instance, self.accounted, now_us()))
        self._changed.notify_all()

    def _record(self, off: int, outcome: SendOutcome, *, part: int | None = None, place: int | None = None) -> None:
        event, began = self._lines[off]
        self._log.add(event, outcome, began, f"stdin-{self.instance}", part=part, off=place)


def _pipe(pipe: "IO[bytes] | None") -> "IO[bytes]":
    if pipe is None:
        raise ValueError('the subject\'s process has no pipes: start it with input = "stdin"')
    return pipe
