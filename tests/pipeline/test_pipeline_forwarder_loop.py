"""The forwarder's loop without a broker: what is fetched while a commit is under way, and what becomes of it."""

import threading
from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError, Message

from pipeline.errors import Fenced, RegistryAway
from pipeline.events import PoisonError
from pipeline.forwarder import Forwarder
from pipeline.handlers import Outputs, copy_to
from pipeline.process import Stop
from pipeline.settings import CopySettings
from pipeline.transactions import Transactions
from tests.pipeline.fakes import TOPIC, FakeConsumer, FakeProducer

PATIENCE_S = 20.0
A_MOMENT_S = 0.2  # given to a mistake, to show itself
ABORTABLE = KafkaError(KafkaError.ILLEGAL_GENERATION, "", txn_requires_abort=True)
RETRIABLE = KafkaError(KafkaError._TIMED_OUT, "", retriable=True)
FENCED = KafkaError(KafkaError._FENCED, "", fatal=True)
SETTINGS = {
    "KAFKA_BOOTSTRAP_SERVERS": "nowhere:1",
    "TRANSACTIONAL_ID": "t-1",
    "TRANSACTION_TIMEOUT_MS": "1000",
    "GROUP_ID": "g",
    "INPUT_TOPIC": TOPIC,
    "OUTPUT_TOPIC": "out",
    "DLQ_TOPIC": "dead",
    "FENCED_LIMIT": "0",
}


COPY = copy_to("out")


@pytest.fixture
def forwarder(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Forwarder, FakeConsumer]]:
    """A forwarder of records 0 to 5 by these producers, in turn, that stops when all are read."""

    def make(
        *producers: FakeProducer,
        script: tuple[Callable[[], None], ...] = (),
        handle: Callable[[Message], Outputs] = COPY,
        stop: Stop | None = None,
    ) -> tuple[Forwarder, FakeConsumer]:
        waiting = list(producers)

        def open_next(_config: object, *, logger: object) -> FakeProducer:
            waiting[0].logger = logger
            return waiting.pop(0)

        settings, used = CopySettings.from_environment(SETTINGS), stop or Stop(1000)
        made = Forwarder(settings, used, handle)
        made.transactions = Transactions(settings, used, open_next)  # type: ignore[arg-type]
        consumer = FakeConsumer(6, used.request, script)
        monkeypatch.setattr("pipeline.group_member.Consumer", consumer)
        return made, consumer

    return make


def values(*numbers: int) -> list[bytes]:
    return [f"0:{number}".encode() for number in numbers]


WHOLE = [(values(0, 1), {0: 2}), (values(2, 3), {0: 4}), (values(4, 5), {0: 6})]


def test_each_batch_is_a_transaction_with_its_offsets(forwarder: Callable[..., tuple[Forwarder, FakeConsumer]]) -> None:
    """In order, and nothing twice."""
    producer = FakeProducer()
    made, consumer = forwarder(producer)
    made.run()
    assert producer.committed == WHOLE
    assert consumer.closed


def test_the_next_batch_is_fetched_while_a_commit_is_under_way_and_not_sent_before_it_is_done(
    forwarder: Callable[..., tuple[Forwarder, FakeConsumer]],
) -> None:
    """So nothing is committed ahead: until its outcome is there, the second transaction is not even begun."""
    producer, fetched, begun = FakeProducer(), threading.Event(), list[int]()

    def wait_for_the_next_fetch() -> None:
        assert fetched.wait(PATIENCE_S)
        begun.append(producer.calls.count("begin_transaction"))

    producer.on_commit = wait_for_the_next_fetch
    made, _ = forwarder(producer, script=(lambda: None, fetched.set))
    made.run()
    assert begun == [1, 2, 3]
    assert producer.committed == WHOLE


def test_what_was_fetched_behind_an_aborted_batch_is_dropped_and_read_again(
    forwarder: Callable[..., tuple[Forwarder, FakeConsumer]],
) -> None:
    """Committed, it would pass the aborted batch over for ever."""
    producer = FakeProducer(commit_transaction=[ABORTABLE])
    made, consumer = forwarder(producer)
    made.run()
    assert consumer.seeks == [(0, 0)]
    assert producer.calls.count("abort_transaction") == 1
    assert producer.committed == WHOLE


def test_an_abort_is_seen_though_nothing_more_is_read(
    forwarder: Callable[..., tuple[Forwarder, FakeConsumer]],
) -> None:
    """The last batch of all is read again too."""
    producer = FakeProducer()
    made, consumer = forwarder(producer)
    producer.on_commit = lambda: producer.errors.update(
        commit_transaction=[ABORTABLE] if producer.calls.count("commit_transaction") == 3 else []
    )
    made.run()
    assert consumer.seeks == [(0, 4)]
    assert producer.committed == WHOLE


