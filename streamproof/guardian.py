"""Owns all that a run starts, and ends it when the run is gone, however it went.

`Guardian` is the run's side: a context manager that starts processes and has a temporary directory. This same file, run
as a script, is the other side: a small process in a session of its own, tied to the run by a pipe, that outlives a
`kill -9` of the run and of its whole process group. It needs the standard library and psutil alone, to start fast.

What belongs to a run is found, not remembered: every process carries `STREAMPROOF_RUN` in its environment and its
children inherit it, so there is no moment between starting a process and knowing of it. Sessions that the run has begun
and children of found processes are searched too, for programs that clear their environment. Containers and networks
carry the run's label, and the guardian asks the engine itself: neither a `docker` command nor Testcontainers' Ryuk is
needed.
"""

import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

import psutil

RUN = "STREAMPROOF_RUN"
GUARDIAN = "STREAMPROOF_GUARDIAN"
GRACE_S = 5.0
HTTP_OK = 200
DOCKER_S = 30.0  # for each answer of the engine
SETTLE_S = 3.0
CLOSED = "closed\n"  # the run goes in order: nothing that it asked for is still being made
LABEL = "streamproof.run"  # of containers and networks; its value is the run's
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # a guardian lives as long as its run, and no longer
LOOK_S = 0.5  # how often the guardian looks at what a pipe cannot tell: a fork of the run may hold its end open
LOOK_AGAIN_S = 0.02
EMPTY_LOOKS = 3
REMOVALS = 20  # a file that another user made in it cannot be removed, ever
DIRECTORY_PREFIX = "streamproof-"


