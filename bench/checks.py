"""How fast a history of a million inputs is judged, beside a plain Python loop that looks for two of the anomalies."""

import multiprocessing
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from streamproof.checks import judge, load_checks
from streamproof.history.promise import Delivery, Promise, RunRecord
from streamproof.history.store import History, HistoryWriter
from streamproof.history.tables import TABLES

INPUTS = 1_000_000
PARTITIONS = 12
BATCH = 200  # inputs of a transaction; every hundredth is aborted once, and done again
START = 1_790_000_000_000_000

# A row for each input: i its number, p its partition, k its offset, j its transaction, place its place in that; base
# the first offset of that transaction on an effect's partition, where each transaction ends with a marker.
NUMBERED = f"""
CREATE TABLE numbered AS
SELECT *, md5(i::VARCHAR) AS id,
       CASE WHEN k % 10 = 0 THEN 'hot-' || p ELSE 'order-' || p || '-' || (k // 40 * 8 + k % 8) END AS key,
       {BATCH + 1} * (j + (j + 99) // 100) AS base,
       {START} + j * 100000 AS t
FROM (SELECT i, (i % {PARTITIONS})::INT AS p, i // {PARTITIONS} AS k,
             i // {PARTITIONS} // {BATCH} AS j, i // {PARTITIONS} % {BATCH} AS place FROM range($inputs) r(i))
"""
ONCE = "SELECT p, j, base, t, count(*) AS n, max(k) + 1 AS beyond FROM numbered GROUP BY p, j, base, t"
ATTEMPTS = f"""
SELECT *, base AS first, 'commit' AS control FROM ({ONCE}) WHERE j % 100 <> 0
UNION ALL SELECT *, base, 'abort' FROM ({ONCE}) WHERE j % 100 = 0
UNION ALL SELECT *, base + {BATCH + 1}, 'commit' FROM ({ONCE}) WHERE j % 100 = 0
"""
CHANNELS = "(VALUES ('alpha'), ('beta')) c(channel)"
STATES = "(VALUES (0, 'Ongoing'), (1, 'Ongoing'), (2, 'PrepareCommit'), (3, 'CompleteCommit')) s(nth, state)"
ROWS = {
    "sent": """SELECT id, key, k AS seq, 'in' AS channel, 'ok' AS outcome, 'in' AS topic, p AS part, k AS off,
        t AS t_invoke, t + 900 AS t_complete, 'workload' AS producer FROM numbered""",
    "input": """SELECT 'in' AS topic, p AS part, k AS off, id, key, k AS seq,
        NULL AS value_hash, NULL AS headers, 'process' AS fate, t AS t_append,
        NULL AS pid, NULL AS epoch, TRUE AS visible FROM numbered""",
    "expected": """SELECT id, 'movers' AS grp, channel, n AS at_least, n AS at_most, NULL AS echo
        FROM numbered, (VALUES ('alpha', 1), ('beta', 1), ('dead', 0)) c(channel, n)""",
    "effect": f"""SELECT channel, id AS source_id, a.first + place AS ordinal, channel AS topic, p AS part,
        a.first + place AS off, key, NULL AS value_hash, NULL AS echo,
        NULL AS home, NULL AS headers, t + 1000 AS t_append, p AS pid, 0 AS epoch,
        a.control = 'commit' AS visible
        FROM numbered JOIN (SELECT p, j, first, control FROM ({ATTEMPTS})) a USING (p, j), {CHANNELS}""",
    "batch": f"""SELECT channel AS topic, p AS part, first AS base_off, first + n - 1 AS last_off, p AS pid,
        0 AS epoch, TRUE AS transactional, 'none' AS control, t + 1000 AS t_append, 0 AS leader_epoch
        FROM ({ATTEMPTS}), {CHANNELS}
        UNION ALL SELECT channel, p, first + {BATCH}, first + {BATCH}, p, 0, TRUE, control,
            t + CASE WHEN control = 'abort' THEN 2000 ELSE 50000 END, 0 FROM ({ATTEMPTS}), {CHANNELS}
        UNION ALL SELECT 'in', p, beyond - n, beyond - 1, -1, -1, FALSE, 'none', t, 0 FROM ({ONCE})""",
    "read": """SELECT reader, row_number() OVER (PARTITION BY reader ORDER BY topic, part, off) AS n, isolation, phase,
        topic, part, off, id, t
        FROM (SELECT 'final' AS reader, 'read_committed' AS isolation, 'final' AS phase, topic, part, off,
                source_id AS id, t_append AS t FROM effect WHERE visible
              UNION ALL SELECT 'raw', 'read_uncommitted', 'final', topic, part, off, source_id, t_append FROM effect
              UNION ALL SELECT 'final', 'read_committed', 'final', topic, part, off, id, t_append FROM input
              UNION ALL SELECT 'during', 'read_committed', 'during', topic, part, off, id, t_append FROM input)""",
    "offset_commit": f"""SELECT 'movers' AS grp, 'in' AS topic, p AS part, beyond AS off,
        j * {PARTITIONS} + p AS n, t + 40000 AS t_append, p AS pid, 0 AS epoch, 0 AS leader_epoch,
        TRUE AS transactional, TRUE AS visible
        FROM ({ONCE})""",
    "generation": f"""SELECT 'movers' AS grp, g AS generation, g AS n, {START} + g * 5000000 AS t_append,
        'range' AS protocol, 'Stable' AS state, ['member-' || g] AS members, 60000 AS rebalance_ms
        FROM range(1, 6) r(g)""",
    "owner": f"""SELECT 'movers' AS grp, g AS generation, 'member-' || g AS member, NULL AS instance, 'in' AS topic,
        p AS part, {START} + g * 5000000 AS t_from, CASE WHEN g < 5 THEN {START} + (g + 1) * 5000000 END AS t_to
        FROM range(1, 6) r(g), range({PARTITIONS}) s(p)""",
    "txn": f"""SELECT 'mover-' || p AS tid, p AS pid, 0 AS epoch,
        CASE WHEN control = 'abort' THEN replace(state, 'Commit', 'Abort') ELSE state END AS state,
        CASE WHEN nth = 3 THEN [] ELSE ['alpha-' || p, 'beta-' || p, '__consumer_offsets-0'] END AS partitions,
        first * 4 + nth AS n, t + CASE WHEN control = 'abort' THEN nth * 800 ELSE 5000 + nth * 20000 END AS t_append
        FROM ({ATTEMPTS}), {STATES}""",
    "process": f"""SELECT 1 AS instance, g AS incarnation, g AS pid, {START} AS t_start, {START} AS t_ready,
        NULL AS t_stop, {START} + g * 10000000 + 1500 AS t_end, -9 AS exit, 'killed' AS cause FROM range(1, 5) r(g)""",
    "fault": f"""SELECT NULL AS name, 'kill' AS kind, 'instance:1' AS target, NULL AS node, 1 AS instance,
        '{{}}' AS parameters, 'progress' AS moment, {START} + g * 10000000 AS t_from, NULL AS t_effect,
        {START} + g * 10000000 + 500000 AS t_to, NULL AS t_recovered, 'seen' AS evidence, TRUE AS effective,
        FALSE AS tried_again,
        [] AS held, [] AS given_up
        FROM range(1, 5) r(g)""",
    "ends": """SELECT topic, part, 0 AS begin, max(last_off) + 1 AS lso, max(last_off) + 1 AS hw
        FROM batch GROUP BY topic, part""",
}


