"""How input reaches a subject, and how it says what it is done with: by a group's commits, or by its answers."""

from collections.abc import Callable, Mapping
from typing import Protocol

from streamproof.engine.spec import RunSpec
from streamproof.errors import UsageError
from streamproof.history.terms import Outcome
from streamproof.kafka import admin
from streamproof.recording.batches import Place
from streamproof.recording.logs import Told
from streamproof.recording.quiet import LastInput
from streamproof.recording.readback import LogEnds
from streamproof.subject import ProcessSupervisor
from streamproof.workload import StdinWorkload, Workload
from streamproof.workload.stdin import STDIN

# how often an input must, and may, have its effects: what is not known may have happened, once
EXPECTED = {Outcome.OK: (1, 1), Outcome.FAIL: (0, 0), Outcome.UNKNOWN: (0, 1)}


class InputPort(Protocol):
    """One port of input. Inputs have places as records in a topic's partitions do; `topic` is the topic's name."""

    topic: str

    @property
    def workload(self) -> Workload | StdinWorkload:
        """What feeds it."""

    @property
    def places(self) -> Callable[[], Mapping[str, tuple[int, int]]] | None:
        """Where each input is, by its id; None where a topic tells."""

    def committed(self) -> Mapping[Place, int]:
        """Of each partition the first input that the subject is not done with, now; ClusterError if nobody says."""

    def last(self, ends: LogEnds) -> Mapping[Place, int]:
        """Of each partition the last input, by where its log ends."""

    def unanswered(self, instance: int) -> int:
        """How many inputs an instance was told, and has not answered for; none where a topic tells."""

    def is_whole(self, instances: int) -> bool:
        """Whether so many instances take part."""

    def missing(self, instances: int) -> str:
        """Why it is not whole: a clause for an error."""

    def idle(self) -> str:
        """That the subject is done with nothing of what there is: what follows its name in an error."""

    def told(self) -> Told | None:
        """What no log holds."""


class GroupInput:
    """A consumer group, and the topic that it reads."""

    places = None

    def __init__(self, spec: RunSpec, servers: str) -> None:
        self.topic = spec.contract.input.channel.topic
        self.workload = Workload(servers, spec.contract)
        self._group, self._servers = spec.contract.group, servers
        self._last = LastInput(servers, self.topic)

    def committed(self) -> Mapping[Place, int]:
        found = admin.committed(self._servers, self._group)
        return {place: offset for place, offset in found.items() if place[0] == self.topic}

    def last(self, ends: LogEnds) -> Mapping[Place, int]:
        return self._last(ends)

    def unanswered(self, instance: int) -> int:
        del instance
        return 0

    def is_whole(self, instances: int) -> bool:
        group = admin.group(self._servers, self._group)
        return group.state == "Stable" and group.members >= instances

    def missing(self, instances: int) -> str:
        group = admin.group(self._servers, self._group)
        return (
            f'group "{self._group}" is {group.state} with {group.members} of {instances} members; check the group\'s '
            "name and the bootstrap address"
        )

    def idle(self) -> str:
        return (
            f'has committed nothing in group "{self._group}", though "{self.topic}" has records; check that it reads '
            "that topic and commits"
        )

    def told(self) -> None:
        return None


class StdinInput:
    """Lines on the instances' standard inputs, and their answers."""

    topic = STDIN

    def __init__(self, spec: RunSpec, supervisor: ProcessSupervisor) -> None:
        self.workload = StdinWorkload(
            spec.contract,
            supervisor.process,
            spec.subject.instances,
            answer_s=spec.quiet_s,
        )
        self._group, self._keeper = spec.contract.group, supervisor

    def places(self) -> Mapping[str, tuple[int, int]]:
        return self.workload.places

    def committed(self) -> Mapping[Place, int]:
        return self.workload.accounted()

    def last(self, ends: LogEnds) -> Mapping[Place, int]:
        del ends
        return self.workload.last()

    def unanswered(self, instance: int) -> int:
        place = STDIN, instance
        # in this order: what is given in between would count as unanswered
        last = self.workload.last().get(place, -1)
        return max(0, last + 1 - self.workload.accounted()[place])

    def is_whole(self, instances: int) -> bool:
        del instances  # each that runs takes part
        return True

    def missing(self, instances: int) -> str:
        del instances
        return "what it should say, or answer, when it is ready has not come"

    def idle(self) -> str:
        return (
            'has answered no line of its standard input; for each it must write one such as {"outcome": "ok", "id": '
            '"…"} to its standard output, and flush it'
        )

    def told(self) -> Told:
        given = list(self.workload.given)
        return Told(
            inputs=[
                {
                    "topic": STDIN, "part": one.part, "off": one.off, "id": one.event.id, "key": one.event.key,
                    "seq": one.event.seq, "fate": one.event.fate.value, "t_append": one.t, "pid": None, "epoch": None,
                    "visible": True,
                }
                for one in given
            ],
            commits=[
                {
                    "grp": self._group, "topic": STDIN, "part": one.part, "off": one.off, "n": n, "t_append": one.t,
                    "pid": -1, "epoch": -1, "transactional": False, "visible": True,
                }
                for n, one in enumerate(self.workload.advances)
            ],
            owners=[
                {
                    "grp": self._group, "generation": one["incarnation"], "member": str(one["pid"]), "instance": None,
                    "topic": STDIN, "part": one["instance"], "t_from": one["t_start"], "t_to": one["t_end"],
                }
                for one in self._keeper.rows()
            ],
            expected={one.event.id: EXPECTED[one.outcome or Outcome.UNKNOWN] for one in given},
        )  # fmt: skip


def input_port_of(spec: RunSpec, servers: str, supervisor: ProcessSupervisor) -> InputPort:
    """UsageError when the contract and the subject disagree on where input comes from."""
    stdin = spec.subject.input == "stdin"
    if stdin != spec.contract.sends:
        does = (
            'sends: it is told what to, by input = "stdin"'
            if spec.contract.sends
            else ('receives from a topic; with input = "stdin" goes an operation whose action is send')
        )
        raise UsageError(f"subject {spec.subject.name}: operation {spec.contract.name} {does}")
    return StdinInput(spec, supervisor) if stdin else GroupInput(spec, servers)
