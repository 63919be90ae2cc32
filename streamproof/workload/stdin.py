"""Feeds a subject through its standard input: a JSON document a line in, one answer a line out.

An answer is `{"outcome": "ok", "id": "…", "partition": 0, "offset": 42}`; outcome is ok, fail or unknown. Other lines
are the subject's own talk. What a process was given and had not answered when it ended is unknown, and is not given
to its successor: that would be another attempt.
"""

import contextlib
import json
import subprocess
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from streamproof.contract.model import Contract
from streamproof.history.terms import Fate, Outcome
from streamproof.workload.events import Event
from streamproof.workload.outcome import Outcomes, Write, now_us
from streamproof.workload.pace import Pace, everything

WINDOW = 1_000  # events at most that one process has not answered
POLL_S = 0.02
ANSWER_S = 60.0  # after the last event: whatever is unanswered then is unknown

Process = Callable[[int], "subprocess.Popen[bytes]"]


class StdinWorkload:
    """Like `Workload`, for a subject whose input is stdin. Each key has one instance of 1 to `instances`.

    `process(n)` is instance n's process at the moment, with pipes for stdin and stdout.
    """

    def __init__(self, contract: Contract, process: Process, instances: int = 1) -> None:
        channel = contract.input.channel
        self._outcomes = Outcomes(channel.name, channel.topic)
        self._process = process
        self._instances = instances
        self._stopping = threading.Event()
        self.sent = 0

    @property
    def fates(self) -> Mapping[str, tuple[int, Fate]]:
        """Sequence and fate of each id that has been, or is about to be, sent."""
        return self._outcomes.fates

    @property
    def counts(self) -> Counter[Outcome]:
        """How many sends ended in which way, so far."""
        return self._outcomes.counts

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
        lines = [_Line(n, self._process, self._outcomes, self._stopping) for n in range(1, self._instances + 1)]
        pace = Pace(rate)
        try:
            for n, event in enumerate(events):
                while not self._stopping.is_set() and (wait := pace.wait(held=n >= gate() * len(events))) > 0:
                    self._stopping.wait(min(wait, POLL_S))
                if self._stopping.is_set():
                    break
                self._outcomes.expect(event)
                lines[zlib.crc32((event.key or event.id).encode()) % len(lines)].give(event)
                self.sent += 1
        finally:
            for line in lines:
                line.close()
            self._outcomes.flush()


class _Line:
    """One instance's pipes, across its incarnations."""

    def __init__(self, number: int, process: Process, outcomes: Outcomes, stopping: threading.Event) -> None:
        self._number, self._process, self._outcomes, self._stopping = number, process, outcomes, stopping
        self._changed = threading.Condition()
        self._waiting: dict[str, tuple[Event, int]] = {}
        self._current: subprocess.Popen[bytes] | None = None
        self._over: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

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

    def close(self) -> None:
        """Wait until all is answered, or will not be."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._stopping.is_set(), ANSWER_S)
        self._give_up()

    def _running(self) -> "subprocess.Popen[bytes] | None":
        process = self._process(self._number)
        if process.poll() is not None:
            return None
        if process is not self._current:
            if self._reader is not None:
                self._reader.join()  # the old one's last answers first
            self._current = process
            name = f"stdin-{self._number}"
            self._reader = threading.Thread(target=self._read, args=(process,), name=name, daemon=True)
            self._reader.start()
        return process

    def _take_place(self, event: Event, process: "subprocess.Popen[bytes]") -> bool:
        """Count the event as given, unless the window is full or the process has answered its last."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < WINDOW or self._over is process, POLL_S)
            if len(self._waiting) >= WINDOW or self._over is process:
                return False
            self._waiting[event.id] = (event, now_us())
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
            outcome, identity = Outcome(given["outcome"]), str(given["id"])
        except (ValueError, KeyError, TypeError):
            return
        with self._changed:
            event, began = self._waiting.pop(identity, (None, 0))
            self._changed.notify_all()
        if event is not None:
            part, off = given.get("partition"), given.get("offset")
            self._outcomes.add(event, outcome, began, f"stdin-{self._number}", part=part, off=off)

    def _give_up(self) -> None:
        with self._changed:
            given_up = list(self._waiting.values())
            self._waiting.clear()
            self._changed.notify_all()
        for event, began in given_up:
            self._outcomes.add(event, Outcome.UNKNOWN, began, f"stdin-{self._number}", part=None, off=None)


def _pipe(pipe: "IO[bytes] | None") -> "IO[bytes]":
    if pipe is None:
        raise ValueError('the subject\'s process has no pipes: start it with input = "stdin"')
    return pipe
