"""JUnit's XML: its failures and errors say what the verdict says."""

import xml.etree.ElementTree as ET
from pathlib import Path

from streamproof.checks import Outcome, Verdict, judge
from streamproof.history.store import History
from streamproof.report.junit import write_junit
from tests.checks.histories import Scene
from tests.checks.scenes import clean, clean_plain


def judged(scene: Scene, directory: Path) -> tuple[Verdict, History]:
    history = scene.write(directory / "history")
    return judge(history, threads=1), history


def written(directory: Path, *runs: tuple[Verdict, History]) -> ET.Element:
    write_junit(directory / "junit.xml", runs)
    return ET.parse(directory / "junit.xml").getroot()  # noqa: S314 - our own


def case(root: ET.Element, name: str) -> ET.Element:
    (found,) = [element for element in root.iter("testcase") if element.get("name") == name]
    return found


def test_a_promise_that_is_upheld_has_neither_failure_nor_error(tmp_path: Path) -> None:
    """A case for each anomaly, and the run's properties."""
    verdict, history = judged(clean(), tmp_path)
    root = written(tmp_path, (verdict, history))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    assert [element.get("name") for element in root.iter("testcase")] == [found.anomaly for found in verdict.findings]
    assert {each.get("name"): each.get("value") for each in root.iter("property")}["outcome"] == "upheld"


def test_a_broken_promise_is_a_failure_as_it_is_told(tmp_path: Path) -> None:
    """Characters that XML cannot hold are replaced; the others of an id are as they were."""
    scene = clean()
    scene.effect("<no> \x1b input")
    root = written(tmp_path, judged(scene, tmp_path))
    assert root.get("failures") == "1"
    (failure,) = case(root, "phantom").findall("failure")
    assert (failure.get("message") or "").startswith("1 witness: the effect at alpha[0]@")
    assert "<no> � input" in (failure.text or "")


def test_what_is_missing_is_an_error_and_what_is_not_judged_is_skipped(tmp_path: Path) -> None:
    """An unproven run is not a passed run; what is only counted is."""
    scene = clean("at-least-once")
    scene.effects(["x059"] * 2)
    verdict, history = judged(scene.drop("fault").absent("txn"), tmp_path)
    assert verdict.outcome is Outcome.UNPROVEN
    root = written(tmp_path, (verdict, history))
    assert (root.get("failures"), case(root, "lost").find("failure")) == ("0", None)
    (error,) = case(root, "lost").findall("error")
    assert error.get("message") in verdict.missing
    assert (case(root, "duplicated").findtext("system-out") or "").startswith("allowed: ")
    (unseen,) = case(root, "torn").findall("error")
    assert "no txn table in this history" in (unseen.get("message") or "")
    idle = written(tmp_path, judged(clean_plain(), tmp_path / "plain"))
    assert case(idle, "torn").find("skipped") is not None


def test_a_broker_that_is_not_trusted_is_an_error_of_its_own(tmp_path: Path) -> None:
    """And nobody is accused of what was found on it."""
    scene = clean()
    scene.probe = {"isolates": False, "fences": True}
    scene.effect("no input")
    root = written(tmp_path, judged(scene, tmp_path))
    assert root.get("failures") == "0"
    (error,) = case(root, "broker").findall("error")
    assert (error.get("message") or "").startswith("the broker failed its probe (isolates)")


def test_several_runs_are_several_suites(tmp_path: Path) -> None:
    """Each named by its seed; the counts are of all."""
    runs = [judged(clean(), tmp_path / name) for name in "ab"]
    root = written(tmp_path, *runs)
    assert [suite.get("name") for suite in root.iter("testsuite")] == [
        f"{history.record.subject} (seed {history.record.seed})" for _, history in runs
    ]
    assert root.get("tests") == str(sum(len(verdict.findings) for verdict, _ in runs))
