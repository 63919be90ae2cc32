"""What the projector commits, begins and gives up when partitions come and go; without brokers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from pipeline.errors import Away, FatalError
from pipeline.events import PoisonError, Record, Result
from pipeline.group_member import Batch
from pipeline.process import Stop
from pipeline.projector import Projector
from pipeline.settings import ProjectorSettings
from pipeline.workers import Retries, Tenure, Workers

WaitUntil = Callable[[Callable[[], bool]], None]
HERE = [TopicPartition("orders", 0)]


class FakeConsumer:
    """Takes what it is told to commit, and to pause."""

    def __init__(self) -> None:
        self.commits: list[tuple[int, int]] = []
        self.paused: set[int] = set()

    def commit(self, offsets: list[TopicPartition], **_: Any) -> list[TopicPartition]:
        self.commits += [(offset.partition, offset.offset) for offset in offsets]
        return offsets

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {partition.partition for partition in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused -= {partition.partition for partition in partitions}


class FakeOutbox:
    """Letters arrive when they are told to."""

    def __init__(self) -> None:
        self.letters: list[Result] = []
        self.on_their_way: list[Callable[[], None]] = []

    def send(self, _topic: str, letter: Result, arrived: Callable[[], None]) -> None:
        self.letters.append(letter)
        self.on_their_way.append(arrived)

    def arrive(self) -> None:
        while self.on_their_way:
            self.on_their_way.pop()()

    def serve(self, seconds: float = 0) -> None:
        pass

    @property
    def waiting(self) -> int:
        return len(self.on_their_way)


@dataclass
class Message:
    """As the client hands it out."""

    number: int
    name: bytes

    def topic(self) -> str:
        return "orders"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.number

    def key(self) -> bytes:
        return self.name

    def value(self) -> bytes:
        return b"value"

    def headers(self) -> None:
        return None

    def timestamp(self) -> tuple[int, int]:
        return (0, -1)


@dataclass
class Gate:
    """A handler whose records are done when they are let go, by their offset, or fail."""

    failures: dict[int, Exception] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)
    gates: dict[int, threading.Event] = field(default_factory=dict)

    def hold(self, *offsets: int) -> None:
        self.gates.update({offset: threading.Event() for offset in offsets})

    def __call__(self, record: Record) -> None:
        self.begun.append(record.offset)
        gate = self.gates.get(record.offset)
        assert gate is None or gate.wait(20)
        if record.offset in self.failures:
            raise self.failures[record.offset]


class Scene:
    """A projector with workers, and clients that are none."""

    def __init__(self, **settings: Any) -> None:
        values = {"kafka_bootstrap_servers": "none", "database": "none", "revoke_ms": 20_000, **settings}
        self.handle = Gate()
        self.consumer, self.outbox = FakeConsumer(), FakeOutbox()
        self.projector = Projector(ProjectorSettings.model_validate(values), Stop(5000), self.handle)
        self.projector.consumer = self.consumer  # type: ignore[assignment]
        self.projector._dead = self.outbox  # type: ignore[assignment]

    def give(self, *keys: bytes, first: int = 0) -> None:
        messages: list[Any] = [Message(first + number, key) for number, key in enumerate(keys)]
        self.projector.take(Batch(messages))

    def assign(self) -> Tenure:
        self.projector._on_assign(None, HERE)  # type: ignore[arg-type]
        return self.projector.tenures["orders", 0]

    def lose(self) -> None:
        self.projector._on_lost(None, HERE)  # type: ignore[arg-type]

    def revoke(self) -> None:
        self.projector._on_revoke(None, HERE)  # type: ignore[arg-type]

    def settled(self) -> None:
        self.projector._workers.wake()
        self.projector.settle()


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    made = Scene(**getattr(request, "param", {}))
    with Workers(made.handle, 4, "key", Retries(3, 0.0001, 0.001)) as made.projector._workers:
        yield made
        for gate in made.handle.gates.values():
            gate.set()


@contextmanager
def beside(call: Callable[[], None]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=call)
    thread.start()
    yield thread
    thread.join(20)
    assert not thread.is_alive()


def test_it_commits_up_to_the_first_that_is_not_done(scene: Scene, wait_until: WaitUntil) -> None:
    """However many after it are: a commit beyond it would lose it."""
    tenure = scene.assign()
    scene.handle.hold(1)
    scene.give(b"a", b"b", b"c", b"d")

    def others_are_done() -> bool:
        scene.settled()
        return tenure.progress.open == 3 and len(tenure.lanes) == 1

    wait_until(others_are_done)
    scene.projector.commit()
    scene.projector.commit()
    assert scene.consumer.commits == [(0, 1)]
    scene.handle.gates[1].set()
    wait_until(lambda: not tenure.lanes)
    scene.settled()
    scene.projector.commit()
    assert scene.consumer.commits == [(0, 1), (0, 4)]


def test_what_is_done_of_an_earlier_tenure_counts_for_nothing(scene: Scene, wait_until: WaitUntil) -> None:
    """Lost in the midst of a record, and given back: its end says nothing of the record that we have now."""
    before = scene.assign()
    scene.handle.hold(0)
    scene.give(b"a")
    wait_until(lambda: scene.handle.begun == [0])
    scene.lose()
    after = scene.assign()
    scene.handle.hold(7)
    scene.give(b"a", first=7)
    wait_until(lambda: scene.handle.begun == [0, 7])
    scene.handle.gates[0].set()
    wait_until(lambda: not before.busy)
    scene.settled()
    scene.projector.commit()
    assert scene.consumer.commits == []
    scene.handle.gates[7].set()
    wait_until(lambda: not after.busy)
    scene.settled()
    scene.projector.commit()
    assert scene.consumer.commits == [(0, 8)]


def test_no_letter_is_written_for_a_partition_that_went(scene: Scene, wait_until: WaitUntil) -> None:
    """Its next owner meets the same record, and writes it."""
    tenure = scene.assign()
    scene.handle.hold(0)
    scene.handle.failures[0] = PoisonError("not-json", "no")
    scene.give(b"a")
    wait_until(lambda: scene.handle.begun == [0])
    scene.lose()
    scene.handle.gates[0].set()
    wait_until(lambda: not tenure.busy)
    scene.settled()
    assert scene.outbox.letters == []


def test_what_is_in_hand_is_finished_and_committed_before_its_partition_goes(
    scene: Scene, wait_until: WaitUntil
) -> None:
    """And nothing more of it is begun."""
    scene.assign()
    scene.handle.hold(0)
    scene.give(b"a", b"a")
    wait_until(lambda: scene.handle.begun == [0])
    with beside(scene.revoke) as revoking:
        wait_until(lambda: scene.projector.tenures["orders", 0].over)
        assert revoking.is_alive()
        scene.handle.gates[0].set()
    assert scene.handle.begun == [0]
    assert scene.consumer.commits == [(0, 1)]
    assert not scene.projector.tenures


@pytest.mark.parametrize("scene", [{"revoke_ms": 1}], indirect=True)
def test_a_record_that_takes_too_long_is_left_to_the_next_owner(scene: Scene, wait_until: WaitUntil) -> None:
    """The partition goes all the same, and what was done before that record is committed."""
    tenure = scene.assign()
    scene.handle.hold(1)
    scene.give(b"a", b"b")
    wait_until(lambda: len(scene.handle.begun) == 2 and tenure.busy == 1)
    scene.revoke()
    assert scene.consumer.commits == [(0, 1)]


def test_nothing_is_committed_for_what_is_lost(scene: Scene, wait_until: WaitUntil) -> None:
    """Another may be further by now."""
    tenure = scene.assign()
    scene.give(b"a")
    wait_until(lambda: not tenure.lanes)
    scene.settled()
    scene.lose()
    scene.projector.commit()
    assert scene.consumer.commits == []


def test_a_record_is_done_when_its_letter_has_arrived(scene: Scene, wait_until: WaitUntil) -> None:
    """Before, a crash would lose both; what comes after it of the same key does not wait."""
    tenure = scene.assign()
    scene.handle.failures[0] = PoisonError("not-json", "no")
    scene.give(b"a", b"a")
    wait_until(lambda: not tenure.lanes)
    scene.settled()
    scene.projector.commit()
    assert scene.consumer.commits == []
    scene.outbox.arrive()
    scene.projector.commit()
    assert scene.consumer.commits == [(0, 2)]


@pytest.mark.parametrize("scene", [{"max_open": 4}, {"max_open_bytes": 4 * len(b"value")}], indirect=True)
def test_a_partition_that_is_too_far_ahead_is_not_fetched_from(scene: Scene, wait_until: WaitUntil) -> None:
    """Until half of what it had is done; and a pause does not outlive the tenure that it was for."""
    tenure = scene.assign()
    scene.handle.hold(0, 2)
    scene.give(b"a", b"b", b"c", b"d")
    scene.projector._hold_back()
    assert scene.consumer.paused == {0}
    scene.handle.gates[0].set()
    wait_until(lambda: list(tenure.lanes) == [b"c"])
    scene.settled()
    scene.projector._hold_back()
    assert scene.consumer.paused == set()
    scene.give(b"e", b"f", b"g", first=4)
    scene.projector._hold_back()
    assert scene.consumer.paused == {0}
    scene.lose()
    scene.assign()
    assert scene.consumer.paused == set()


def test_what_ends_the_process_is_raised(scene: Scene, wait_until: WaitUntil) -> None:
    """In the thread that runs the member, which ends with its status."""
    tenure = scene.assign()
    scene.handle.failures[0] = FatalError("no table")
    scene.give(b"a")
    wait_until(lambda: not tenure.lanes)
    with pytest.raises(FatalError, match="no table"):
        scene.settled()


def test_a_service_that_is_away_makes_no_letter(scene: Scene, wait_until: WaitUntil) -> None:
    """More attempts than a record has, and it is neither passed by nor dead-lettered."""
    tenure = scene.assign()
    scene.handle.failures[0] = Away("not there")
    scene.give(b"a")

    def tried_often() -> bool:
        scene.settled()
        return len(scene.handle.begun) > 20

    wait_until(tried_often)
    scene.projector.commit()
    assert not scene.outbox.letters
    assert not scene.consumer.commits
    del scene.handle.failures[0]

    def is_done() -> bool:
        scene.settled()
        return not tenure.progress.open

    wait_until(is_done)
