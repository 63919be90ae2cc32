"""How input reaches a subject, and how the subject says what it is done with: by its group's commits, or by answers.

An input port is one of these ways. All else in a run asks the port, and does not know which it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from streamproof.engine.effects import EffectChannels
from streamproof.engine.spec import RunSpec
from streamproof.errors import ClusterError
from streamproof.history.store import HistoryWriter
from streamproof.history.terms import SendOutcome
from streamproof.kafka.groups import describe_group, list_committed_offsets, list_groups_in_use
from streamproof.kafka.topics import list_offsets
from streamproof.recording.batches import Place
from streamproof.recording.expectations import Due, write_expected
from streamproof.recording.quiet import LastInput
from streamproof.recording.share_log import ShareLog
from streamproof.recording.source import Source
from streamproof.recording.topics import InputTopic
from streamproof.subject import ProcessSupervisor
from streamproof.workload import AnsweredWorkload, StdinWorkload, TopicWorkload, Workload

SHOWN = 3  # names in an error
Places = Callable[[], Mapping[str, tuple[int, int]]]  # partition and offset of each input, by its id


class ConsumerGroup:
    """The group of a subject that reads a topic."""

    def __init__(self, servers: str, name: str) -> None:
        self._servers, self.name = servers, name
        self._others: frozenset[str] = frozenset()

    def look_round(self) -> None:
        """Note which groups are in use before the subject starts: the subject's are those that come."""
        self._others = list_groups_in_use(self._servers)

    def is_whole(self, instances: int) -> bool:
        """Whether the group is stable with so many members at least."""
        group = describe_group(self._servers, self.name)
        return group.state == "Stable" and group.members >= instances

    def missing(self, instances: int) -> str:
        """Why the group is not whole: a clause for an error."""
        group = describe_group(self._servers, self.name)
        return (
            f'group "{self.name}" is {group.state} with {group.members} of {instances} members; {self.instead()}'
            "check the group's name and the bootstrap address"
        )

    def instead(self, topic: str | None = None) -> str:
        """The groups that have come with the subject, and what they read; of its own group, what it reads but `topic`.

        A clause for an error, with a semicolon; empty where nothing of the kind is seen.
        """
        found: list[str] = []
        with suppress(ClusterError, OSError):
            own = describe_group(self._servers, self.name).topics
            if own and topic and topic not in own:
                found.append(f"its members read {_quoted(own)}")
            for name in sorted(list_groups_in_use(self._servers) - self._others - {self.name})[:SHOWN]:
                read = describe_group(self._servers, name).topics
                found.append(f'group "{name}" has come instead' + (f", which reads {_quoted(read)}" if read else ""))
        return "".join(f"{clause}; " for clause in found)


def _quoted(names: Iterable[str]) -> str:
    return " and ".join(f'"{name}"' for name in sorted(names)[:SHOWN])


class InputPort(ABC):
    """A way in. Inputs have places as a topic's records do: a name, a partition, an offset.

    `workload`: what feeds the port. `sources`: what the port itself records. `group`: None for a subject that joins
    none. `topic`: what is read back as the input; None where no topic holds it. `places`: None where a topic tells
    where each input is.
    """

    name: str
    workload: Workload
    sources: tuple[Source, ...] = ()
    group: ConsumerGroup | None = None
    topic: InputTopic | None = None
    places: Places | None = None

    @abstractmethod
    def accounted(self) -> Mapping[Place, int]:
        """Of each partition the first input that the subject is not done with; ClusterError if nobody says."""

    @abstractmethod
    def behind(self) -> list[Place]:
        """The partitions in which the subject is not done with all input."""

    @abstractmethod
    def idle(self) -> str:
        """That the subject is done with no input at all: what follows its name in an error."""

    def unanswered(self, _instance: int) -> int:
        """How many inputs an instance was given alone and has not answered for; none where a group shares them."""
        return 0


class TopicPort(InputPort):
    """A topic that the workload produces to, and the consumer group that reads it."""

    group: ConsumerGroup

    def __init__(self, spec: RunSpec, servers: str, effects: EffectChannels) -> None:
        source = spec.contract.input
        self.name, self._servers = source.channel.topic, servers
        self.group = ConsumerGroup(servers, spec.contract.group)
        self.workload = TopicWorkload(servers, spec.contract)
        self.topic = InputTopic(
            self.name, source.identity, self.group.name, self.workload.fates, effects.all,
            {event.id: event for event in spec.events},
            spec.contract.dead_letters.keeps if spec.contract.dead_letters else (),
        )  # fmt: skip
        self._last = LastInput(servers, self.name)

    def accounted(self) -> Mapping[Place, int]:
        committed = list_committed_offsets(self._servers, self.group.name)
        return {place: offset for place, offset in committed.items() if place[0] == self.name}

    def behind(self) -> list[Place]:
        committed = self.accounted()
        return self._last.behind(committed, list_offsets(self._servers, [self.name]))

    def idle(self) -> str:
        return (
            f'has committed nothing in group "{self.group.name}", though "{self.name}" has records; '
            f"{self.group.instead(self.name)}check that it reads that topic and commits"
        )


