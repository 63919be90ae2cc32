"""What a fault may touch and look at, and how it says what it did."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from streamproof.cluster.base import Cluster
from streamproof.subject import ProcessSupervisor


class Database(Protocol):
    """A database of the subject's effects, as far as a fault needs it."""

    @property
    def lockable(self) -> bool:
        """Whether all writers can be kept out for a while."""

    def is_locked(self) -> bool:
        """Whether a writer would be refused now."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep all writers out."""


@dataclass(frozen=True)
class Evidence:
    """What was seen of a fault: one sentence, and whether it shows that the fault took effect."""

    sentence: str
    effective: bool


def _nothing(share: float) -> None:
    """Input that nobody holds back."""


@dataclass(frozen=True)
class World:
    """The running system, as a fault sees it.

    `group` is None for a subject that is in none; `topic`: what it reads, or, told what to send, sends on;
    `effects`: the topics of its effects;
    `is_whole(n)`: whether n instances take part in the work.
    `in_flight()`: partition and offset of each input that has an effect that was seen, and that the group has not
    committed past, as far as observers have read, which is a moment behind; `committed()`: how many inputs it has
    committed past; `done()`: whether it has committed past all that they have read; `waiting()`: how many were fed in,
    and are not; `unanswered(n)`: of those that instance n, which is
    told what to send, was told; `feed(share)` lets in that share (0 to 1) of the
    input that is meant to arrive while this fault acts; `since_ms`: when the run began, in milliseconds since the
    epoch; `databases` hold the effects of channels that are queries, by channel; `transactional_ids`: those that were
    seen to be the subject's, which is added to.
    """

    cluster: Cluster
    supervisor: ProcessSupervisor
    group: str | None
    topic: str
    effects: tuple[str, ...]
    is_whole: Callable[[int], bool]
    in_flight: Callable[[], frozenset[tuple[int, int]]]
    committed: Callable[[], int]
    done: Callable[[], bool]
    waiting: Callable[[], int]
    unanswered: Callable[[int], int]
    stopping: threading.Event
    since_ms: int
    databases: Mapping[str, Database] = field(default_factory=dict)
    own_prefix: str = "streamproof-"  # of the verifier's own transactional ids
    transactional_ids: set[str] = field(default_factory=set)
    feed: Callable[[float], None] = _nothing

    def wait(self, seconds: float) -> None:
        """Let time pass, or the run end."""
        self.stopping.wait(seconds)

    def wait_since(self, moment: float, lasts_ms: int) -> None:
        """Let `lasts_ms` pass since `moment` on the monotonic clock, or the run end."""
        self.wait(max(0.0, moment + lasts_ms / 1000 - time.monotonic()))

    def wait_until(self, seen: Callable[[], bool], timeout_s: float, every_s: float = 0.05) -> bool:
        """Wait until `seen`, at most `timeout_s`; whether it came to be."""
        deadline = time.monotonic() + timeout_s
        while not self.stopping.is_set():
            if seen():
                return True
            if time.monotonic() > deadline:
                return False
            self.stopping.wait(every_s)
        return False
