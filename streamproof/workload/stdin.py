"""Feeds a subject through its standard input: each line in is a JSON document, each line out an answer.

An answer is `{"outcome": "ok", "id": "…", "partition": 0, "offset": 42}`; outcome is ok, fail or unknown. Other lines
are the subject's own talk. A line that a process had not answered when it ended is unknown, and its successor does not
get it: that would be another attempt.
"""

import contextlib
import json
import subprocess
import threading
import zlib
from collections.abc import Callable, Sequence
from typing import IO

from streamproof.contract.model import Contract
from streamproof.history.terms import SendOutcome
from streamproof.workload.answered import ANSWER_S, STDIN, AnsweredWorkload, Lane
from streamproof.workload.events import Event
from streamproof.workload.send_log import SendLog
from streamproof.workload.workload import POLL_S

WINDOW = 1_000  # events at most that a process has not answered

Process = Callable[[int], "subprocess.Popen[bytes]"]


class StdinWorkload(AnsweredWorkload):
    """Writes to the standard inputs of a subject's instances. Each key has one instance of 1 to `instances`.

    `process(n)` is instance n's process at the moment, with pipes for stdin and stdout; what it raises ends the run.
    """

    place = STDIN
    silent = (
        'has answered no line of its standard input; for each it must write a line such as {"outcome": "ok", '
        '"id": "…"} to its standard output, and flush it'
    )

    def __init__(self, contract: Contract, process: Process, instances: int = 1, *, answer_s: float = ANSWER_S) -> None:
        super().__init__(contract, answer_s=answer_s)
        self._pipes = [_Pipes(n, process, self._log, self._stopping) for n in range(1, instances + 1)]

    @property
    def lanes(self) -> Sequence[Lane]:
        return self._pipes

    def _give(self, event: Event) -> None:
        self._pipes[zlib.crc32((event.key or event.id).encode()) % len(self._pipes)].give(event)


class _Pipes(Lane):
    """The pipes of one instance, across its incarnations."""

    def __init__(self, instance: int, process: Process, log: SendLog, stopping: threading.Event) -> None:
        super().__init__(instance, "stdin", log, stopping)
        self._process = process
        self._current: subprocess.Popen[bytes] | None = None
        self._over: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None

    def give(self, event: Event) -> None:
        """Write one event, as soon as a process runs and its window allows."""
        while not self.stopping.is_set():
            process = self._running()
            if process is None or not self._take_place(event, process):
                self.stopping.wait(POLL_S)
                continue
            stdin = _pipe(process.stdin)
            with contextlib.suppress(OSError):  # it ended meanwhile: its reader gives up what it was given
                stdin.write(event.value.replace(b"\n", b" ") + b"\n")
                stdin.flush()
            return

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
        with self.changed:
            self.changed.wait_for(lambda: len(self.waiting) < WINDOW or self._over is process, POLL_S)
            if len(self.waiting) >= WINDOW or self._over is process:
                return False
            self.take(event)
            return True

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        for line in _pipe(process.stdout):
            self._heed(line)
        with self.changed:
            self._over = process  # from here on, nothing that is given to it would be answered or given up
        self.give_up()

    def _heed(self, line: bytes) -> None:
        try:
            given = json.loads(line)
            outcome, identity = SendOutcome(given["outcome"]), str(given["id"])
        except (ValueError, KeyError, TypeError):
            return
        self.answer(identity, outcome, part=given.get("partition"), place=given.get("offset"))


def _pipe(pipe: "IO[bytes] | None") -> "IO[bytes]":
    if pipe is None:
        raise ValueError('the subject\'s process has no pipes: start it with input = "stdin"')
    return pipe
