"""Records side by side: in the order of their key, none twice at once, and what waits holds up no other."""

import threading
from collections import defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import Away, FatalError, RetriableError
from pipeline.events import PoisonError, Record
from pipeline.workers import Ordering, Retries, Task, Tenure, Workers

WaitUntil = Callable[[Callable[[], bool]], None]
SOON = Retries(attempts=3, first_s=0.0001, longest_s=0.001)
NEVER = Retries(attempts=3, first_s=1_000_000, longest_s=1_000_000)


def record(offset: int, key: bytes | None = b"key") -> Record:
    return Record(key, b"", place=("topic", 0, offset))


def done(workers: Workers, count: int, wait_until: WaitUntil) -> list[Task]:
    """The next `count` records that are done, whatever became of them."""
    found: list[Task] = []

    def enough() -> bool:
        workers.wake()
        found.extend(workers.finished())
        return len(found) >= count

    wait_until(enough)
    return found


class Noting:
    """A handler that notes who is at work, and fails as often as it is told to."""

    def __init__(self, failures: dict[int, int]) -> None:
        self.failures = failures
        self.order: dict[object, list[int]] = defaultdict(list)
        self.at_work: set[object] = set()
        self.twice: set[object] = set()
        self._lock = threading.Lock()

    def __call__(self, found: Record) -> None:
        with self._lock:
            self.twice |= {found.key} & self.at_work
            self.at_work.add(found.key)
            left = self.failures.get(found.offset, 0)
            self.failures[found.offset] = left - 1
            if left <= 0:
                self.order[found.key].append(found.offset)
        with self._lock:
            self.at_work.discard(found.key)
        if left > 0:
            raise RetriableError("not now")


@settings(max_examples=30, deadline=None)
@given(
    keys=st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), min_size=1, max_size=80),
    failures=st.dictionaries(st.integers(0, 79), st.integers(1, 2), max_size=20),
    count=st.integers(1, 8),
)
def test_each_key_is_done_in_its_order_and_never_twice_at_once(
    wait_until: WaitUntil, keys: list[bytes], failures: dict[int, int], count: int
) -> None:
    """However many workers, and whatever fails and is tried again; and every record is done."""
    handle, tenure = Noting(dict(failures)), Tenure(("topic", 0))
    with Workers(handle, count, "key", SOON) as workers:
        for offset, key in enumerate(keys):
            workers.add(record(offset, key), tenure)
        tasks = done(workers, len(keys), wait_until)
    assert sorted(task.record.offset for task in tasks) == list(range(len(keys)))
    assert all(task.failure is None for task in tasks)
    assert all(task.attempts == failures.get(task.record.offset, 0) + 1 for task in tasks)
    assert all(offsets == sorted(offsets) for offsets in handle.order.values())
    assert not handle.twice
    assert not tenure.lanes
    assert not tenure.busy


@pytest.mark.parametrize(
    ("ordering", "keys", "beside"),
    [
        ("key", (b"a", b"b"), True),
        ("key", (b"a", b"a"), False),
        ("key", (None, None), True),  # without a key there is no order
        ("partition", (b"a", b"b"), False),
        ("unordered", (b"a", b"a"), True),
    ],
)
def test_what_may_be_done_side_by_side_is(
    wait_until: WaitUntil, ordering: Ordering, keys: tuple[bytes | None, ...], beside: bool
) -> None:
    """The second record is begun while the first is at work, or not before it is done."""
    go, begun = threading.Event(), [threading.Event(), threading.Event()]

    def handle(found: Record) -> None:
        begun[found.offset].set()
        assert found.offset or go.wait(20)

    tenure = Tenure(("topic", 0))
    with Workers(handle, 2, ordering, SOON) as workers:
        for offset, key in enumerate(keys):
            workers.add(record(offset, key), tenure)
        wait_until(begun[0].is_set)
        if beside:
            wait_until(begun[1].is_set)
        assert begun[1].is_set() is beside
        go.set()
        assert len(done(workers, 2, wait_until)) == 2


