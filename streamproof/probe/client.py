"""What a question says to a cluster: single requests, with nothing between them and the broker that answers.

A client has a topic, whose name is that of its group and of its transactional id too, so that no two questions meet.
"""

import datetime as dt
import functools
import io
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from kio.records.schema import NewRecordBatch, Record
from kio.records.writers import write_new_batch
from kio.schema.add_offsets_to_txn.v1.request import AddOffsetsToTxnRequest
from kio.schema.add_offsets_to_txn.v1.response import AddOffsetsToTxnResponse
from kio.schema.add_partitions_to_txn.v1.request import AddPartitionsToTxnRequest, AddPartitionsToTxnTopic
from kio.schema.add_partitions_to_txn.v1.response import AddPartitionsToTxnResponse
from kio.schema.end_txn.v1.request import EndTxnRequest
from kio.schema.end_txn.v1.response import EndTxnResponse
from kio.schema.end_txn.v5.request import EndTxnRequest as EndTxnRequestV5
from kio.schema.end_txn.v5.response import EndTxnResponse as EndTxnResponseV5
from kio.schema.errors import ErrorCode
from kio.schema.init_producer_id.v4.request import InitProducerIdRequest
from kio.schema.init_producer_id.v4.response import InitProducerIdResponse
from kio.schema.produce.v7.request import PartitionProduceData, ProduceRequest, TopicProduceData
from kio.schema.produce.v7.response import PartitionProduceResponse, ProduceResponse
from kio.schema.types import GroupId, ProducerId, TopicName, TransactionalId
from kio.static.primitive import Records, TZAwareMicros, i8, i16, i32, i32Timedelta, i64

from streamproof.errors import ClusterError
from streamproof.kafka import requests
from streamproof.kafka.batches import Batch, fetch, headers
from streamproof.kafka.leaders import partitions_by_leader
from streamproof.kafka.protocol import Connection
from streamproof.kafka.topics import READ_UNCOMMITTED

ANSWER_S = 10.0  # a group's first member may have to wait three seconds for others
SEEN_S = 5.0  # what becomes of a transaction is written after its end is answered
LOOK_S = 0.02
TRANSACTION_S = 60.0
FETCH_BYTES = 1 << 20
ACKS_ALL, TRANSACTIONAL = i16(-1), i16(0x10)
# a coordinator is chosen, or loads, or still writes the end of the transaction before
PASSING = frozenset({
    ErrorCode.coordinator_not_available,
    ErrorCode.coordinator_load_in_progress,
    ErrorCode.not_coordinator,
    ErrorCode.concurrent_transactions,
    ErrorCode.not_leader_or_follower,
    ErrorCode.leader_not_available,
})  # fmt: skip
R = TypeVar("R")


class NotShown(ClusterError):  # noqa: N818 - reads as a sentence where it is raised
    """What must come before the question was not answered as it must be."""


class Identity(NamedTuple):
    """A producer, as brokers know it. `transactional`: its id; None for a producer that is idempotent alone."""

    pid: int
    epoch: int
    transactional: str | None


class Log(NamedTuple):
    """A partition, as a reader of one isolation is given it."""

    batches: tuple[Batch, ...]
    aborted: frozenset[tuple[int, int]]
    last_stable: int
    high_watermark: int

    @property
    def shown(self) -> list[int]:
        """Offsets of the records that a client hands on: those of transactions that are named as aborted are not."""
        to_come = sorted(self.aborted, key=lambda one: one[1])
        aborting: set[int] = set()
        shown: list[int] = []
        for batch in self.batches:
            while to_come and to_come[0][1] <= batch.last_off:
                aborting.add(to_come.pop(0)[0])
            if batch.control != "none":
                aborting.discard(batch.pid)
            elif not (batch.transactional and batch.pid in aborting):
                shown += range(batch.base_off, batch.last_off + 1)
        return shown

    @property
    def markers(self) -> list[tuple[str, int, int]]:
        """Of each control batch, in order: commit or abort, its producer's id and epoch."""
        return [(batch.control, batch.pid, batch.epoch) for batch in self.batches if batch.control != "none"]


