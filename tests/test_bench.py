"""The measurements measure what they say."""

from pathlib import Path

from bench.checks import synthesise
from streamproof.checks import Outcome, judge


def test_the_history_that_the_checks_are_measured_on_is_upheld(tmp_path: Path) -> None:
    """Else their time would be that of something else. A third of it has all that it must show."""
    verdict = judge(synthesise(tmp_path, 300_000))
    assert verdict.outcome is Outcome.UPHELD, verdict.missing
