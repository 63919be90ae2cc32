"""What one run is made of, before it is one."""

from dataclasses import dataclass, field
from pathlib import Path

from streamproof.contract.model import Contract
from streamproof.subject import SubjectSpec
from streamproof.workload import Event

QUIET_S = 60.0  # for the group to commit past all input, and for open transactions to end


@dataclass(frozen=True)
class RunSpec:
    """What to run. `directory` gets logs/, history/, witnesses/ and plan.json.

    `suffix` stands for `{run}` in the subject's command and environment; the contract's names end in it already.
    """

    subject: SubjectSpec
    contract: Contract
    events: tuple[Event, ...]
    seed: int
    directory: Path
    suffix: str = ""
    quiet_s: float = field(default_factory=lambda: QUIET_S)

    @property
    def needs_registry(self) -> bool:
        """Whether there must be a schema registry for it."""
        return self.contract.needs_registry or self.subject.needs_registry
