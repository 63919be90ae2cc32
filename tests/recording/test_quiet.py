"""Waiting for the end: what holds it up, and that a bound is a finding."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from confluent_kafka import Producer

from streamproof.cluster import EmbeddedCluster
from streamproof.kafka.topics import list_offsets
from streamproof.recording.batches import Place
from streamproof.recording.quiet import LastInput, Quiet, wait_until_quiet
from streamproof.recording.readback import LogEnds

Send = Callable[..., None]
Wait = Callable[..., Quiet]


@pytest.fixture
def wait(broker: EmbeddedCluster, topic: str) -> Wait:
    """`wait(committed, timeout_s)` for the test's topic; `committed` is a mapping, or several answers in turn."""

    def waited(
        committed: Sequence[Mapping[Place, int]],
        timeout_s: float,
        sentences: list[str] | None = None,
        *,
        open_timeout_s: float = 0.0,
        say: Callable[[str], None] | None = None,
    ) -> Quiet:
        answers = list(committed)
        last = LastInput(broker.bootstrap_servers, topic)

        def log_ends() -> LogEnds:
            return list_offsets(broker.bootstrap_servers, [topic])

        return wait_until_quiet(
            lambda: last.behind(answers.pop(0) if len(answers) > 1 else answers[0], log_ends()),
            log_ends,
            timeout_s=timeout_s,
            open_timeout_s=open_timeout_s,
            say=say or (sentences if sentences is not None else []).append,
        )

    return waited


def test_an_empty_topic_is_quiet(wait: Wait) -> None:
    """Nothing was sent, so nothing is to come."""
    found = wait([{}], 5)
    assert found == Quiet(2)
    assert str(found) == "last stable offset = high watermark on 2 partitions · no open transaction"


def test_markers_and_aborted_input_need_no_commit(wait: Wait, topic: str, send: Send) -> None:
    """A group commits past what it could read, not past what stands behind that."""
    send(topic, "a", "b", commit=True)
    send(topic, "c", commit=False)
    send(topic, "d", part=1, commit=False)
    assert wait([{(topic, 0): 2}], 5).quiet
    assert wait([{(topic, 0): 1}], 0).behind == ((topic, 0),)


def test_it_waits_until_the_group_has_committed(wait: Wait, topic: str, send: Send) -> None:
    """Asked again and again, and telling what is missing meanwhile."""
    send(topic, "a", "b")
    sentences: list[str] = []
    assert wait([{}, {(topic, 0): 1}, {(topic, 0): 2}], 30, sentences).quiet
    assert sentences == [f"not committed to the end: {topic}[0]"] * 2


def test_who_goes_on_is_waited_for_beyond_the_bound() -> None:
    """The bound is for who stands still: a slow subject is not called late for what it is about to do."""
    place = ("t", 0)
    looks, done = iter([[place], [place], [place], []]), iter([0, 1, 2, 3, 4])
    ends: LogEnds = {place: (0, 9, 9)}
    assert wait_until_quiet(lambda: next(looks), lambda: ends, timeout_s=0, done=lambda: next(done)).quiet
    still = iter([0, 1, 1])
    assert wait_until_quiet(lambda: [place], lambda: ends, timeout_s=0, done=lambda: next(still)).behind == (place,)


def test_an_open_transaction_is_found(wait: Wait, broker: EmbeddedCluster, topic: str, send: Send) -> None:
    """At the bound the answer says where; input behind it is not asked for before it is visible."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "transactional.id": topic})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b"v", partition=1)
    assert producer.flush(20) == 0
    plain = Producer({"bootstrap.servers": broker.bootstrap_servers})
    plain.produce(topic, b"behind", partition=1)
    assert plain.flush(20) == 0
    found = wait([{}], 0.3)
    assert found == Quiet(2, (), ((topic, 1),))
    assert str(found) == f"a transaction open: {topic}[1]"
    producer.commit_transaction(20)
    assert wait([{(topic, 1): 2}], 30).quiet
    assert wait([{(topic, 1): 1}], 0).behind == ((topic, 1),)


def test_an_open_transaction_is_given_its_own_time(wait: Wait, broker: EmbeddedCluster, topic: str, send: Send) -> None:
    """Beyond the bound for all else, which counts again as soon as nothing is open."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "transactional.id": topic})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b"v", partition=1)
    assert producer.flush(20) == 0
    assert wait([{}], 0.3).unstable == ((topic, 1),)
    commit = iter([lambda: producer.commit_transaction(20)])
    found = wait([{}], 0, open_timeout_s=30, say=lambda _: next(commit, lambda: None)())
    assert found == Quiet(2, ((topic, 1),))


def test_a_transaction_that_has_written_nothing_is_waited_for_too() -> None:
    """No log shows it: it is asked for, and has the time of what is open."""
    place = ("t", 0)
    ends: LogEnds = {place: (0, 9, 9)}
    answers, said = iter([["id-1"], ["id-1"], []]), list[str]()
    found = wait_until_quiet(list, lambda: ends, lambda: next(answers), timeout_s=0, open_timeout_s=30, say=said.append)
    assert found.quiet
    assert said == ["a transaction open that has written nothing: id-1"] * 2
    assert wait_until_quiet(list, lambda: ends, lambda: ["id-2"], timeout_s=0).transactions == ("id-2",)


def test_input_that_becomes_visible_while_waiting_counts(
    wait: Wait, broker: EmbeddedCluster, topic: str, send: Send
) -> None:
    """An upstream transaction that commits late brings input that the group must commit past too."""
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "transactional.id": topic})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b"v", partition=0)
    assert producer.flush(20) == 0

    sentences: list[str] = []

    def commits() -> Iterator[Mapping[Place, int]]:
        yield {}
        producer.commit_transaction(20)
        while f"not committed to the end: {topic}[0]" not in sentences:
            yield {}
        yield {(topic, 0): 1}

    looks = commits()
    last = LastInput(broker.bootstrap_servers, topic)

    def log_ends() -> LogEnds:
        return list_offsets(broker.bootstrap_servers, [topic])

    assert wait_until_quiet(
        lambda: last.behind(next(looks), log_ends()), log_ends, timeout_s=30, say=sentences.append
    ).quiet
    assert sentences[0] == f"a transaction open: {topic}[0]"


def test_a_transaction_that_ends_between_two_questions_is_no_quiet() -> None:
    """Nothing was behind while it was open, nothing is open afterwards: what it brought has not been asked for."""
    place = ("t", 0)
    opened, ended = {place: (0, 0, 2)}, {place: (0, 2, 2)}
    ends, behind = iter([opened, ended, ended, ended]), iter([[], [place], []])
    sentences: list[str] = []
    assert wait_until_quiet(lambda: next(behind), lambda: next(ends), timeout_s=30, say=sentences.append).quiet
    assert sentences == ["a transaction open: t[0]", "not committed to the end: t[0]"]
