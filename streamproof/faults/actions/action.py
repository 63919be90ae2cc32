"""An action: what is done to a target, how it is seen that it took effect, and how it is undone.

To add an action, write a class like those in the modules beside it: its fields are its parameters, and its class
attributes say what a plan calls it and what it needs. The nemesis calls, for each fault:

    prepare ─▶ (the trigger takes hold) ─▶ begin ─▶ evidence ─▶ (lasts_ms pass, from begin's return) ─▶ end

The fault is in effect from `begin`'s return on. A parameter is a field: `down_ms: int = Field(default=1000, ge=0,
description="whole milliseconds, of at least 0")`, whose description ends the sentence about a wrong value.

The class's docstring becomes its part of docs/faults.md (`python -m streamproof.faults.make_docs`): what the action
does, then a paragraph `Evidence: …` and a paragraph `Without effect: …`.
"""

from abc import abstractmethod
from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator

from streamproof.capabilities import Capability
from streamproof.complaints import complaint
from streamproof.errors import UsageError
from streamproof.faults.system import Evidence, Scene
from streamproof.faults.targets import TargetKind
from streamproof.faults.triggers import Trigger

ACTIONS: "dict[str, type[Action]]" = {}


class WrongKeyError(UsageError):
    """A key of a fault that is not known, or whose value cannot be. `said`: the sentence, without the fault's name."""

    def __init__(self, where: str, said: str) -> None:
        super().__init__(f"{where}: {said}")
        self.said = said

    @classmethod
    def of(cls, where: str, error: ValidationError, model: type[BaseModel]) -> Self:
        """The first of what is wrong."""
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        return cls(where, f"{name}{complaint(first, model, name)}")


class Drawn(StrEnum):
    """How a target is drawn in a timeline while a fault is in effect. The ends of processes are drawn anyway."""

    NOT = ""
    PAUSED = "paused"
    LOST = "lost"


class Action(BaseModel):
    """Frozen parameters; an action remembers nothing of a fault but by what its `begin` returns.

    UsageError for a parameter that it does not have, or whose value cannot be.

    `kind`: its name in a plan. `target`: what it may be aimed at. `requires`: without these capabilities it is refused.
    `back`: what the target is once the fault is undone, for the sentence "…, back after 1.4 s". `feeds`: the action, or
    its trigger, lets the input flow itself (`Scene.feed`); else it flows from the fault's beginning. `looks`: of an
    action that is made in flight where that is seen, though a plan does not say so: how often to look. `repeatable`: it
    leaves nothing behind that would keep it from being tried again, should it have had no effect.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]
    target: ClassVar[TargetKind]
    requires: ClassVar[frozenset[Capability]] = frozenset()
    back: ClassVar[str] = ""
    drawn: ClassVar[Drawn] = Drawn.NOT
    feeds: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True
    looks: ClassVar[int] = 0

    lasts_ms: int = Field(default=500, ge=0, description="whole milliseconds, of at least 0")

    @model_validator(mode="wrap")
    @classmethod
    def _parameters(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(given)
        except ValidationError as error:
            raise WrongKeyError.of(f"fault {cls.kind}", error, cls) from error

    @classmethod
    def __pydantic_init_subclass__(cls, **more: Any) -> None:
        super().__pydantic_init_subclass__(**more)
        if "kind" in cls.__dict__ and (other := ACTIONS.setdefault(cls.kind, cls)) is not cls:
            raise TypeError(f'{cls.__qualname__}: {other.__qualname__} has the kind "{cls.kind}" already')

    def check_trigger(self, when: Trigger) -> None:
        """UsageError, without the fault's name, for a trigger that it cannot begin by."""

    def prepare(self, scene: Scene) -> None:
        """Look at what will be missed, before anything is touched."""

    @abstractmethod
    def begin(self, scene: Scene) -> Any:
        """Break something. Either nothing is broken and this raises, or what must be remembered is returned."""

    @abstractmethod
    def evidence(self, scene: Scene, state: Any) -> Evidence:
        """What is seen of it while it lasts, by what brokers and processes say, never by the action's own deeds."""

    @abstractmethod
    def end(self, scene: Scene, state: Any) -> None:
        """Undo what `begin` did; called come what may."""
