"""Judging a history: SQL queries for each anomaly and its evidence, a table of guarantees, and the verdict."""

from streamproof.checks.catalogue import Check, Status, What, load_checks
from streamproof.checks.foresight import ForeseenFinding, foresee, try_checks
from streamproof.checks.stories import Story, StoryMoment
from streamproof.checks.verdict import (
    Finding,
    Outcome,
    ShownEvidence,
    Verdict,
    check,
    judge,
    missing_from,
    write_witnesses,
)

__all__ = [
    "Check",
    "Finding",
    "ForeseenFinding",
    "Outcome",
    "ShownEvidence",
    "Status",
    "Story",
    "StoryMoment",
    "Verdict",
    "What",
    "check",
    "foresee",
    "judge",
    "load_checks",
    "missing_from",
    "try_checks",
    "write_witnesses",
]
