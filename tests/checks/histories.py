"""Hand-written histories: a scene is written step by step, each step a millisecond after the last, and ends as tables.

Offsets, batches, transaction states, expectations and log ends follow from the steps; a test alters one thing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from streamproof.history.promise import Delivery, Promise, RunRecord
from streamproof.history.store import History, HistoryWriter
from streamproof.history.tables import TABLES

START = 1_790_000_000_000_000
STEP = 1_000  # one millisecond, in microseconds
REBALANCE_MS = 6_000  # what a member may take to give up its partitions
GROUP = "movers"
OFFSETS = "__consumer_offsets"
CHANNELS = ("alpha", "beta")
DEAD = "dead"
Row = dict[str, Any]
UNTOLD: Row = {"seq": None, "value_hash": None, "headers": None}  # of an input


class Scene:
    """What happened to a subject: inputs in `in` and `other`, effects on `alpha`, `beta` and (dead letters) `dead`."""

    def __init__(self, promise: str = "exactly-once", *, ordered: bool = True) -> None:
        self.promise = Promise(
            grp=GROUP,
            inputs=("in", "other"),
            channels=(*CHANNELS, DEAD),
            delivery=Delivery(promise),
            ordered=ordered,
            dead_letters=DEAD,
            joined=CHANNELS,
            transaction_timeout_ms=1_000,
            cleanup_ms=500,
            recovery_ms=60_000,
            close_ms=10_000,
        )
        self.now = START
        self.rows: dict[str, list[Row]] = {name: [] for name in TABLES}
        self.probe = {"isolates": True, "fences": True}
        self.clock_error_us = 0
        self.protocol = "classic"
        self._emptied: set[str] = set()
        self._next: dict[tuple[str, int], int] = defaultdict(int)
        self._n = 0

    # time and places

    def wait(self, ms: int = 1) -> int:
        """Let time pass; the time it is then."""
        self.now += ms * STEP
        return self.now

    def n(self) -> int:
        self._n += 1
        return self._n

    def append(
        self,
        topic: str,
        part: int,
        *,
        pid: int = -1,
        epoch: int = -1,
        transactional: bool = False,
        control: str = "none",
    ) -> int:
        """One batch of one record in a log; its offset."""
        off = self._next[topic, part]
        self._next[topic, part] += 1
        place = {"topic": topic, "part": part, "base_off": off, "last_off": off, "t_append": self.wait()}
        self.rows["batch"].append(
            place | {"pid": pid, "epoch": epoch, "transactional": transactional, "control": control, "leader_epoch": 0}
        )
        return off

    # what is put in

    def input(self, name: str, *, key: str | None = "k", part: int = 0, fate: str = "process", **changes: Any) -> int:
        """One input; its offset."""
        off = self.append("in", part)
        row = {"topic": "in", "part": part, "off": off, "id": name, "key": key, "fate": fate} | UNTOLD
        row |= {"t_append": self.now, "pid": None, "epoch": None, "visible": True}
        self.rows["input"].append(row | changes)
        return off

    def inputs(self, names: Iterable[str], **common: Any) -> None:
        for name in names:
            self.input(name, **common)

    def aborted_input(self, name: str, part: int = 0) -> int:
        """One input in an upstream transaction that was aborted."""
        transaction = Transaction(self, "upstream", 99)
        off = self.append("in", part, pid=99, epoch=0, transactional=True)
        row = {"topic": "in", "part": part, "off": off, "id": name, "key": "k", "fate": "abort"} | UNTOLD
        self.rows["input"].append(row | {"t_append": self.now, "pid": 99, "epoch": 0, "visible": False})
        transaction.touch("in", part)
        transaction.abort()
        return off

    # what the subject does

    def effect(
        self,
        name: str | None,
        channel: str = "alpha",
        *,
        key: str | None = None,
        part: int = 0,
        pid: int = -1,
        epoch: int = -1,
        **changes: Any,
    ) -> Row:
        """One effect; plain, unless a transaction adds it."""
        off = self.append(channel, part, pid=pid, epoch=epoch, transactional=pid >= 0)
        row: Row = {"channel": channel, "source_id": name, "ordinal": off, "topic": channel, "part": part, "off": off}
        row |= {
            "key": key,
            "value_hash": None,
            "echo": None,
            "home": None,
            "headers": None,
            "t_append": self.now,
            "visible": True,
        }
        row |= {"pid": pid, "epoch": epoch}
        row |= changes
        self.rows["effect"].append(row)
        return row

    def effects(self, names: Iterable[str], channels: Iterable[str] = CHANNELS, **common: Any) -> None:
        for name in names:
            for channel in channels:
                self.effect(name, channel, **common)

    def commit(self, off: int | None, *, part: int = 0, pid: int = -1, epoch: int = -1, **changes: Any) -> Row:
        """The group's next offset to read; None deletes it."""
        self.append(OFFSETS, 0, pid=pid, epoch=epoch, transactional=pid >= 0)
        row: Row = {"grp": GROUP, "topic": "in", "part": part, "off": off, "n": self.n(), "t_append": self.now}
        row |= {"pid": pid, "epoch": epoch, "transactional": pid >= 0, "visible": True, "leader_epoch": 0} | changes
        self.rows["offset_commit"].append(row)
        return row

    def transaction(self, pid: int = 7, epoch: int = 0) -> "Transaction":
        """One of the subject's transactions, opened."""
        return Transaction(self, f"mover-{pid}", pid, epoch)

    # what happens to it

    def rebalance(self, state: str = "Stable", *, member: str | None = None, parts: Iterable[int] = (0, 1)) -> None:
        """A generation in which one member, by default a new member, owns all there is."""
        generation = len(self.rows["generation"]) + 1
        row = {"grp": GROUP, "generation": generation, "n": self.n(), "t_append": self.wait()}
        row |= {"members": [member or f"member-{generation}"], "rebalance_ms": REBALANCE_MS}
        self.rows["generation"].append(row | {"protocol": "classic", "state": state})
        self.alter("owner", lambda row: row["t_to"] is None, t_to=self.now)
        for part in parts:
            owner = {"grp": GROUP, "generation": generation, "member": member or f"member-{generation}"}
            owner |= {"instance": None, "topic": "in", "part": part, "t_from": self.now, "t_to": None}
            self.rows["owner"].append(owner)

    def process_ends(self, cause: str = "killed") -> None:
        row = self._process(len(self.rows["process"]) + 1)
        self.rows["process"].append(row | {"t_end": self.wait(), "exit": -9, "cause": cause})

    def _process(self, incarnation: int) -> Row:
        row: Row = {"instance": 1, "incarnation": incarnation, "pid": 4000 + incarnation, "t_start": START}
        return row | {"t_ready": START, "t_stop": None, "t_end": None, "exit": None, "cause": None}

    def process_stops(self, *, takes_ms: int = 1) -> None:
        """A process, that came in the place of whoever ended, ends when it is asked to."""
        row = self._process(len(self.rows["process"]) + 1) | {"t_stop": self.wait()}
        begun = max((other["t_end"] for other in self.rows["process"] if other["t_end"] is not None), default=START)
        row |= {"t_start": begun, "t_ready": begun}
        self.rows["process"].append(row | {"t_end": self.wait(takes_ms), "exit": 0, "cause": "stopped"})

    def fault(self, target: str = "instance:1", *, effective: bool = True, lasts_ms: int = 3) -> None:
        row: Row = {"name": None, "kind": "kill", "target": target, "node": None, "instance": None, "parameters": "{}"}
        row |= {"moment": "progress 0.50", "t_from": self.wait(), "t_effect": self.now}
        row |= {"t_to": self.now + lasts_ms * STEP, "t_recovered": None, "evidence": "seen", "effective": effective}
        row |= {"tried_again": False, "held": [], "given_up": []}
        self.rows["fault"].append(row)

    def read(self, topic: str, part: int, off: int, **changes: Any) -> None:
        row = {"reader": "final", "n": self.n(), "isolation": "read_committed", "phase": "final", "topic": topic}
        row |= {"part": part, "off": off, "id": None, "t": self.now}
        self.rows["read"].append(row | changes)

    # the end

    def alter(self, table: str, which: Callable[[Row], bool], **changes: Any) -> Self:
        """Change all rows of a table that `which` picks."""
        for row in self.rows[table]:
            if which(row):
                row.update(changes)
        return self

    def drop(self, table: str, which: Callable[[Row], bool] | None = None) -> Self:
        """Take rows away; all of a table, though it is still recorded, when none are named."""
        if which is None:
            self._emptied.add(table)
        self.rows[table] = [row for row in self.rows[table] if which and not which(row)]
        return self

    def fill(self) -> Self:
        """Add the rows that each run records, to tables that have none, for a test to change."""
        for table, rows in self._whole().items():
            if table in self.rows and not self.rows[table] and table not in self._emptied:
                self.rows[table] = list(rows)
        return self

    def absent(self, *tables: str) -> Self:
        """These tables could not be had."""
        for table in tables:
            del self.rows[table]
        return self

    def write(self, directory: Path) -> History:
        """The whole history, with what follows from it."""
        self.fill()
        writer = HistoryWriter(directory)
        for table, rows in self.rows.items():
            writer.open(table)
            writer.append(table, rows)
        return writer.close(
            RunRecord(
                subject="mover",
                promises=(self.promise,),
                seed=1,
                kafka_version="4.3.1",
                backend="embedded",
                protocol=self.protocol,
                started_at=START,
                ended_at=self.wait(),
                clock_error_us=self.clock_error_us,
                probe=self.probe,
            )
        )

    def _whole(self) -> dict[str, Iterable[Row]]:
        """The rows of what each run records, whatever happens in it."""
        return {
            "expected": self._expected(),
            "sent": self._sent(),
            "read": self._read_back(),
            "process": [self._process(1)],
            "ends": (
                {"topic": topic, "part": part, "begin": 0, "lso": end, "hw": end}
                for (topic, part), end in self._next.items()
            ),
        }

    def _sent(self) -> Iterable[Row]:
        for row in self.rows.get("input", ()):
            sent = {name: row[name] for name in ("id", "key", "topic", "part", "off")}
            sent |= {"seq": 0, "channel": "in", "outcome": "ok", "producer": "workload"}
            yield sent | {"t_invoke": row["t_append"], "t_complete": row["t_append"]}

    def _read_back(self) -> Iterable[Row]:
        for table in ("input", "effect"):
            for n, row in enumerate(self.rows.get(table, ())):
                if row["visible"] and row["topic"] is not None:
                    place = {name: row[name] for name in ("topic", "part", "off")}
                    read = {"n": n, "isolation": "read_committed"} | place
                    yield read | {"reader": "final", "phase": "final", "id": None, "t": self.now}
                    name, t = row.get("id", row.get("source_id")), row["t_append"] or self.now
                    yield read | {"reader": "observer", "phase": "during", "id": name, "t": t}

    def _expected(self) -> Iterable[Row]:
        inputs = self.rows.get("input", [])
        times = Counter(row["id"] for row in inputs if row["visible"])
        for name, fate in {row["id"]: row["fate"] for row in inputs}.items():
            for channel in (*CHANNELS, DEAD):
                due = times[name] if fate == ("poison" if channel == DEAD else "process") else 0
                yield {"id": name, "grp": GROUP, "channel": channel, "at_least": due, "at_most": due, "echo": None}


