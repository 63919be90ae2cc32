"""Plans and faults as text: the flat JSON of a plan.json, and the words of `--faults`.

    {"kind": "kill", "target": "instance:1", "at": 0.3, "in_flight": true, "lasts_ms": 300}

One of `at`, `elapsed_s`, `during` and `after` says when. Keys that are not a fault's own are its action's parameters.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from streamproof.complaints import complaint, shown
from streamproof.errors import UsageError, did_you_mean, unreadable
from streamproof.faults.actions import ACTIONS, Action, Kill
from streamproof.faults.actions.action import WrongKeyError
from streamproof.faults.fault import Fault
from streamproof.faults.moments import AtMoment, Stage
from streamproof.faults.plan import Plan
from streamproof.faults.targets import parse_target
from streamproof.faults.triggers import (
    LOOKS,
    After,
    During,
    Elapsed,
    Following,
    InFlight,
    OfAnother,
    Progress,
    Trigger,
)
from streamproof.syntax import MalformedError, read_json
from streamproof.wire import Moment
from streamproof.words import either

M = TypeVar("M", bound=BaseModel)

# each by the key that says so
TRIGGERS: Mapping[str, type[Any]] = {kind.key: kind for kind in (Progress, Elapsed, During, After)}
# names that stand for a kind and more
SHORTHANDS: Mapping[str, Mapping[str, Any]] = {"kill-in-flight": {"kind": "kill", "in_flight": True}}


class WrittenFault(BaseModel):
    """A fault's own keys. A field's description says what is expected of it: it ends the sentence of a complaint."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str = Field(description='the name of a fault, such as "kill"')
    target: str = Field(description='what it is done to, such as "instance:1"')
    at: float | None = Field(default=None, ge=0.0, le=1.0, description="a share of the workload, from 0 to 1")
    elapsed_s: float | None = Field(default=None, ge=0.0, description="seconds, of at least 0")
    during: str | None = Field(default=None, description="the name of a fault of the plan")
    after: str | None = Field(default=None, description="the name of a fault of the plan")
    after_ms: int = Field(default=0, ge=0, description="whole milliseconds, of at least 0")
    in_flight: bool | Literal["if-seen"] | None = Field(default=None, description='true, false or "if-seen"')
    looks: int | None = Field(default=None, ge=1, description="a whole number, of at least 1")
    moment: str | None = Field(default=None, description='a request or an answer, such as "EndTxn/request"')
    nth: int = Field(default=1, ge=1, description="a whole number, of at least 1")
    stage: Literal["start-up", "steady", "rebalance", "shutdown"] = Field(
        default="steady", description="start-up, steady, rebalance or shutdown"
    )
    of_instance: int | None = Field(default=None, ge=1, description="the number of an instance")
    if_seen: bool = Field(default=False, description="true where the fault goes ahead if the moment never comes")
    name: str = Field(default="", description="a name, by which other faults of the plan refer to it")


