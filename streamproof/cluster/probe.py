"""Does the broker keep what transactions promise? A verdict on them takes that for granted, so it is tried first.

Broker look-alikes, librdkafka's mock cluster among them, show aborted records to read_committed and let zombies
commit: on those, a pipeline that is upheld has shown nothing.
"""

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from pydantic import TypeAdapter, ValidationError

from streamproof.cluster.base import Cluster
from streamproof.cluster.cache import cache_directory, making
from streamproof.errors import ClusterError
from streamproof.kafka.requests import find_metadata, patiently

ADMIN_S = 5.0
TRY_S = 20.0  # for each step: coordinators that have just started take a while, all together a second or two
ALL_S = 60.0
# librdkafka's own codes begin with a `_`
FENCED = {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}  # noqa: SLF001
# what a client logs while a broker misbehaves is the finding, not news; log_level=0 would still print fatal errors
SILENT = logging.Logger("probe", level=logging.CRITICAL + 1)  # noqa: LOG001 - of no name in the hierarchy


def probe(bootstrap_servers: str, *, replication: int) -> dict[str, bool]:
    """Each property, and whether the brokers at `bootstrap_servers` keep it.

    isolates: records of an aborted transaction are in the log, and hidden from read_committed
    fences: once a second producer has a transactional id, the first cannot commit under it
    atomic-offsets: input offsets sent in a transaction are the group's if it commits, and not if it aborts

    A property that is not kept, or not shown in time, is False. ClusterError when no broker can be reached.
    """
    find_metadata(bootstrap_servers)
    admin = AdminClient({"bootstrap.servers": bootstrap_servers}, logger=SILENT)
    name = f"streamproof-probe-{uuid.uuid4().hex[:12]}"
    properties: dict[str, Callable[[str, str], bool]] = {
        "isolates": _isolates,
        "fences": _fences,
        "atomic-offsets": _has_atomic_offsets,
    }
    # a cluster that does not let topics be made may make them by itself, when they are first asked for
    refused = admin.create_topics([NewTopic(name, 1, replication)], request_timeout=ADMIN_S)[name].exception()
    try:
        return _side_by_side(properties, bootstrap_servers, name)
    finally:
        if not refused:
            # the group goes with its last offsets. To delete it would end this process, where a broker cannot:
            # librdkafka 2.16 aborts on that answer
            admin.delete_topics([name], request_timeout=ADMIN_S)[name].exception()


def probed(cluster: Cluster, *, replication: int) -> dict[str, bool]:
    """`probe`; for an embedded cluster, its earlier result on the same pinned version, if all properties were kept.

    The jars are the same to the byte, so the broker is; a broker of an existing cluster may be another every time.
    """
    if cluster.backend != "embedded":
        return probe(cluster.bootstrap_servers, replication=replication)
    memory = cache_directory() / "probe" / f"{cluster.version}-replication-{replication}.json"
    try:
        return dict(TypeAdapter(dict[str, bool]).validate_json(memory.read_bytes()))
    except (OSError, ValidationError):
        found = probe(cluster.bootstrap_servers, replication=replication)
    if all(found.values()):
        with making(memory):
            memory.write_text(json.dumps(found))
    return found


def _side_by_side(
    properties: Mapping[str, Callable[[str, str], bool]], bootstrap_servers: str, topic: str
) -> dict[str, bool]:
    """Each check in a thread of its own; a check that does not end, whatever it waits for, is False."""
    kept = dict.fromkeys(properties, False)

    def attempt(name: str) -> None:
        with suppress(KafkaException, TimeoutError, ClusterError):
            kept[name] = properties[name](bootstrap_servers, topic)

    # daemons: a client that never closes must not keep this process either
    threads = [threading.Thread(target=attempt, args=(name,), daemon=True) for name in properties]
    until = time.monotonic() + ALL_S
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return dict(kept)


def _isolates(bootstrap_servers: str, topic: str) -> bool:
    key = b"isolates"
    producer = _producer(bootstrap_servers, f"{topic}-isolates")
    for value, commit in ((b"aborted", False), (b"committed", True)):
        producer.begin_transaction()
        producer.produce(topic, value, key, partition=0)
        _flushed(producer)
        (producer.commit_transaction if commit else producer.abort_transaction)(TRY_S)
    # both readers go on until the committed record, which lies behind the aborted record
    everything = _read(bootstrap_servers, topic, key, "read_uncommitted")
    committed = _read(bootstrap_servers, topic, key, "read_committed")
    return everything == [b"aborted", b"committed"] and committed == [b"committed"]


