"""Which process of the subject a member of its group was, and a producer: as far as the record leaves no other.

Where the subject went through the proxy, the wire tells it: each connection is of a process. Else no table says it. A
member cannot be a process that had not started when it joined, or that had ended, or slept, when
it was given partitions; and two members that own at the same time are not one process, unless there are more of them
than processes. A member whose client has the same name as members of one instance, and of no other, is of that
instance. A producer is of the instance that owned the partitions of nearly all that it wrote: a zombie writes what
others own.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from streamproof.checks.queries import Queries
from streamproof.history.terms import Cause
from streamproof.words import ordinal

UUID = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
MILLISECOND = 1_000  # a broker's times are cut to it
GRACE_US = 1_000_000  # a member that is being killed may still be given partitions
NEARLY_ALL = 0.9
NEVER = float("inf")
TENURES = "SELECT member, topic, part, t_from, t_to FROM tenure ORDER BY t_from"
MEMBERS = """
SELECT member, list(DISTINCT t_from ORDER BY t_from) AS given,
       CASE WHEN count(t_to) = count(*) THEN max(t_to) END AS left_at
FROM owner GROUP BY member"""
PROCESSES = "SELECT instance, incarnation, pid, t_start, t_end, cause FROM process ORDER BY t_start"
PAUSES = """
SELECT instance, t_effect, t_to FROM weighed_fault
WHERE effective AND kind LIKE 'pause%' AND instance IS NOT NULL AND t_effect IS NOT NULL AND t_to IS NOT NULL"""
ON_THE_WIRE = """
SELECT member, pid, instance, incarnation, min(t) AS t_from, max(t_last) AS t_to FROM wire
WHERE member IS NOT NULL OR pid IS NOT NULL
GROUP BY member, pid, instance, incarnation"""
PRODUCERS = "SELECT member, times FROM producer_owner WHERE pid = {pid}"


@dataclass(frozen=True)
class Process:
    """`incarnation`: of its instance, from 1. `pid`: of the machine. `t_end` after all other times: it was not seen."""

    instance: int
    incarnation: int
    pid: int
    t_start: int
    t_end: float
    cause: str | None


@dataclass(frozen=True)
class Tenure:
    member: str
    topic: str
    part: int
    t_from: int
    t_to: float


@dataclass(frozen=True)
class _Member:
    """When it was given partitions, each time, and when it owned none any more."""

    given: tuple[int, ...]
    left: float

    @property
    def joined(self) -> int:
        return self.given[0]

    def overlaps(self, other: "_Member") -> bool:
        return self.joined < other.left and other.joined < self.left


@dataclass(frozen=True)
class _Seen:
    """A process that was seen on the wire as a member, or with a producer, from when to when."""

    process: Process
    t_from: int
    t_to: int


@dataclass(frozen=True)
class _Pause:
    instance: int
    t_effect: int
    t_to: int


class Actors:
    """The processes of a history, and who of the group was which; found when it is first asked for."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._instances: dict[int, int | None] = {}
        self.recorded = {"owner", "process"} <= queries.history.tables.keys()  # else nobody is known

    @cached_property
    def tenures(self) -> Sequence[Tenure]:
        """In the order of their beginning."""
        rows = self._queries.rows(TENURES, "tenures")
        return [Tenure(**row | {"t_to": NEVER if row["t_to"] is None else row["t_to"]}) for row in rows]

    @cached_property
    def processes(self) -> Sequence[Process]:
        """In the order of their start."""
        rows = self._queries.rows(PROCESSES, "processes")
        return [Process(**row | {"t_end": NEVER if row["t_end"] is None else row["t_end"]}) for row in rows]

    @cached_property
    def _of_member(self) -> Mapping[str, Process]:
        members = {
            row["member"]: _Member(tuple(row["given"]), NEVER if row["left_at"] is None else row["left_at"])
            for row in self._queries.rows(MEMBERS, "members")
        }
        pauses = [_Pause(**row) for row in self._queries.rows(PAUSES, "pauses")]
        return _by_elimination(members, self.processes, pauses)

    @cached_property
    def _on_the_wire(self) -> tuple[Mapping[str, Process], Mapping[int, Sequence[_Seen]]]:
        """Who was seen as each member; and with each producer, when."""
        processes = {(process.instance, process.incarnation): process for process in self.processes}
        members: dict[str, Process] = {}
        producers: dict[int, list[_Seen]] = {}
        for row in self._queries.rows(ON_THE_WIRE, "the wire"):
            process = processes.get((row["instance"], row["incarnation"]))
            if process and row["member"] is not None:
                members[row["member"]] = process
            if process and row["pid"] is not None:
                producers.setdefault(row["pid"], []).append(_Seen(process, row["t_from"], row["t_to"]))
        return members, producers

    def of_member(self, member: str) -> Process | None:
        return self._on_the_wire[0].get(member) or self._of_member.get(member)

    def of_producer(self, pid: int, t: int | None) -> Process | None:
        """Who was seen with the producer then; where nobody was, the process of its instance then."""
        known = self._on_the_wire[1].get(pid, ())
        if then := [seen for seen in known if t is not None and seen.t_from <= t + MILLISECOND]:
            last = max(then, key=lambda seen: seen.t_from)
            shared = any(seen.t_to >= last.t_from and seen.process.instance != last.process.instance for seen in then)
            return None if shared else last.process
        if pid not in self._instances:
            self._instances[pid] = self._instance_of(pid)
        own = [process for process in self.processes if process.instance == self._instances[pid]]
        return next((process for process in reversed(own) if t is not None and process.t_start <= t), None)

    def owner(self, topic: str, part: int, t: int) -> Tenure | None:
        """Who owned a partition at that time."""
        return next(
            (
                tenure
                for tenure in reversed(self.tenures)
                if (tenure.topic, tenure.part) == (topic, part) and tenure.t_from <= t <= tenure.t_to
            ),
            None,
        )

    def is_last(self, process: Process) -> bool:
        """Whether its instance had no process after it."""
        return not any(
            other.instance == process.instance and other.incarnation > process.incarnation for other in self.processes
        )

    def in_words(self, process: Process) -> str:
        """Such as "instance 1", or, where there were several of it, "instance 1 (its 2nd process)"."""
        several = sum(other.instance == process.instance for other in self.processes) > 1
        nth = f" (its {ordinal(process.incarnation)} process)" if several else ""
        return f"instance {process.instance}{nth}"

    def _instance_of(self, pid: int) -> int | None:
        times: Counter[int] = Counter()
        for row in self._queries.rows(PRODUCERS.format(pid=pid), "producers"):
            process = self.of_member(row["member"])
            times[process.instance if process else 0] += row["times"]
        most = times.most_common(1)
        return most[0][0] if most and most[0][1] >= NEARLY_ALL * times.total() else None


