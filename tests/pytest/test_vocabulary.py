"""The Gherkin vocabulary: what is listed is what there is, and what is not there is told with what is near."""

import json
import re
from pathlib import Path

import pytest
from pytest_bdd.steps import step_function_context_registry

from streamproof.config.file import read_config
from streamproof.pytest.make_docs import PAGE, page
from streamproof.pytest.vocabulary import StepDefinition, is_own, vocabulary, words
from tests.calling import Call

TOP = Path(__file__).parents[2]
OWN = [context for context in step_function_context_registry.values() if is_own(context)]
FAKES = """
from unittest.mock import MagicMock
import pytest

@pytest.fixture
def streamproof_session(): return MagicMock(brokers=3)

@pytest.fixture
def run_subject(): return MagicMock()
"""
STRANGER = """
from pytest_bdd import given, parsers
@given(parsers.re(r"(?P<count>\\d+) apples?"))
def apples(): pass
"""
KILLED = '"When instance {number} is killed"'
INSIDE = '"When instance {number} is killed inside its cycle"'
MORE = "; `streamproof steps` lists the plugin's, and a conftest.py may define others"


def test_the_page_of_steps_is_what_the_docstrings_say() -> None:
    """docs/gherkin.md is made by `python -m streamproof.pytest.make_docs`."""
    assert (TOP / PAGE).read_text() == page()


@pytest.mark.parametrize("step", vocabulary(), ids=lambda step: step.wordings[0])
def test_each_step_says_what_it_does_and_shows_a_line_that_is_its_own(step: StepDefinition) -> None:
    """A docstring whose last paragraph is an example, which one of the step's patterns takes."""
    assert step.does
    keyword, text = step.example.split(" ", 1)
    [taking] = [context for context in OWN if context.parser.is_matching(text)]
    assert (taking.type or "").capitalize() == keyword == step.keyword
    assert words(taking.parser) in step.wordings


def test_patterns_are_shown_as_people_read_them() -> None:
    """Values by their names, choices with their words, plurals in brackets; nothing of an expression is left."""
    wordings = {wording for step in vocabulary() for wording in step.wordings}
    assert wordings > {
        "instance {number} is killed",
        "{count} record(s)",
        "the (group coordinator|transaction coordinator|leader) is (killed|paused|restarted)",
        'the schema history "{directory}" at level {level}',
        "the next version is refused: {kind} at {path}",
    }
    assert not [wording for wording in wordings if re.search(r"\?|\\|:[a-z]", wording)]


def test_the_command_lists_every_step(call: Call) -> None:
    """For people and as JSON."""
    told, document = call("steps"), call("steps", "--json")
    assert (told.status, document.status) == (0, 0)
    listed = json.loads(document.out)
    assert len(listed) == len({context.step_func for context in OWN})
    for step in listed:
        for wording in step["wordings"]:
            assert f"{step['keyword']} {wording}\n" in told.out
        assert f"  {step['does']}\n  Example: {step['example']}\n" in told.out


@pytest.mark.parametrize("named", ["features", "tests"])
def test_the_example_on_the_page_works_as_it_stands(pytester: pytest.Pytester, named: str) -> None:
    """Run as a feature and bound in a module, without a cluster: its steps are found and take what they need."""
    introduction = page().split("\n## ")[0]
    [toml, feature, binding, conftest] = re.findall(r"```\w+\n(.*?)```", introduction, re.DOTALL)
    (pytester.path / "streamproof.toml").write_text(toml)
    assert read_config(pytester.path / "streamproof.toml").subject("orders").renames
    pytester.makeconftest(conftest + FAKES)
    (pytester.mkdir("features") / "orders.feature").write_text(feature)
    (pytester.mkdir("tests") / "test_features.py").write_text(binding)
    pytester.runpytest_inprocess(named).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["When instance 1 is kiled"], f'"When instance 1 is kiled" (did you mean {KILLED} or {INSIDE}?){MORE}'),
        (["Given instance 7 is killed"], f'"Given instance 7 is killed" (did you mean {KILLED} or {INSIDE}?){MORE}'),
        (["Given 2 records", "When pigs fly"], f'"When pigs fly"{MORE}'),
        (["Given 2 records", "And 2 aples"], '"Given 2 aples" (did you mean "Given {count} apple(s)'),
    ],
)
def test_an_unknown_step_is_told_with_the_nearest(pytester: pytest.Pytester, lines: list[str], told: str) -> None:
    """In a sentence: where, what, and what there is, of the plugin's words and of the project's."""
    pytester.makeconftest(STRANGER + FAKES)
    steps = "\n    ".join(lines)
    feature = pytester.mkdir("features") / "a.feature"
    feature.write_text(f"Feature: A\n  Scenario: B\n    {steps}\n")
    done = pytester.runpytest_inprocess("features")
    done.assert_outcomes(failed=1)
    assert f"StepDefinitionNotFoundError: {feature}:{len(lines) + 2}: there is no step {told}" in done.stdout.str()


def test_an_unknown_step_of_a_project_without_our_steps_is_left_alone(pytester: pytest.Pytester) -> None:
    """The plugin is loaded there too, and has nothing to say."""
    pytester.makeconftest(STRANGER)
    feature = "Feature: A\n  Scenario: B\n    Given 2 apples\n    And 2 aples\n"
    (pytester.mkdir("features") / "a.feature").write_text(feature)
    done = pytester.runpytest_inprocess("features")
    done.assert_outcomes(failed=1)
    assert "Step definition is not found" in done.stdout.str()
    assert "streamproof steps" not in done.stdout.str()
