"""Scenarios in Allure's results: as their authors wrote them, each with the status that it ended in."""

import pytest

from tests.results import Result, results_of

FEATURE = """
Feature: Words
  What this feature is about.

  @slow
  Scenario: All is well
    Given a red thing
    Then it holds

  Scenario: Nobody wrote a step
    Given a red thing
    When nobody knows this
    Then it holds

  Scenario: A promise is broken
    Given a red thing
    Then it does not hold

  Scenario: Not here
    Given something that is not here
    Then it holds

  Scenario Outline: Several colours
    Given a <colour> thing
    Then it holds

    Examples:
      | colour |
      | green  |
      | blue   |
"""
STEPS = """
import pytest
from pytest_bdd import given, parsers, then

@given(parsers.parse("a {colour} thing"))
def thing(colour): pass

@given("something that is not here")
def absent(): pytest.skip("not here")

@then("it holds")
def holds(): pass

@then("it does not hold")
def fails(): assert False, "it does not"
"""


@pytest.fixture(scope="module")
def found() -> dict[str, Result]:
    """What the first test that asks has found, for all."""
    return {}


@pytest.fixture
def scenarios(pytester: pytest.Pytester, found: dict[str, Result]) -> dict[str, Result]:
    if not found:
        pytester.makeconftest(STEPS)
        (pytester.mkdir("features") / "words.feature").write_text(FEATURE)
        found |= results_of(pytester, "features")
    return found


def test_each_scenario_has_the_status_that_it_ended_in(scenarios: dict[str, Result]) -> None:
    """A step that nobody defined is a fault of the test, so it is broken; a broken promise has failed."""
    assert {name: scenario["status"] for name, scenario in scenarios.items()} == {
        "All is well": "passed",
        "Nobody wrote a step": "broken",
        "A promise is broken": "failed",
        "Not here": "skipped",
        "Several colours (green)": "passed",
        "Several colours (blue)": "passed",
    }


def test_each_step_stands_there_with_its_own_status(scenarios: dict[str, Result]) -> None:
    """Up to the step that ended the scenario."""

    def steps(name: str) -> list[tuple[str, str]]:
        return [(step["name"], step["status"]) for step in scenarios[name]["steps"]]

    red = ("Given a red thing", "passed")
    assert steps("All is well") == [red, ("Then it holds", "passed")]
    assert steps("Nobody wrote a step") == [red, ("When nobody knows this", "broken")]
    assert steps("A promise is broken") == [red, ("Then it does not hold", "failed")]
    assert steps("Not here") == [("Given something that is not here", "skipped")]


def test_an_outline_shows_the_values_of_its_row(scenarios: dict[str, Result]) -> None:
    """Each as a parameter; the row as pytest-bdd passes it is hidden, and does not tell runs apart."""
    parameters = {parameter["name"]: parameter for parameter in scenarios["Several colours (green)"]["parameters"]}
    assert parameters.pop("_pytest_bdd_example")["mode"] == "hidden"
    assert {name: parameter["value"] for name, parameter in parameters.items()} == {"colour": "'green'"}
    green, blue = (scenarios[f"Several colours ({colour})"] for colour in ("green", "blue"))
    assert green["testCaseId"] == blue["testCaseId"]
    assert green["historyId"] != blue["historyId"]


def test_a_scenario_bears_its_features_name_description_and_tags(scenarios: dict[str, Result]) -> None:
    """So that the report can be read by feature, and filtered."""
    scenario = scenarios["All is well"]
    assert scenario["description"] == "What this feature is about."
    labels = {(label["name"], label["value"]) for label in scenario["labels"]}
    assert labels >= {("feature", "Words"), ("tag", "slow")}
