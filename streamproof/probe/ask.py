"""Asks a cluster questions, all at once, each in a topic of its own, and leaves nothing there."""

import contextlib
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from kio.schema.metadata.v12.request import MetadataRequest, MetadataRequestTopic
from kio.schema.metadata.v12.response import MetadataResponse
from kio.schema.types import TopicName

from streamproof.errors import ClusterError
from streamproof.kafka import requests
from streamproof.kafka.groups import OWN_PREFIX, delete_group
from streamproof.kafka.protocol import NotUnderstood
from streamproof.kafka.topics import create_topics, delete_topics
from streamproof.probe import fencing, groups, logs, transactions
from streamproof.probe.client import Client
from streamproof.probe.members import leave
from streamproof.probe.question import Answer, Question, Sign

QUESTIONS: tuple[Question, ...] = (*transactions.ALL, *fencing.ALL, *groups.ALL, *logs.ALL)
PARTITIONS = 2
ALL_S = 60.0


@dataclass(frozen=True)
class Asked:
    """Questions, each with its answer; `left_behind`: the names of what the brokers did not let be deleted."""

    answers: tuple[tuple[Question, Answer], ...]
    left_behind: tuple[str, ...]


def ask(bootstrap: str, *, replication: int, questions: Iterable[Question] = QUESTIONS) -> Asked:
    """What the cluster answers; `ClusterError` when no broker can be reached, or gives topics to ask in.

    A question that is not answered in time, or on whose way something failed, is unknown.
    """
    requests.find_metadata(bootstrap)
    run = f"{OWN_PREFIX}probe-{uuid.uuid4().hex[:8]}"
    asked = [(each, Client(bootstrap, f"{run}-{each.name}")) for each in questions]
    answers: dict[str, Answer] = {}

    def find(question: Question, client: Client) -> None:
        answers[question.name] = _answer(question, client)

    try:
        _make_topics(bootstrap, asked, replication)
        # daemons: what a broker never answers must not keep this process
        threads = [threading.Thread(target=find, args=pair, daemon=True) for pair in asked]
        until = time.monotonic() + ALL_S
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        silent = Answer(Sign.UNKNOWN, f"no answer within {ALL_S:.0f} s")
        told = tuple((question, answers.get(question.name, silent)) for question, _ in asked)
    finally:
        left = _clean(bootstrap, [client for _, client in asked])
    return Asked(told, left)


def _answer(question: Question, client: Client) -> Answer:
    try:
        return question.ask(client)
    except NotUnderstood as error:
        told = f"it does not know {error.lacks}" if error.lacks else str(error)
        return Answer(Sign.ABSENT if question.optional else Sign.WRONG, told)
    except (ClusterError, OSError) as error:
        return Answer(Sign.UNKNOWN, str(error))
    except LookupError:
        return Answer(Sign.UNKNOWN, "an answer lacks what was asked about")


def _make_topics(bootstrap: str, asked: Sequence[tuple[Question, Client]], replication: int) -> None:
    topics = {client.name: PARTITIONS for _, client in asked}
    config = {client.name: question.config for question, client in asked}
    try:
        create_topics(bootstrap, topics, replication=replication, config=config)
    except NotUnderstood:
        # a look-alike makes what it is asked about
        wanted = tuple(MetadataRequestTopic(topic_id=None, name=TopicName(name)) for name in topics)
        request = MetadataRequest(
            topics=wanted, allow_auto_topic_creation=True, include_topic_authorized_operations=False
        )
        requests.ask_any(bootstrap, request, MetadataResponse)


def _clean(bootstrap: str, clients: Sequence[Client]) -> tuple[str, ...]:
    """End what is open, and delete topics and groups; the names of what is still there."""
    with ThreadPoolExecutor(len(clients)) as pool:
        left = [name for name in pool.map(_clean_group, clients) if name]
    names = [client.name for client in clients]
    try:
        left += delete_topics(bootstrap, names)
    except (ClusterError, OSError):
        left += names
    return tuple(sorted(set(left)))


def _clean_group(client: Client) -> str | None:
    """The group's name, if it is still there."""
    if client.transactional:
        with contextlib.suppress(ClusterError, OSError):
            client.init()  # aborts what is open
    try:
        if client.members:
            leave(client, *client.members)
        delete_group(client.bootstrap, client.name)
    except (ClusterError, OSError):
        return client.name
    return None
