"""When a fault begins. A trigger is a frozen value; the nemesis asks it, again and again, whether it is met.

Faults with a mark of progress take turns: each waits until the subject has recovered from the fault before.
All others happen when they happen, and so may overlap.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from streamproof.capabilities import Capability
from streamproof.errors import UsageError
from streamproof.faults.in_flight import stopped_inside
from streamproof.faults.system import Evidence, Scene

LOOKS = 60  # a subject that has little to do is inside its cycle a small part of the time
ALL = 0.99  # of the workload: what was aborted last, nobody commits past


class SoFar(Protocol):
    """What has happened in a run so far. Times are seconds."""

    def share(self) -> float:
        """The share of the workload that the subject is done with."""

    def seconds(self) -> float | None:
        """Since the subject was ready, and its input flows; None before."""

    def since_effect(self, fault: str) -> float | None:
        """Since a fault of the plan took hold, while it lasts; else None."""

    def since_end(self, fault: str) -> float | None:
        """Since a fault of the plan, which had taken hold, was mended; None before."""

    def is_over(self, fault: str) -> bool:
        """Whether a fault of the plan was mended, or was never done and never will be."""


class Trigger(ABC):
    """`mark`: the share of the workload at which the fault takes its turn; None for a fault that takes no turns.

    `waits_for`: the name of the fault that it depends on, if any. `feeds`: the trigger lets the input flow itself
    (`Scene.feed`) while it takes hold. `requires`: without these capabilities it is refused. `key`: the key of a plan
    by which it is read, and what it depends on; none of a class of the user's own.
    """

    key: ClassVar[str] = ""

    feeds: ClassVar[bool] = False
    requires: ClassVar[frozenset[Capability]] = frozenset()

    @property
    def keys(self) -> Mapping[str, Any]:
        """That write it in a plan; of a class of the user's own, for people alone to read."""
        return {"when": str(self)}

    @property
    def mark(self) -> float | None:
        return None

    @property
    def waits_for(self) -> str | None:
        return None

    @property
    def overlaps(self) -> bool:
        """Whether it is met only while the fault that it waits for lasts."""
        return False

    def missing(self, target: object, instances: int) -> str | None:  # noqa: ARG002 - most triggers need nothing more
        """What the trigger lacks where a fault on `target` meets so many instances: a sentence, and what to do."""
        return None

    @abstractmethod
    def met(self, so_far: SoFar) -> bool:
        """Whether the fault should begin now."""

    def hopeless(self, so_far: SoFar) -> bool:  # noqa: ARG002 - most triggers may always be met yet
        """Whether the trigger cannot be met any more."""
        return False

    def seize(self, scene: Scene) -> bool:  # noqa: ARG002 - most triggers take hold of nothing
        """Take hold of the target once the trigger is met; False when that cannot be done, and the fault is not."""
        return True

    @property
    def disturbs(self) -> bool:
        """Whether `seize` itself changes what the action looked at before."""
        return False

    def never(self, scene: Scene) -> str:  # noqa: ARG002 - most triggers take hold of nothing
        """Why `seize` took no hold: a sentence."""
        return f"its moment never came: {self}"

    def release(self, scene: Scene) -> None:  # noqa: B027 - most triggers take hold of nothing
        """Let go what `seize` took hold of: the action could not begin."""

    def begun(self, scene: Scene) -> None:  # noqa: B027 - most triggers take hold of nothing
        """The action has begun: let go what need not be held until it is undone."""

    def over(self, scene: Scene) -> None:  # noqa: B027 - most triggers take hold of nothing
        """The action is undone: let go what is left."""

    def told(self, scene: Scene, evidence: Evidence) -> Evidence:  # noqa: ARG002 - most triggers see nothing
        """The evidence, with what the trigger itself saw."""
        return evidence


@dataclass(frozen=True)
class Progress(Trigger):
    """The subject is done with this share of the workload, 0 to 1."""

    at: float
    key: ClassVar[str] = "at"

    def __post_init__(self) -> None:
        if not (isinstance(self.at, int | float) and 0 <= self.at <= 1):
            raise UsageError(f"Progress({self.at!r}): give a share of the workload, from 0 to 1")

    def __str__(self) -> str:
        return f"progress {self.at:.2f}"

    @property
    def keys(self) -> Mapping[str, Any]:
        return {self.key: self.at}

    @property
    def mark(self) -> float | None:
        return self.at

    def met(self, so_far: SoFar) -> bool:
        return so_far.share() >= self.at


