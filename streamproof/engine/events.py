"""What happens in a session, as typed events: every face (terminal, pytest, mutants, `--json`) reads the same events.

An event is a frozen value. A listener is a function that takes it; it is called from whichever thread the event comes
from, never from two at once. An error of a listener ends the run at the end of the phase, which is carried out first.

    RunStarted ─▶ PhaseBegan ─▶ Working … ─▶ a result (ClusterReady, …, Judged) ─▶ PhaseEnded ─▶ … ─▶ RunEnded
                                  FaultAwaited ─▶ FaultBegan ─▶ FaultEnded

A sweep tells of the run that shows the cycle, then `SweepForetold`, then of its other runs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from streamproof.clock import now_us

if TYPE_CHECKING:  # slow to import, and a face that listens is there before any of it is needed
    from streamproof.checks import Verdict
    from streamproof.cluster import Cluster
    from streamproof.engine.spec import RunSpec
    from streamproof.faults import Evidence, Fault
    from streamproof.history.store import History
    from streamproof.history.terms import SendOutcome
    from streamproof.recording.quiet import Quiet

T = TypeVar("T")


class Phase(StrEnum):
    """The parts of a run that take time, in the order in which they begin."""

    CLUSTER = "cluster"
    REGISTRY = "registry"
    JARS = "jars"  # Kafka's own schemas, which decode the coordinators' logs
    SUBJECT = "subject"
    PROBE = "probe"
    FAULTS = "faults"
    WORKLOAD = "workload"
    QUIET = "quiet"
    STOP = "stop"
    HISTORY = "history"
    CHECKS = "checks"


@dataclass(frozen=True)
class SessionEvent:
    """Anything that happens in a session. Two are equal that say the same, whenever and of whichever run they say it.

    `t`: when it was told, in microseconds since the epoch. `run`: the directory of its run; None for the session's own.
    """

    t: int = field(default_factory=now_us, kw_only=True, compare=False)
    run: Path | None = field(default=None, kw_only=True, compare=False)


@dataclass(frozen=True)
class SeedTriedAgain(SessionEvent):
    """The run that follows has the seed with which its subject was violated last."""

    seed: int


@dataclass(frozen=True)
class RunStarted(SessionEvent):
    """A run was asked for; nothing of it is there yet."""

    spec: RunSpec


@dataclass(frozen=True)
class PhaseBegan(SessionEvent):
    phase: Phase


@dataclass(frozen=True)
class Working(SessionEvent):
    """What a phase is doing now, for somebody who waits. The next such event of the phase replaces it."""

    phase: Phase
    doing: str


@dataclass(frozen=True)
class PhaseEnded(SessionEvent):
    """A phase is over; its result, if any, came before. `failed`: an exception ended it."""

    phase: Phase
    failed: bool = False


@dataclass(frozen=True)
class Result(SessionEvent):
    """What a phase came to. `seconds`: how long its work took, which may have gone on beside another phase."""

    seconds: float


@dataclass(frozen=True)
class ClusterReady(Result):
    cluster: Cluster


@dataclass(frozen=True)
class RegistryReady(Result):
    name: str


@dataclass(frozen=True)
class SubjectReady(Result):
    instances: int
    command: str


@dataclass(frozen=True)
class Probed(Result):
    """`kept`: each property that a broker must have, and whether this cluster has it."""

    kept: Mapping[str, bool]


@dataclass(frozen=True)
class FaultAwaited(SessionEvent):
    """The nemesis waits for the moment of a fault. If that never comes, `FaultEnded` follows at once."""

    fault: Fault


@dataclass(frozen=True)
class FaultBegan(SessionEvent):
    """The moment of a fault has come: it is being carried out."""

    fault: Fault


@dataclass(frozen=True)
class FaultEnded(SessionEvent):
    fault: Fault
    evidence: Evidence


@dataclass(frozen=True)
class InputFed(Result):
    """All input was sent. `outcomes`: how many sends ended in which way."""

    sent: int
    keys: int
    outcomes: Mapping[SendOutcome, int]


@dataclass(frozen=True)
class QuietReached(Result):
    """The wait for the end is over. `quiet.quiet` is False when it ended at its bound."""

    quiet: Quiet


@dataclass(frozen=True)
class SubjectStopped(Result):
    """`killed`: the instances that did not end in time after SIGTERM."""

    killed: tuple[int, ...]


@dataclass(frozen=True)
class Recorded(Result):
    rows: int
    tables: int


@dataclass(frozen=True)
class Judged(Result):
    """What a run came to. `history` lies in its directory, and can be judged again from there."""

    spec: RunSpec
    verdict: Verdict
    history: History
    rows: int


@dataclass(frozen=True)
class SweepForetold(SessionEvent):
    """What a sweep does once it knows the cycle. `moments`: how many for each kind of fault; `each_s`: how long the
    subject took to go on after the kill that showed its cycle, and so about how long each moment takes.
    """

    steps: int
    moments: Mapping[str, int]
    each_s: float

    @property
    def minutes(self) -> int:
        """About how long all of them take."""
        return math.ceil(sum(self.moments.values()) * self.each_s / 60)


class Ending(StrEnum):
    """Why a run is over."""

    JUDGED = "judged"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # by Ctrl-C, a signal, or a test that was ended in its midst


@dataclass(frozen=True)
class RunEnded(SessionEvent):
    """The last event of a run, come what may: nothing of it is left running. `error`: the text of what it failed by."""

    reason: Ending
    error: str | None = None

    @property
    def failed(self) -> bool:
        return self.reason is not Ending.JUDGED


Listener = Callable[[SessionEvent], None]


class PhaseTeller:
    """What code within a phase may say of it."""

    def __init__(self, phase: Phase, listen: Listener) -> None:
        self._phase, self._listen = phase, listen
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the phase began."""
        return time.monotonic() - self._began

    def doing(self, text: str) -> None:
        """Say what the phase is doing now."""
        self._listen(Working(self._phase, text))


@contextmanager
def phase(which: Phase, listen: Listener) -> Iterator[PhaseTeller]:
    """Tell `listen` of the beginning and of the end of a phase; an exception passes through."""
    listen(PhaseBegan(which))
    try:
        yield PhaseTeller(which, listen)
    except BaseException:
        listen(PhaseEnded(which, failed=True))
        raise
    listen(PhaseEnded(which))


class FaultTeller:
    """What the nemesis says of each of its faults, from whichever thread the fault is in."""

    def __init__(self, listen: Listener) -> None:
        self._listen = listen

    def awaited(self, fault: Fault) -> None:
        self._listen(FaultAwaited(fault))

    def began(self, fault: Fault) -> None:
        self._listen(FaultBegan(fault))

    def ended(self, fault: Fault, evidence: Evidence) -> None:
        self._listen(FaultEnded(fault, evidence))


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` returns, and the seconds that it took."""
    began = time.monotonic()
    return work(), time.monotonic() - began
