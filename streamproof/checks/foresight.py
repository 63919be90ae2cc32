"""What can be said of checks before a run: whether they are right, and what each would mean for a promise."""

from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from streamproof.checks.catalogue import EVIDENCE, Status, check_without, load_checks
from streamproof.checks.messages import sentence
from streamproof.checks.queries import open_queries
from streamproof.checks.verdict import evidence_of, no_evidence
from streamproof.history.promise import Delivery, Promise, RunRecord
from streamproof.history.store import History


class ForeseenFinding(BaseModel):
    """What is known of an anomaly before a run. `evidence`: what must be shown before its absence means anything.

    `of_faults`: some of that only what is broken on purpose brings about.
    """

    model_config = ConfigDict(frozen=True)

    anomaly: str
    definition: str
    meaning: Status
    evidence: tuple[str, ...]
    of_faults: bool


def foresee(promise: Promise, *, extra: Sequence[Path] = ()) -> tuple[ForeseenFinding, ...]:
    """What each check, and each of the directories in `extra`, would mean for a group that promises so."""
    history = _without_rows(promise)
    with open_queries(history) as queries:
        shown = [(check, evidence_of(queries, check)) for check in load_checks(extra)]
    return tuple(
        ForeseenFinding(
            anomaly=check.name,
            definition=check.definition,
            meaning=check.meaning(promise, history.record.protocol),
            evidence=tuple(row.evidence for row in rows),
            of_faults=any(row.of_faults for row in rows),
        )
        for check, rows in shown
    )


def try_checks(extra: Sequence[Path], without: Collection[str] = ()) -> None:
    """Ask the checks of the directories in `extra` of a history without rows, before a run is spent on them.

    UsageError for a check that is not right: its files, its header, its queries, or the columns that these give; and
    for a name in `without` that no verdict can do without.
    """
    checks = load_checks(extra)
    check_without(checks, without)
    own = checks[len(load_checks()) :]
    promise = Promise(grp="none", inputs=(), channels=(), delivery=Delivery.EXACTLY_ONCE)
    with open_queries(_without_rows(promise)) as queries:
        for check in own:
            what = f"{check.name}.sql"
            sentence(dict.fromkeys(queries.columns(check.sql, what)), check.witness, what)
            what = f"{check.name}{EVIDENCE}"
            if not {"evidence", "seen", "enough"} <= set(queries.columns(check.evidence, what)):
                raise no_evidence(what)


def _without_rows(promise: Promise) -> History:
    record = RunRecord(
        subject="none", promises=(promise,), seed=0, kafka_version="none", backend="none", started_at=0, ended_at=0
    )
    return History(Path("none"), record, {})