class SharePort(TopicPort):
    """A topic, and the share group that reads it: each record is acknowledged by itself."""

    def __init__(self, spec: RunSpec, servers: str, effects: EffectChannels, jars: tuple[Path, ...]) -> None:
        super().__init__(spec, servers, effects)
        self._log = ShareLog(servers, jars, grp=self.group.name, topic=self.name, isolation=spec.contract.isolation)
        self.sources = (self._log,)

    def accounted(self) -> Mapping[Place, int]:
        return {place: offset for place, offset in self._log.starts().items() if place[0] == self.name}

    def idle(self) -> str:
        return (
            f'has acknowledged nothing in share group "{self.group.name}", though "{self.name}" has records; '
            f"{self.group.instead(self.name)}check that it reads that topic and acknowledges"
        )


class AnsweredPort(InputPort):
    """What the instances are given one by one, and the answer to each: over standard input and output, or HTTP."""

    workload: AnsweredWorkload

    def __init__(self, spec: RunSpec, supervisor: ProcessSupervisor, effects: EffectChannels) -> None:
        count = spec.subject.instances
        if spec.subject.input.kind == "http":
            from streamproof.workload.http import HttpWorkload  # noqa: PLC0415 - slow to import, for few subjects

            self.workload = HttpWorkload(
                spec.contract, supervisor.input_url, supervisor.process, count, answer_s=spec.quiet_s
            )
        else:
            self.workload = StdinWorkload(spec.contract, supervisor.process, count, answer_s=spec.quiet_s)
        self.name = self.workload.place
        self.sources = (Answers(self.workload, supervisor, spec.contract.group, effects),)
        self.places = lambda: self.workload.places

    def accounted(self) -> Mapping[Place, int]:
        return self.workload.accounted()

    def behind(self) -> list[Place]:
        accounted = self.accounted()
        return [place for place, last in self.workload.last().items() if accounted[place] <= last]

    def unanswered(self, instance: int) -> int:
        place = self.name, instance
        # in this order: what is given in between would count as unanswered
        last = self.workload.last().get(place, -1)
        return max(0, last + 1 - self.accounted()[place])

    def idle(self) -> str:
        return self.workload.silent


# how often an input must, and may, have its effects: what is not known may have happened, once
EXPECTED = {SendOutcome.OK: Due((1, 1)), SendOutcome.FAIL: Due((0, 0)), SendOutcome.UNKNOWN: Due((0, 1))}


class Answers(Source):
    """What a subject answers for what it was given, as the tables of a log and of a group's commits."""

    name = "answers"
    # a subject that is in no group has no generations, and none is missing
    tables = ("input", "expected", "offset_commit", "owner", "generation")

    def __init__(
        self, workload: AnsweredWorkload, supervisor: ProcessSupervisor, grp: str, effects: EffectChannels
    ) -> None:
        self._workload, self._supervisor, self._grp, self._effects = workload, supervisor, grp, effects

    def write(self, writer: HistoryWriter) -> Iterable[str]:
        topic, lines = self._workload.place, list(self._workload.given)
        inputs: list[dict[str, Any]] = [
            {
                "topic": topic, "part": line.part, "off": line.off, "id": line.event.id, "key": line.event.key,
                "seq": line.event.seq, "value_hash": None, "headers": None, "fate": line.event.fate.value,
                "t_append": line.t, "pid": None, "epoch": None,
                "visible": True,
            }
            for line in lines
        ]  # fmt: skip
        commits: list[dict[str, Any]] = [
            {
                "grp": self._grp, "topic": topic, "part": advance.part, "off": advance.off, "n": n,
                "t_append": advance.t, "pid": -1, "epoch": -1, "leader_epoch": -1, "transactional": False,
                "visible": True,
            }
            for n, advance in enumerate(self._workload.advances)
        ]  # fmt: skip
        owners: list[dict[str, Any]] = [
            {
                "grp": self._grp, "generation": process["incarnation"], "member": str(process["pid"]),
                "instance": None, "topic": topic, "part": process["instance"], "t_from": process["t_start"],
                "t_to": process["t_end"],
            }
            for process in self._supervisor.rows()
        ]  # fmt: skip
        for table, rows in (("input", inputs), ("offset_commit", commits), ("owner", owners)):
            writer.append(table, rows)
        due = {line.event.id: EXPECTED[line.outcome or SendOutcome.UNKNOWN] for line in lines}
        write_expected(writer, self._grp, self._effects.all, due, {line.event.id: line.event for line in lines})
        return ()


def input_port_of(
    spec: RunSpec, servers: str, supervisor: ProcessSupervisor, effects: EffectChannels, jars: tuple[Path, ...]
) -> InputPort:
    """`jars`: Kafka's, whose schemas decode the coordinators' logs."""
    if spec.contract.sends:
        return AnsweredPort(spec, supervisor, effects)
    return SharePort(spec, servers, effects, jars) if spec.contract.shared else TopicPort(spec, servers, effects)
