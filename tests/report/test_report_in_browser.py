"""The HTML report of test results as its readers see it: in a real browser, opened from disk."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from streamproof.report.html import generate
from tests.report.conftest import Need
from tests.results import RESULTS, attached, results_of

ROOT = Path(__file__).parents[2]
FEATURE = """
Feature: Exactly-once moving
  Each thing is moved once.

  Scenario: A mover dies with its hands full
    Given a mover
    When it is killed
    Then nothing is moved twice
"""
# a written history takes the place of a run: an effect of it comes twice
STEPS = """
import pytest
from pytest_bdd import given, then, when
from streamproof.checks import judge, write_witnesses
from streamproof.report.results import attach_verdict, describe
from tests.checks.scenes import clean

@given("a mover", target_fixture="scene")
def mover(): return clean()

@when("it is killed")
def killed(scene): scene.effect("x005")

@then("nothing is moved twice")
def once(scene, tmp_path):
    history = scene.write(tmp_path / "history")
    verdict = judge(history)
    write_witnesses(history, verdict, tmp_path / "witnesses")
    attach_verdict(verdict, history)
    describe("Each thing is moved once.", [(verdict, history)])
    verdict.require("duplicated")
"""


@pytest.fixture
def report(pytester: pytest.Pytester, own_home: None, need: Need, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a report on a scenario whose promise is broken."""
    need("npx")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(STEPS)
    (pytester.mkdir("features") / "moving.feature").write_text(FEATURE)
    [result] = results_of(pytester, "features").values()
    step = result["steps"][-1]
    witnesses = attached(pytester, step)["duplicated: 1 of 1 witnesses"].read_text()
    assert "x005" in witnesses.splitlines()[1]
    return generate(pytester.path / RESULTS, pytester.path / "report").as_uri()


def test_a_scenario_is_found_by_its_name_with_its_steps_its_picture_and_its_witnesses(
    report: str, browser: Browser, tmp_path: Path
) -> None:
    """Opened from the list as a reader does: what was promised, what happened, and what is wrong.

    Verdict and timeline come first; no frames of libraries, and no fixtures that have nothing to tell.
    """
    page = browser.new_page(viewport={"width": 1400, "height": 1800})
    page.goto(report)
    page.get_by_text("A mover dies with its hands full").click()
    expect(page.get_by_text("Category: Promise violated")).to_be_visible()
    described = page.frame_locator("iframe")
    expect(described.get_by_text("Each thing is moved once.")).to_be_visible()
    expect(described.get_by_text("VIOLATED")).to_be_visible()
    picture = described.get_by_alt_text("Timeline of the run")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0
    expect(described.get_by_text("streamproof check")).to_be_visible()
    for step in ("Given a mover", "When it is killed", "Then nothing is moved twice"):
        expect(page.get_by_text(step, exact=True)).to_be_visible()
    expect(page.get_by_text("verdict.py")).to_have_count(0)
    expect(page.get_by_text("tmp_path_factory")).to_have_count(0)
    page.get_by_text("report", exact=True).click()
    expect(page.frame_locator("iframe >> nth=1").get_by_label("Timeline of the run")).to_be_visible()
    page.get_by_text("duplicated: 1 of 1 witnesses").click()
    expect(page.get_by_text("x005").last).to_be_visible()
    page.screenshot(path=tmp_path / "report.png")
