"""An Idempotency-Key over kills, restarts and commits that nobody answered: one answer, and one record."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pipeline.errors import RetriableError
from pipeline.idempotency import Keyed, KeyReusedError
from pipeline.keyed_producer import KeyedProducer
from pipeline.process import Stop
from pipeline.producer import Answer
from pipeline.settings import ApiSettings
from streamproof.cluster import EmbeddedCluster
from tests.pipeline.conftest import PARTITIONS
from tests.pipeline.test_pipeline_api import ANSWER_S, Api, StartApi, silence, start_api, valid

__all__ = ["silence", "start_api"]  # fixtures
WaitUntil = Callable[[Callable[[], bool]], None]
Lie = Callable[[Callable[[float], None], float], None]
Told = list[Answer | Exception]


def settings_of(stage: Any, **more: Any) -> ApiSettings:
    return ApiSettings(
        kafka_bootstrap_servers=stage.bootstrap_servers,
        input_topic=stage.topics["INPUT_TOPIC"],
        keys_topic=stage.topics["KEYS_TOPIC"],
        transactional_id=stage.group,
        transaction_timeout_ms=5000,
        **more,
    )


@contextmanager
def producing(stage: Any, make_producer: Callable[..., Any] = Producer, **more: Any) -> Iterator[KeyedProducer]:
    producer = KeyedProducer(settings_of(stage, **more), Stop(5000), make_producer)
    try:
        yield producer
    finally:
        producer.flush()


def asked(number: int, key: str | None = None) -> Keyed:
    return Keyed.of(key or f"key-{number}", json.dumps(valid(number)).encode())


def ask(producer: KeyedProducer, *requests: Keyed) -> Told:
    """The answers, once all are there."""
    answers: Told = []
    for request in requests:
        producer.send(request, answers.append)
    while len(answers) < len(requests):
        producer.poll()
    return answers


class Commits:
    """A producer whose first commit is `lie`, of the real commit."""

    def __init__(self, lie: Lie) -> None:
        self._lie, self._told = lie, False

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        inner, outer = Producer(*arguments, **more), self

        class Lying:
            def commit_transaction(self, timeout: float) -> None:
                if outer._told:
                    inner.commit_transaction(timeout)
                    return
                outer._told = True
                outer._lie(inner.commit_transaction, timeout)

            def __getattr__(self, name: str) -> Any:
                return getattr(inner, name)

        return Lying()


def commits_in_silence(commit: Callable[[float], None], timeout: float) -> None:
    commit(timeout)
    raise KafkaException(KafkaError(KafkaError._STATE))


def does_nothing(_commit: Callable[[float], None], _timeout: float) -> None:
    raise KafkaException(KafkaError(KafkaError._STATE))


def places(stage: Any) -> list[tuple[int, int, bytes]]:
    return [(m.partition(), m.offset(), m.value()) for m in stage.read("INPUT_TOPIC")]


def test_all_that_wait_are_in_the_log_where_they_are_said_to_be(stage: Any) -> None:
    """More than go into a transaction, each once, under its order's id."""
    requests = [asked(number) for number in range(1200)]
    with producing(stage) as producer:
        answers = ask(producer, *requests)
    told = [(a.partition, a.offset, r.event) for a, r in zip(answers, requests, strict=True) if isinstance(a, Answer)]
    assert sorted(told) == sorted(places(stage))
    assert len(told) == len(requests)


@pytest.mark.parametrize("lie", [commits_in_silence, does_nothing])
def test_a_commit_that_nobody_answered_is_decided_before_anything_else(stage: Any, lie: Lie) -> None:
    """Committed or not, each event is in the log once, and the answer says where."""
    with producing(stage, Commits(lie)) as producer:
        answers = ask(producer, asked(1), asked(2))
    found = {json.loads(value)["event_id"]: (part, off) for part, off, value in places(stage)}
    assert {a.id: (a.partition, a.offset) for a in answers if isinstance(a, Answer)} == found
    assert stage.ids("INPUT_TOPIC") == {"event-1": 1, "event-2": 1}


