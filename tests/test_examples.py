"""The examples are what the page says, and are compared rightly. `python -m examples` runs them for real."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples import catalogue
from examples.__main__ import main
from examples.catalogue import HERE, Example, Expected, read_examples
from examples.make_docs import PAGE, page
from examples.runner import RUNS, SEEDS, build, result_of
from streamproof.checks import Finding, Outcome, Status, Verdict
from streamproof.engine.request import declared_spec
from streamproof.errors import SubjectError, UsageError
from streamproof.faults import read_plan
from streamproof.history.promise import Delivery

EXAMPLES = {f"{example.name} {example.expected.version}": example for example in read_examples()}
BUGS = PAGE.parent / "bugs-found.md"
MANIFESTS = ("requirements.txt", "package.json", "go.mod", "pom.xml")


def test_the_page_is_made_from_what_is_expected() -> None:
    """docs/examples.md is made by `python -m examples.make_docs`."""
    assert PAGE.read_text() == page()


def test_each_folder_is_an_example() -> None:
    """None is left out of the list."""
    folders = [path.parent for level in ("*", "known-bugs/*") for path in HERE.glob(f"{level}/streamproof.toml")]
    assert {str(folder.relative_to(HERE)) for folder in folders} == {example.name for example in EXAMPLES.values()}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_an_example_can_be_run_beside_others(example: Example, tmp_path: Path) -> None:
    """Its subject has its name and takes fresh names, and a README tells of it, with plans that can be carried out.

    A page tells where the maintainers speak of a known bug.
    """
    spec = declared_spec(example.config, example.subject, records=9, seed=1, directory=tmp_path, suffix="-1")
    assert spec.subject.instances == 2, "each is verified with two instances"
    if example.known_bug:
        assert f"examples/{example.name}/README.md)" in BUGS.read_text()
    readme = (example.directory / "README.md").read_text()
    assert readme.startswith(f"# {example.expected.framework}")
    for plan in re.findall(r"--faults (\S+\.json)", readme):
        assert read_plan(example.directory / plan).faults


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_the_version_of_an_example_is_the_version_that_it_is_built_with(example: Example) -> None:
    """It stands in the file that pins it; where the example is built with nothing of its own, in ours.

    A known bug is built with the version that is given.
    """
    if example.known_bug:
        assert '$1"' in (example.directory / "build").read_text()
        return
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


@pytest.mark.parametrize(
    ("expected", "verdicts", "hits", "fault"),
    [
        (Outcome.VIOLATED, [UPHELD, DUPLICATED, UPHELD, DUPLICATED, UPHELD], 2, None),
        (Outcome.VIOLATED, [UPHELD] * SEEDS, 0, "the verdict is upheld, not violated"),
        (Outcome.VIOLATED, [DUPLICATED, LOST_TOO], 0, "it is violated by lost too"),
        (Outcome.UPHELD, [UPHELD] * SEEDS, SEEDS, None),
        (Outcome.UPHELD, [UPHELD, UNPROVEN, *[UPHELD] * 3], 4, "the verdict is unproven, not upheld"),
        (Outcome.UPHELD, [UPHELD, DUPLICATED], 0, "the verdict is violated, not upheld"),
    ],
)
def test_a_known_bug_shows_with_some_seed_and_with_none_where_it_is_mended(
    expected: Outcome, verdicts: list[Verdict], hits: int, fault: str | None
) -> None:
    """All seeds are run, to tell how often it shows, unless what must not be seen ends it."""
    anomalies = frozenset({"duplicated"} if expected is Outcome.VIOLATED else ())
    example = Example("known-bugs/any", Expected("Any", "1", expected, "", anomalies))
    ahead = iter(verdicts)
    result = result_of(example, lambda _: None, lambda *_: (next(ahead), 1.0), seed=1)
    assert (result.runs, result.hits, result.fault) == (len(verdicts), hits, fault)


def test_a_table_of_versions_says_what_is_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All else is the same for each of them."""
    monkeypatch.setattr(catalogue, "HERE", tmp_path)
    (tmp_path / "expected.toml").write_text(
        """
        ["known-bugs/any"]
        framework = "Any"
        seen      = "It drops a record."
        ["known-bugs/any".versions]
        "1" = { verdict = "violated", anomalies = ["lost"], hits = 3 }
        "2" = { verdict = "upheld", hits = 5 }
        """
    )
    told = [(each.version, each.verdict, each.seen) for each in (example.expected for example in read_examples())]
    assert told == [("1", "violated", "It drops a record."), ("2", "upheld", "It drops a record.")]


def test_the_known_bugs_are_run_when_they_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Alone, since they take long; an example that is named is run in any case."""

    def listed(*arguments: str) -> set[str]:
        assert main(["--list", *arguments]) == 0
        return {line.split()[0] for line in capsys.readouterr().out.splitlines()}

    others, known = listed(), listed("--known-bugs")
    assert {Path(name).parent for name in known} == {Path("known-bugs")}
    assert others == {example.name for example in EXAMPLES.values()} - known
    assert listed("--only", min(known)) == {min(known)}


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
    script.write_text("#!/bin/sh\necho no compiler for version $1\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(UsageError, match="any/build failed with status 3, for the reason that stands above"):
        build(Example("any", Expected("Any", "1", Outcome.UPHELD, "")))
    printed = capfd.readouterr()
    assert "no compiler for version 1" in printed.err
    assert not printed.out
