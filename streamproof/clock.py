"""The clock that all but the brokers' times come from."""

import time


def now_us() -> int:
    """The machine's clock, in microseconds since the epoch."""
    return time.time_ns() // 1000
