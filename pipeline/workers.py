"""Threads that do records side by side, those of one lane one after the other. Knows no Kafka client.

A lane is what has an order: a key, a partition, or a single record. It is in one hand at any time: in the queue of what
is ready, with a worker, or waiting until its first record is tried again. So no key is overtaken by itself, and a key
that has to wait holds up no other.
"""

import heapq
import itertools
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import TracebackType
from typing import Literal, Self

from pipeline.errors import Away, RetriableError
from pipeline.events import Record
from pipeline.progress import Progress

Ordering = Literal["key", "partition", "unordered"]
Handle = Callable[[Record], None]
LEAVE_S = 1.0  # for a worker to end: longer takes only a handler that hangs, and the process does not wait for it


@dataclass(frozen=True)
class Retries:
    """When to try again what failed, and how often. `attempts`: of what is Away there is no end."""

    attempts: int
    first_s: float
    longest_s: float

    def is_over(self, failure: BaseException, attempts: int) -> bool:
        return not isinstance(failure, RetriableError) or (attempts >= self.attempts and not isinstance(failure, Away))

    def wait_s(self, attempts: int) -> float:
        """Twice as long each time, and never in step with other records, instances, or what they all wait for."""
        return min(self.longest_s, self.first_s * 2.0 ** min(attempts - 1, 30)) * random.uniform(0.5, 1.0)  # noqa: S311


@dataclass(eq=False)
class Tenure:
    """A partition, from when it came to us until it went: what comes of an earlier tenure of it counts for nothing."""

    partition: tuple[str, int]
    progress: Progress = field(default_factory=Progress)
    lanes: dict[object, "Lane"] = field(default_factory=dict)
    over: bool = False  # nothing more of it is begun
    busy: int = 0  # records that workers have in hand
    size: int = 0  # bytes of records that are not done
    committed: int | None = None
    paused: bool = False


@dataclass(eq=False)
class Task:
    """A record on its way. `failed`: the first time and the last, in seconds since the epoch."""

    record: Record
    tenure: Tenure
    attempts: int = 0
    failed: tuple[float, float] | None = None
    failure: BaseException | None = None  # once done: None if it succeeded


@dataclass(eq=False)
class Lane:
    """Not empty while it is in a hand."""

    name: object
    tenure: Tenure
    tasks: deque[Task] = field(default_factory=deque)


class Workers:
    """`count` threads that call `handle`. All but that is to be called from one thread, which owns the consumer."""

    def __init__(self, handle: Handle, count: int, ordering: Ordering, retries: Retries) -> None:
        self._handle = handle
        self._ordering = ordering
        self._retries = retries
        self._ready: SimpleQueue[Lane | None] = SimpleQueue()
        self._finished: deque[Task] = deque()
        self._waiting: list[tuple[float, int, Lane]] = []  # a heap
        self._numbers = itertools.count()  # of equal times, the first to wait is the first to go on
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._ended = False
        self._threads = [threading.Thread(target=self._work, name=f"worker-{n}", daemon=True) for n in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._ended = True  # what is ready is begun no more, whether or not its tenure is known to be over
        for _thread in self._threads:
            self._ready.put(None)
        until = time.monotonic() + LEAVE_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def add(self, record: Record, tenure: Tenure) -> None:
        """To be done after what was added before of its lane."""
        name = self._lane_of(record)
        task = Task(record, tenure)
        with self._lock:
            lane = tenure.lanes.get(name)
            if lane is not None:  # in some hand
                lane.tasks.append(task)
                return
            lane = tenure.lanes[name] = Lane(name, tenure)
            lane.tasks.append(task)
        self._ready.put(lane)

    def finished(self) -> Iterable[Task]:
        """What has become of records since the last call. Those of tenures that are over may be among them."""
        while self._finished:
            yield self._finished.popleft()

    def wake(self) -> None:
        """Go on with the lanes whose time has come."""
        now = time.monotonic()
        with self._lock:
            while self._waiting and self._waiting[0][0] <= now:
                self._ready.put(heapq.heappop(self._waiting)[2])

    def waiting(self) -> list[Task]:
        """The records that have failed, and are to be tried again."""
        with self._lock:
            return [lane.tasks[0] for _, _, lane in self._waiting if not lane.tenure.over]

    def end(self, tenures: Iterable[Tenure], seconds: float) -> None:
        """Begin nothing more of these, and wait for what is in hand: what is done can still be committed."""
        ending = list(tenures)
        with self._idle:
            for tenure in ending:
                tenure.over = True
            self._idle.wait_for(lambda: not any(tenure.busy for tenure in ending), seconds)

    def _lane_of(self, record: Record) -> object:
        if self._ordering == "partition":
            return None
        # without a key there is no order to keep
        return record.offset if self._ordering == "unordered" or record.key is None else record.key

    def _work(self) -> None:
        lane = self._ready.get()
        while lane is not None:
            with self._lock:
                begun = not (lane.tenure.over or self._ended)
                lane.tenure.busy += begun
            lane = (self._do(lane) if begun else None) or self._ready.get()

    def _do(self, lane: Lane) -> Lane | None:
        """Do the first record of a lane; the lane again where nothing else waits for a worker."""
        task = lane.tasks[0]
        try:
            self._handle(task.record)
            task.failure = None
        except BaseException as error:  # noqa: BLE001 - a record whose failure nobody hears of would be lost
            task.failure = error
            now = time.time()
            task.failed = (task.failed or (now, now))[0], now
        task.attempts += 1
        with self._lock:
            lane.tenure.busy -= 1
            if lane.tenure.over:
                self._idle.notify()
            if task.failure is not None and not self._retries.is_over(task.failure, task.attempts):
                again = time.monotonic() + self._retries.wait_s(task.attempts)
                heapq.heappush(self._waiting, (again, next(self._numbers), lane))
                return None
            lane.tasks.popleft()
            self._finished.append(task)
            if not lane.tasks:
                del lane.tenure.lanes[lane.name]
                return None
        if self._ready.empty():
            return lane
        self._ready.put(lane)  # behind the others: a hot key keeps no worker to itself
        return None