def synthesise(directory: Path, inputs: int = INPUTS) -> History:
    """A history of a subject that kept its promise, as large as asked."""
    writer = HistoryWriter(directory)
    with duckdb.connect(":memory:") as connection:
        connection.execute(NUMBERED, {"inputs": inputs})
        for table, sql in ROWS.items():
            connection.execute(f"CREATE TABLE {table} AS {sql}")
            columns = ", ".join(TABLES[table].names)
            for batch in connection.sql(f"SELECT {columns} FROM {table}").to_arrow_reader(500_000):
                writer.append_table(table, pa.Table.from_batches([batch]))
    writer.open("hop")
    promise = Promise(
        grp="movers",
        inputs=("in",),
        channels=("alpha", "beta", "dead"),
        delivery=Delivery.EXACTLY_ONCE,
        ordered=True,
        joined=("alpha", "beta"),
    )
    return writer.close(
        RunRecord(
            subject="mover",
            promises=(promise,),
            seed=1,
            kafka_version="4.3.1",
            backend="embedded",
            started_at=START,
            ended_at=START + 3_600_000_000,
            probe={"isolates": True},
        )
    )


def by_hand(history: History) -> tuple[int, int]:
    """Lost and duplicated as a loop over rows, the plainest way to write it."""

    def columns(table: str, *names: str) -> Any:
        return zip(*pq.read_table(history.tables[table], columns=list(names)).to_pydict().values(), strict=True)

    committed: dict[tuple[str, int], int] = {}
    for topic, part, off, visible in columns("offset_commit", "topic", "part", "off", "visible"):
        if visible and off is not None:
            committed[topic, part] = max(off, committed.get((topic, part), 0))
    past = {
        name
        for topic, part, off, name, visible in columns("input", "topic", "part", "off", "id", "visible")
        if visible and off < committed.get((topic, part), 0)
    }
    seen = Counter(
        (name, channel) for name, channel, visible in columns("effect", "source_id", "channel", "visible") if visible
    )
    lost = duplicated = 0
    for name, channel, at_least, at_most in columns("expected", "id", "channel", "at_least", "at_most"):
        count = seen[name, channel]
        lost += count < at_least and name in past
        duplicated += at_most is not None and count > at_most
    return lost, duplicated


