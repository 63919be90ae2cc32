"""Transactions, as their coordinators and the partitions that they write to know them."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from kio.schema.describe_producers.v0.request import DescribeProducersRequest, TopicRequest
from kio.schema.describe_producers.v0.response import DescribeProducersResponse
from kio.schema.describe_transactions.v0.request import DescribeTransactionsRequest
from kio.schema.describe_transactions.v0.response import DescribeTransactionsResponse
from kio.schema.errors import ErrorCode
from kio.schema.list_transactions.v0.request import ListTransactionsRequest
from kio.schema.list_transactions.v0.response import ListTransactionsResponse
from kio.schema.types import TopicName, TransactionalId
from kio.serial.errors import OutOfBoundValue
from kio.static.primitive import i32

from streamproof.kafka import requests
from streamproof.kafka.leaders import partitions_by_leader
from streamproof.kafka.protocol import Connection

ONGOING = ("Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence")  # states of what is not complete


@dataclass(frozen=True)
class Transaction:
    """A transactional id at its coordinator. `start_ms` since the epoch, `None` before the first transaction.

    `topics`: of the partitions that are in its transaction, whether anything was written to them or not.
    """

    transactional_id: str
    state: str  # Empty, Ongoing, PrepareCommit, CompleteCommit, ...
    producer_id: int
    epoch: int
    start_ms: int | None
    timeout_ms: int
    topics: frozenset[str] = frozenset()

    @property
    def complete(self) -> bool:
        return self.state not in ONGOING


def find_transaction_coordinator(bootstrap: str, transactional_id: str) -> int:
    """The node; the coordinators' own topic is made when this is the first transactional id of all."""
    return requests.patiently(lambda: requests.find_coordinator(bootstrap, requests.TRANSACTION, transactional_id))[0]


def describe_transaction(bootstrap: str, transactional_id: str) -> Transaction | None:
    """What the coordinator holds of this id; `None` when it never saw it."""
    return requests.ask_coordinator(
        bootstrap, requests.TRANSACTION, transactional_id, lambda coordinator: _describe(coordinator, transactional_id)
    )


def list_transactions(bootstrap: str) -> tuple[Transaction, ...]:
    """Every transactional id that a broker now answers for, in whatever state; a broker that is silent has none."""
    request = ListTransactionsRequest(state_filters=(), producer_id_filters=())
    found: dict[str, Transaction] = {}
    for broker in requests.find_metadata(bootstrap).brokers:
        with (
            contextlib.suppress(OSError, requests.NotYet),
            Connection(f"{broker.host}:{broker.port}", timeout_s=requests.TIMEOUT_S) as coordinator,
        ):
            for transaction in coordinator.ask(request, ListTransactionsResponse).transaction_states:
                described = _describe(coordinator, transaction.transactional_id)
                if described is not None:
                    found[transaction.transactional_id] = described
    return tuple(found[name] for name in sorted(found))


def list_ongoing_transactions(bootstrap: str) -> dict[int, Transaction]:
    """Every transaction that has begun and is not complete, by its producer's id; every broker has answered."""
    request = ListTransactionsRequest(state_filters=ONGOING, producer_id_filters=())

    def look() -> dict[int, Transaction]:
        found: dict[int, Transaction] = {}
        for broker in requests.find_metadata(bootstrap).brokers:
            with Connection(f"{broker.host}:{broker.port}", timeout_s=requests.TIMEOUT_S) as coordinator:
                answer = coordinator.ask(request, ListTransactionsResponse)
                requests.check(answer.error_code, "the list of transactions")
                for listed in answer.transaction_states:
                    described = _describe(coordinator, listed.transactional_id)
                    if described is not None and not described.complete:
                        found[described.producer_id] = described
        return found

    return requests.patiently(look)


def _describe(coordinator: Connection, transactional_id: str) -> Transaction | None:
    request = DescribeTransactionsRequest(transactional_ids=(TransactionalId(transactional_id),))
    try:
        (state,) = coordinator.ask(request, DescribeTransactionsResponse).transaction_states
    except OutOfBoundValue:  # no transaction has begun: kio takes no start time of -1
        return Transaction(transactional_id, "Empty", -1, -1, None, 0)
    if state.error_code is ErrorCode.transactional_id_not_found:
        return None
    requests.check(state.error_code, f'transactional id "{transactional_id}"')
    return Transaction(
        transactional_id=state.transactional_id,
        state=state.transaction_state,
        producer_id=state.producer_id,
        epoch=state.producer_epoch,
        start_ms=round(state.transaction_start_time.timestamp() * 1000),
        timeout_ms=round(state.transaction_timeout.total_seconds() * 1000),
        topics=frozenset(str(topic.topic) for topic in state.topics),
    )


# of a producer: topic, partition, the offset at which its transaction begins there, and its last sequence
Written = frozenset[tuple[str, int, int, int]]


def list_open_producers(bootstrap: str, topics: Iterable[str]) -> dict[int, Written]:
    """The producers that have records of an open transaction in a partition of `topics`: by id, how far they wrote."""
    names = tuple(topics)

    def look() -> dict[int, Written]:
        found: dict[int, Written] = {}
        for address, parts in partitions_by_leader(bootstrap, names).items():
            request = DescribeProducersRequest(
                topics=tuple(
                    TopicRequest(name=TopicName(topic), partition_indexes=tuple(map(i32, indexes)))
                    for topic, indexes in parts.items()
                )
            )
            for topic in requests.ask(address, request, DescribeProducersResponse).topics:
                for part in topic.partitions:
                    requests.check(part.error_code, f"partition {part.partition_index} of {topic.name}")
                    for producer in part.active_producers:
                        begin = int(producer.current_txn_start_offset)
                        if begin >= 0:
                            place = str(topic.name), int(part.partition_index), begin, int(producer.last_sequence)
                            found[producer.producer_id] = found.get(producer.producer_id, frozenset()) | {place}
        return found

    return requests.patiently(look)
