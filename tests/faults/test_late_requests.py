"""A request that reaches its broker after the client has tried it again, and has gone on: KAFKA-17754."""

import shlex
import sys
from pathlib import Path

import pytest

from streamproof.checks import Outcome
from streamproof.config.file import ClusterConfig, read_config
from streamproof.engine.events import Judged
from streamproof.engine.request import Request, prepare, spec_of
from streamproof.engine.session import Session
from streamproof.faults import AtMoment, Fault, HoldPastRetry, Instance, Kill, Moment, Plan, Progress

ROOT = Path(__file__).parents[2]
# A forwarder by the book, but that it keeps its producer whatever became of a commit: librdkafka tries an EndTxn again
# without a word. Every second transaction is aborted on purpose.
PROGRAM = """
import sys
from confluent_kafka import Consumer, Producer, TopicPartition

servers, source, sink, grp = sys.argv[1:]
producer = Producer({"bootstrap.servers": servers, "transactional.id": "keeper", "linger.ms": 0})
consumer = Consumer({
    "bootstrap.servers": servers, "group.id": grp, "auto.offset.reset": "earliest", "enable.auto.commit": False,
    "isolation.level": "read_committed", "session.timeout.ms": 6000,
})
producer.init_transactions()
consumer.subscribe([source])
aborts = True
while True:
    records = [record for record in consumer.consume(20, 0.1) if record.error() is None]
    if not records:
        continue
    aborts = not aborts
    producer.begin_transaction()
    for number, record in enumerate(records):
        producer.produce(sink, record.value(), record.key(), headers=record.headers())
        if number == 0:
            producer.flush()  # its transaction is under way
    producer.flush()
    places = {}
    for record in records:
        place = record.topic(), record.partition()
        first, _ = places.get(place, (record.offset(), 0))
        places[place] = first, record.offset() + 1
    if aborts:
        producer.abort_transaction()
        for (topic, part), (first, _) in places.items():
            consumer.seek(TopicPartition(topic, part, first))
    else:
        offsets = [TopicPartition(*place, following) for place, (_, following) in places.items()]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        producer.commit_transaction()
"""
LATE = Fault(HoldPastRetry(), Instance(1), AtMoment(Progress(0.2), Moment("EndTxn", about="commit")))
KILL = Fault(Kill(), Instance(2), AtMoment(Progress(0.6), Moment("EndTxn")))


@pytest.fixture
def keeper(tmp_path: Path) -> Request:
    """A run of a client that keeps its producer."""
    (tmp_path / "keeper.py").write_text(PROGRAM)
    command = [sys.executable, str(tmp_path / "keeper.py"), "{bootstrap_servers}", "events", "copies", "keepers"]
    return Request(
        directory=tmp_path / "run",
        seed=1,
        command=shlex.join(command),
        input_topic="events",
        output_topics=("copies",),
        group="keepers",
        events=1500,
    )


def verified(request: Request, plan: Plan, logs: Path) -> Judged:
    prepared = prepare(request)
    with Session(ClusterConfig(brokers=1), logs=logs) as session:
        return session.verify(prepared.spec, plan)


def test_a_late_commit_decides_the_next_transaction_of_a_client_that_keeps_its_producer(
    keeper: Request, tmp_path: Path
) -> None:
    """What that transaction had written is visible, though it was aborted: and so it is there twice."""
    judged = verified(keeper, Plan((LATE,)), tmp_path / "logs")
    (fault,) = judged.history.rows("fault")
    assert "the broker took it" in fault["evidence"]
    assert judged.verdict.outcome is Outcome.VIOLATED
    assert judged.verdict.finding("duplicated").witnesses, judged.verdict.findings


def test_a_client_that_begins_anew_after_an_unknown_outcome_is_safe(tmp_path: Path) -> None:
    """The reference forwarder: the broker refuses the late commit of a producer that is no more."""
    config = read_config(ROOT / "streamproof.toml")
    spec = spec_of(Request(directory=tmp_path / "run", config=config.path, subject="orders", events=3000), config, 1)
    with Session(ClusterConfig(brokers=1), logs=tmp_path / "logs") as session:
        judged = session.verify(spec, Plan((LATE, KILL)))
    fault, _ = judged.history.rows("fault")
    assert "the broker refused it (INVALID_PRODUCER_EPOCH)" in fault["evidence"]
    assert judged.verdict.outcome is Outcome.UPHELD, judged.verdict.missing
