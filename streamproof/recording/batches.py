"""The batches of whole partitions, as their headers say, and which of them took effect."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streamproof.errors import ClusterError, HistoryError
from streamproof.kafka import requests
from streamproof.kafka.batches import UNTOLD, Batch, fetch, headers
from streamproof.kafka.leaders import partitions_by_leader
from streamproof.kafka.protocol import Connection
from streamproof.kafka.topics import list_missing_topics

_MAX_BYTES = 8 << 20
PATIENCE_S = 15.0  # with leaders that move
Place = tuple[str, int]  # topic, partition


def read_batches(
    bootstrap: str, topics: Sequence[str], begins: Mapping[Place, int] | None = None
) -> dict[Place, list[Batch]]:
    """All batches of each partition, to its high watermark, in offset order; HistoryError when a batch cannot be read.

    `begins`: the first offset of each log that does not begin at 0; a broker that is asked for less does not tell it.
    Leaders that move meanwhile, and brokers that are away, are asked for again, for `PATIENCE_S` seconds.
    """
    found: dict[Place, list[Batch]] = {}

    def read() -> None:
        for topic in list_missing_topics(
            bootstrap, topics
        ):  # a topic that is not there will not come: nobody makes it now
            raise ClusterError(f'topic "{topic}": the broker answers UNKNOWN_TOPIC_OR_PARTITION')
        for address, parts in partitions_by_leader(bootstrap, tuple(topics)).items():
            with Connection(address) as connection:
                for place in ((topic, part) for topic, indexes in parts.items() for part in indexes):
                    if place not in found:
                        found[place] = list(_partition(connection, *place, (begins or {}).get(place, 0)))

    try:
        requests.patiently(read, PATIENCE_S, passing=(requests.NotYet, requests.NoAnswer, OSError))
    except ClusterError as error:
        raise HistoryError(f"batch headers cannot be read: {error}") from error
    return found


def batch_rows(batches: Mapping[Place, Sequence[Batch]]) -> list[dict[str, Any]]:
    """As rows of the `batch` table."""
    return [
        {"topic": topic, "part": part, **batch._asdict()}
        for (topic, part), many in sorted(batches.items())
        for batch in many
    ]


def took_effect(batches: Sequence[Batch]) -> frozenset[int]:
    """The base offsets of those of one partition's data batches that are plain, or whose transaction was committed.

    By the next marker of their producer, as a coordinator reads its own log. It does not wait for the transactions of
    others, as read_committed readers do.
    """
    last: dict[int, str] = {}  # of each producer, by the marker that comes next
    kept: set[int] = set()
    for batch in reversed(batches):
        if batch.control != "none":
            last[batch.pid] = batch.control
        elif not batch.transactional or last.get(batch.pid) == "commit":
            kept.add(batch.base_off)
    return frozenset(kept)


def _partition(connection: Connection, topic: str, part: int, offset: int) -> Iterator[Batch]:
    while True:
        found = fetch(connection, topic, part, offset, max_bytes=_MAX_BYTES)
        beyond = offset
        for batch in headers(found.records):
            if batch.control != UNTOLD and batch.last_off >= offset:
                yield batch
            beyond = max(beyond, batch.last_off + 1)
        if beyond >= found.high_watermark:
            return
        if beyond == offset:
            raise requests.NotYet(
                f"{topic}[{part}]: the broker gives nothing from offset {offset} on, below its high watermark"
            )
        offset = beyond
