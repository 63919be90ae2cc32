"""A projector whose partitions go to another: what is done is committed, and what is not its own any more is not."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from confluent_kafka import Consumer, TopicPartition

from pipeline.consumer import DatabaseConsumer
from pipeline.database import ORDERS, Database
from pipeline.events import OrderState
from pipeline.group_member import Batch, Partition
from pipeline.process import Stop
from pipeline.settings import ProjectorSettings
from streamproof.kafka.groups import describe_group
from tests.pipeline.projected import Projected

WaitUntil = Callable[[Callable[[], bool]], None]
SIZE = 300


def given(projected: Projected, **more: str) -> tuple[ProjectorSettings, Stop, Database[OrderState]]:
    """What a projector in this process is made of."""
    settings = ProjectorSettings.from_environment(projected.stage.environment(DATABASE=str(projected.path), **more))
    return settings, Stop(settings.stop_ms), Database(settings.database, ORDERS)


@contextmanager
def running(member: DatabaseConsumer[OrderState]) -> Iterator[None]:
    thread = threading.Thread(target=member.run)
    thread.start()
    try:
        yield
    finally:
        member.stop.request()
        thread.join(30)
        assert not thread.is_alive()


class Revoked(DatabaseConsumer[OrderState]):
    """Commits nothing but what it must before partitions go."""

    _going = False

    def commit(self) -> None:
        if self._going:
            super().commit()

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._going = True
        super()._on_revoke(consumer, partitions)
        self._going = False


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_what_is_done_is_committed_before_its_partitions_go(
    projected: Projected, wait_until: WaitUntil, protocol: str
) -> None:
    """Another joins: when the first has given partitions up, all that it had done is committed."""
    projected.send(range(SIZE))
    member = Revoked(*given(projected, GROUP_PROTOCOL=protocol))
    with running(member):
        wait_until(lambda: sum(member.done.values()) >= SIZE)
        assert projected.stage.committed() == 0
        projected.start("other", GROUP_PROTOCOL=protocol)
        wait_until(lambda: len(member.owned) < 3)
        assert projected.stage.committed() == SIZE


def members(projected: Projected) -> int:
    """How many the broker counts in the group."""
    return describe_group(projected.stage.bootstrap_servers, projected.stage.group).members


class Sleeper(Revoked):
    """Does all there is, then polls no more until it is woken."""

    asleep: threading.Event
    awake: threading.Event

    def process(self, batch: Batch) -> None:
        super().process(batch)
        if sum(self.done.values()) >= SIZE:
            self.asleep.set()
            self.awake.wait(60)


def test_what_is_lost_is_not_committed(
    projected: Projected, wait_until: WaitUntil, capsys: pytest.CaptureFixture[str]
) -> None:
    """Too late to poll, it has lost its partitions, and does not so much as try to commit for them."""
    projected.send(range(SIZE))
    member = Sleeper(*given(projected, MAX_POLL_INTERVAL_MS="1500"))
    member.asleep, member.awake = threading.Event(), threading.Event()
    with running(member):
        try:
            wait_until(member.asleep.is_set)
            wait_until(lambda: not members(projected))  # or the client would have been asked to give some up first
            projected.start("other")
            wait_until(lambda: projected.stage.committed() >= SIZE)
        finally:
            member.awake.set()
        wait_until(lambda: not member.done)
    said = capsys.readouterr().err
    assert "lost [0, 1, 2]" in said
    assert "not committed" not in said


class Witness(DatabaseConsumer[OrderState]):
    """Notes what it held, and what it was about to commit that was not its own."""

    held: frozenset[Partition] = frozenset()
    foreign: frozenset[Partition] = frozenset()
    attempts = 0  # that failed

    def _hold(self, seconds: float) -> None:
        self.attempts += 1
        super()._hold(seconds)

    def process(self, batch: Batch) -> None:
        self.held = self.held or frozenset(batch.next)
        super().process(batch)

    def commit(self) -> None:
        self.foreign |= self.done.keys() - self.owned
        super().commit()


@pytest.mark.parametrize("strategy", ["cooperative-sticky", "range"])
def test_what_was_held_of_partitions_that_went_is_dropped(
    projected: Projected, wait_until: WaitUntil, strategy: str
) -> None:
    """Another joins while the database is locked: each commits only its own, and nothing is missing."""
    member = Witness(*given(projected, PARTITION_ASSIGNMENT_STRATEGY=strategy, MAX_BATCH="1000", BATCH_MS="1000"))
    with ExitStack() as stack:
        with projected.locked():
            projected.send(range(SIZE))
            stack.enter_context(running(member))
            wait_until(lambda: bool(member.held))
            projected.start("other", PARTITION_ASSIGNMENT_STRATEGY=strategy)
            wait_until(lambda: 0 < len(member.owned) < 3 and "assigned" in projected.stage.log("other"))
        wait_until(lambda: projected.stage.committed() >= SIZE)
    assert len(member.held) == 3
    assert len(projected.kept()) == SIZE
    assert not member.foreign


def test_what_comes_while_a_batch_is_held_is_read_after_it(projected: Projected, wait_until: WaitUntil) -> None:
    """A consumer ends while the database is locked: its partitions come to another that holds; nothing is passed by."""
    member = Witness(*given(projected, MAX_BATCH="20"))
    with ExitStack() as stack:
        stack.enter_context(running(member))
        other = projected.start("other", MAX_BATCH="20")
        wait_until(lambda: 0 < len(member.owned) < 3 and "assigned [" in projected.stage.log("other"))
        with projected.locked():
            projected.send(range(SIZE))
            wait_until(lambda: bool(member.held) and "trying again" in projected.stage.log("other"))
            other.terminate()
            assert other.wait(10) == 0
            wait_until(lambda: len(member.owned) == 3)
            wait_until(lambda seen=member.attempts: member.attempts >= seen + 2)  # type: ignore[misc]
            assert projected.stage.committed() == 0
        wait_until(lambda: projected.stage.committed() >= SIZE)
    assert len(projected.kept()) == SIZE
    assert not member.foreign


@pytest.mark.parametrize("strategy", ["cooperative-sticky", "range"])
def test_what_went_while_a_batch_was_held_is_read_when_it_comes_back(
    projected: Projected, wait_until: WaitUntil, strategy: str
) -> None:
    """The client keeps a pause beyond the assignment that it was for: such a partition would stand still for ever."""
    member = Witness(*given(projected, PARTITION_ASSIGNMENT_STRATEGY=strategy))
    with running(member):
        with projected.locked():
            projected.send(range(SIZE))
            wait_until(lambda: bool(member.held))
            other = projected.start("other", PARTITION_ASSIGNMENT_STRATEGY=strategy)
            wait_until(lambda: 0 < len(member.owned) < 3)
        other.terminate()
        assert other.wait(10) == 0
        wait_until(lambda: len(member.owned) == 3)
        projected.send(range(SIZE, 2 * SIZE))
        wait_until(lambda: projected.stage.committed() >= 2 * SIZE)
    assert len(projected.kept()) == 2 * SIZE
