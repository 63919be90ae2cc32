"""How long a run took, and how much of that its faults did: clients' sessions, brokers' time-outs, starting again."""

import pyarrow.parquet as pq

from streamproof.history.store import History


def took(history: History) -> str:
    """The run's seconds, and of each fault those from its effect until the group had recovered from it."""
    whole = f"{_seconds(history.record.started_at, history.record.ended_at)} s"
    path = history.tables.get("fault")
    rows = sorted(pq.read_table(path).to_pylist(), key=lambda row: row["t_from"]) if path else []
    parts = [
        f"{row['kind']} {row['target']} {_seconds(row['t_effect'], row['t_recovered'] or row['t_to'])} s"
        for row in rows
        if row["t_effect"] is not None and row["t_to"] is not None
    ]
    return f"{whole}; from each fault's effect until the group had recovered: {', '.join(parts)}" if parts else whole


def _seconds(begin: int, end: int) -> str:
    return f"{(end - begin) / 1e6:.1f}"
