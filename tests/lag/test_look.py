"""A look at a real cluster."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streamproof.kafka import unread
from streamproof.kafka.unread import find_unread
from streamproof.lag.document import GroupLag, PartitionLag, report_of
from streamproof.lag.look import look
from streamproof.lag.states import State

Send = Callable[..., None]
Commit = Callable[..., None]


def told(servers: str, group: str) -> GroupLag:
    (found,) = report_of([look(servers, [group])]).groups
    return found


def first(servers: str, group: str) -> PartitionLag:
    return told(servers, group).partitions[0]


def test_a_lag_is_counted_to_the_last_stable_offset(
    servers: str, topic: str, group: str, send: Send, commit: Commit
) -> None:
    """What is in a transaction that is open is held back from readers, and is no lag of theirs."""
    send(topic, 5)
    commit(group, topic, 2)
    producer = Producer({"bootstrap.servers": servers, "transactional.id": f"tx-{uuid4().hex[:8]}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for _ in range(4):
        producer.produce(topic, b"x", partition=0)
    assert producer.flush(30) == 0
    seen = first(servers, group)
    assert (seen.committed, seen.last_stable_offset, seen.lag, seen.held_back) == (2, 5, 3, 4)
    assert look(servers).ongoing >= 1
    producer.abort_transaction(30)


def test_a_group_behind_which_nothing_can_be_read_has_no_lag(
    servers: str, topic: str, group: str, send: Send, commit: Commit
) -> None:
    """Clients commit the record after their last: markers and aborted records stay in front of them for ever."""
    send(topic, 3, commit=True)
    send(topic, 2, commit=False)
    commit(group, topic, 3)
    seen = first(servers, group)
    assert (seen.last_stable_offset, seen.lag, seen.lag_seconds, seen.state) == (7, 0, 0.0, State.OK)
    send(topic, 1)
    seen = first(servers, group)
    assert seen.lag == 1
    assert seen.lag_seconds is not None
    assert 0 < seen.lag_seconds < 120


def test_an_aborted_transaction_hides_no_other_of_its_producer(servers: str, topic: str) -> None:
    """A producer that aborts, commits and aborts: what it has committed between can be read."""
    producer = Producer({"bootstrap.servers": servers, "transactional.id": f"tx-{uuid4().hex[:8]}"})
    producer.init_transactions(30)
    for end in (producer.abort_transaction, producer.commit_transaction, producer.abort_transaction):
        producer.begin_transaction()
        producer.produce(topic, b"x", partition=0)
        assert producer.flush(30) == 0
        end(30)
    found = find_unread(servers, {(topic, 0, 0): 6, (topic, 0, 3): 6})
    assert {start: record.off for start, record in found.items()} == {(topic, 0, 0): 2}


def test_the_first_record_is_looked_for_in_answer_after_answer(
    servers: str, topic: str, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where aborted records fill an answer; a log that is aborted for too long is taken for readable."""
    monkeypatch.setattr(unread, "_MAX_BYTES", 1)
    for _ in range(3):
        send(topic, commit=False)
    send(topic)
    assert find_unread(servers, {(topic, 0, 0): 7})[topic, 0, 0].off == 6
    monkeypatch.setattr(unread, "_MOST_ANSWERS", 2)
    assert find_unread(servers, {(topic, 0, 0): 7})[topic, 0, 0].off == 2


def test_what_retention_has_taken_is_no_lag(servers: str, topic: str, group: str, send: Send, commit: Commit) -> None:
    """Nobody can read it any more."""
    send(topic, 5)
    commit(group, topic, 1)
    admin = AdminClient({"bootstrap.servers": servers})
    for future in admin.delete_records([TopicPartition(topic, 0, 4)]).values():
        future.result(30)
    assert first(servers, group).lag == 1


@pytest.mark.parametrize(("taken", "left"), [(4, 4), (5, None)])
def test_what_retention_takes_during_a_look_is_passed_over(
    servers: str, topic: str, send: Send, taken: int, left: int | None
) -> None:
    """The first that is still there counts, if any is: the look does not fail."""
    send(topic, 5)
    admin = AdminClient({"bootstrap.servers": servers})
    for future in admin.delete_records([TopicPartition(topic, 0, taken)]).values():
        future.result(30)
    found = find_unread(servers, {(topic, 0, 1): 5})
    assert [record.off for record in found.values()] == ([] if left is None else [left])


def test_a_partition_that_a_member_has_is_told_before_anything_is_committed(
    servers: str, topic: str, group: str, member: Consumer
) -> None:
    """Nothing is known of its lag. The members are counted."""
    seen = told(servers, group)
    assert (seen.state, seen.members, seen.lag) == ("Stable", 1, 0)
    assert [(each.partition, each.owned, each.lag) for each in seen.partitions] == [(0, True, None), (1, True, None)]


def test_all_groups_are_told_but_the_verifiers_own(
    servers: str, topic: str, group: str, send: Send, commit: Commit
) -> None:
    """Those of a verification that runs on the same cluster are nobody's pipeline."""
    send(topic)
    own = f"streamproof-{group}"
    commit(group, topic, 1)
    commit(own, topic, 1)
    assert {group} == look(servers).readers.keys() & {group, own}
    assert look(servers, [own]).readers.keys() == {own}


def test_a_topic_that_is_gone_is_no_error(servers: str, topic: str, group: str, send: Send, commit: Commit) -> None:
    """What was committed in it may outlive it for a while; its end is known to nobody."""
    send(topic)
    commit(group, topic, 1)
    admin = AdminClient({"bootstrap.servers": servers})
    for future in admin.delete_topics([topic]).values():
        future.result(30)
    assert all(each.lag is None for each in told(servers, group).partitions)


def test_dead_letters_are_counted_by_the_names_of_their_topics(servers: str, topic: str, send: Send) -> None:
    """In either case; or by the names that are given."""
    send(topic, 3)
    assert topic not in look(servers).dead_letters
    assert look(servers, dead_letters=[topic.upper()]).dead_letters == {topic: 3}