class WrittenPlan(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int | None = Field(default=None, description="a whole number")
    faults: tuple[dict[str, Any], ...] = Field(default=(), description="a list of faults")
    # what this cluster cannot be made to do, each a sentence for the report
    dropped: tuple[str, ...] = Field(default=(), description="a list of sentences")


def kinds() -> Mapping[str, type[Action]]:
    """The action that each name of a fault stands for."""
    return {**ACTIONS, **{name: ACTIONS[keys["kind"]] for name, keys in SHORTHANDS.items()}}


def fault_of(keys: Mapping[str, Any], which: str = "") -> Fault:
    """The fault that these keys write; `which` tells it from others of its kind. UsageError for a mistake."""
    where = f"fault {keys.get('kind')}{which}"
    written = _validated(WrittenFault, {**keys, **SHORTHANDS.get(str(keys.get("kind")), {})}, where)
    if written.kind not in ACTIONS:
        raise UsageError(
            f"{where}: there is none of that name{did_you_mean(written.kind, kinds())}; there are "
            f"{', '.join(sorted(kinds()))}"
        )
    action = _validated(ACTIONS[written.kind], written.model_extra or {}, where)
    target = parse_target(written.target)
    if target is None or not isinstance(target, action.target.types):
        raise UsageError(f'{where}: its target cannot be "{written.target}"; write {either(action.target.forms)}')
    trigger = _trigger(written, action, where)
    try:
        return Fault(action, target, trigger, written.name)
    except UsageError as error:
        raise UsageError(str(error).replace(f"fault {written.kind}", where, 1)) from error


def _validated(model: type[M], keys: Mapping[str, Any], where: str) -> M:
    try:
        return model.model_validate(keys)
    except ValidationError as error:
        raise WrongKeyError.of(where, error, model) from error
    except WrongKeyError as error:  # of an action, which knows its name and not its place
        raise WrongKeyError(where, error.said) from error


def _trigger(written: WrittenFault, action: Action, where: str) -> Trigger:
    given = [key for key in TRIGGERS if getattr(written, key) is not None]
    if len(given) != 1:
        said = f"it has {' and '.join(given)}" if given else "it does not say when"
        raise UsageError(f"{where}: {said}; write one of {either(list(TRIGGERS))}")
    (key,) = given
    kind, value = TRIGGERS[key], getattr(written, key)
    if written.after_ms and not issubclass(kind, OfAnother):
        raise UsageError(f"{where}: after_ms counts from another fault; write it beside during or after, not {key}")
    trigger: Trigger = kind(value, written.after_ms) if issubclass(kind, OfAnother) else kind(value)
    if written.moment is not None:
        if written.in_flight or written.looks:
            raise UsageError(f"{where}: at a moment, nobody is looked at; leave in_flight and looks out")
        try:
            moment = Moment.parse(written.moment, written.nth)
            return AtMoment(trigger, moment, Stage(written.stage), written.of_instance, not written.if_seen)
        except UsageError as error:
            raise UsageError(f"{where}: moment {error}") from error
    if {"nth", "stage", "of_instance", "if_seen"} & written.model_fields_set:
        raise UsageError(f"{where}: nth, stage, of_instance and if_seen are of a moment; write them beside it")
    in_flight = written.in_flight if written.in_flight is not None else bool(action.looks) and "if-seen"
    if not in_flight:
        return trigger
    looks = written.looks or (LOOKS if in_flight is True else action.looks or LOOKS)
    return InFlight(trigger, required=in_flight is True, looks=looks)


def keys_of(fault: Fault) -> dict[str, Any]:
    """The keys that write a fault; `fault_of` reads it back, unless its trigger has no key."""
    blind = {"in_flight": False} if fault.action.looks and not isinstance(fault.when, Following) else {}
    named = {"name": fault.name} if fault.name else {}
    said = {**fault.when.keys, **blind, **named}
    return {"kind": fault.action.kind, "target": str(fault.on), **said, **fault.action.model_dump()}


def json_of(plan: Plan) -> str:
    """A plan as plan.json holds it."""
    faults = {"faults": [keys_of(fault) for fault in plan.faults]}
    seed = {} if plan.seed is None else {"seed": plan.seed}
    dropped = {"dropped": plan.dropped} if plan.dropped else {}
    return json.dumps({**seed, **faults, **dropped}, indent=2)


def is_in_words(text: str) -> bool:
    """Whether `text` says faults in words, and does not name a file."""
    return "@" in text or text.split(",", maxsplit=1)[0].strip() in kinds()


def plan_in_words(text: str) -> Plan:
    """`KIND@TARGET,KIND@TARGET`: those faults in this order, spread over the workload; or `KIND@TARGET@0.3`.

    UsageError for a word that is none.
    """
    words = [word.strip() for word in text.split(",")]
    faults = []
    for number, word in enumerate(words, 1):
        parts = re.fullmatch(r"([^@]+)@([^@]+)(?:@(0?\.\d+|0|1))?", word)
        if not parts:
            kind = word if word in kinds() else Kill.kind
            raise UsageError(
                f'--faults: "{word}" is no fault and its target; write KIND@TARGET, such as '
                f"{kind}@{kinds()[kind].target.example}, or KIND@TARGET@SHARE, the share of the workload from 0 to 1"
            )
        kind, target, at = parts.groups()
        mark = float(at) if at else round(number / (len(words) + 1), 3)
        faults.append(fault_of({"kind": kind, "target": target, "at": mark}, f", {number} of the plan"))
    return Plan(faults=tuple(faults))


def read_written(path: Path) -> WrittenPlan:
    """The plan in a file, its faults not looked at; UsageError when it cannot be read, or is none."""
    return _written(_text(path), str(path))


def read_plan(path: Path) -> Plan:
    """The plan in a file; UsageError with the number of the fault, from 1, and the first thing that is wrong in it."""
    return plan_in_json(_text(path), str(path))


def plan_in_json(text: str, where: str) -> Plan:
    """The plan in a text, which lies at `where`. Errors as `read_plan`."""
    written, faults = _written(text, where), []
    for number, keys in enumerate(written.faults, 1):
        try:
            faults.append(fault_of(keys, f", {number} of the plan"))
        except WrongKeyError as error:
            raise UsageError(f"{where}: fault {number}: {error.said}{SAVED}") from error
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error
    return Plan(faults=tuple(faults), seed=written.seed, dropped=written.dropped)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({unreadable(error)}); name the file of a plan") from error


def _written(text: str, where: str) -> WrittenPlan:
    try:
        return WrittenPlan.model_validate(read_json(text))
    except MalformedError as error:
        raise UsageError(f"{where}:{error.place}: {error}{SAVED}") from error
    except ValidationError as error:
        raise UsageError(f"{where}: {_sentence(error.errors(include_url=False)[0])}{SAVED}") from error


SAVED = "; a plan is what a run saves as plan.json"


def _sentence(error: ErrorDetails) -> str:
    match error["loc"]:
        case ():
            return f"expected a plan, found {shown(error['input'])}"
        case ("faults", int(index)):
            return f"fault {index + 1}: expected a fault, found {shown(error['input'])}"
        case (name, *_):
            return f"{name}{complaint(error, WrittenPlan, str(name))}"
    raise AssertionError(error)
