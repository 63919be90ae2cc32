"""What is to be broken, where and when: a frozen plan that can be saved, and made again from its seed."""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from streamproof.complaints import complaint, shown
from streamproof.errors import UsageError


class Fault(BaseModel):
    """One thing to break. `kind` names a function of `kinds.py`, which says what kind of `target` it takes.

    `at`: the progress mark, as the share of the workload that the group has committed past. `lasts_ms`: from breaking
    to mending, at least; of a pause beyond the session, from when the group has given the instance up.

    A field's description says what is expected of it: it ends the sentence of a complaint.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(description='the name of a fault, such as "kill"')
    target: str = Field(description='what it is done to, such as "instance:1"')
    at: float = Field(ge=0.0, le=1.0, description="a share of the workload, from 0 to 1")
    lasts_ms: int = Field(default=500, ge=0, description="whole milliseconds, of at least 0")

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


class Plan(BaseModel):
    """Faults in the order of their marks, and the seed of the run that they were for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int | None = Field(default=None, description="a whole number")
    faults: tuple[Fault, ...] = Field(default=(), description="a list of faults")
    # what this cluster cannot be made to do, each a sentence for the report
    dropped: tuple[str, ...] = Field(default=(), description="a list of sentences")

    @classmethod
    def default(
        cls,
        seed: int,
        *,
        instances: int,
        can_break_brokers: bool,
        databases: Sequence[str] = (),
        in_group: bool = True,
    ) -> Self:
        """Kill an instance mid-cycle, lose the coordinator, pause an instance beyond its session, pause a leader.

        And lock each of the `databases`, given by their channels. Instances that are in no group have no coordinator
        and no session: a leader is lost instead, and another one killed mid-cycle. The seed chooses which instances,
        which coordinator, and when exactly. Where brokers cannot be broken, their faults are `dropped`.
        """
        chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        numbers = list(range(1, instances + 1))
        chance.shuffle(numbers)
        victim, sleeper = numbers[0], numbers[-1]

        def around(mark: float) -> float:
            return round(mark + chance.uniform(-0.05, 0.05), 3)

        faults = [
            Fault(
                kind="kill-in-flight", target=f"instance:{victim}", at=around(0.08), lasts_ms=chance.randint(200, 800)
            ),
            Fault(
                kind="pause-beyond-session" if in_group else "kill-in-flight",
                target=f"instance:{sleeper}",
                at=around(0.55),
                lasts_ms=200,
            ),
        ]
        faults += [
            Fault(kind="lock-database", target=f"database:{name}", at=around(0.25), lasts_ms=1500) for name in databases
        ]
        dropped = []
        if can_break_brokers:
            coordinator = chance.choice(["broker:transaction-coordinator", "broker:group-coordinator"])
            target = coordinator if in_group else "broker:leader"
            faults.append(Fault(kind="kill-broker", target=target, at=around(0.35), lasts_ms=500))
            faults.append(Fault(kind="pause-broker", target="broker:leader", at=around(0.8), lasts_ms=500))
        else:
            dropped.append("loss of a broker: the brokers of an existing cluster are not ours to break")
        return cls(seed=seed, faults=tuple(sorted(faults, key=lambda one: one.at)), dropped=tuple(dropped))


def written_plan(text: str) -> Plan:
    """The plan in words, `KIND@TARGET,KIND@TARGET`: those faults one after the other, spread over the workload.

    UsageError for a word that is none.
    """
    words = [one.strip() for one in text.split(",")]
    for word in words:
        if not re.fullmatch("[^@]+@[^@]+", word):
            raise UsageError(f'--faults: "{word}" is no fault and its target; write it as kill@instance:1')
    pairs = [word.split("@") for word in words]
    marks = [round(number / (len(pairs) + 1), 3) for number in range(1, len(pairs) + 1)]
    return Plan(
        faults=tuple(Fault(kind=kind, target=target, at=at) for (kind, target), at in zip(pairs, marks, strict=True))
    )


def read_plan(path: Path) -> Plan:
    """The plan in a file; UsageError with the number of the fault, from 1, and the first thing that is wrong in it."""
    try:
        return Plan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f'--faults {path}: {error.strerror}; give "default", "none", a fault and its target, such as '
            "kill@instance:1, or a plan.json"
        ) from error
    except ValidationError as error:
        told = _sentence(error.errors(include_url=False)[0])
        raise UsageError(f"--faults {path}: {told}; a plan is what a run saves as plan.json") from error


def _sentence(error: ErrorDetails) -> str:
    match error["loc"]:
        case ():  # no JSON, or of no object
            return (
                error["msg"] if error["type"] == "json_invalid" else f"expected a plan, found {shown(error['input'])}"
            )
        case ("faults", int(index)):
            return f"fault {index + 1}: expected a fault, found {shown(error['input'])}"
        case ("faults", int(index), str(name), *_):
            return f"fault {index + 1}: {name}{complaint(error, Fault, name)}"
        case (name, *_):
            return f"{name}{complaint(error, Plan, str(name))}"
    raise AssertionError(error)
