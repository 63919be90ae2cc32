"""The page of faults says what the actions say."""

import inspect
from pathlib import Path

import pytest

from streamproof.capabilities import Capability
from streamproof.faults import ACTIONS, Surroundings, check_plan, read_plan
from streamproof.faults.make_docs import OVERLAPPING, PAGE, page

TOP = Path(__file__).parent.parent.parent


def test_the_page_of_faults_is_what_the_docstrings_say() -> None:
    """docs/faults.md is made by `python -m streamproof.faults.make_docs`."""
    assert (TOP / PAGE).read_text() == page()


@pytest.mark.parametrize("kind", ACTIONS)
def test_each_fault_says_what_it_does_and_what_shows_it(kind: str) -> None:
    """In this order, a paragraph each, which the page is made of."""
    *text, evidence, without = (inspect.getdoc(ACTIONS[kind]) or "").split("\n\n")
    assert text
    assert evidence.startswith("Evidence: ")
    assert without.startswith("Without effect: ")


@pytest.mark.parametrize(("number", "faults"), [(0, 6), (1, 2)])
def test_the_plans_that_the_page_shows_are_plans(tmp_path: Path, number: int, faults: int) -> None:
    """To be copied, and changed."""
    shown = page().split("```json\n")[number + 1].split("```")[0]
    (tmp_path / "plan.json").write_text(shown)
    plan = read_plan(tmp_path / "plan.json")
    check_plan(plan, Surroundings(2, ("orderHistory",), (1, 2, 3), "embedded", frozenset(Capability)))
    assert len(plan.faults) == faults


def test_the_plan_in_python_is_the_plan_in_json() -> None:
    """The page shows the same plan twice."""
    shown = page().split("```python\n")[1].split("```")[0]
    found: dict[str, object] = {}
    exec(shown, found)  # noqa: S102 - the page's own example
    assert found["plan"] == OVERLAPPING