def read_once(history: History) -> int:
    """Every value of every table, read once by the same engine: what no check over it can be faster than."""
    with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "800MB"}) as connection:
        rows = 0
        for path in history.tables.values():
            query = f"SELECT count(*), bit_xor(hash(t)) FROM read_parquet('{path}') t"
            (count, _) = connection.execute(query).fetchone() or (0, 0)
            rows += count
    return rows


def _measured(work: Callable[[History], object], directory: Path, answer: Any) -> None:
    history = History.read(directory)
    started = time.perf_counter()
    result = work(history)
    seconds = time.perf_counter() - started
    answer.send((seconds, _peak_bytes() / 1e9, str(result)))


def _peak_bytes() -> int:
    """Of this process alone: Linux hands ru_maxrss down from the parent, across exec."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes on macOS


def measure(work: Callable[[History], object], directory: Path) -> tuple[float, float, str]:
    """Seconds, peak memory in GB and the result, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(work, directory, sender))
    process.start()
    result: tuple[float, float, str] = receiver.recv()
    process.join()
    return result


def outcome(history: History) -> str:
    """Judge with two threads; the outcome, and what is missing."""
    verdict = judge(history, threads=2)
    return f"{verdict.outcome} {list(verdict.missing)}"


def all_checks() -> list[dict[str, Any]]:
    """Rows of name, value, unit, peer, peer_value, ratio (peer over ours: above 1 is better)."""
    with tempfile.TemporaryDirectory(prefix="streamproof-bench-") as directory:
        synthesise(Path(directory))
        seconds, memory, result = measure(outcome, Path(directory))
        if not result.startswith("upheld"):
            raise AssertionError(f"the synthetic history must be upheld, and is {result}")
        peer_seconds, peer_memory, _ = measure(by_hand, Path(directory))
        once_seconds, _, _ = measure(read_once, Path(directory))
    peer = f"Python loop, 2 of the {len(load_checks())} checks"
    return [
        _row("all checks over 1,000,000 inputs", seconds, "s", peer, peer_seconds),
        _row("all checks over 1,000,000 inputs", seconds, "s", "DuckDB, each value read once", once_seconds),
        _row("all checks over 1,000,000 inputs: memory", memory, "GB", peer, peer_memory),
    ]


def _row(name: str, value: float, unit: str, peer: str, peer_value: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "peer": peer,
        "peer_value": round(peer_value, 2),
        "ratio": round(peer_value / value, 2),
    }


if __name__ == "__main__":
    print(all_checks())