@dataclass(frozen=True)
class Elapsed(Trigger):
    """So many seconds have passed since the subject was ready, and its input flows."""

    seconds: float
    key: ClassVar[str] = "elapsed_s"

    def __post_init__(self) -> None:
        if not (isinstance(self.seconds, int | float) and self.seconds >= 0):
            raise UsageError(f"Elapsed({self.seconds!r}): give seconds, of at least 0")

    def __str__(self) -> str:
        return f"after {self.seconds:g} s"

    @property
    def keys(self) -> Mapping[str, Any]:
        return {self.key: self.seconds}

    def met(self, so_far: SoFar) -> bool:
        since = so_far.seconds()
        return since is not None and since >= self.seconds

    def hopeless(self, so_far: SoFar) -> bool:
        return so_far.share() >= ALL


@dataclass(frozen=True)
class OfAnother(Trigger):
    """A trigger that depends on another fault of the plan, by its name, and comes `after_ms` later."""

    fault: str
    after_ms: int = 0

    def __post_init__(self) -> None:
        if self.after_ms < 0:
            raise UsageError(f"{type(self).__name__}: after_ms is {self.after_ms}; give milliseconds, of at least 0")

    @property
    def keys(self) -> Mapping[str, Any]:
        return {self.key: self.fault} | ({"after_ms": self.after_ms} if self.after_ms else {})

    @property
    def waits_for(self) -> str | None:
        return self.fault

    @abstractmethod
    def since(self, so_far: SoFar) -> float | None:
        """Seconds since what it waits for; None before."""

    def met(self, so_far: SoFar) -> bool:
        since = self.since(so_far)
        return since is not None and since * 1000 >= self.after_ms

    def hopeless(self, so_far: SoFar) -> bool:
        return so_far.is_over(self.fault) and self.since(so_far) is None


class During(OfAnother):
    """Another fault of the plan, by its name, is in effect, and has been for `after_ms`."""

    key: ClassVar[str] = "during"

    @property
    def overlaps(self) -> bool:
        return True

    def __str__(self) -> str:
        return f"during {self.fault}" + (f", after {self.after_ms} ms" if self.after_ms else "")

    def since(self, so_far: SoFar) -> float | None:
        return so_far.since_effect(self.fault)


class After(OfAnother):
    """Another fault of the plan, by its name, was mended `after_ms` ago."""

    key: ClassVar[str] = "after"

    def __str__(self) -> str:
        return f"after {self.fault}" + (f" and {self.after_ms} ms" if self.after_ms else "")

    def since(self, so_far: SoFar) -> float | None:
        return so_far.since_end(self.fault)


@dataclass(frozen=True)
class Following(Trigger):
    """A trigger that takes hold of something once `after` is met."""

    after: Trigger

    @property
    def keys(self) -> Mapping[str, Any]:
        return self.after.keys

    @property
    def mark(self) -> float | None:
        return self.after.mark

    @property
    def waits_for(self) -> str | None:
        return self.after.waits_for

    @property
    def overlaps(self) -> bool:
        return self.after.overlaps

    def met(self, so_far: SoFar) -> bool:
        return self.after.met(so_far)

    def hopeless(self, so_far: SoFar) -> bool:
        return self.after.hopeless(so_far)


@dataclass(frozen=True)
class InFlight(Following):
    """Once `after` is met, the target instance is seen inside its cycle: stopped, and with work in its hands.

    The instance is stopped (SIGSTOP) and looked at, `looks` times at most. The action finds it stopped.
    `required`: without it the action goes ahead on an instance that was never seen inside.
    """

    required: bool = True
    looks: int = LOOKS
    feeds: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"{self.after}, in flight{'' if self.required else ' if seen so'}"

    @property
    def keys(self) -> Mapping[str, Any]:
        return {**super().keys, "in_flight": self.required or "if-seen", "looks": self.looks}

    def seize(self, scene: Scene) -> bool:
        scene.held, scene.locks = stopped_inside(scene, scene.number, self.looks)
        scene.looks = self.looks
        return bool(scene.held or scene.locks) or not self.required

    def never(self, scene: Scene) -> str:
        return f"instance {scene.instance} was never seen inside its cycle in {scene.looks} looks"

    def release(self, scene: Scene) -> None:
        if scene.held or scene.locks:
            scene.system.supervisor.resume(scene.number)
