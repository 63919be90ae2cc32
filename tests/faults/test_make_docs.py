"""The page of faults says what the functions say."""

import inspect
import json
from pathlib import Path

import pytest

from streamproof.faults import Plan, check_plan
from streamproof.faults.kinds import KINDS
from streamproof.faults.make_docs import PAGE, page

TOP = Path(__file__).parent.parent.parent


def test_the_page_of_faults_is_what_the_docstrings_say() -> None:
    """docs/faults.md is made by `python -m streamproof.faults.make_docs`."""
    assert (TOP / PAGE).read_text() == page()


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_says_what_it_does_and_what_shows_it(kind: str) -> None:
    """In this order, a paragraph each, which the page is made of."""
    *text, evidence, without = (inspect.getdoc(KINDS[kind].inject) or "").split("\n\n")
    assert text
    assert evidence.startswith("Evidence: ")
    assert without.startswith("Without effect: ")


def test_the_plan_that_the_page_shows_is_one() -> None:
    """To be copied, and changed."""
    shown = page().split("```json\n")[1].split("```")[0]
    plan = Plan.model_validate(json.loads(shown))
    check_plan(plan)
    assert len(plan.faults) == 5