def test_partitions_are_given_up_when_their_commit_is_done(
    forwarder: Callable[..., tuple[Forwarder, FakeConsumer]],
) -> None:
    """Their next owner would read from before it, and do it again."""
    producer, taken = FakeProducer(), threading.Event()
    committed_when_taken: list[int] = []

    def wait() -> None:
        taken.wait(A_MOMENT_S)

    def take_away() -> None:
        consumer.take_away(0)
        committed_when_taken.append(len(producer.committed))
        taken.set()
        consumer.assign(0, 2)

    producer.on_commit = wait
    made, consumer = forwarder(producer, script=(lambda: None, take_away))
    made.run()
    assert committed_when_taken == [1]


@pytest.mark.parametrize("how", ["on_revoke", "on_lost"])
def test_what_is_taken_away_while_its_commit_fails_is_left_to_its_next_owner(
    forwarder: Callable[..., tuple[Forwarder, FakeConsumer]], how: str
) -> None:
    """It is neither sought in nor sent again; what is kept is read again from where it was aborted."""
    producer = FakeProducer()
    made, consumer = forwarder(producer)
    consumer.script = [lambda: consumer.assign(1, 0), lambda: None, lambda: consumer.take_away(0, how)]
    commits = iter([[], [ABORTABLE]])
    producer.on_commit = lambda: producer.errors.update(commit_transaction=next(commits, []))
    made.run()
    assert consumer.seeks == [(1, 0)]
    assert [value for sent, _ in producer.committed for value in sent if value.startswith(b"0:")] == values(0, 1)
    assert [value for sent, _ in producer.committed for value in sent if value.startswith(b"1:")] == [
        f"1:{number}".encode() for number in range(6)
    ]


def test_a_stop_does_not_wait_longer_than_its_grace(forwarder: Callable[..., tuple[Forwarder, FakeConsumer]]) -> None:
    """A commit that is never answered ends as unknown, and the process with it."""
    stop = Stop(0)
    producer = FakeProducer(commit_transaction=[RETRIABLE] * 100_000)
    made, consumer = forwarder(producer, script=(lambda: None, stop.request), stop=stop)
    made.run()
    assert consumer.closed
    assert not producer.committed


def test_fenced_it_starts_over_and_not_for_ever(forwarder: Callable[..., tuple[Forwarder, FakeConsumer]]) -> None:
    """Beyond its limit it ends, and says so by its status."""
    made, consumer = forwarder(FakeProducer(commit_transaction=[FENCED]))
    with pytest.raises(Fenced):
        made.run()
    assert consumer.closed


def test_a_doubt_about_a_producer_renews_it(forwarder: Callable[..., tuple[Forwarder, FakeConsumer]]) -> None:
    """A connection that was lost in a commit: the next batch is another producer's, initialized first."""
    first, second = FakeProducer(), FakeProducer()
    first.on_commit = lambda: first.log.append("FAIL TxnCoordinator: Disconnected")
    made, _ = forwarder(first, second)
    made.run()
    assert first.committed + second.committed == WHOLE
    assert len(first.committed) == 1
    assert second.calls[:2] == ["init_transactions", "begin_transaction"]


def test_offsets_are_sent_by_a_member_of_the_group_or_not_at_all(
    forwarder: Callable[..., tuple[Forwarder, FakeConsumer]],
) -> None:
    """A broker takes them from anybody who names no member: from a zombie that is not yet told too."""
    producer = FakeProducer()

    def member(name: str) -> Callable[[], None]:
        return lambda: setattr(consumer, "member", name)

    made, consumer = forwarder(producer, script=(lambda: None, member(""), member("member-2")))
    made.run()
    assert consumer.seeks == [(0, 2)]
    assert producer.committed == WHOLE


def test_poison_is_dead_lettered_in_the_same_transaction(
    forwarder: Callable[..., tuple[Forwarder, FakeConsumer]],
) -> None:
    """As it came."""

    def handle(message: Message) -> Outputs:
        raise PoisonError("invalid-event", "of no use")

    producer = FakeProducer()
    made, _ = forwarder(producer, handle=handle)
    made.run()
    assert producer.committed == WHOLE


def test_a_record_that_cannot_be_handled_yet_is_read_again(
    forwarder: Callable[..., tuple[Forwarder, FakeConsumer]],
) -> None:
    """Nothing behind it is sent before it."""
    away = [RegistryAway("no answer")]

    def handle(message: Message) -> Outputs:
        if message.offset() == 3 and away:
            raise away.pop()
        return COPY(message)

    producer = FakeProducer()
    made, consumer = forwarder(producer, handle=handle)
    made.run()
    assert consumer.seeks == [(0, 2)]
    assert producer.committed == WHOLE
