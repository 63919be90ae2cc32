"""Whatever ends a run, nothing that it started survives, and nothing else is touched."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from streamproof.guardian import Guardian, processes_of

WaitUntil = Callable[[Callable[[], bool]], None]

# A run: starts what its arguments say, tells who they are, and waits to be killed.
RUN = """
import subprocess
import sys
from streamproof.guardian import Guardian
guardian = Guardian()
print(guardian.directory, guardian.label, guardian._guardian.pid, flush=True)
print(*(guardian.popen(["sh", "-c", command], stdout=subprocess.DEVNULL).pid for command in sys.argv[1:]), flush=True)
sys.stdin.read()
"""
STUBBORN = "trap '' TERM INT HUP; sleep 600 & wait"
HIDDEN = "exec env -i sleep 600"
PAUSED = "kill -STOP $$"


class Running:
    """Another process with a run of its own."""

    def __init__(self, *commands: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, *commands],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdout
        directory, self.label, guardian = self.process.stdout.readline().decode().split()
        self.directory = Path(directory)
        self.guardian = psutil.Process(int(guardian))
        self.started = [psutil.Process(int(pid)) for pid in self.process.stdout.readline().split()]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()

    def is_gone(self) -> bool:
        ended = all(has_ended(process) for process in (*self.started, self.guardian))
        return ended and not processes_of(self.label, set()) and not self.directory.exists()


def has_ended(process: psutil.Process) -> bool:
    """Gone, or as good as: what adopts the dead may take its time to bury them."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def bystander() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that belongs to nobody's run."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_closing_ends_processes_and_removes_the_directory(bystander: "subprocess.Popen[bytes]") -> None:
    """After close() nothing of the run is left, and a process that is not the run's lives on."""
    with Guardian() as guardian:
        (guardian.directory / "file").write_text("x")
        processes = [guardian.popen(["sh", "-c", command]) for command in ("sleep 600 & wait", "sleep 600", PAUSED)]
    assert all(process.poll() is not None for process in processes)
    assert not processes_of(guardian.label, set())
    assert not guardian.directory.exists()
    assert bystander.poll() is None


def test_closing_asks_before_it_kills(tmp_path: Path, wait_until: WaitUntil) -> None:
    """A process that handles SIGTERM gets the time to."""
    script = f"trap 'echo bye > {tmp_path}/said; exit 0' TERM; echo > {tmp_path}/ready; while :; do sleep 0.01; done"
    with Guardian() as guardian:
        guardian.popen(["sh", "-c", script])
        wait_until((tmp_path / "ready").exists)
    assert (tmp_path / "said").read_text() == "bye\n"


def test_a_process_that_hides_is_ended_too(wait_until: WaitUntil) -> None:
    """A program that clears its environment is found by its session, or by its parent."""
    with Guardian() as guardian:
        hidden = guardian.popen(["sh", "-c", f"({HIDDEN}) & ({HIDDEN}) & wait"])
        wait_until(lambda: len(psutil.Process(hidden.pid).children()) == 2)
        children = psutil.Process(hidden.pid).children()
    wait_until(lambda: all(has_ended(child) for child in children))


@pytest.mark.parametrize("how", ["process", "group"])
def test_nothing_survives_a_killed_run(how: str, bystander: "subprocess.Popen[bytes]", wait_until: WaitUntil) -> None:
    """SIGKILL of the run, or of its whole process group, ends stubborn, hidden and paused processes alike."""
    run = Running(STUBBORN, HIDDEN, PAUSED, "sleep 600 & sleep 600")
    if how == "group":
        os.killpg(run.process.pid, signal.SIGKILL)
    run.end()
    wait_until(run.is_gone)
    assert bystander.poll() is None


def test_a_run_that_ends_without_closing_leaves_nothing(wait_until: WaitUntil) -> None:
    """A normal exit that skips close() is an end like any other."""
    run = Running("sleep 600")
    run.process.communicate(b"")
    wait_until(run.is_gone)


def test_a_fork_that_holds_the_pipe_open_hides_no_end(wait_until: WaitUntil) -> None:
    """The guardian sees its parent go even when a copy of the parent still holds the pipe."""
    fork = RUN.replace(
        "print(guardian.directory", "import os\nif os.fork() == 0:\n    sys.stdin.read()\nprint(guardian.directory"
    )
    with subprocess.Popen(
        [sys.executable, "-c", fork], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout
        directory = Path(process.stdout.readline().decode().split()[0])
        process.kill()
        wait_until(lambda: not directory.exists())


FORK = """
import os
from streamproof.guardian import Guardian
with Guardian() as guardian:
    process = guardian.popen(["sleep", "600"])
    child = os.fork()
    if child == 0:
        guardian.close()
        os._exit(0)
    os.waitpid(child, 0)
    print(guardian.directory.exists() and process.poll() is None)
"""


def test_a_fork_does_not_end_the_run() -> None:
    """Closing in a forked copy of the run does nothing."""
    assert subprocess.check_output([sys.executable, "-W", "ignore", "-c", FORK]) == b"True\n"


def test_the_guardian_outlives_an_interrupt(wait_until: WaitUntil) -> None:
    """Ctrl-C and SIGTERM sent to all do not end the guardian before the run."""
    run = Running("sleep 600")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        run.guardian.send_signal(number)
    run.end()
    wait_until(run.is_gone)


def test_a_run_whose_guardian_was_killed_still_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing does the guardian's work itself when somebody killed it."""
    monkeypatch.setattr("streamproof.guardian.GRACE_S", 0.1)
    with Guardian() as guardian:
        process = guardian.popen(["sh", "-c", STUBBORN])
        guardian._guardian.kill()
        guardian._guardian.wait()
    assert process.poll() is not None
    assert not guardian.directory.exists()


def test_a_run_within_a_run_ends_with_it(wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ending the outer run, by force too, ends the inner run, its processes and its directory."""
    monkeypatch.setattr("streamproof.guardian.GRACE_S", 0)
    with Guardian() as outer:
        inner = outer.popen([sys.executable, "-c", RUN, STUBBORN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert inner.stdout
        directory, label, _ = inner.stdout.readline().decode().split()
        assert inner.stdout.readline()
        wait_until(lambda: bool(processes_of(label, set())))
    inner.communicate()
    wait_until(lambda: not Path(directory).exists() and not processes_of(label, set()))
