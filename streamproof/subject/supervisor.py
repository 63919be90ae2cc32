"""Starts, breaks and ends the subject's processes, and keeps the record of each: the `process` table.

Signals reach an instance's whole process group: a subject may be a shell with children.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from streamproof.clock import now_us
from streamproof.errors import SubjectError
from streamproof.guardian import Guardian
from streamproof.history.terms import Cause
from streamproof.subject.placeholders import fill
from streamproof.subject.program import search_path, unknown, unplaced
from streamproof.subject.spec import SubjectSpec

LAST_LINES = 12
RESTARTS = 5  # of an instance that ends on its own, as a supervisor would; then it stays down
RESTART_AFTER_S = 0.3
LOOK_S = 0.01


class Instance:
    """An incarnation of an instance: a process (group) from its start to its end."""

    def __init__(
        self, number: int, incarnation: int, process: "subprocess.Popen[bytes]", log: Path, log_start: int
    ) -> None:
        self.number = number
        self.incarnation = incarnation
        self.process = process
        self.log = log
        self.log_start = log_start  # earlier incarnations wrote what is before it
        self.t_start = now_us()
        self.t_ready: int | None = None
        self.t_stop: int | None = None  # when it was asked to stop
        self.t_end: int | None = None
        self.cause: Cause | None = None

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def signal(self, number: int) -> None:
        """To all that is left of its group."""
        if self.left():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def ask_to_stop(self) -> None:
        """SIGTERM, also to a paused group."""
        self.cause = Cause.STOPPED
        self.t_stop = now_us()
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)

    def left(self) -> bool:
        """Whether any process of its group is alive: a shell may end before its children."""
        if self.running:
            return True
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return any(_is_alive_in(self.process.pid, process) for process in psutil.process_iter())

    def row(self) -> dict[str, Any]:
        return {
            "instance": self.number,
            "incarnation": self.incarnation,
            "pid": self.process.pid,
            "t_start": self.t_start,
            "t_ready": self.t_ready,
            "t_stop": self.t_stop,
            "t_end": self.t_end,
            "exit": self.process.poll(),
            "cause": self.cause.value if self.cause else None,
        }


def _is_alive_in(group: int, process: psutil.Process) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


class ProcessSupervisor:
    """Owns the instances of a subject. Numbers of instances start at 1, incarnations too.

    `values`: what placeholders stand for; `own`: what they stand for in a process of its own, by its instance's number
    and its incarnation.
    """

    def __init__(
        self,
        guardian: Guardian,
        spec: SubjectSpec,
        values: Mapping[str, str],
        logs: Path,
        own: Callable[[int, int], Mapping[str, str]] = lambda *_: {},
    ) -> None:
        self.spec = spec
        self._guardian = guardian
        self._values, self._own = dict(values), own
        self._logs = logs
        self._lock = threading.RLock()
        self._current: dict[int, Instance] = {}
        self._all: list[Instance] = []
        self._closing = threading.Event()
        self._supervisor: threading.Thread | None = None

    def start(self, number: int, *, beside: bool = False) -> Instance:
        """Start (or start again) instance `number`; returns at once. SubjectError when it runs.

        `beside`: though it runs. Its process is then the caller's to end, by `end`: a supervisor knows the newest.
        """
        log = self._logs / f"{self.spec.name}-{number}.log"
        with self._lock, log.open("ab") as output:
            if not beside and number in self._current and self._current[number].running:
                raise SubjectError(f"subject {self.spec.name}, instance {number} runs already; stop it first")
            log_start = log.stat().st_size
            incarnation = 1 + sum(1 for instance in self._all if instance.number == number)
            values = {**self._values, **self._own(number, incarnation), "instance": str(number)}
            arguments = self.spec.arguments(values)
            piped = self.spec.input.kind == "stdin"
            stdin = subprocess.PIPE if piped else subprocess.DEVNULL
            stdout = subprocess.PIPE if piped else output
            try:
                process = self._guardian.popen(
                    arguments,
                    env={**os.environ, "PATH": search_path(), **self.spec.environment(values)},
                    cwd=self.spec.cwd,
                    stdin=stdin,
                    stdout=stdout,
                    stderr=output,
                )
            except OSError as error:
                if error.filename == self.spec.cwd:
                    raise unplaced(self.spec, error.strerror) from error
                raise unknown(self.spec, arguments[0], error.strerror) from error
            instance = Instance(number, incarnation, process, log, log_start)
            self._current[number] = instance
            self._all.append(instance)
        return instance

    def input_url(self, number: int) -> str:
        """Where an instance takes its input, for a subject that takes it over HTTP."""
        return fill(self.spec.input.url, {**self._values, "instance": str(number)})

    def start_all(self) -> None:
        for number in range(1, self.spec.instances + 1):
            self.start(number)

    def supervise(self) -> None:
        """From now on, start an instance again that ends on its own, as a deployment's supervisor would."""
        self._supervisor = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._supervisor.start()

    def current(self, number: int) -> Instance:
        """SubjectError when there is no such instance: a plan may name any."""
        try:
            return self._current[number]
        except KeyError:
            known = ", ".join(map(str, self._current))
            raise SubjectError(f"there is no instance {number} of {self.spec.name}; there is {known}") from None

    def current_all(self) -> list[Instance]:
        with self._lock:
            return list(self._current.values())

    def check_started(self) -> None:
        """SubjectError when an instance has ended before it was ready."""
        for instance in self.current_all():
            if not instance.running and instance.cause is None:
                code = instance.process.returncode
                how = f"exited with status {code}" if code >= 0 else f"was ended by signal {-code}"
                raise SubjectError(
                    f"subject {self.spec.name}, instance {instance.number} {how} before it was ready; its last "
                    f"lines:\n{self.last_lines(instance)}"
                )

    def last_lines(self, instance: Instance) -> str:
        """What an instance wrote last, indented, and where all of it is."""
        log = instance.log.read_bytes()
        # an incarnation that died before it wrote a line has those before it speak for it
        text = (log[instance.log_start :].strip() or log).decode(errors="replace")
        lines = text.splitlines()[-LAST_LINES:] or ["(it wrote nothing)"]
        return "\n".join([*(f"    {line}" for line in lines), f"whole log: {instance.log}"])

    def told(self, what: str, instance: Instance | None = None) -> str:
        """A sentence about the subject, with the last lines of an instance (the first, if `None`)."""
        instance = instance or self.current_all()[0]
        return (
            f"subject {self.spec.name} {what}; the last lines of instance {instance.number}:\n"
            f"{self.last_lines(instance)}"
        )

    def ready(self, instance: Instance) -> bool:
        """Whether this instance says that it is ready (the group's word is not asked here)."""
        ready = self.spec.ready
        if ready.kind == "log":
            with instance.log.open("rb") as file:
                file.seek(instance.log_start)
                return ready.text.encode() in file.read()
        if ready.kind == "http":
            import httpx  # noqa: PLC0415 - slow to import, for few subjects

            try:
                return httpx.get(fill(ready.text, {"instance": str(instance.number)}), timeout=1.0).is_success
            except httpx.TransportError:
                return False
        return instance.running

    def process(self, number: int) -> "subprocess.Popen[bytes]":
        """The process of an instance now. SubjectError where it ended by itself too often, and stays down."""
        with self._lock:
            instance = self.current(number)
            if self._is_given_up(instance):
                raise self._down(instance)
            return instance.process

    def check_restarted(self, since: int = 0) -> None:
        """SubjectError where an instance ended by itself too often, each time after `since`, and stays down.

        `since`: microseconds since the epoch.
        """
        with self._lock:
            for instance in self._current.values():
                if self._is_given_up(instance) and self._exits(instance.number, since) > RESTARTS:
                    raise self._down(instance)

    def _is_given_up(self, instance: Instance) -> bool:
        return not instance.running and self._exits(instance.number) > RESTARTS

    def _down(self, instance: Instance) -> SubjectError:
        code, lived = instance.process.returncode, ((instance.t_end or now_us()) - instance.t_start) / 1e6
        how = f"with status {code}" if code >= 0 else f"by signal {-code}"
        return SubjectError(
            f"subject {self.spec.name}, instance {instance.number} ended on its own {self._exits(instance.number)} "
            f"times, the last time {how} after {lived:.1f} s, and is not started again; its last lines:\n"
            f"{self.last_lines(instance)}"
        )

    def kill(self, number: int) -> bool:
        """SIGKILL to the whole group, paused or not; returns when it is gone. The caller starts it again.

        False when it had ended by itself a moment before.
        """
        with self._lock:
            return self.end(self.current(number))

    def end(self, instance: Instance) -> bool:
        """As `kill`, of a process that there may be another beside."""
        with self._lock:
            if not instance.running:
                self._ended(instance)
                return False
            instance.cause = Cause.KILLED
            instance.t_end = now_us()  # before anyone can see that it is gone
            instance.signal(signal.SIGKILL)
            return instance.process.wait() == -signal.SIGKILL

    def stop(self, number: int) -> Instance:
        """SIGTERM to the whole group, paused or not; returns at once, `wait_stopped` waits. The caller starts it again.

        Its cause is `exited` when it had ended by itself a moment before.
        """
        with self._lock:
            instance = self.current(number)
            if instance.running:
                instance.ask_to_stop()
            else:
                self._ended(instance)
        return instance

    def pause(self, number: int) -> None:
        self.current(number).signal(signal.SIGSTOP)

    def resume(self, number: int) -> None:
        self.current(number).signal(signal.SIGCONT)

    def stop_all(self) -> list[Instance]:
        """SIGTERM to all, and to what they have started; those that do not end in time are killed, and returned."""
        self._closing.set()
        if self._supervisor:
            self._supervisor.join()
        with self._lock:
            running = [instance for instance in self._current.values() if instance.running]
            for instance in running:
                instance.ask_to_stop()
        return self.wait_stopped(running)

    def wait_stopped(self, stopping: Sequence[Instance]) -> list[Instance]:
        """Wait for the end of all that were asked to stop; those that were killed, at `stop_timeout_s` from now."""
        deadline = time.monotonic() + self.spec.stop_timeout_s
        waiting = [instance for instance in stopping if instance.t_end is None]
        while waiting and time.monotonic() < deadline:  # without the lock: the other instances go on
            for instance in [instance for instance in waiting if not instance.left()]:
                waiting.remove(instance)
                instance.process.wait()
                instance.t_end = now_us()
            time.sleep(LOOK_S)
        for instance in waiting:
            instance.cause = Cause.KILLED
            instance.signal(signal.SIGKILL)
            instance.process.wait()
            instance.t_end = now_us()
        return waiting

    def close(self) -> None:
        """Let the pipes of all that have ended go; nobody reads them any more."""
        for instance in self._all:
            for pipe in (instance.process.stdin, instance.process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):  # what was still to be written to it
                        pipe.close()

    def rows(self) -> list[dict[str, Any]]:
        """Rows of the `process` table, a row for each incarnation."""
        with self._lock:
            return [instance.row() for instance in self._all]

    def _watch(self) -> None:
        while not self._closing.wait(RESTART_AFTER_S):
            with self._lock:
                for instance in list(self._current.values()):
                    if instance.cause is Cause.STOPPED and instance.t_end is None and not instance.left():
                        instance.t_end = now_us()  # whoever asked it to stop may wait for it much later
                    if instance.running or instance.cause is not None:
                        continue
                    self._ended(instance)
                    if self._exits(instance.number) <= RESTARTS:
                        self.start(instance.number)

    def _ended(self, instance: Instance) -> None:
        """Note that an instance ended on its own; the rest of its group is killed with it, as supervisors do."""
        if instance.cause is None:
            instance.cause = Cause.EXITED
            instance.t_end = now_us()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(instance.process.pid, signal.SIGKILL)

    def _exits(self, number: int, since: int = 0) -> int:
        ended = [instance for instance in self._all if instance.number == number and instance.cause is Cause.EXITED]
        return sum(1 for instance in ended if (instance.t_end or 0) >= since)
