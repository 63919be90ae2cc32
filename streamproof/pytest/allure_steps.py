"""Gherkin scenarios in Allure: feature, title, tags, and each step with its own outcome.

allure-pytest knows nothing of pytest-bdd, and its sister for pytest-bdd cannot be loaded beside it.
"""

from typing import Any

import allure
import pytest
from pytest_bdd.parser import Feature, Scenario, Step

from streamproof.errors import StreamproofError, VerdictError

_open_step = pytest.StashKey[Any]()
feature_words = pytest.StashKey[str]()
EXAMPLE = "_pytest_bdd_example"  # a row of an outline's examples, as a single parameter


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Each value of an outline's row as a parameter of its own. Allure keeps what is set before its own hook."""
    if row := _example(item):
        allure.dynamic.parameter(EXAMPLE, row, excluded=True, mode=allure.parameter_mode.HIDDEN)
        for name, value in row.items():
            allure.dynamic.parameter(name, value)


def _example(item: pytest.Item) -> dict[str, str]:
    callspec: Any = getattr(item, "callspec", None)
    return dict(callspec.params.get(EXAMPLE, {})) if callspec else {}


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, feature: Feature, scenario: Scenario) -> None:
    values = ", ".join(_example(request.node).values())
    allure.dynamic.feature(feature.name)
    allure.dynamic.title(f"{scenario.name} ({values})" if values else scenario.name)
    allure.dynamic.description(feature.description or "")
    request.node.stash[feature_words] = feature.description or ""
    for tag in sorted(scenario.tags | feature.tags):
        allure.dynamic.tag(tag)


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Step) -> None:
    _enter(request, step)


def pytest_bdd_after_step(request: pytest.FixtureRequest) -> None:
    _leave(request, None)


def pytest_bdd_step_error(request: pytest.FixtureRequest, exception: BaseException) -> None:
    _leave(request, exception)


def pytest_bdd_step_func_lookup_error(request: pytest.FixtureRequest, step: Step, exception: Exception) -> None:
    """A step that nobody defined is shown as the step that broke."""
    _enter(request, step)
    _leave(request, exception)


def pytest_bdd_after_scenario(request: pytest.FixtureRequest) -> None:
    """A skip passes all hooks of a step by: its step is still open here."""
    _leave(request, pytest.skip.Exception("skipped"))


def _enter(request: pytest.FixtureRequest, step: Step) -> None:
    context = allure.step(f"{step.keyword} {step.name}")
    context.__enter__()
    request.node.stash[_open_step] = context


def _leave(request: pytest.FixtureRequest, error: BaseException | None) -> None:
    context = request.node.stash.get(_open_step, None)
    if context is None:
        return
    del request.node.stash[_open_step]
    told = isinstance(error, StreamproofError | VerdictError)  # its sentence says it all
    trace = error.__traceback__ if error and not told else None
    context.__exit__(type(error) if error else None, error, trace)
