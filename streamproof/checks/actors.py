"""Which process of the subject a member of its group was, and a producer: as far as the record leaves no other.

No table says it. A member cannot be a process that had not started when it joined, or that had ended when it was given
partitions; and two members that own at the same time are not one process, unless there are more of them than processes.
A producer is of the instance that owned the partitions of nearly all that it wrote: a zombie writes what others own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streamproof.checks.queries import Queries
from streamproof.history.terms import Cause

GRACE_US = 1_000_000  # a member that is being killed may still be given partitions
NEARLY_ALL = 0.9
NEVER = float("inf")
TENURES = "SELECT member, topic, part, t_from, t_to FROM tenure ORDER BY t_from"
MEMBERS = """
SELECT member, min(t_from) AS joined, max(t_from) AS given,
       CASE WHEN count(t_to) = count(*) THEN max(t_to) END AS left_at
FROM owner GROUP BY member"""
PROCESSES = "SELECT instance, incarnation, pid, t_start, t_end, cause FROM process ORDER BY t_start"
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
    """When it first owned a partition, when it was last given one, and when it owned none any more."""

    joined: int
    given: int
    left: float

    def overlaps(self, other: "_Member") -> bool:
        return self.joined < other.left and other.joined < self.left


class Actors:
    """The processes of a history, and who of the group was which."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self.tenures = [
            Tenure(**row | {"t_to": NEVER if row["t_to"] is None else row["t_to"]})
            for row in queries.rows(TENURES, "tenures")
        ]
        self.processes = [
            Process(**row | {"t_end": NEVER if row["t_end"] is None else row["t_end"]})
            for row in queries.rows(PROCESSES, "processes")
        ]
        members = {
            row["member"]: _Member(row["joined"], row["given"], NEVER if row["left_at"] is None else row["left_at"])
            for row in queries.rows(MEMBERS, "members")
        }
        self._of_member = _by_elimination(members, self.processes)
        self._instances: dict[int, int | None] = {}

    def of_member(self, member: str) -> Process | None:
        return self._of_member.get(member)

    def of_producer(self, pid: int, t: int | None) -> Process | None:
        """The process of the producer's instance at that time."""
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

    def in_words(self, process: Process) -> str:
        """Such as "instance 1", or, where there were several of it, "instance 1 (its 2nd process)"."""
        several = sum(other.instance == process.instance for other in self.processes) > 1
        nth = f" (its {_ordinal(process.incarnation)} process)" if several else ""
        return f"instance {process.instance}{nth}"

    def _instance_of(self, pid: int) -> int | None:
        times: Counter[int] = Counter()
        for row in self._queries.rows(PRODUCERS.format(pid=pid), "producers"):
            process = self.of_member(row["member"])
            times[process.instance if process else 0] += row["times"]
        most = times.most_common(1)
        return most[0][0] if most and most[0][1] >= NEARLY_ALL * times.total() else None


def _by_elimination(members: Mapping[str, _Member], processes: Sequence[Process]) -> Mapping[str, Process]:
    left = {name: _candidates(name, member, processes) for name, member in members.items()}
    crowded = any(
        sum(other.overlaps(_Member(member.joined, member.joined, member.joined + 1)) for other in members.values())
        > sum(process.t_start <= member.joined <= process.t_end for process in processes)
        for member in members.values()
    )
    known: dict[str, Process] = {}
    while new := {name: found[0] for name, found in left.items() if len(found) == 1 and name not in known}:
        known |= new
        for name, process in () if crowded else new.items():
            for other, found in left.items():
                if other != name and process in found and members[name].overlaps(members[other]):
                    found.remove(process)
    return known


def _candidates(name: str, member: _Member, processes: Sequence[Process]) -> list[Process]:
    # what is told on its standard input is owned by the process itself
    itself = [process for process in processes if name == str(process.pid)]
    return itself or [process for process in processes if _may_be(member, process)]


def _may_be(member: _Member, process: Process) -> bool:
    latest = process.t_end + GRACE_US
    # who is asked to stop leaves the group; a static member stays in it
    left_in_time = process.cause != Cause.STOPPED or member.left <= latest or member.left == NEVER
    return process.t_start <= member.joined and member.given <= latest and left_in_time


def _ordinal(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10 if number // 10 % 10 != 1 else 0, 'th') }"
