"""Whatever ends the command or pytest, and whenever: no process, container, temporary directory or port is left.

`STREAMPROOF_KILLS` says how often to kill; each kill's moment is drawn from its number.
"""

import contextlib
import os
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from streamproof.cluster.ports import PortLease
from streamproof.guardian import DIRECTORY_PREFIX, Guardian

WaitUntil = Callable[[Callable[[], bool]], None]
Containers = Callable[[str], list[str]]
Start = Callable[..., "Started"]

ROOT = Path(__file__).parent.parent
MARK = "STREAMPROOF_TEST_MARK"  # every process inherits it, guardians too
VERIFY = ("streamproof", "verify", "--events", "2000")
# as from a terminal, whatever runs the tests has told them to ignore; and as a script starts what it puts behind a `&`
HEEDED, BEHIND = "--default-signal=INT,HUP", "--ignore-signal=INT"
# what is killed, and the first seconds of its life, in which it is
LIVES: Sequence[tuple[tuple[str, ...], float]] = (
    (VERIFY, 16.0),
    (("pytest", "-p", "no:cacheprovider", "features/exactly-once.feature"), 16.0),
    (("streamproof", "up"), 5.0),
    (("streamproof", "crash", "orders", "--how", "kill"), 40.0),
)
KILLS = int(os.environ.get("STREAMPROOF_KILLS", len(LIVES)))


class Had(NamedTuple):
    """How many of each a command had at a moment."""

    processes: int
    ports: int
    directories: int


class Started:
    """A command of this repository under way, and all that it has started."""

    def __init__(self, command: Sequence[str], directory: Path, signals: str, guardian: Guardian) -> None:
        module, *arguments = command
        self.temporary = directory / "temporary"
        self.temporary.mkdir()
        self.output = directory / "output"
        # what is kept on purpose lies elsewhere
        run = ["--directory", str(directory / "run")]
        keep = {"verify": run, "crash": run, "up": []}
        arguments += keep.get(arguments[0], [f"--basetemp={directory / 'base'}"])
        self._mark = secrets.token_hex(8)
        self._ports: set[int] = set()
        with self.output.open("wb") as output:
            self.process = guardian.popen(
                ["env", signals, sys.executable, "-m", module, *arguments],
                cwd=ROOT if "up" not in arguments else directory,
                env={**os.environ, MARK: self._mark, "TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def label(self) -> str:
        """The guardian's, once there is a guardian."""
        return next(
            (path.name.removeprefix(DIRECTORY_PREFIX) for path in self.temporary.glob(f"{DIRECTORY_PREFIX}*")), ""
        )

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                mine = process.environ().get(MARK) == self._mark
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def look(self) -> Had:
        """What it has now; the ports that it listens at are remembered."""
        processes = self.processes()
        for process in processes:
            with contextlib.suppress(psutil.Error):
                connections = process.net_connections("tcp")
                self._ports |= {found.laddr.port for found in connections if found.status == psutil.CONN_LISTEN}
        return Had(len(processes), len(self._ports), len(list(self.temporary.iterdir())))

    def left(self) -> list[object]:
        """What is not gone: processes, files, ports that cannot be taken."""
        ports = [port for port in self._ports if not can_be_taken(port)]
        return [*self.processes(), *self.temporary.iterdir(), *ports]


@pytest.fixture
def start(session_guardian: Guardian, tmp_path: Path) -> Iterator[Start]:
    """Starts a command, once; it is killed after the test, whatever the test has found."""
    started: list[Started] = []

    def starting(command: Sequence[str], signals: str = HEEDED) -> Started:
        started.append(Started(command, tmp_path, signals, session_guardian))
        return started[-1]

    yield starting
    for command in started:
        command.process.kill()


def can_be_taken(port: int) -> bool:
    lease = PortLease()
    try:
        lease.take_at(port)
    except Exception:  # noqa: BLE001 - listened at, or locked
        return False
    finally:
        lease.close()
    return True


@pytest.mark.parametrize("number", range(KILLS))
def test_nothing_survives_a_kill_at_any_moment(number: int, start: Start, wait_until: WaitUntil) -> None:
    """SIGKILL of the whole command, or of pytest, from its first instructions to its last fault."""
    command, life = LIVES[number % len(LIVES)]
    moment = random.Random(number).uniform(0.1, life)  # noqa: S311 - repeatable, not secret
    started = start(command)
    with contextlib.suppress(subprocess.TimeoutExpired):
        started.process.wait(moment)
        pytest.fail(f"it ended before it was killed: {started.output.read_text()}")
    had = started.look()
    started.process.kill()
    started.process.wait()
    wait_until(lambda: not started.left())
    print(f"{' '.join(command)} killed after {moment:.1f} s; it had {had}")  # noqa: T201 - shown with -rP


IN_CONTAINERS = ("--brokers", "1", "--cluster", "testcontainers")
UP_IN_CONTAINERS = ("streamproof", "up", *IN_CONTAINERS)


@pytest.mark.parametrize(
    ("command", "written"),
    [(UP_IN_CONTAINERS, ""), (UP_IN_CONTAINERS, "Ctrl-C ends it."), ((*VERIFY, *IN_CONTAINERS), "probe ")],
    ids=["while it starts", "when it is up", "while it runs"],
)
def test_no_container_survives_a_kill(
    containers: Containers, start: Start, wait_until: WaitUntil, command: Sequence[str], written: str
) -> None:
    """SIGKILL of a command whose brokers are in containers leaves neither them nor their network."""
    started = start(command)
    try:
        wait_until(lambda: bool(containers(started.label())) and written in started.output.read_text())
    finally:
        started.process.kill()
        started.process.wait()
    label = started.label()
    wait_until(lambda: not started.left() and not containers(label))


def test_an_interrupted_run_says_so_and_leaves_nothing(start: Start, wait_until: WaitUntil) -> None:
    """SIGINT ends `verify` in the midst of its faults, with 130."""
    started = start((*VERIFY, "--brokers", "1"))
    wait_until(lambda: "killed with transaction" in started.output.read_text())
    had = started.look()
    assert had.processes > 2  # itself, its guardian, its broker; the subject may just be down
    assert had.ports > 0
    assert had.directories > 0
    started.process.send_signal(signal.SIGINT)
    assert started.process.wait(30) == 130, started.output.read_text()
    output = started.output.read_text()
    assert "Traceback" not in output
    assert output.endswith("streamproof: interrupted; everything that it started is ended\n")
    assert not started.left()


@pytest.mark.parametrize(
    ("number", "signals"),
    [(signal.SIGINT, BEHIND), (signal.SIGTERM, HEEDED), (signal.SIGHUP, HEEDED)],
)
def test_up_ends_well_when_it_is_asked_to(
    number: signal.Signals, signals: str, start: Start, tmp_path: Path, wait_until: WaitUntil
) -> None:
    """That is how it is meant to end: status 0, and nothing is left but its logs."""
    started = start(("streamproof", "up", "--brokers", "1"), signals)
    wait_until(lambda: "Ctrl-C ends it." in started.output.read_text())
    assert started.look() == (3, 4, 1)  # itself, its guardian and the broker; its listeners; its data
    started.process.send_signal(number)
    assert started.process.wait(30) == 0
    assert not started.left()
    assert list(tmp_path.glob(".streamproof/up/*/logs/broker-1.log"))