def _by_elimination(
    members: Mapping[str, _Member], processes: Sequence[Process], pauses: Sequence[_Pause]
) -> Mapping[str, Process]:
    left = {name: _candidates(name, member, processes, pauses) for name, member in members.items()}
    crowded = any(
        sum(other.overlaps(_Member((member.joined,), member.joined + 1)) for other in members.values())
        > sum(process.t_start <= member.joined <= process.t_end for process in processes)
        for member in members.values()
    )
    known = _settled(members, left, crowded=crowded)
    instances = _instances_by_client(known)
    for name, found in left.items():
        if instance := instances.get(_client(name)):
            left[name] = [process for process in found if process.instance == instance]
    return _settled(members, left, crowded=crowded)


def _settled(
    members: Mapping[str, _Member], left: Mapping[str, list[Process]], *, crowded: bool
) -> Mapping[str, Process]:
    """The members that are left a single process, which is taken from those that own at the same time."""
    known: dict[str, Process] = {}
    while new := {name: found[0] for name, found in left.items() if len(found) == 1 and name not in known}:
        known |= new
        for name, process in () if crowded else new.items():
            for other, found in left.items():
                if other != name and process in found and members[name].overlaps(members[other]):
                    found.remove(process)
    return known


def _instances_by_client(known: Mapping[str, Process]) -> Mapping[str, int]:
    """Of each name of a client that is told from that of another instance: whose it is."""
    instances: dict[str, set[int]] = {}
    for name, process in known.items():
        instances.setdefault(_client(name), set()).add(process.instance)
    several = len(set().union(*instances.values())) > 1  # else the name may be that of all
    return {client: found.pop() for client, found in instances.items() if several and len(found) == 1}


def _client(member: str) -> str:
    """The name that its client has: members are called CLIENT-UUID."""
    return UUID.sub("", member)


def _candidates(name: str, member: _Member, processes: Sequence[Process], pauses: Sequence[_Pause]) -> list[Process]:
    # what is told on its standard input is owned by the process itself
    itself = [process for process in processes if name == str(process.pid)]
    return itself or [process for process in processes if _may_be(member, process, pauses)]


def _may_be(member: _Member, process: Process, pauses: Sequence[_Pause]) -> bool:
    latest = process.t_end + GRACE_US
    # who is asked to stop leaves the group; a static member stays in it
    left_in_time = process.cause != Cause.STOPPED or member.left <= latest or member.left == NEVER
    asleep = any(
        pause.instance == process.instance and pause.t_effect + GRACE_US < given < pause.t_to
        for pause in pauses
        for given in member.given
    )
    return process.t_start <= member.joined and member.given[-1] <= latest and left_in_time and not asleep
