"""The alerts that are shipped, on what an exporter tells of a real cluster on which each condition is caused.

A look counts as ten seconds, as the exporter looks, however quickly the looks of a test follow each other.
"""

import datetime as dt
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from crc32c import crc32c
from kio.schema.errors import ErrorCode
from kio.schema.produce.v9.request import PartitionProduceData, ProduceRequest, TopicProduceData
from kio.schema.produce.v9.response import ProduceResponse
from kio.schema.types import TopicName, TransactionalId
from kio.static.primitive import Records, i16, i32, i32Timedelta

from streamproof.cluster import start_embedded
from streamproof.guardian import Guardian
from streamproof.kafka import requests
from streamproof.kafka.topics import create_topics
from streamproof.kafka.transactions import describe_transaction
from streamproof.lag.document import LagReport
from streamproof.lag.monitor import Monitor
from tests.lag.alerting import check_fired, served

Send = Callable[..., None]
Join = Callable[[], Consumer]
LONG = 30  # looks: longer than any alert waits


def commit_at(member: Consumer, topic: str, offset: int) -> None:
    member.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)


class Watched:
    """A group's exporter, and all that it has told."""

    def __init__(self, servers: str, group: str, topic: str) -> None:
        self._monitor = Monitor(servers, [group], [f"{topic}-dlq"])
        self.told: list[LagReport] = []

    def look(self, times: int = 1, between: Callable[[], None] = lambda: None) -> None:
        for _ in range(times):
            between()
            self.told.append(self._monitor.look())


@pytest.fixture
def watched(servers: str, group: str, topic: str, tmp_path: Path) -> Watched:
    return Watched(servers, group, topic)


def test_a_group_that_keeps_up_is_well(
    watched: Watched, topic: str, send: Send, member: Consumer, tmp_path: Path
) -> None:
    """Records come, and are committed past."""
    committed = iter(range(1, LONG))

    def go_on() -> None:
        send(topic)
        commit_at(member, topic, next(committed))

    watched.look(LONG - 1, go_on)
    check_fired(served(watched.told), set(), tmp_path)


def test_a_member_that_does_nothing_has_stalled(
    watched: Watched, topic: str, send: Send, member: Consumer, tmp_path: Path
) -> None:
    """It is there, and records wait."""
    send(topic, 5)
    commit_at(member, topic, 1)
    watched.look(LONG)
    check_fired(served(watched.told), {"PartitionStalled"}, tmp_path)


def test_a_member_that_is_too_slow_falls_behind(
    watched: Watched, topic: str, send: Send, member: Consumer, tmp_path: Path
) -> None:
    """It commits, and more comes than it reads."""
    committed = iter(range(1, LONG))

    def go_on() -> None:
        send(topic, 3)
        commit_at(member, topic, next(committed))

    watched.look(LONG - 1, go_on)
    check_fired(served(watched.told), {"GroupFallsBehind"}, tmp_path)


def test_a_group_that_has_lost_its_members_is_empty(
    watched: Watched, topic: str, send: Send, member: Consumer, tmp_path: Path
) -> None:
    """All is read, so nothing stands still; and nobody is there to read what comes."""
    send(topic)
    commit_at(member, topic, 1)
    watched.look(2)
    member.close()
    watched.look(LONG)
    check_fired(served(watched.told), {"GroupEmpty"}, tmp_path)


def test_a_group_whose_members_come_and_go_rebalances_without_end(watched: Watched, join: Join, tmp_path: Path) -> None:
    """Whenever it is looked at, its member is another."""
    member = join()

    def leave_and_join() -> None:
        nonlocal member
        member.close()
        member = join()

    watched.look(LONG, leave_and_join)
    check_fired(served(watched.told), {"GroupRebalancesWithoutEnd"}, tmp_path)


def test_dead_letters_arrive(watched: Watched, servers: str, topic: str, send: Send, tmp_path: Path) -> None:
    """In a topic that is made with the first of them."""
    watched.look(LONG + 5)
    create_topics(servers, {f"{topic}-dlq": 2}, replication=3)
    send(f"{topic}-dlq")
    watched.look(3)
    check_fired(served(watched.told), {"DeadLettersArrive"}, tmp_path)


@pytest.fixture
def lax_broker(session_guardian: Guardian, tmp_path: Path) -> Iterator[str]:
    """A broker that does not ask the coordinator whether a transaction is open, as those before Kafka 3.6 do not."""
    settings = {"transaction.partition.verification.enable": "false"}
    with start_embedded(session_guardian, brokers=1, logs=tmp_path / "logs", settings=settings) as cluster:
        yield cluster.bootstrap_servers


def test_a_transaction_of_which_no_coordinator_knows_hangs(lax_broker: str, tmp_path: Path) -> None:
    """A record that comes when its transaction is over: nobody will end it, and readers are held back for ever."""
    create_topics(lax_broker, {"held": 1}, replication=1)
    producer = Producer({"bootstrap.servers": lax_broker, "transactional.id": "mover", "log_level": 0})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce("held", b"x")
    producer.commit_transaction(30)
    del producer
    watched = Watched(lax_broker, "any", "held")
    watched.look(2)
    produce_late(lax_broker, "held", "mover")
    watched.look(LONG)
    (hanging,) = watched.told[-1].hanging_transactions
    assert (hanging.transactional_id, hanging.partitions) == (None, ("held[0]",))
    check_fired(served(watched.told), {"TransactionHangs"}, tmp_path)


def produce_late(servers: str, topic: str, transactional_id: str) -> None:
    """A record in a transaction of this id, which its coordinator is not told of."""
    known = describe_transaction(servers, transactional_id)
    assert known
    record = bytes.fromhex("0e 00 00 00 01 02 78 00")  # its length, no key, a value of one letter, no headers
    body = struct.pack(">hiqqqhii", 0x10, 0, 0, 0, known.producer_id, known.epoch, 1, 1) + record
    batch = struct.pack(">qiibI", 0, 9 + len(body), 0, 2, crc32c(body)) + body
    data = PartitionProduceData(index=i32(0), records=Records(batch))
    request = ProduceRequest(
        transactional_id=TransactionalId(transactional_id),
        acks=i16(-1),
        timeout=i32Timedelta.parse(dt.timedelta(seconds=10)),
        topic_data=(TopicProduceData(name=TopicName(topic), partition_data=(data,)),),
    )
    (answer,) = requests.ask_any(servers, request, ProduceResponse).responses
    assert answer.partition_responses[0].error_code is ErrorCode.none
