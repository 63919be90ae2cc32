"""The clock that all but the brokers' times come from, and how a time is told."""

import time
from datetime import UTC, datetime


def now_us() -> int:
    """The machine's clock, in microseconds since the epoch."""
    return time.time_ns() // 1000


def time_of_day(us: int) -> str:
    """Microseconds since the epoch as the time of day (UTC), to the millisecond."""
    return datetime.fromtimestamp(us / 1e6, UTC).strftime("%H:%M:%S.%f")[:-3]
