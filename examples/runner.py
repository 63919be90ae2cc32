"""Runs examples through the verifier, on one cluster for all, and compares what comes of them with what must."""

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from examples.catalogue import Example
from streamproof.checks import Outcome, Status, Verdict
from streamproof.engine.events import timed
from streamproof.engine.request import declared_spec
from streamproof.engine.session import Session
from streamproof.errors import StreamproofError, UsageError

RUNS = 6  # until what must come of an example has come: a fault may miss the moment that shows it
SEEDS = 5  # of a known bug, all of which are run: it must show in one, and where it is mended in none
BUILD_S = 600.0


@dataclass(frozen=True)
class Result:
    """What came of an example in the run that decides. `fault`: a sentence, where that is not what must come of it.

    `hits`: how many of its runs came to what must come of it.
    """

    example: Example
    runs: int
    hits: int = 0
    seconds: float = 0.0
    verdict: Verdict | None = None
    fault: str | None = None

    @property
    def found(self) -> dict[str, int]:
        return witnesses(self.verdict) if self.verdict else {}

    def to_json(self) -> dict[str, Any]:
        expected = self.example.expected
        return {
            "name": self.example.name,
            "framework": expected.framework,
            "version": expected.version,
            "expected": expected.verdict,
            "verdict": self.verdict and self.verdict.outcome,
            "witnesses": self.found,
            "missing": self.verdict.missing if self.verdict else (),
            "runs": self.runs,
            "hits": self.hits,
            "seconds": round(self.seconds, 1),
            "fault": self.fault,
        }


def verify_examples(examples: Iterable[Example], seed: int, directory: Path) -> Iterator[Result]:
    """What the verifier makes of each example; its runs are kept in `directory`."""
    with Session(logs=directory / "kafka") as session:

        def verify(example: Example, seed: int) -> tuple[Verdict, float]:
            expected = example.expected
            kept = directory / f"{example.name}-{expected.version}-{seed}"
            spec = declared_spec(
                example.config, example.subject, records=expected.events, seed=seed, directory=kept,
                suffix=f"-{secrets.token_hex(3)}",
            )  # fmt: skip
            judged, seconds = timed(lambda: session.verify(spec, example.plan))
            return judged.verdict, seconds

        for example in examples:
            yield result_of(example, build, verify, seed)


def result_of(
    example: Example,
    build: Callable[[Example], None],
    verify: Callable[[Example, int], tuple[Verdict, float]],
    seed: int,
) -> Result:
    """Build and verify an example, with one seed after another until it shows what it must, or what it must not.

    A known bug is run with all seeds, to tell how often it shows; where it is mended, each of them must be upheld.
    """
    results: list[Result] = []
    try:
        build(example)
        for run in range(1, (SEEDS if example.known_bug else RUNS) + 1):
            verdict, seconds = verify(example, seed + run - 1)
            fault = fault_of(example, verdict)
            result = Result(example, run, seconds=seconds, verdict=verdict, fault=fault)
            results.append(result)
            if fault is not None and verdict.outcome is Outcome.VIOLATED:
                return result
            if fault is None and not example.known_bug:
                break
    except (subprocess.TimeoutExpired, StreamproofError) as error:
        return Result(example, RUNS, fault=str(error))
    hit = [result for result in results if result.fault is None]
    missed = [result for result in results if result.fault is not None]
    all_must = example.known_bug and example.expected.verdict is Outcome.UPHELD
    deciding = (missed + hit)[0] if all_must else (hit + missed)[0]
    return replace(deciding, runs=len(results), hits=len(hit))


def build(example: Example) -> None:
    """Run its script `build`, where it has one, with the version, and its output on standard error.

    UsageError where that fails.
    """
    script = example.directory / "build"
    if not script.exists():
        return
    command = [str(script), example.expected.version]
    status = subprocess.run(command, check=False, stdout=sys.stderr, timeout=BUILD_S).returncode
    if status != 0:
        raise UsageError(
            f"{script} failed with status {status}, for the reason that stands above; see its README for what it needs"
        )


def fault_of(example: Example, verdict: Verdict) -> str | None:
    """What is not as expected, as a sentence."""
    expected = example.expected
    if verdict.outcome is not expected.verdict:
        return f"the verdict is {verdict.outcome}, not {expected.verdict}"
    others = witnesses(verdict).keys() - expected.anomalies
    if others:
        return f"it is violated by {', '.join(sorted(others))} too"
    return None


def witnesses(verdict: Verdict) -> dict[str, int]:
    """How many there are of each anomaly that the promise forbids."""
    forbidden = (finding for finding in verdict.findings if finding.status is Status.FORBIDDEN)
    return {finding.anomaly: finding.witnesses for finding in forbidden if finding.witnesses}
