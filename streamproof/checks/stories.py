"""The story of a witness: what happened to its input, when, where and by whom, and the faults that were between.

Between are the two moments that contradict the promise; a check's header names their kinds (`between:`). A fault was
between them if it began or ended then, on a broker, or on an instance that owned the partition or wrote what the story
tells of. Where the record leaves open who that was, nothing is said. Causes come from the header too (`causes:`).
"""

import re
from collections.abc import Sequence

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from streamproof.checks.actors import Actors, Process
from streamproof.checks.catalogue import Check, What
from streamproof.checks.messages import Row, sentence
from streamproof.checks.queries import Queries
from streamproof.clock import time_of_day
from streamproof.history.terms import Cause

MOST = 14  # moments that are told; of more, the middle is left out
TAIL = 4
MILLISECOND = 999  # the broker's times are cut to it
MOMENTS = "SELECT * FROM moment"
FAULTS = """
SELECT kind, target, node, instance, evidence, coalesce(t_effect, t_from) AS t, t_to
FROM weighed_fault WHERE effective ORDER BY t"""
WITNESS = pa.schema(
    {"id": pa.string(), "channel": pa.string(), "topic": pa.string(), "part": pa.int32(), "off": pa.int64(),
     "n": pa.int64(), "tid": pa.string(), "t_from": pa.int64(), "reader": pa.string(), "overtaken_by": pa.int64()}
)  # fmt: skip


# in the order in which moments of the same time are told
SAYS = {
    What.SENT: "sent to {place}, {word} | in the log at {place}",
    What.OWNED: "{partition} is owned by {who}, since {n:clock} | {partition} goes to {who}",
    What.KEPT: "the group assigns its partitions anew; {who} keeps {partition}",
    What.BEGUN: "transaction {word} begun by {who} | transaction {word} begun",
    What.HANDED_ON: "handed on to {place}, by {who} | handed on to {place}",
    What.BEFORE: "last effect of an input before it, {partition}@{n} | no input before it had an effect yet",
    What.OVERTAKEN: "effect of the later input {place}, by {who} | effect of the later input {place}",
    What.HIDDEN: "effect written to {place} by {who}, and {word} | effect written to {place}, and {word}",
    What.EFFECT: "effect at {place}, by {who} | effect at {place} | effect on {channel}, some time after",
    What.FAULT: "{word}",
    What.GONE: "{word}",
    What.DECIDED: "its coordinator decided: {word}",
    What.MARKER: "{word} marker at {place}, by {who} | {word} marker at {place}",
    What.ABORTED: "its transaction was aborted",
    What.ENDED: "it ended",
    What.COMMITTED: "the group committed {partition} to {off}, by {who} | the group committed {partition} to {off} | "
    "{partition}@{n} was {word}",
    What.BECAME: "{partition}@{n} was {word}",
    What.BACK: "the group went {word} to {off} of {partition}, by {who} | the group went {word} to {off} of"
    " {partition}",
    What.READ: "read by {word}, under read_committed",
    What.AFTER: "first effect of an input after it, {partition}@{n} | an effect of an input after it in {partition}",
    What.MISSING: "an effect on {channel}: {word} of {n} are there | an effect on {channel}",
    What.UNCOMMITTED: "committed past: the group is at {n} of {partition} | committed past, as nothing of {partition}",
}
ORDER = list(SAYS)
OF_OWNERS = {What.OWNED, What.KEPT}
# what tells that something never was, by the table without which nobody can say so
ABSENT = {What.BEFORE: "effect", What.AFTER: "effect", What.UNCOMMITTED: "offset_commit"}
COLUMNS = ("topic", "part", "off", "channel", "member", "pid", "n", "word")


