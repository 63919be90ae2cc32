"""What can go wrong, as a tree, and what to do about each error that Kafka tells.

PipelineError          the process ends; `status` is its exit status
├── SettingsError      a setting that is missing or wrong             exit 2
├── Fenced             another instance uses this identity            exit 3
└── FatalError         nothing that this process can do about it      exit 1
RetriableError         nothing was done, and the same may succeed later
├── TooMany            more wait than may
└── Away               a service is not there: that says nothing of the record
    └── RegistryAway   the schema registry does not answer
TransactionError       never leaves the forwarder
├── Abort              this transaction cannot be committed: abort it, rewind, go on
└── StartOver          this producer or consumer is of no more use: close it, open another
"""

# ruff: noqa: SLF001 - the names of librdkafka's own error codes begin with an underscore
from enum import StrEnum

from confluent_kafka import KafkaError, KafkaException


class PipelineError(Exception):
    status = 1


class SettingsError(PipelineError):
    status = 2


class Fenced(PipelineError):  # noqa: N818 - the protocol's own word
    status = 3


class FatalError(PipelineError):
    status = 1


class RetriableError(Exception):
    """Nothing was done, and the same may succeed later."""


class TooMany(RetriableError):  # noqa: N818 - what there is, not what went wrong
    """More wait than may."""


class Away(RetriableError):  # noqa: N818 - the same call again, later
    """Nothing is known of the record: it is neither processed nor poison, however often that was tried."""


class RegistryAway(Away):
    pass


class TransactionError(Exception):
    """A transaction has failed; the next may succeed."""


class Abort(TransactionError):  # noqa: N818 - what to do, not what went wrong
    pass


class StartOver(TransactionError):  # noqa: N818 - what to do, not what went wrong
    """`fenced`: by another user of the same transactional.id or group.instance.id, so starting over may not help."""

    def __init__(self, message: str, *, fenced: bool = False) -> None:
        super().__init__(message)
        self.fenced = fenced


class Action(StrEnum):
    """What to do about an error."""

    RETRY = "retry"  # the same call again
    UNKNOWN = "unknown"  # it may have happened: neither success nor failure
    ABORT = "abort"  # abort the transaction, rewind, go on with the same producer
    STALE = "stale"  # the group has moved on: the next owner of the partitions does it
    POISON = "poison"  # this record can never be sent
    IGNORE = "ignore"  # of our own making: a purged record of an aborted transaction, nothing to commit
    FENCED = "fenced"  # another has taken this identity: close and start over, a few times
    START_OVER = "start-over"  # this client is of no more use: close it and open another
    FATAL = "fatal"  # configuration, authorization: end


_TABLE: dict[Action, frozenset[int]] = {
    Action.FENCED: frozenset(
        {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH,
         KafkaError.FENCED_INSTANCE_ID, KafkaError.UNRELEASED_INSTANCE_ID}
    ),
    Action.FATAL: frozenset(  # who is not let in, or may not do this, is neither fenced nor helped by a new client
        {KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED,
         KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, KafkaError.SASL_AUTHENTICATION_FAILED,
         KafkaError._AUTHENTICATION}
    ),
    Action.START_OVER: frozenset({KafkaError._FATAL}),  # a consumer's, fenced or not: it has no flag, and no other code
    Action.STALE: frozenset(
        {KafkaError.ILLEGAL_GENERATION, KafkaError.UNKNOWN_MEMBER_ID, KafkaError.REBALANCE_IN_PROGRESS,
         KafkaError.STALE_MEMBER_EPOCH, KafkaError.FENCED_MEMBER_EPOCH, KafkaError._ASSIGNMENT_LOST,
         KafkaError._MAX_POLL_EXCEEDED, KafkaError._STATE}
    ),
    Action.IGNORE: frozenset(
        {KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT, KafkaError._NO_OFFSET, KafkaError._PARTITION_EOF}
    ),
    Action.UNKNOWN: frozenset(
        {KafkaError._MSG_TIMED_OUT, KafkaError._TIMED_OUT, KafkaError._TIMED_OUT_QUEUE, KafkaError._TRANSPORT,
         KafkaError.REQUEST_TIMED_OUT, KafkaError.NETWORK_EXCEPTION, KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND}
    ),
    Action.POISON: frozenset(
        {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.INVALID_RECORD,
         KafkaError.INVALID_TIMESTAMP, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError._BAD_MSG}
    ),
    Action.RETRY: frozenset(
        {KafkaError._QUEUE_FULL, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._WAIT_COORD,
         KafkaError._WAIT_CACHE, KafkaError._IN_PROGRESS, KafkaError._PREV_IN_PROGRESS,
         KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.BROKER_NOT_AVAILABLE,
         KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR,
         KafkaError.NOT_ENOUGH_REPLICAS, KafkaError.CONCURRENT_TRANSACTIONS, KafkaError.UNSTABLE_OFFSET_COMMIT,
         KafkaError.OFFSET_NOT_AVAILABLE, KafkaError.FENCED_LEADER_EPOCH, KafkaError.UNKNOWN_LEADER_EPOCH,
         KafkaError.REPLICA_NOT_AVAILABLE, KafkaError.KAFKA_STORAGE_ERROR, KafkaError.THROTTLING_QUOTA_EXCEEDED,
         # it was refused for the sake of another record of its batch
         KafkaError._INVALID_DIFFERENT_RECORD,
         # a topic that is being made, or a broker that has not heard of it: time will tell
         KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_PARTITION}
    ),
}  # fmt: skip
_ACTIONS = {code: action for action, codes in _TABLE.items() for code in codes}


def classify(error: KafkaError) -> Action:
    """What to do about `error`, wherever it came from.

    The order matters: fencing and rights come first, then errors that are fatal to the client, then the flags that
    librdkafka's transactional calls set, and last the meaning of the code.
    """
    action = _ACTIONS.get(error.code())
    if action in (Action.FENCED, Action.FATAL):
        return action
    if error.fatal():
        return Action.START_OVER
    if error.txn_requires_abort():
        return Action.ABORT
    if error.retriable():
        return Action.RETRY
    return action or Action.FATAL


def kafka_error(exception: KafkaException) -> KafkaError:
    """The KafkaError that a KafkaException carries."""
    error: KafkaError = exception.args[0]
    return error
