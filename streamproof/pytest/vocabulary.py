"""The Gherkin vocabulary, read from the step definitions that the plugin registers, and what is near to a text."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

import pytest
from pytest_bdd import parsers
from pytest_bdd.parser import Scenario, Step
from pytest_bdd.steps import StepFunctionContext, StepNamePrefix, step_function_context_registry

from streamproof.pytest.plugin import pytest_plugins

_NEAREST = 3
_GROUP = re.compile(r"\(\?P<(\w+)>((?:\\.|\[[^]]*\]|[^()])*)\)")
_CHOICE = re.compile(r"[\w |]+")
_VALUE = re.compile(r'"[^"]*"|\{\w+\}|\d[\d,]*')


@dataclass(frozen=True)
class StepDefinition:
    """A step that the plugin registers: its wordings, as `words` gives them, what it does, and a line to copy."""

    keyword: str
    wordings: tuple[str, ...]
    does: str
    example: str


def vocabulary() -> list[StepDefinition]:
    """Every step of the plugin, in the order of the code. A docstring's last paragraph is the example."""
    found: dict[object, list[StepFunctionContext]] = {}
    for context in _own():
        found.setdefault(context.step_func, []).append(context)
    return [_definition(contexts) for contexts in found.values()]


def _own() -> list[StepFunctionContext]:
    for module in pytest_plugins:
        import_module(module)
    return [context for context in step_function_context_registry.values() if is_own(context)]


def is_own(context: StepFunctionContext) -> bool:
    return context.step_func.__module__ in pytest_plugins


def _definition(contexts: list[StepFunctionContext]) -> StepDefinition:
    *does, example = (inspect.getdoc(contexts[0].step_func) or "").split("\n\n")
    return StepDefinition(
        keyword=_keyword(contexts[0]),
        wordings=tuple(words(context.parser) for context in contexts),
        does=" ".join(" ".join(does).split()),
        example=example.removeprefix("Example: "),
    )


def _keyword(context: StepFunctionContext) -> str:
    return (context.type or "*").capitalize()


def words(parser: parsers.StepParser) -> str:
    """The pattern of a step as people read it: `{name}` for a value, `(this|that)` for a choice, `(s)` for a plural."""
    if not isinstance(parser, parsers.re):
        return re.sub(r"\{(\w+):\w+\}", r"{\1}", parser.name)
    pattern = re.sub(r"(\w)\?", r"(\1)", parser.name)
    return _GROUP.sub(lambda group: f"({group[2]})" if _CHOICE.fullmatch(group[2]) else f"{{{group[1]}}}", pattern)


def unknown_step(request: pytest.FixtureRequest, scenario: Scenario, step: Step) -> str | None:
    """A sentence about a step that nobody defined, with up to three that are nearest, whatever their keyword.

    None for a scenario that neither has a step of the plugin nor nearly has it: the plugin is no part of that project.
    """
    by_shape = {_shape(words(context.parser)): context for context in _visible(request)}
    near = [by_shape[shape] for shape in difflib.get_close_matches(_shape(step.name), by_shape, n=_NEAREST)]
    own = _own()
    used = any(context.parser.is_matching(other.name) for other in scenario.steps for context in own)
    if not used and not any(is_own(context) for context in near):
        return None
    nearest = " or ".join(f'"{_keyword(context)} {words(context.parser)}"' for context in near)
    return (
        f'{scenario.feature.filename}:{step.line_number}: there is no step "{step.type.capitalize()} {step.name}"'
        f"{f' (did you mean {nearest}?)' if nearest else ''}; `streamproof steps` lists the plugin's, and a "
        "conftest.py may define others"
    )


def _visible(request: pytest.FixtureRequest) -> Iterator[StepFunctionContext]:
    """Those of the plugin, and those of the project that a test sees from where it stands."""
    prefix = StepNamePrefix.step_def.value
    for context in list(step_function_context_registry.values()):
        with contextlib.suppress(pytest.FixtureLookupError):
            yield request.getfixturevalue(f"{prefix}_{context.type or '*'}_{context.parser.name}")


def _shape(text: str) -> str:
    return _VALUE.sub("…", text)
