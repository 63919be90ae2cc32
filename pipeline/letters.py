"""Dead letters: records that can never be processed, as they came, with the reasons. Knows no Kafka client."""

import time
from datetime import UTC, datetime

from pipeline.events import Headers, PoisonError, Record, Result

# bytes: a dead letter must not grow beyond what its topic takes
LONGEST_DETAIL = 500
LONGEST_NAME = 100


def dead_letter(
    failure: Exception, record: Record, group: str, attempts: int = 1, failed: tuple[float, float] | None = None
) -> Result:
    """The record as it came, raw, and behind its own headers the reasons why `group` could not process it.

    `attempts`: poison by its content has had an only attempt, since another would end the same. `failed`: the first
    time and the last, in seconds since the epoch; now, unless given. The record's own time stands in a header: the
    letter has a time of its own, or it could be older than its topic keeps records, and be deleted unread.
    """
    poison = failure if isinstance(failure, PoisonError) else PoisonError("failed", str(failure))
    topic, partition, offset = record.place
    first, last = failed or (time.time(),) * 2
    reasons: Headers = [
        ("dlq-reason", poison.reason.encode()),
        ("dlq-detail", poison.detail.encode(errors="replace")[:LONGEST_DETAIL]),
        ("dlq-topic", topic.encode()),
        ("dlq-partition", str(partition).encode()),
        ("dlq-offset", str(offset).encode()),
        ("dlq-timestamp", str(record.timestamp).encode()),
        ("dlq-group", group.encode()),
        ("dlq-exception", type(failure).__name__.encode()[:LONGEST_NAME]),
        ("dlq-attempts", str(attempts).encode()),
        ("dlq-first-failure", _iso(first)),
        ("dlq-last-failure", _iso(last)),
    ]
    return Result(record.key, record.value, [*record.headers, *reasons])


def _iso(seconds: float) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").encode()
