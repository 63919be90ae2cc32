"""How input reaches a subject, and how the subject says what it is done with: by its group's commits, or by answers.

An input port is one of these ways. All else in a run asks the port, and does not know which it is.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from streamproof.engine.effects import EffectChannels
from streamproof.engine.spec import RunSpec
from streamproof.errors import UsageError
from streamproof.history.store import HistoryWriter
from streamproof.history.terms import SendOutcome
from streamproof.kafka.groups import describe_group, list_committed_offsets
from streamproof.kafka.topics import list_offsets
from streamproof.recording.batches import Place
from streamproof.recording.expectations import Due, write_expected
from streamproof.recording.quiet import LastInput
from streamproof.recording.source import Source
from streamproof.recording.topics import InputTopic
from streamproof.serde.locators import Locator
from streamproof.subject import ProcessSupervisor
from streamproof.workload import StdinWorkload, Workload
from streamproof.workload.stdin import STDIN

Places = Callable[[], Mapping[str, tuple[int, int]]]  # partition and offset of each input, by its id


class ConsumerGroup:
    """The group of a subject that reads a topic."""

    def __init__(self, servers: str, name: str) -> None:
        self._servers, self.name = servers, name

    def is_whole(self, instances: int) -> bool:
        """Whether the group is stable with so many members at least."""
        group = describe_group(self._servers, self.name)
        return group.state == "Stable" and group.members >= instances

    def missing(self, instances: int) -> str:
        """Why the group is not whole: a clause for an error."""
        group = describe_group(self._servers, self.name)
        return (
            f'group "{self.name}" is {group.state} with {group.members} of {instances} members; check the group\'s '
            "name and the bootstrap address"
        )


class InputPort(Protocol):
    """One way in. Inputs have places as a topic's records do: a name, a partition, an offset.

    `group`: None for a subject that joins none. `answers`: None where the subject answers for no single input.
    `places`: None where a topic tells where each input is.
    """

    @property
    def name(self) -> str: ...
    @property
    def group(self) -> ConsumerGroup | None: ...
    @property
    def answers(self) -> "Answers | None": ...
    @property
    def places(self) -> Places | None: ...

    @property
    def workload(self) -> Workload | StdinWorkload:
        """What feeds the port."""

    @property
    def topic(self) -> InputTopic | None:
        """The topic that is read back as the input; None where no topic holds it."""

    @property
    def idle(self) -> str:
        """That the subject is done with no input at all: what follows its name in an error."""

    def identities(self) -> Mapping[str, Locator]:
        """Where an input's id lies in the records of the port's topic, if there is one."""

    def accounted(self) -> Mapping[Place, int]:
        """Of each partition the first input that the subject is not done with; ClusterError if nobody says."""

    def behind(self) -> list[Place]:
        """The partitions in which the subject is not done with all input."""

    def sources(self) -> tuple[Source, ...]:
        """What the port itself records."""


class TopicPort:
    """A topic that the workload produces to, and the consumer group that reads it."""

    places = None
    answers = None

    def __init__(self, spec: RunSpec, servers: str, effects: EffectChannels) -> None:
        contract = spec.contract
        self.name = contract.input.channel.topic
        self.group = ConsumerGroup(servers, contract.group)
        self.workload = Workload(servers, contract)
        self._identity, self._effects, self._servers = contract.input.identity, effects, servers
        self._last = LastInput(servers, self.name)

    @property
    def topic(self) -> InputTopic:
        return InputTopic(self.name, self._identity, self.group.name, self.workload.fates, self._effects.all)

    @property
    def idle(self) -> str:
        return (
            f'has committed nothing in group "{self.group.name}", though "{self.name}" has records; check that it '
            "reads that topic and commits"
        )

    def identities(self) -> Mapping[str, Locator]:
        return {self.name: self._identity}

    def accounted(self) -> Mapping[Place, int]:
        committed = list_committed_offsets(self._servers, self.group.name)
        return {place: offset for place, offset in committed.items() if place[0] == self.name}

    def behind(self) -> list[Place]:
        committed = self.accounted()
        return self._last.behind(committed, list_offsets(self._servers, [self.name]))

    def sources(self) -> tuple[Source, ...]:
        return ()


class StdinPort:
    """Lines on the instances' standard inputs, and the answers on their standard outputs."""

    name = STDIN
    group = None
    topic = None
    idle = (
        'has answered no line of its standard input; for each it must write one such as {"outcome": "ok", "id": "…"} '
        "to its standard output, and flush it"
    )

    def __init__(self, spec: RunSpec, supervisor: ProcessSupervisor, effects: EffectChannels) -> None:
        self.workload = StdinWorkload(spec.contract, supervisor.process, spec.subject.instances, answer_s=spec.quiet_s)
        self.answers = Answers(self.workload, supervisor, spec.contract.group, effects)

    def places(self) -> Mapping[str, tuple[int, int]]:
        return self.workload.places

    def identities(self) -> Mapping[str, Locator]:
        return {}

    def accounted(self) -> Mapping[Place, int]:
        return self.workload.accounted()

    def behind(self) -> list[Place]:
        accounted = self.accounted()
        return [place for place, line in self.workload.last().items() if accounted[place] <= line]

    def sources(self) -> tuple[Source, ...]:
        return (self.answers,)


