"""The examples are what the page says, and are compared rightly. `python -m examples` runs them for real."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples import catalogue
from examples.catalogue import HERE, Example, Expected, read_examples
from examples.make_docs import PAGE, page
from examples.runner import RUNS, build, result_of
from streamproof.checks import Finding, Outcome, Status, Verdict
from streamproof.engine.request import declared_spec
from streamproof.errors import SubjectError, UsageError
from streamproof.faults import read_plan
from streamproof.history.promise import Delivery

EXAMPLES = read_examples()
MANIFESTS = ("requirements.txt", "package.json", "go.mod", "pom.xml")


def test_the_page_is_made_from_what_is_expected() -> None:
    """docs/examples.md is made by `python -m examples.make_docs`."""
    assert PAGE.read_text() == page()


def test_each_folder_is_an_example() -> None:
    """None is left out of the list."""
    assert {path.parent.name for path in HERE.glob("*/streamproof.toml")} == set(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_can_be_run_beside_others(example: Example, tmp_path: Path) -> None:
    """Its subject has its name and takes fresh names, and a README tells of it, with plans that can be carried out."""
    spec = declared_spec(example.config, example.name, records=9, seed=1, directory=tmp_path, suffix="-1")
    assert spec.subject.instances == 2, "each is verified with two instances"
    readme = (example.directory / "README.md").read_text()
    assert readme.startswith(f"# {example.expected.framework}")
    for plan in re.findall(r"--faults (\S+\.json)", readme):
        assert read_plan(example.directory / plan).faults


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_the_version_of_an_example_is_the_version_that_it_is_built_with(example: Example) -> None:
    """It stands in the file that pins it; where the example is built with nothing of its own, in ours."""
    own = [example.directory / name for name in MANIFESTS if (example.directory / name).exists()]
    (manifest,) = own or [HERE.parent / "pyproject.toml"]
    assert re.search(rf"[^\d.]{re.escape(example.expected.version)}[^\d.]", manifest.read_text())


def verdict(outcome: Outcome, *anomalies: str) -> Verdict:
    findings = tuple(Finding(anomaly=name, definition="", meaning=Status.FORBIDDEN, witnesses=1) for name in anomalies)
    return Verdict(
        outcome=outcome, group="", delivery=Delivery.EXACTLY_ONCE, ordered=True, findings=findings, missing=(),
        seen={}, not_judged=(),
    )  # fmt: skip


UPHELD, UNPROVEN = verdict(Outcome.UPHELD), verdict(Outcome.UNPROVEN)
DUPLICATED = verdict(Outcome.VIOLATED, "duplicated")
LOST_TOO = verdict(Outcome.VIOLATED, "duplicated", "lost")


@pytest.mark.parametrize(
    ("expected", "verdicts", "runs", "fault"),
    [
        (Outcome.UPHELD, [UPHELD], 1, None),
        (Outcome.UPHELD, [UNPROVEN, UPHELD], 2, None),
        (Outcome.UPHELD, [UNPROVEN] * RUNS, RUNS, "the verdict is unproven, not upheld"),
        (Outcome.UPHELD, [DUPLICATED], 1, "the verdict is violated, not upheld"),
        (Outcome.VIOLATED, [UPHELD, DUPLICATED], 2, None),
        (Outcome.VIOLATED, [UPHELD] * RUNS, RUNS, "the verdict is upheld, not violated"),
        (Outcome.VIOLATED, [LOST_TOO], 1, "it is violated by lost too"),
        (Outcome.UNPROVEN, [UPHELD, UNPROVEN], 2, None),
    ],
)
def test_an_example_has_several_runs_to_show_what_it_must(
    expected: Outcome, verdicts: list[Verdict], runs: int, fault: str | None
) -> None:
    """A fault may miss the moment that shows it. What must not be seen ends it at once."""
    anomalies = frozenset({"duplicated"} if expected is Outcome.VIOLATED else ())
    example = Example("any", Expected("Any", "1", expected, "", anomalies))
    seeds: list[int] = []
    ahead: Iterator[Verdict] = iter(verdicts)

    def verify(_example: Example, seed: int) -> tuple[Verdict, float]:
        seeds.append(seed)
        return next(ahead), 1.0

    result = result_of(example, lambda _: None, verify, seed=7)
    assert (result.runs, result.fault) == (runs, fault)
    assert seeds == list(range(7, 7 + runs))


@pytest.mark.parametrize("error", [SubjectError("it died"), subprocess.TimeoutExpired("build", 600)])
def test_an_example_that_cannot_be_run_is_a_fault_of_its_own(error: Exception) -> None:
    """The others have their turn."""

    def build(_example: Example) -> None:
        raise error

    result = result_of(Example("any", Expected("Any", "1", Outcome.UPHELD, "")), build, lambda *_: (UPHELD, 0.0), 1)
    assert result.fault == str(error)
    assert result.runs <= RUNS


def test_a_build_that_fails_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What it printed goes to standard error: standard output may be JSON."""
    monkeypatch.setattr(catalogue, "HERE", tmp_path)
    script = tmp_path / "any" / "build"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho no compiler\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(UsageError, match="any/build failed with status 3, for the reason that stands above"):
        build(Example("any", Expected("Any", "1", Outcome.UPHELD, "")))
    assert "no compiler" not in capfd.readouterr().out