class Transaction:
    """A transaction of one producer. What it writes is hidden until it commits."""

    def __init__(self, scene: Scene, tid: str, pid: int, epoch: int = 0) -> None:
        self.scene = scene
        self.tid = tid
        self.pid = pid
        self.epoch = epoch
        self.pending: list[Row] = []
        self.places: list[tuple[str, int]] = []

    def touch(self, topic: str, part: int) -> None:
        """Have a partition in the transaction: its coordinator writes that down."""
        if (topic, part) not in self.places:
            self.places.append((topic, part))
            self.state("Ongoing")

    def state(self, state: str) -> None:
        row = {"tid": self.tid, "pid": self.pid, "epoch": self.epoch, "state": state, "n": self.scene.n()}
        partitions = [] if state.startswith("Complete") else [f"{topic}-{part}" for topic, part in self.places]
        self.scene.rows["txn"].append(row | {"partitions": partitions, "t_append": self.scene.wait()})

    def effect(self, name: str, channel: str = "alpha", part: int = 0, *, key: str | None = None) -> None:
        self.touch(channel, part)
        written = self.scene.effect(name, channel, key=key, part=part, pid=self.pid, epoch=self.epoch, visible=False)
        self.pending.append(written)

    def effects(self, names: Iterable[str], channels: Iterable[str] = CHANNELS, part: int = 0) -> Self:
        for name in names:
            for channel in channels:
                self.effect(name, channel, part)
        return self

    def offsets(self, off: int, part: int = 0) -> Self:
        self.touch(OFFSETS, 0)
        self.pending.append(self.scene.commit(off, part=part, pid=self.pid, epoch=self.epoch, visible=False))
        return self

    def commit(self) -> None:
        self.end("Commit")
        for row in self.pending:
            row["visible"] = True

    def abort(self, *, fenced: bool = False) -> None:
        """By the producer, or, fenced, by the coordinator, which raises the epoch first."""
        self.epoch += fenced
        self.end("Abort")

    def end(self, how: str) -> None:
        self.state(f"Prepare{how}")
        for topic, part in self.places:
            self.scene.append(topic, part, pid=self.pid, epoch=self.epoch, transactional=True, control=how.lower())
        self.state(f"Complete{how}")