class Client:
    """Single requests of one question. A method that returns an ErrorCode leaves it to the question what it means."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.bootstrap = bootstrap
        self.name = topic
        self.members: list[str] = []  # of the group, in the classic protocol
        self.transactional = False  # whether it had a producer with a transactional id

    # transactions

    def init(self, *, timeout_s: float = TRANSACTION_S, transactional: bool = True) -> Identity:
        """A producer with its epoch; any producer before it that has the transactional id has the epoch before."""
        name = self.name if transactional else None
        request = InitProducerIdRequest(
            transactional_id=None if name is None else TransactionalId(name),
            transaction_timeout=i32Timedelta.parse(dt.timedelta(seconds=timeout_s)),
        )
        self.transactional |= transactional
        found = self.coordinator(requests.TRANSACTION, request, InitProducerIdResponse)
        must(found.error_code, "InitProducerId")
        return Identity(int(found.producer_id), int(found.producer_epoch), name)

    def add_partitions(self, who: Identity, *parts: int) -> ErrorCode:
        topic = AddPartitionsToTxnTopic(name=TopicName(self.name), partitions=tuple(map(i32, parts)))
        request = AddPartitionsToTxnRequest(
            v3_and_below_transactional_id=TransactionalId(self.name),
            v3_and_below_producer_id=ProducerId(who.pid),
            v3_and_below_producer_epoch=i16(who.epoch),
            v3_and_below_topics=(topic,),
        )

        def first(answer: AddPartitionsToTxnResponse) -> ErrorCode:
            topics = answer.results_by_topic_v3_and_below
            return topics[0].results_by_partition[0].partition_error_code

        return first(self.coordinator(requests.TRANSACTION, request, AddPartitionsToTxnResponse, first))

    def add_offsets(self, who: Identity) -> ErrorCode:
        request = AddOffsetsToTxnRequest(
            transactional_id=TransactionalId(self.name),
            producer_id=ProducerId(who.pid),
            producer_epoch=i16(who.epoch),
            group_id=GroupId(self.name),
        )
        return self.coordinator(requests.TRANSACTION, request, AddOffsetsToTxnResponse).error_code

    def end(self, who: Identity, *, commit: bool) -> ErrorCode:
        request = EndTxnRequest(
            transactional_id=TransactionalId(self.name),
            producer_id=ProducerId(who.pid),
            producer_epoch=i16(who.epoch),
            committed=commit,
        )
        return self.coordinator(requests.TRANSACTION, request, EndTxnResponse).error_code

    def end_renewed(self, who: Identity, *, commit: bool) -> tuple[ErrorCode, Identity]:
        """As clients end a transaction where transaction.version is 2: its end gives the producer a new epoch."""
        request = EndTxnRequestV5(
            transactional_id=TransactionalId(self.name),
            producer_id=ProducerId(who.pid),
            producer_epoch=i16(who.epoch),
            committed=commit,
        )
        found = self.coordinator(requests.TRANSACTION, request, EndTxnResponseV5)
        return found.error_code, Identity(int(found.producer_id), int(found.producer_epoch), who.transactional)

    def write(self, who: Identity, sequence: int, *parts: int) -> None:
        """A record in each of these partitions (in the first where none is named), in the producer's transaction."""
        wanted = parts or (0,)
        must(self.add_partitions(who, *wanted), "AddPartitionsToTxn")
        for part in wanted:
            must(self.produce(who, sequence, part).error_code, "Produce")

    # the log

    def produce(
        self, who: Identity | None, sequence: int = -1, part: int = 0, *, topic: str | None = None
    ) -> PartitionProduceResponse:
        """A batch of one record, whose time is 2001, so that a time of the broker's is told from it."""
        pid, epoch, transactional = who or Identity(-1, -1, None)
        at = TZAwareMicros.parse(dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
        record = Record(attributes=i8(0), timestamp=at, offset=i64(0), key=b"probe", value=b"probe", headers=())
        batch = NewRecordBatch(
            producer_id=i64(pid),
            producer_epoch=i16(epoch),
            base_sequence=i32(sequence),
            records=(record,),
            attributes=i16(0) if transactional is None else TRANSACTIONAL,
        )
        written = io.BytesIO()
        write_new_batch(written, batch)
        request = ProduceRequest(
            transactional_id=None if transactional is None else TransactionalId(transactional),
            acks=ACKS_ALL,
            timeout=i32Timedelta.parse(dt.timedelta(seconds=SEEN_S)),
            topic_data=(
                TopicProduceData(
                    name=TopicName(topic or self.name),
                    partition_data=(PartitionProduceData(index=i32(part), records=Records.parse(written.getvalue())),),
                ),
            ),
        )

        def look() -> PartitionProduceResponse:
            answer = requests.ask(self._leaders[part], request, ProduceResponse, ANSWER_S)
            found = answer.responses[0].partition_responses[0]
            _pass(found.error_code, "Produce")
            return found

        return requests.patiently(look)

    def read(self, isolation: i8 = READ_UNCOMMITTED, part: int = 0) -> Log:
        """A partition from its beginning, as far as a reader of this isolation is given it."""
        batches: dict[int, Batch] = {}
        aborted: set[tuple[int, int]] = set()
        at = 0
        with Connection(self._leaders[part], timeout_s=ANSWER_S) as leader:
            while True:
                found = fetch(leader, self.name, part, at, max_bytes=FETCH_BYTES, isolation=isolation)
                aborted |= set(found.aborted)
                new = {batch.base_off: batch for batch in headers(found.records) if batch.last_off >= at}
                if not new:
                    kept = tuple(batches[base] for base in sorted(batches))
                    return Log(kept, frozenset(aborted), found.last_stable, found.high_watermark)
                batches |= new
                at = max(batch.last_off for batch in new.values()) + 1

    def fetch_error(self, offset: int) -> ErrorCode:
        """How a fetch from `offset` on is answered."""
        with Connection(self._leaders[0], timeout_s=ANSWER_S) as leader:
            try:
                fetch(leader, self.name, 0, offset, max_bytes=FETCH_BYTES)
            except requests.Refused as refused:
                return refused.code
        return ErrorCode.none

    def settled(self, part: int = 0) -> Log:
        """A partition, once nothing in it is open any more, or as it is when that takes too long."""
        return seen(lambda: self.read(part=part), lambda log: log.last_stable == log.high_watermark)

    @functools.cached_property
    def _leaders(self) -> dict[int, str]:
        """The address of each partition's leader."""
        led = requests.patiently(lambda: partitions_by_leader(self.bootstrap, (self.name,)))
        return {part: address for address, topics in led.items() for part in topics[self.name]}

    # coordinators

    def coordinator(self, kind: i8, request: Any, response: type[R], code: Callable[[R], ErrorCode] | None = None) -> R:
        """What the coordinator of this client's group or transactional id answers, once it is at work."""

        def look() -> R:
            _, address = requests.find_coordinator(self.bootstrap, kind, self.name)
            answer: Any = requests.ask(address, request, response, ANSWER_S)
            _pass(code(answer) if code else answer.error_code, type(request).__name__.removesuffix("Request"))
            return answer  # type: ignore[no-any-return]

        return requests.patiently(look)


def _pass(code: ErrorCode, what: str) -> None:
    if code in PASSING:
        raise requests.NotYet(f"{what} is answered with {code.name.upper()}")


def must(code: ErrorCode, what: str) -> None:
    """`NotShown` where a request on the way to the question was not answered as it must be."""
    if code is not ErrorCode.none:
        raise NotShown(f"{what} is answered with {code.name.upper()}")


def seen(look: Callable[[], R], enough: Callable[[R], bool], within_s: float = SEEN_S) -> R:
    """What a look shows as soon as it is enough, or at the end of the time."""
    until = time.monotonic() + within_s
    while not enough(found := look()) and time.monotonic() < until:
        time.sleep(LOOK_S)
    return found