class Guardian:
    """All that a run starts. Close it, or leave its `with` block, to end everything and remove the directory.

    `label` is unique to the run, for whatever else has labels: containers carry `streamproof.run=<label>` (LABEL).
    """

    def __init__(self) -> None:
        self.label = secrets.token_hex(8)
        self.directory = Path(tempfile.gettempdir()).resolve() / f"{DIRECTORY_PREFIX}{self.label}"
        self._owner = os.getpid()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._docker: str | None = None
        self._closed = False
        self._guardian = self._start_guardian()
        # only now is there something to lose
        self.directory.mkdir(mode=0o700)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start_guardian(self) -> "subprocess.Popen[bytes]":
        # blocked signals stay blocked in what is started: there is no moment in which a signal ends the guardian
        before = signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED)
        try:
            return subprocess.Popen(
                [sys.executable, "-P", __file__, self.label, str(self.directory), str(self._owner)],
                # the guardian is not part of the run, nor of a run around it: the guardian must survive both
                env={name: value for name, value in os.environ.items() if name != RUN} | {GUARDIAN: self.label},
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def popen(
        self,
        args: Sequence[str | os.PathLike[str]],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        stdin: int | IO[Any] | None = None,
        stdout: int | IO[Any] | None = None,
        stderr: int | IO[Any] | None = None,
    ) -> "subprocess.Popen[bytes]":
        """Start a process in a session and process group of its own; `OSError` when it cannot be run."""
        around = os.environ.get(RUN)
        mark = f"{around}:{self.label}" if around else self.label
        process = subprocess.Popen(
            args,
            env={**(os.environ if env is None else env), RUN: mark},
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        self._processes.append(process)
        self._tell(f"{process.pid}\n")
        return process

    def own_containers(self, docker: str) -> None:
        """From now on there may be containers and networks with the run's label at the engine with this socket."""
        self._docker = docker
        self._tell(f"{docker}\n")

    def close(self) -> None:
        """SIGTERM to all, `GRACE_S` seconds to obey it, then SIGKILL; returns when nothing is left."""
        if self._closed or os.getpid() != self._owner:  # a fork of the run does not own it
            return
        self._closed = True
        try:
            self._terminate()
        finally:
            self._tell(CLOSED)
            self._end_of_pipe().close()
            if self._guardian.wait() != 0:  # killed by someone, so its work is ours
                end_run(self.label, self.directory, set(), self._docker)
            for process in self._processes:
                process.wait()

    def _terminate(self) -> None:
        asked: set[psutil.Process] = set()
        deadline = time.monotonic() + GRACE_S
        while (left := self._left()) and time.monotonic() < deadline:
            for process in left - asked:
                with contextlib.suppress(psutil.Error):
                    process.terminate()
                    process.resume()  # a paused process obeys nothing
            asked |= left
            time.sleep(LOOK_AGAIN_S)

    def _left(self) -> set[psutil.Process]:
        for process in self._processes:
            process.poll()  # reaps it
        return processes_of(self.label, set())

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # the guardian was killed by someone: close() does its work
            self._end_of_pipe().write(line.encode())

    def _end_of_pipe(self) -> IO[bytes]:
        if self._guardian.stdin is None:
            raise AssertionError("opened in __init__")
        return self._guardian.stdin


def processes_of(label: str, sessions: set[int]) -> set[psutil.Process]:
    """The run's living processes: those with the mark `label`, those in `sessions`, and all their descendants."""
    found: set[psutil.Process] = set()
    children: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            environment = _environment(process)
            if GUARDIAN in environment:  # of a run within the run: it sees its own parent go, and ends after it
                continue
            children.setdefault(process.ppid(), []).append(process)
            if label in environment.get(RUN, "").split(":") or os.getsid(process.pid) in sessions:
                found.add(process)
    queue = list(found)
    while queue:
        new = set(children.get(queue.pop().pid, ())) - found
        found |= new
        queue.extend(new)
    return found


def _environment(process: psutil.Process) -> Mapping[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):  # another user's process, or a process that the system protects
        return {}


def end_run(label: str, directory: Path, sessions: set[int], docker: str | None, settle_s: float = 0) -> None:
    """Kill all that is left of a run, then remove its directory; blocks until both are done.

    `docker`: the socket of an engine, if the run used it; it is asked once more after `settle_s` seconds, for it may
    still be making what a killed run had asked for.
    """
    end_processes(label, sessions)
    if docker:
        end_containers(label, docker)
        if settle_s:
            time.sleep(settle_s)
            end_containers(label, docker)
    for _ in range(REMOVALS):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.1)


def end_processes(label: str, sessions: set[int]) -> None:
    """Until several looks in a row find nothing: a process that becomes another program shows no environment then."""
    nothing = 0
    while nothing < EMPTY_LOOKS:
        frozen: set[psutil.Process] = set()
        # all are stopped before any is killed: no child escapes notice by losing its parent
        while new := processes_of(label, sessions) - frozen:
            _signal(new, signal.SIGSTOP)
            frozen |= new
        nothing = 0 if frozen else nothing + 1
        _signal(frozen, signal.SIGKILL)
        time.sleep(LOOK_AGAIN_S)


def _signal(processes: set[psutil.Process], number: int) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def end_containers(label: str, docker: str) -> None:
    """Remove the run's containers with their volumes, and its networks, until a look finds none."""
    mine = urllib.parse.quote(json.dumps({"label": [f"{LABEL}={label}"]}))
    with contextlib.suppress(OSError):  # the engine is gone, and with it what ran there
        for _ in range(REMOVALS):
            containers = _ask(docker, "GET", f"/containers/json?all=1&filters={mine}")
            networks = _ask(docker, "GET", f"/networks?filters={mine}")
            for container in containers:
                _ask(docker, "DELETE", f"/containers/{container['Id']}?force=1&v=1")
            for network in networks:
                _ask(docker, "DELETE", f"/networks/{network['Id']}")
            if not containers and not networks:
                return


def _ask(docker: str, method: str, path: str) -> list[Any]:
    """What an engine lists; nothing when it refuses."""
    import http.client  # noqa: PLC0415 - it would double the time in which a guardian starts

    connection = http.client.HTTPConnection("docker", timeout=DOCKER_S)
    with contextlib.closing(connection), socket.socket(socket.AF_UNIX) as connection.sock:
        connection.sock.settimeout(DOCKER_S)
        connection.sock.connect(docker)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return json.loads(answer.read()) if answer.status == HTTP_OK else []
        except http.client.HTTPException as error:
            raise OSError(f"{docker} broke off") from error


def guard(label: str, directory: Path, parent: int) -> None:
    """Wait for the run to go: its pipe closed, or the process itself gone. Then end what it left."""
    sessions: set[int] = set()
    docker = None
    settle_s = SETTLE_S
    received = b""
    while True:
        readable, _, _ = select.select([0], [], [], LOOK_S)
        if readable:  # first of all: a run that is gone may still have told something
            chunk = os.read(0, 65536)
            if not chunk:
                break
            *lines, received = (received + chunk).split(b"\n")
            for line in map(bytes.decode, lines):
                if line.isdigit():
                    sessions.add(int(line))
                elif line == CLOSED.strip():
                    settle_s = 0
                else:
                    docker = line
        elif os.getppid() != parent:
            break
        else:
            # the system may give the number of a session that has ended to someone else
            sessions &= {_session(pid) for pid in psutil.pids()}
    end_run(label, directory, sessions, docker, settle_s)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


if __name__ == "__main__":
    for ignored in IGNORED:
        signal.signal(ignored, signal.SIG_IGN)
    guard(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
