"""What was done, or committed, by who had lost its partition, or done again by a new owner: as plain loops find it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

Place = tuple[str, int]
Producer = tuple[int, int]  # its id and epoch: who starts again has the same id
Row = Mapping[str, Any]


@dataclass
class Tenure:
    member: str
    t_from: int
    t_to: float


class _Deeds:
    """Who had which partition, and who did what in it."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self.places = {row["id"]: (row["topic"], row["part"]) for row in tables["input"].to_pylist()}
        self.tenures = _tenures(tables["owner"].to_pylist())
        self.came: dict[tuple[Place, Producer], int] = {}  # when a producer first wrote an effect of the partition
        self.visible: dict[tuple[str, str], list[Row]] = defaultdict(list)  # by input and channel
        self.marks = _marks(tables["batch"].to_pylist())
        for row in tables["effect"].to_pylist():
            if row["source_id"] in self.places:
                producer = self.places[row["source_id"]], (row["pid"], row["epoch"])
                self.came[producer] = min(row["t_append"], self.came.get(producer, row["t_append"]))
                if row["visible"]:
                    self.visible[row["source_id"], row["channel"]].append(row)


def done_by_two(tables: Mapping[str, pa.Table]) -> frozenset[str]:
    """Inputs that a producer did which had the partition before its owner came, and that another did then too."""
    deeds, found = _Deeds(tables), set()
    for (identity, _), rows in deeds.visible.items():
        place = deeds.places[identity]
        for tenure in deeds.tenures[place] if len(rows) > 1 else ():
            shown = [row for row in rows if tenure.t_from <= _seen(row, deeds.marks) <= tenure.t_to]
            within = {(row["pid"], row["epoch"]) for row in shown}
            old = {producer for producer in within if deeds.came[place, producer] < tenure.t_from}
            if any(pid != other for pid, _ in old for other, _ in within - old):
                found.add(identity)
    return frozenset(found)


def done_again(tables: Mapping[str, pa.Table]) -> frozenset[str]:
    """Inputs that were done before their partition came to an owner, whose producer was new to it and did them too."""
    deeds, found = _Deeds(tables), set()
    for (identity, _), rows in deeds.visible.items():
        place = deeds.places[identity]
        for tenure in deeds.tenures[place][1:] if len(rows) > 1 else ():
            for row in rows:
                came = deeds.came[place, (row["pid"], row["epoch"])]
                within = came >= tenure.t_from and _seen(row, deeds.marks) <= tenure.t_to
                if within and min(other["t_append"] for other in rows) < tenure.t_from:
                    found.add(identity)
    return frozenset(found)


def taken_from_others(tables: Mapping[str, pa.Table]) -> frozenset[str]:
    """The commits that a process made of what it had lost to another by then, as the wire tells processes apart."""
    tenures, seen = _tenures(tables["owner"].to_pylist()), tables["wire"].to_pylist()
    members = {row["member"]: (row["instance"], row["incarnation"]) for row in seen if row["member"]}
    known = [row for row in seen if row["pid"] is not None]
    producers = {(row["pid"], row["epoch"]): (row["instance"], row["incarnation"]) for row in known}
    found = set()
    for row in tables["offset_commit"].to_pylist():
        held = tenures[row["topic"], row["part"]]
        owner = next((tenure for tenure in held if tenure.t_from < row["t_append"] < tenure.t_to), None)
        own = producers.get((row["pid"], row["epoch"]))
        if not row["visible"] or not owner or own in {None, members.get(owner.member)}:
            continue
        if any(members.get(tenure.member) == own and tenure.t_from < owner.t_from for tenure in held):
            found.add(f"{row['topic']}[{row['part']}]@{row['off']}")
    return frozenset(found)


def _tenures(owners: Sequence[Row]) -> Mapping[Place, list[Tenure]]:
    """Of each partition; who keeps it from one generation to the next has it still."""
    found: dict[Place, list[Tenure]] = defaultdict(list)
    for row in sorted(owners, key=lambda row: row["t_from"]):
        end = float("inf") if row["t_to"] is None else row["t_to"]
        before = found[row["topic"], row["part"]]
        if before and before[-1].member == row["member"] and before[-1].t_to >= row["t_from"]:
            before[-1].t_to = end
        else:
            before.append(Tenure(row["member"], row["t_from"], end))
    return found


def _marks(batches: Sequence[Row]) -> Mapping[tuple[str, int, int], list[tuple[int, int]]]:
    """Of each partition and producer, offset and time of each commit marker."""
    found: dict[tuple[str, int, int], list[tuple[int, int]]] = defaultdict(list)
    for row in batches:
        if row["control"] == "commit":
            found[row["topic"], row["part"], row["pid"]].append((row["base_off"], row["t_append"]))
    return found


def _seen(effect: Row, marks: Mapping[tuple[str, int, int], list[tuple[int, int]]]) -> int:
    """When an effect became visible."""
    own = marks[effect["topic"], effect["part"], effect["pid"]]
    return min(((off, t) for off, t in own if off > effect["off"]), default=(0, effect["t_append"]))[1]