def test_another_process_knows_the_keys(stage: Any) -> None:
    """The same body gets the first answer, another body is refused, and nothing is added."""
    with producing(stage) as producer:
        (first,) = ask(producer, asked(1))
    with producing(stage) as producer:
        again, other = ask(producer, asked(1), asked(2, "key-1x")), ask(producer, asked(3, "key-1"))
    assert again[0] == first
    assert isinstance(other[0], KeyReusedError)
    assert stage.ids("INPUT_TOPIC") == {"event-1": 1, "event-2": 1}


def test_two_processes_of_one_id_send_once(stage: Any) -> None:
    """Who is fenced starts over, and reads what the other wrote meanwhile."""
    with producing(stage) as left, producing(stage) as right:
        first = [ask(producer, asked(number))[0] for number in range(3) for producer in (left, right)]
    assert first[0::2] == first[1::2]
    assert stage.ids("INPUT_TOPIC") == {f"event-{number}": 1 for number in range(3)}


def test_what_a_topic_refuses_does_not_take_others_along(stage: Any) -> None:
    """Its transaction is aborted: it fails for certain, and the rest is sent again."""
    stage.topics["INPUT_TOPIC"] += "-small"
    small = NewTopic(stage.topics["INPUT_TOPIC"], PARTITIONS, 3, config={"max.message.bytes": "1000"})
    admin = AdminClient({"bootstrap.servers": stage.bootstrap_servers})
    admin.create_topics([small])[small.topic].result(20)
    large = json.dumps({**valid(0), "more": "".join(map(chr, range(0x4E00, 0x4E00 + 2000)))}, ensure_ascii=False)
    with producing(stage) as producer:
        answers = ask(producer, Keyed.of("large", large.encode()), asked(3))
    by_outcome = {answer.outcome: answer.id for answer in answers if isinstance(answer, Answer)}
    assert by_outcome == {"fail": "event-0", "ok": "event-3"}
    assert stage.ids("INPUT_TOPIC") == {"event-3": 1}


def test_without_a_topic_of_keys_nothing_is_sent(stage: Any) -> None:
    """The answer names the topic, and what makes it."""
    stage.topics["KEYS_TOPIC"] += "-not-there"
    with producing(stage, delivery_timeout_ms=1) as producer:
        (answer,) = ask(producer, asked(1))
    assert isinstance(answer, RetriableError)
    assert "-not-there" in str(answer)
    assert stage.read("INPUT_TOPIC") == []


def test_a_key_outlives_a_kill_while_brokers_are_silent(
    stage: Any, start_api: StartApi, kafka_cluster: EmbeddedCluster, silence: Callable[[], None]
) -> None:
    """Killed between request and answer, the next API sends what the brokers had not committed: once."""
    api = start_api()
    assert api.post(1, "warm").status_code == 201
    silence()
    api.post_unanswered(2, "key")
    api.process.kill()
    for node in kafka_cluster.brokers:
        kafka_cluster.resume(node)
    api = start_api()
    answers = [api.post(2, "key") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert stage.ids("INPUT_TOPIC") == {"event-1": 1, "event-2": 1}


def test_keys_outlive_kills_at_any_moment(stage: Any, start_api: StartApi, wait_until: WaitUntil) -> None:
    """Killed thrice under load: what was answered is answered so again, what was not is sent, and all is there once."""
    answered: dict[int, bytes] = {}

    def post_until_it_is_gone(api: Api, first: int) -> int:
        for number in range(first, 1_000_000, 8):
            try:
                answer = api.post(number, f"key-{number}")
            except httpx.TransportError:
                return number
            assert answer.status_code == 201, answer.text
            answered[number] = answer.content
        raise AssertionError

    starts = list(range(8))
    for _ in range(3):
        api, before = start_api(), len(answered)
        posts = [api.pool.submit(post_until_it_is_gone, api, first) for first in starts]
        wait_until(lambda before=before: len(answered) > before + 50)  # type: ignore[misc]
        api.process.kill()
        starts = [post.result(ANSWER_S) for post in posts]  # without an answer: repeated first by the next
    api = start_api()
    for number in sorted(answered):
        assert api.post(number, f"key-{number}").content == answered[number]
    for number in starts:
        assert api.post(number, f"key-{number}").status_code == 201
    everything = {f"event-{number}": 1 for number in [*answered, *starts]}
    assert stage.ids("INPUT_TOPIC") == everything
