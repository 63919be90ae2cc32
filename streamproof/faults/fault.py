"""A fault: an action on a target, when a trigger says so."""

from dataclasses import dataclass
from typing import Any, Self

from streamproof.capabilities import Capability
from streamproof.errors import UsageError
from streamproof.faults.actions import Action
from streamproof.faults.moments import AtMoment
from streamproof.faults.targets import NEW_INSTANCE, BrokerRole, Instance, Target
from streamproof.faults.triggers import InFlight, Trigger
from streamproof.words import either


@dataclass(frozen=True)
class Fault:
    """`action` is done to the target `on`, once `when` is met. `name`: by which other faults of a plan refer to it.

        Fault(KillBroker(lasts_ms=800), BrokerRole.LEADER, Progress(0.3), name="loss")
        Fault(Kill(), Instance(1), During("loss", after_ms=200))

    UsageError for an action that cannot be done to such a target.
    """

    action: Action
    on: Target
    when: Trigger
    name: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.action, Action):
            raise UsageError(f"{self.action!r} is no action; write one such as Kill(), with its brackets")
        if not isinstance(self.when, Trigger):
            raise UsageError(f"fault {self.action.kind}: {self.when!r} is no trigger; write one such as Progress(0.3)")
        kind = self.action.target
        if not isinstance(self.on, kind.types):
            write = f"write {either(kind.forms)}"
            if type(self.on) is str:
                write = f"a text is for Fault.of({self.action.kind!r}, {self.on!r})"
            raise UsageError(f'fault {self.action.kind}: its target cannot be "{self.on}"; {write}')
        if isinstance(self.when, InFlight) and (kind is NEW_INSTANCE or not isinstance(self.on, Instance)):
            raise UsageError(
                f"fault {self.action.kind}: {self.on} has no cycle; only an instance that runs can be in flight"
            )
        if self.on is BrokerRole.ASKED and not isinstance(self.when, AtMoment):
            raise UsageError(
                f"fault {self.action.kind}: {self.on} is told by the moment of an instance; say at which, such as "
                '"EndTxn/request" of_instance 1'
            )
        try:
            self.action.check_trigger(self.when)
        except UsageError as error:
            raise UsageError(f"fault {self.action.kind}: {error}") from error

    @classmethod
    def of(cls, kind: str, target: str, at: float | None = None, **more: Any) -> Self:
        """A fault in the words of a plan: `Fault.of("kill", "instance:1", at=0.3, lasts_ms=300)`.

        Half-way through the workload (`at=0.5`), where no word says when. UsageError for words that are none.
        """
        from streamproof.faults.written import TRIGGERS, fault_of  # noqa: PLC0415 - which reads into this class

        if at is None and not TRIGGERS.keys() & more.keys():
            at = 0.5
        fault = fault_of({"kind": kind, "target": target, "at": at, **more})
        return cls(fault.action, fault.on, fault.when, fault.name)

    @property
    def requires(self) -> frozenset[Capability]:
        """Without these capabilities it is refused."""
        return self.action.requires | self.when.requires

    def __str__(self) -> str:
        return f"{self.action.kind} {self.on}"
