"""For each kind of Kafka error there is a single thing to do."""

import pytest
from confluent_kafka import KafkaError

from pipeline.errors import Action, classify


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (KafkaError._MSG_TIMED_OUT, Action.UNKNOWN),
        (KafkaError.REQUEST_TIMED_OUT, Action.UNKNOWN),
        (KafkaError._PURGE_QUEUE, Action.IGNORE),
        (KafkaError._PURGE_INFLIGHT, Action.IGNORE),
        (KafkaError.PRODUCER_FENCED, Action.FENCED),
        (KafkaError._FENCED, Action.FENCED),
        (KafkaError.INVALID_PRODUCER_EPOCH, Action.FENCED),
        (KafkaError.FENCED_INSTANCE_ID, Action.FENCED),
        (KafkaError._FATAL, Action.START_OVER),
        (KafkaError.ILLEGAL_GENERATION, Action.STALE),
        (KafkaError.STALE_MEMBER_EPOCH, Action.STALE),
        (KafkaError.MSG_SIZE_TOO_LARGE, Action.POISON),
        (KafkaError.NOT_LEADER_FOR_PARTITION, Action.RETRY),
        (KafkaError.COORDINATOR_NOT_AVAILABLE, Action.RETRY),
        (KafkaError._INVALID_DIFFERENT_RECORD, Action.RETRY),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Action.FATAL),
        (KafkaError.SASL_AUTHENTICATION_FAILED, Action.FATAL),
    ],
)
def test_a_code_alone_is_classified(code: int, action: Action) -> None:
    """What a code means, where the client adds nothing."""
    assert classify(KafkaError(code)) is action


@pytest.mark.parametrize(
    ("flags", "action"),
    [
        ({"fatal": True, "txn_requires_abort": True, "retriable": True}, Action.START_OVER),
        ({"txn_requires_abort": True, "retriable": True}, Action.ABORT),
        ({"retriable": True}, Action.RETRY),
    ],
)
def test_what_the_client_says_comes_before_the_code(flags: dict[str, bool], action: Action) -> None:
    """Fatal, then abortable, then retriable; each outweighs what the code would mean."""
    assert classify(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "", **flags)) is action


def test_fencing_is_told_from_other_fatal_errors() -> None:
    """A fenced client may start over a few times; that must not hide behind `fatal`."""
    assert classify(KafkaError(KafkaError._FENCED, "", fatal=True)) is Action.FENCED


def test_who_is_not_let_in_is_not_fenced() -> None:
    """The client calls it fatal, as it calls fencing; but to start over would not help."""
    refused = KafkaError(KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "", fatal=True)
    assert classify(refused) is Action.FATAL