def test_a_key_that_waits_holds_up_no_other(wait_until: WaitUntil) -> None:
    """Not even with a single worker: what failed is in nobody's hand until its time comes."""

    def handle(found: Record) -> None:
        if found.key == b"bad":
            raise Away("the service is not there")

    tenure = Tenure(("topic", 0))
    with Workers(handle, 1, "key", NEVER) as workers:
        for offset in range(100):
            workers.add(record(offset, b"bad" if offset % 2 else b"good"), tenure)
        tasks = done(workers, 50, wait_until)
        assert {task.record.key for task in tasks} == {b"good"}
        assert [task.record.offset for task in workers.waiting()] == [1]


@pytest.mark.parametrize(
    ("failure", "attempts"), [(PoisonError("not-json", "no"), 1), (KeyError("a bug"), 1), (RetriableError("no"), 3)]
)
def test_what_is_not_retriable_or_exhausted_is_told(wait_until: WaitUntil, failure: Exception, attempts: int) -> None:
    """After one attempt, or after as many as there are; with the times, and what comes after it is done."""

    def handle(found: Record) -> None:
        if not found.offset:
            raise failure

    tenure = Tenure(("topic", 0))
    with Workers(handle, 2, "key", SOON) as workers:
        for offset in range(2):
            workers.add(record(offset), tenure)
        failed, fine = done(workers, 2, wait_until)
    assert (failed.failure, failed.attempts) == (failure, attempts)
    assert failed.failed is not None
    assert failed.failed[0] <= failed.failed[1]
    assert (fine.record.offset, fine.failure) == (1, None)


def test_there_is_no_end_of_attempts_while_a_service_is_away(wait_until: WaitUntil) -> None:
    """More attempts than a record has, and it succeeds."""
    attempts = 0

    def handle(_: Record) -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 20:
            raise Away("the service is not there")

    with Workers(handle, 2, "key", SOON) as workers:
        workers.add(record(0), Tenure(("topic", 0)))
        (task,) = done(workers, 1, wait_until)
    assert (task.failure, task.attempts) == (None, 20)


def test_what_ends_the_process_is_handed_on(wait_until: WaitUntil) -> None:
    """A worker that died with it in silence would leave its record open for ever."""

    def handle(_: Record) -> None:
        raise FatalError("no table")

    with Workers(handle, 1, "key", SOON) as workers:
        workers.add(record(0), Tenure(("topic", 0)))
        (task,) = done(workers, 1, wait_until)
    assert isinstance(task.failure, FatalError)


def test_nothing_is_begun_of_a_tenure_that_is_over(wait_until: WaitUntil) -> None:
    """What is in hand is waited for; what is behind it, and of other keys, is left to the next owner."""
    go, begun = threading.Event(), threading.Event()
    handled: list[int] = []

    def handle(found: Record) -> None:
        handled.append(found.offset)
        begun.set()
        assert go.wait(20)

    going, staying = Tenure(("topic", 0)), Tenure(("topic", 1))
    with Workers(handle, 1, "key", SOON) as workers:
        for offset in range(4):
            workers.add(record(offset, b"%d" % (offset % 2)), going)
        wait_until(begun.is_set)
        ending = threading.Thread(target=workers.end, args=([going], 20))
        ending.start()
        wait_until(lambda: going.over)
        assert ending.is_alive()
        workers.add(record(9), staying)
        go.set()
        ending.join(20)
        assert [task.record.offset for task in done(workers, 2, wait_until)] == [0, 9]
    assert handled == [0, 9]


def test_a_record_that_hangs_holds_the_end_of_a_tenure_up_no_longer_than_its_bound() -> None:
    """Its partition goes without it."""
    go, begun = threading.Event(), threading.Event()

    def handle(_: Record) -> None:
        begun.set()
        assert go.wait(20)

    tenure = Tenure(("topic", 0))
    with Workers(handle, 1, "key", SOON) as workers:
        workers.add(record(0), tenure)
        assert begun.wait(20)
        workers.end([tenure], 0.01)
        assert tenure.busy == 1
        go.set()


def test_waits_grow_to_a_bound_and_are_not_in_step() -> None:
    """Between half and all of what doubles each time."""
    retries = Retries(attempts=99, first_s=0.1, longest_s=1.0)
    for attempts, longest in ((1, 0.1), (2, 0.2), (4, 0.8), (5, 1.0), (9_999, 1.0)):
        waits = {retries.wait_s(attempts) for _ in range(50)}
        assert all(longest / 2 <= wait <= longest for wait in waits)
        assert len(waits) > 1