class StoryMoment(BaseModel):
    """Something that happened, or, `t` null, never did. `t`: microseconds since the epoch. `text`: in words.

    `topic`, `part`, `off`: where; `instance`, `incarnation`: which process did it, null where that is not known.
    """

    model_config = ConfigDict(frozen=True)

    t: int | None
    what: What
    text: str
    topic: str | None = None
    part: int | None = None
    off: int | None = None
    instance: int | None = None
    incarnation: int | None = None

    @property
    def clock(self) -> str:
        """The time of day, or "never"."""
        return "never" if self.t is None else time_of_day(self.t)


class Story(BaseModel):
    """What happened around a witness. `causes`: what such a witness usually comes from.

    `since`: the first of the two moments that contradict the promise, in microseconds since the epoch; null where that
    is not known. `calm`: no fault was between the two; null where that is not known. Faults that were are among the
    moments.
    """

    model_config = ConfigDict(frozen=True)

    moments: tuple[StoryMoment, ...]
    since: int | None = None
    calm: bool | None = None
    causes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The moments, each with its time, and what was not between them; causes are told apart."""
        told = [f"{moment.clock:<12}  {moment.text}" for moment in self.moments]
        if len(told) > MOST:
            told[MOST - TAIL : -TAIL] = [f"{'…':<12}  {len(told) - MOST} more"]
        return [*told, "No fault was between."] if self.calm else told


def tell(queries: Queries, check: Check, witness: Row, actors: Actors) -> Story:
    """The story of one witness. Of what was not recorded it tells nothing."""
    queries.put("witness", _one_row(witness))
    lacking = {what for what, table in ABSENT.items() if table not in queries.history.tables}
    found = sorted((row for row in queries.rows(MOMENTS, "a story") if row["what"] not in lacking), key=_order)
    channel = witness.get("channel")
    on_it = [moment for moment in found if channel is None or moment["channel"] in {None, channel}]
    ends = _ends(on_it, check.between, queries.history.record.ended_at)
    faults, calm = _between(queries, actors, on_it, ends) if ends else ([], None)
    gone = _gone(actors, found, ends) if ends else []
    shown = sorted([*_worth_telling(found, check.between), *faults, *gone], key=_order)
    return Story(
        moments=tuple(_moment(row, actors) for row in shown),
        since=ends[0] if ends else None,
        calm=calm,
        causes=check.causes,
    )


def _one_row(row: Row) -> pa.Table:
    """The columns of a witness that stories are found by; of a user's own check, those that can be."""

    def column(field: pa.Field) -> pa.Array:
        try:
            return pa.array([row.get(field.name)], field.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.nulls(1, field.type)

    return pa.table([column(field) for field in WITNESS], schema=WITNESS)


def _order(row: Row) -> tuple[float, int]:
    return float("inf") if row["t"] is None else row["t"], ORDER.index(row["what"])


def _worth_telling(rows: Sequence[Row], between: Sequence[str]) -> list[Row]:
    """Without owners that came after all that is told, and without neighbours that the check does not ask for."""
    asked = [row for row in rows if row["what"] not in {What.BEFORE, What.AFTER} or row["what"] in between]
    last = max((row["t"] for row in asked if row["t"] is not None and row["what"] not in OF_OWNERS), default=0)
    return [row for row in asked if row["what"] not in OF_OWNERS or row["t"] <= last]


def _ends(rows: Sequence[Row], between: Sequence[str], ended_at: int) -> tuple[int, int, bool] | None:
    """From when to when the promise was broken, and whether that is open: what should have ended it never came."""
    if not between:
        return None
    first, last = between
    begins = [row["t"] for row in rows if row["what"] == first and row["t"] is not None]
    if not begins:
        return None
    # what comes before it in its partition may have been done before it was there
    begin = max([begins[0], *(row["t"] for row in rows if row["what"] == What.SENT)])
    ends = [row["t"] for row in rows if row["what"] == last and (row["t"] is None or row["t"] >= begin)]
    ends = ends[1:] if first == last else ends
    if not ends:
        return None
    return (begin, ended_at, True) if ends[0] is None else (begin, ends[0], False)


def _between(
    queries: Queries, actors: Actors, rows: Sequence[Row], ends: tuple[int, int, bool]
) -> tuple[list[Row], bool | None]:
    """The faults that began or ended between, as moments; whether there was none, null where it is not known."""
    if "fault" not in queries.history.tables:
        return [], None
    begin, end, is_open = ends
    databases = {f"database:{row['channel']}" for row in rows}
    found: list[Row] = []
    unknown = False
    for fault in queries.rows(FAULTS, "faults"):
        edges = [t for t in (fault["t"], fault["t_to"]) if t is not None and begin <= t <= end + MILLISECOND]
        if fault["target"].startswith("database:") and fault["target"] not in databases:
            continue
        instance = _instance_of(fault)
        if edges and instance is not None:
            parts = [_has_part(actors, rows, instance, t) for t in edges]
            unknown |= None in parts
            edges = edges if any(parts) else []
        if edges:
            what = f"{fault['evidence']} (fault: {fault['kind']}@{fault['target']})"
            over = "" if fault["t"] >= begin else f"; over at {time_of_day(fault['t_to'])}"
            moment = {"what": What.FAULT, "t": fault["t"], "word": what + over, "instance": instance}
            found.append(dict.fromkeys(COLUMNS) | moment)
    found = found[:1] if is_open else found  # nothing tells which of those that follow had a part in it
    return found, None if unknown and not found else not found


def _gone(actors: Actors, rows: Sequence[Row], ends: tuple[int, int, bool]) -> list[Row]:
    """What ended of the subject while something should still have come: by itself, or as the run was over."""
    begin, end, is_open = ends
    within = [process for process in actors.processes if begin <= process.t_end <= end]
    told = [
        (process, f"{actors.in_words(process)} ended by itself")
        for process in within
        if process.cause == Cause.EXITED and _has_part(actors, rows, process.instance, int(process.t_end))
    ]
    over = [process for process in within if process.cause == Cause.STOPPED and actors.is_last(process)]
    if is_open and over:
        told.append((min(over, key=lambda process: process.t_end), "the subject was asked to stop, and ended"))
    return [
        dict.fromkeys(COLUMNS) | {"what": What.GONE, "t": int(process.t_end), "word": word} for process, word in told
    ]


def _instance_of(fault: Row) -> int | None:
    """Which instance a fault was done to, if to any."""
    named = re.fullmatch(r"instance:(\d+)", fault["target"])
    return fault["instance"] or (int(named[1]) if named else None)


def _has_part(actors: Actors, rows: Sequence[Row], instance: int, t: int) -> bool | None:
    """Whether an instance owned the story's partition at that time, or wrote what the story tells of.

    None: who the owner was is not known, and it may have been.
    """
    wrote = [actors.of_producer(row["pid"], row["t"]) for row in rows if row["pid"] is not None and row["pid"] >= 0]
    place = next(((row["topic"], row["part"]) for row in rows if row["what"] == What.OWNED), None)
    tenure = actors.owner(*place, t) if place else None
    known = [*wrote, actors.of_member(tenure.member)] if tenure else wrote
    if instance in {process.instance for process in known if process}:
        return True
    return False if actors.recorded and None not in known else None


def _moment(row: Row, actors: Actors) -> StoryMoment:
    member, pid, topic, part, off = (row[name] for name in ("member", "pid", "topic", "part", "off"))
    process: Process | None = None
    who = None
    if member is not None:
        process, who = actors.of_member(member), f"member {member}"
    elif pid is not None and pid >= 0:
        process, who = actors.of_producer(pid, row["t"]), f"producer {pid}"
    partition = f"{topic}[{part}]" if topic else None
    words = {
        "who": actors.in_words(process) if process else who,
        "partition": partition,
        "place": f"{partition}@{off}" if partition and off is not None else None,
    }
    return StoryMoment(
        t=row["t"],
        what=row["what"],
        text=sentence({**row, **words}, SAYS[row["what"]], "a story"),
        topic=topic,
        part=part,
        off=off,
        instance=process.instance if process else row.get("instance"),
        incarnation=process.incarnation if process else None,
    )