def _fences(bootstrap_servers: str, topic: str) -> bool:
    name = f"{topic}-fences"
    zombie = _producer(bootstrap_servers, name)
    zombie.begin_transaction()
    zombie.produce(topic, b"zombie", b"fences", partition=0)
    _flushed(zombie)
    heir = _producer(bootstrap_servers, name)
    fenced = False
    try:
        zombie.commit_transaction(TRY_S)
    except KafkaException as error:
        fenced = error.args[0].code() in FENCED
    # and the producer that fenced it can work
    heir.begin_transaction()
    heir.produce(topic, b"heir", b"fences", partition=0)
    heir.commit_transaction(TRY_S)
    return fenced and _read(bootstrap_servers, topic, b"fences", "read_committed", until=b"heir") == [b"heir"]


def _has_atomic_offsets(bootstrap_servers: str, topic: str) -> bool:
    producer = _producer(bootstrap_servers, f"{topic}-offsets")
    with _consumer(bootstrap_servers, topic, "read_committed") as consumer:
        metadata = consumer.consumer_group_metadata()
        # asked for first, so that the group has its coordinator: while the offsets topic is still being made,
        # librdkafka 2.16 may wait in send_offsets_to_transaction for ever, whatever its time-out
        seen = [_committed(consumer, topic)]
        for offset, commit in ((5, False), (3, True)):
            producer.begin_transaction()
            producer.send_offsets_to_transaction([TopicPartition(topic, 0, offset)], metadata, TRY_S)
            (producer.commit_transaction if commit else producer.abort_transaction)(TRY_S)
            seen.append(_committed(consumer, topic))
    none, after_abort, after_commit = seen
    return none < 0 and after_abort < 0 and after_commit == 3  # noqa: PLR2004 - the offset that was committed


def _committed(consumer: Consumer, topic: str) -> int:
    """The group's offset, negative when it has none; a coordinator that has just been chosen is asked again."""

    def look() -> int:
        (partition,) = consumer.committed([TopicPartition(topic, 0)], TRY_S)
        if partition.error is not None:
            raise KafkaException(partition.error)
        return int(partition.offset)

    return patiently(look, TRY_S, passing=(KafkaException,))


def _producer(bootstrap_servers: str, transactional_id: str) -> Producer:
    """A producer that has its epoch."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "transactional.id": transactional_id,
            "transaction.timeout.ms": int(TRY_S * 1000),
            "linger.ms": 0,
            "retry.backoff.ms": 5,
            "retry.backoff.max.ms": 50,
        },
        logger=SILENT,
    )
    producer.init_transactions(TRY_S)
    return producer


def _flushed(producer: Producer) -> None:
    if producer.flush(TRY_S):
        raise TimeoutError


@contextmanager
def _consumer(bootstrap_servers: str, group: str, isolation: str) -> Iterator[Consumer]:
    config: dict[str, Any] = {
        "bootstrap.servers": bootstrap_servers,
        "group.id": group,
        "isolation.level": isolation,
        "enable.auto.commit": False,
        "fetch.wait.max.ms": 20,
    }
    consumer = Consumer(config, logger=SILENT)
    try:
        yield consumer
    finally:
        consumer.close()


def _read(
    bootstrap_servers: str, topic: str, key: bytes, isolation: str, *, until: bytes = b"committed"
) -> list[bytes | None]:
    """The values under `key` from the log's beginning until `until`; TimeoutError when it does not come."""
    found: list[bytes | None] = []
    deadline = time.monotonic() + TRY_S
    with _consumer(bootstrap_servers, f"{topic}-{isolation}", isolation) as consumer:
        consumer.assign([TopicPartition(topic, 0, 0)])
        while time.monotonic() < deadline:
            message = consumer.poll(0.1)
            if message is not None and message.error() is None and message.key() == key:
                found.append(message.value())
                if found[-1] == until:
                    return found
    raise TimeoutError
