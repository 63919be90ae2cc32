"""What a run is made of, before it is started."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streamproof.contract.model import Contract, Produces
from streamproof.errors import UsageError, did_you_mean
from streamproof.history.promise import Delivery
from streamproof.history.terms import Fate
from streamproof.recording.holding import InputRecord, due_echo
from streamproof.subject import SubjectSpec
from streamproof.workload import Event

FEED_S = 5.0  # how long the whole input takes at least, so that there is time to break things
TEST_FEED_S = 2.0  # a test's input is small
QUIET_S = 60.0  # for the group to commit past all input, and for open transactions to end


@dataclass(frozen=True)
class RunSpec:
    """What to run. `directory` gets logs/, history/, witnesses/ and plan.json.

    `checks`: directories of the project's own, by which it is judged too. `without`: anomalies that the verdict does
    without where they cannot be judged.
    `suffix` stands for `{run}` in the subject's command and environment; the contract's names end in it already.
    `again`: the command that runs it again, if there is any.
    UsageError for a subject whose databases, or whose input, are not those of its contract, and where a function of the
    contract's fails for the first event.
    """

    subject: SubjectSpec
    contract: Contract
    events: tuple[Event, ...]
    seed: int
    directory: Path
    suffix: str = ""
    checks: tuple[Path, ...] = ()
    without: tuple[str, ...] = ()
    again: str | None = None
    quiet_s: float = field(default_factory=lambda: QUIET_S)

    def __post_init__(self) -> None:
        queried(self.subject, self.contract)
        if first := next((event for event in self.events if event.fate is Fate.PROCESS), None):
            for produced in self.contract.produces:
                due_echo(produced.holds, InputRecord.of(first))
        if (self.subject.input.kind != "topic") != self.contract.sends:
            does = (
                'sends: it is told what to, by input = "stdin" or input = { http = "URL" }'
                if self.contract.sends
                else "receives from a topic; another input is for an operation whose action is send"
            )
            raise UsageError(f"subject {self.subject.name}: operation {self.contract.name} {does}")

    @property
    def needs_registry(self) -> bool:
        """Whether there must be a schema registry for it."""
        return self.contract.needs_registry or self.subject.needs_registry

    @property
    def transactional(self) -> bool:
        """Whether its promise takes transactions: exactly once, from topic to topic."""
        records = any(produced.channel.query is None for produced in self.contract.produces)
        return self.contract.delivery is Delivery.EXACTLY_ONCE and records and not self.contract.sends


def queried(subject: SubjectSpec, contract: Contract) -> Mapping[str, Produces]:
    """What the contract promises of the rows of queries, by channel, each of which the subject has a database for.

    UsageError for a channel that has no database, and for a database of no such channel.
    """
    found = {produced.channel.name: produced for produced in contract.produces if produced.channel.query is not None}
    for name in subject.databases.keys() - found.keys():
        raise UsageError(
            f"subject {subject.name}: databases.{name}: operation {contract.name} has no such channel with an "
            f"x-query{did_you_mean(name, found) or '; leave it out'}"
        )
    for name in found.keys() - subject.databases.keys():
        raise UsageError(
            f"subject {subject.name}: channel {name} is a query; say where: [subject.{subject.name}.databases] "
            f'{name} = "sqlite:///{{directory}}/orders.db"'
        )
    return found