# how often an input must, and may, have its effects: what is not known may have happened, once
EXPECTED = {SendOutcome.OK: Due((1, 1)), SendOutcome.FAIL: Due((0, 0)), SendOutcome.UNKNOWN: Due((0, 1))}


class Answers(Source):
    """What a subject answers for the lines of its standard input, as the tables of a log and of a group's commits."""

    name = "answers"
    # a subject that is in no group has no generations, and none is missing
    tables = ("input", "expected", "offset_commit", "owner", "generation")

    def __init__(
        self, workload: StdinWorkload, supervisor: ProcessSupervisor, grp: str, effects: EffectChannels
    ) -> None:
        self._workload, self._supervisor, self._grp, self._effects = workload, supervisor, grp, effects

    def unanswered(self, instance: int) -> int:
        """How many inputs an instance was given and has not answered for."""
        place = STDIN, instance
        # in this order: what is given in between would count as unanswered
        last = self._workload.last().get(place, -1)
        return max(0, last + 1 - self._workload.accounted()[place])

    def write(self, writer: HistoryWriter) -> Iterable[str]:
        given = list(self._workload.given)
        inputs: list[dict[str, Any]] = [
            {
                "topic": STDIN, "part": line.part, "off": line.off, "id": line.event.id, "key": line.event.key,
                "seq": line.event.seq, "fate": line.event.fate.value, "t_append": line.t, "pid": None, "epoch": None,
                "visible": True,
            }
            for line in given
        ]  # fmt: skip
        commits: list[dict[str, Any]] = [
            {
                "grp": self._grp, "topic": STDIN, "part": advance.part, "off": advance.off, "n": n,
                "t_append": advance.t, "pid": -1, "epoch": -1, "transactional": False, "visible": True,
            }
            for n, advance in enumerate(self._workload.advances)
        ]  # fmt: skip
        owners: list[dict[str, Any]] = [
            {
                "grp": self._grp, "generation": process["incarnation"], "member": str(process["pid"]),
                "instance": None, "topic": STDIN, "part": process["instance"], "t_from": process["t_start"],
                "t_to": process["t_end"],
            }
            for process in self._supervisor.rows()
        ]  # fmt: skip
        for table, rows in (("input", inputs), ("offset_commit", commits), ("owner", owners)):
            writer.append(table, rows)
        due = {line.event.id: EXPECTED[line.outcome or SendOutcome.UNKNOWN] for line in given}
        write_expected(writer, self._grp, self._effects.all, due)
        return ()


def input_port_of(spec: RunSpec, servers: str, supervisor: ProcessSupervisor, effects: EffectChannels) -> InputPort:
    """UsageError when the contract and the subject disagree on where input comes from."""
    stdin = spec.subject.input == "stdin"
    if stdin != spec.contract.sends:
        does = (
            'sends: it is told what to, by input = "stdin"'
            if spec.contract.sends
            else ('receives from a topic; with input = "stdin" goes an operation whose action is send')
        )
        raise UsageError(f"subject {spec.subject.name}: operation {spec.contract.name} {does}")
    return StdinPort(spec, supervisor, effects) if stdin else TopicPort(spec, servers, effects)
