"""Whatever lies in the topic, and whatever becomes of the database: nothing is lost, and nothing holds the rest up."""

import json
import resource
import threading
from collections import Counter
from collections.abc import Callable

import psutil
import pytest
from confluent_kafka import Producer

from pipeline.errors import RetriableError
from pipeline.events import Headers, Record
from pipeline.process import Stop
from pipeline.projector import Projector
from pipeline.settings import ProjectorSettings
from streamproof.kafka.topics import create_topics
from tests.pipeline.conftest import PARTITIONS
from tests.pipeline.postgresql import PostgreSQL
from tests.pipeline.projected import Projected, state

WaitUntil = Callable[[Callable[[], bool]], None]
HOT = "order-0"
# value, reason: each is met first, last and in the midst of a hot key
BAD: list[tuple[bytes | None, bytes]] = [
    (b"\xff\xfe\x00", b"not-json"),
    (None, b"not-json"),
    (b"", b"not-json"),
    (b"[1, 2]", b"invalid-event"),
    (b'{"event_id": "e", "order_id": 7}', b"invalid-event"),
    (json.dumps({**state(3), "amount": 2**63}).encode(), b"invalid-event"),
    (b"\xff" * (1_048_588 - 400), b"not-json"),
]
HEADERS: list[Headers] = [[], [("raw", b"\xff\xfe")], [("none", None), ("none", None)], [("redrive-count", b"\xff")]]
TIMES = [0, 1, -1]  # now, 1970, none


def test_nothing_bad_is_lost_or_holds_up_what_is_good(projected: Projected, wait_until: WaitUntil) -> None:
    """Good records of a hot key among bad records: the good are kept, the bad are letters, raw, with their headers."""
    producer = Producer(
        {"bootstrap.servers": projected.stage.bootstrap_servers, "message.max.bytes": 2_000_000, "linger.ms": 0}
    )
    topic = projected.stage.topics["INPUT_TOPIC"] = f"{projected.stage.topics['INPUT_TOPIC']}-times"
    times = {topic: {"message.timestamp.type": "CreateTime"}}
    create_topics(projected.stage.bootstrap_servers, {topic: PARTITIONS}, replication=3, config=times)
    for number, (value, _) in enumerate(BAD):
        headers = HEADERS[number % len(HEADERS)]
        producer.produce(topic, value, HOT, headers=headers, timestamp=TIMES[number % len(TIMES)])
        good = json.dumps(state(20 * number)).encode()
        producer.produce(topic, good, HOT, headers=headers, timestamp=TIMES[(number + 1) % len(TIMES)])
    producer.produce(topic, BAD[0][0], HOT)
    assert producer.flush(20) == 0
    process = projected.start()
    wait_until(lambda: projected.stage.committed() >= 2 * len(BAD) + 1)
    process.terminate()
    assert process.wait(10) == 0
    assert projected.kept() == {f"event-{20 * number}" for number in range(len(BAD))}
    letters = projected.stage.read("DLQ_TOPIC")
    assert Counter(letter.value() for letter in letters) == Counter([*(value for value, _ in BAD), BAD[0][0]])
    found = {letter.value(): letter for letter in reversed(letters)}
    for number, (value, reason) in enumerate(BAD):
        headers = found[value].headers()
        assert dict(headers)["dlq-reason"] == reason
        assert headers[: len(HEADERS[number % len(HEADERS)])] == HEADERS[number % len(HEADERS)]
        assert found[value].key() == HOT.encode()
    assert dict(found[None].headers())["dlq-timestamp"] == b"1"
    assert dict(found[b""].headers())["dlq-timestamp"] == b"-1"


def test_a_key_that_fails_holds_up_its_own_records_alone(projected: Projected, wait_until: WaitUntil) -> None:
    """The others are done before it is given up; then it is a letter, with its attempts, and its key goes on."""
    projected.send(range(60))
    given_up = threading.Event()
    done: list[str] = []

    def handle(record: Record) -> None:
        if record.key == b"order-3" and not given_up.is_set():
            raise RetriableError("not yet")
        done.append(json.loads(record.value or b"")["event_id"])

    environment = projected.stage.environment(
        DATABASE="none", MAX_ATTEMPTS="100000", RETRY_MS="1", LONGEST_RETRY_MS="20"
    )
    settings = ProjectorSettings.from_environment(environment)
    member = Projector(settings, Stop(settings.stop_ms), handle)
    thread = threading.Thread(target=member.run)
    thread.start()
    try:
        wait_until(lambda: len(done) == 57)
        assert not {"event-3", "event-23", "event-43"} & set(done)
        given_up.set()
        wait_until(lambda: projected.stage.committed() >= 60)
    finally:
        member.stop.request()
        thread.join(30)
    assert not thread.is_alive()
    assert done[57:] == ["event-3", "event-23", "event-43"]


def test_a_server_that_is_away_makes_no_letters(
    projected: Projected, postgresql: PostgreSQL, wait_until: WaitUntil
) -> None:
    """PostgreSQL is stopped in the midst of the work: the member stays, and when the server is back it does it all."""
    process = projected.stage.start("projector", "pipeline", "project", DATABASE=postgresql.url)
    projected.send(range(100))
    wait_until(lambda: projected.stage.committed() >= 100)
    postgresql.stop()
    try:
        projected.send(range(100, 300))
        wait_until(lambda: projected.stage.log("projector").count("trying again") >= 3)
        assert projected.stage.committed() == 100
    finally:
        postgresql.start()
    wait_until(lambda: projected.stage.committed() >= 300)
    process.terminate()
    assert process.wait(10) == 0
    assert postgresql.ask("SELECT count(*) FROM order_history") == [(300,)]
    assert postgresql.ask("SELECT DISTINCT sequence FROM order_state") == [(14,)]
    assert projected.stage.read("DLQ_TOPIC") == []


def test_a_disk_that_takes_no_more_makes_no_letters(projected: Projected, wait_until: WaitUntil) -> None:
    """Files may not grow: nothing is committed, nothing dead-lettered; when they may, all is there."""
    process = projected.start()
    projected.send(range(20))
    wait_until(lambda: projected.stage.committed() >= 20)
    limits = psutil.Process(process.pid)
    log = (projected.stage.directory / "projector.log").stat().st_size + 100_000  # it may go on to say what is wrong
    limits.rlimit(resource.RLIMIT_FSIZE, (log, resource.RLIM_INFINITY))
    projected.send(range(20, 1000))
    wait_until(lambda: projected.stage.log("projector").count("trying again") >= 2)
    assert projected.stage.committed() < 1000
    limits.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: projected.stage.committed() >= 1000)
    assert len(projected.kept()) == 1000
    assert projected.stage.read("DLQ_TOPIC") == []


@pytest.mark.parametrize("ordering", ["partition", "unordered"])
def test_other_orders_lose_nothing_either(projected: Projected, wait_until: WaitUntil, ordering: str) -> None:
    """All are kept, and no order goes back, whatever is done side by side."""
    projected.send(range(300))
    projected.start(ORDERING=ordering)
    wait_until(lambda: projected.stage.committed() >= 300)
    assert len(projected.kept()) == 300
    assert projected.ask("SELECT DISTINCT sequence FROM order_state") == [(14,)]
