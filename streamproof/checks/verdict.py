"""The verdict: what the witnesses and the evidence of all checks amount to for one group's promise.

    violated   a forbidden anomaly has a witness
    unproven   none has, but the run did not show enough: `missing` says what
    upheld     none has, nothing is late, and the evidence of each judged anomaly is there

Judges from the history alone.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, computed_field

from streamproof.checks.actors import Actors
from streamproof.checks.advice import in_words
from streamproof.checks.catalogue import EVIDENCE, HERE, Check, Status, check_without, load_checks
from streamproof.checks.messages import sentence
from streamproof.checks.queries import Queries, open_queries
from streamproof.checks.stories import Story, tell
from streamproof.errors import HistoryError, PromiseViolated, Unproven, UsageError, did_you_mean
from streamproof.history.promise import Delivery, Promise, RunRecord
from streamproof.history.store import History

SAMPLE = 5
TOLD = frozenset({Status.FORBIDDEN, Status.NEVER_UPHELD})  # witnesses of it keep a verdict from upheld
CONTRADICTED = "SELECT evidence FROM weighed_fault WHERE contradiction IS NOT NULL ORDER BY t_from"


class Outcome(StrEnum):
    UPHELD = "upheld"
    VIOLATED = "violated"
    UNPROVEN = "unproven"


class ShownEvidence(BaseModel):
    """What a run has shown of one thing that it had to show. `enough` null: it gives nothing to judge.

    `unseen`: for it could not be seen. `of_faults`: only what is broken on purpose brings it about. `needed`: how much
    would be enough, at least; `advice`: what to change to see more.
    """

    model_config = ConfigDict(frozen=True)

    evidence: str
    seen: int
    enough: bool | None
    unseen: bool = False
    of_faults: bool = False
    needed: int = 1
    advice: str = ""


class Finding(BaseModel):
    """What became of an anomaly. `sample`: its first witnesses, `told`: in words; `reason`: why it is not judged.

    `story`: of the first witness.

    `meaning`: what a witness means for the run. `core`: nothing is upheld unless it is judged. `excluded_by`: the
    deliveries in which the anomaly has no place. `idle`: it is not judged because nothing happened in this run that it
    could be about, and not because that could not be seen. `excused`: that could not be seen, and the verdict was asked
    to do without it.
    """

    model_config = ConfigDict(frozen=True)

    anomaly: str
    definition: str
    meaning: Status
    core: bool = False
    excluded_by: tuple[Delivery, ...] = ()
    witnesses: int = 0
    sample: tuple[Mapping[str, Any], ...] = ()
    told: tuple[str, ...] = ()
    story: Story | None = None
    evidence: tuple[ShownEvidence, ...] = ()
    reason: str | None = None
    idle: bool = False
    excused: bool = False

    @computed_field  # type: ignore[prop-decorator]
    @property
    def status(self) -> Status:
        """The meaning, but for an anomaly that is not judged."""
        return self.meaning if self.reason is None else Status.NOT_JUDGED

    @property
    def gist(self) -> str:
        """The first sentence of its definition."""
        return self.definition.partition(". ")[0].rstrip(".") + "."

    @property
    def unseen(self) -> str | None:
        """A sentence where the anomaly is not judged, and that leaves a verdict open; else None."""
        if self.reason is None or (self.idle and not self.core) or self.excused:
            return None
        advice = (
            ""
            if self.core
            else f"; --without {self.anomaly}, or without in streamproof.toml, asks for a verdict without it"
        )
        return f"{self.anomaly} is not judged: {self.reason}{advice}"

    @property
    def lacking(self) -> tuple[str, ...]:
        """What keeps it from supporting an upheld verdict, each a sentence."""
        if self.meaning is Status.COUNTED:
            return ()
        if self.reason is not None:
            return (self.unseen,) if self.unseen else ()
        short = tuple(_short(row, self.anomaly) for row in self.evidence if row.enough is False)
        if self.witnesses and self.meaning is Status.NEVER_UPHELD:
            return (_first_of(self), *short)
        return short


class Verdict(BaseModel):
    """On one group's promise. `missing`: why it is unproven, each a sentence.

    `seen`: what the run has shown, in numbers. `untrusted`: those of `missing` that the broker itself is the reason of.
    `without`: the forbidden anomalies that could not be judged, and that the verdict was asked to do without.
    `contradicted`: the faults whose evidence the record contradicts, each a sentence; they count as without effect.
    """

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    group: str
    delivery: Delivery
    ordered: bool
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    seen: Mapping[str, int]
    not_judged: tuple[str, ...]
    untrusted: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    contradicted: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The whole verdict as what `json.dumps` takes."""
        return self.model_dump(mode="json")

    def finding(self, anomaly: str) -> Finding:
        """UsageError when there is no such check."""
        findings = {finding.anomaly: finding for finding in self.findings}
        if anomaly not in findings:
            hint = did_you_mean(anomaly, findings) or f"; there are {', '.join(findings)}"
            raise UsageError(f'"{anomaly}" is no anomaly{hint}')
        return findings[anomaly]

    def require(self, *names: str) -> None:
        """VerdictError unless each anomaly named was judged, on a broker that is trusted, and has no witness.

        A promise, such as "exactly-once", stands for a verdict that is upheld, and must be the promise that was judged.
        What only faults show is `require_upheld`'s to ask: a scenario breaks what it wants to break. Everything else
        that the absence of an anomaly rests on must be there.
        """
        self._require_trusted()
        for name in names:
            if name in set(Delivery):
                if name != self.delivery:
                    raise UsageError(f"the contract promises {self.delivery}, so {name} was not judged")
                self.require_upheld()
                continue
            finding = self.finding(name)
            if finding.reason is not None:
                raise Unproven(f"{name} is not judged: {finding.reason}")
            _require_none(finding)

    def require_delivery(self, delivery: Delivery) -> None:
        """VerdictError for a witness of any anomaly that has no place in this delivery, whatever the contract says.

        As for `require`, but for what there was nothing to judge by in this run, unless it is core, and for what the
        verdict was asked to do without.
        """
        self._require_trusted()
        for finding in self.findings:
            if delivery in finding.excluded_by:
                if finding.unseen:
                    raise Unproven(finding.unseen)
                _require_none(finding)

    def _require_trusted(self) -> None:
        if self.untrusted:
            raise Unproven(self.untrusted[0])

    def require_upheld(self) -> None:
        """VerdictError, with what was found or is missing, unless the verdict is upheld."""
        if self.outcome is Outcome.UPHELD:
            return
        found = [finding for finding in self.findings if finding.witnesses and finding.meaning in TOLD]
        named = {_first_of(finding) for finding in found}
        others = [text for text in self.missing if text not in named]
        error = PromiseViolated if self.outcome is Outcome.VIOLATED else Unproven
        raise error("\n  ".join([f"{self.outcome}, not upheld:", *map(_witnessed, found), *others]))


def _first_of(finding: Finding) -> str:
    """Its first witness, in a sentence."""
    return f"{finding.anomaly}: {finding.witnesses} witnesses, such as: {finding.told[0]}"


def _witnessed(finding: Finding) -> str:
    """Its first witness, with its story."""
    story = "".join(f"\n    {line}" for line in finding.story.lines()) if finding.story else ""
    return f"{_first_of(finding)}{story}"


def _require_none(finding: Finding) -> None:
    """VerdictError for a witness, and for evidence that is missing though nothing need be broken for it."""
    if finding.witnesses:
        error = Unproven if finding.meaning is Status.NEVER_UPHELD else PromiseViolated
        raise error(_witnessed(finding))
    for row in finding.evidence:
        if row.enough is False and not row.of_faults:
            raise Unproven(_short(row, finding.anomaly))


def judge(
    history: History,
    group: str | None = None,
    *,
    extra: Sequence[Path] = (),
    without: Collection[str] = (),
    threads: int | None = None,
) -> Verdict:
    """Run every check, and those of the directories in `extra`, over what one group did in a history.

    `group`: None for the run's only group. `without`: anomalies that the verdict does without where they cannot be
    judged. `threads`: all cores when None. UsageError for a check that is not right, or a group or an anomaly that is
    not there; HistoryError for a history that is not right.
    """
    checks = load_checks(extra)
    check_without(checks, without)
    with open_queries(history, group, threads=threads) as queries:
        queries.check_words()
        actors = Actors(queries)
        findings = tuple(_find(queries, check, actors, without) for check in checks)
        seen = {row["what"]: int(row["seen"]) for row in queries.rows((HERE / "seen.sql").read_text(), "seen.sql")}
        contradicted = tuple(row["evidence"] for row in queries.rows(CONTRADICTED, "weighed_fault"))
    return _decide(history.record, queries.promise, findings, seen).model_copy(update={"contradicted": contradicted})


def missing_from(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Why runs of one subject leave its promise unproven together: what none of them has shown, each a sentence."""
    findings = [finding for verdict in verdicts for finding in verdict.findings]
    shown = {(finding.anomaly, row.evidence) for finding in findings for row in finding.evidence if row.enough}
    missing = [text for verdict in verdicts for text in verdict.untrusted]
    for finding in findings:
        rows = (row for row in finding.evidence if (finding.anomaly, row.evidence) not in shown)
        missing += finding.model_copy(update={"evidence": tuple(rows)}).lacking
    return tuple(dict.fromkeys(missing))


def check(
    directory: Path, group: str | None = None, *, extra: Sequence[Path] = (), without: Collection[str] = ()
) -> Verdict:
    """Judge a recorded run again: its directory, or that of its history. The rest is as for `judge`."""
    return judge(History.find(directory), group, extra=extra, without=without)


def write_witnesses(
    history: History, verdict: Verdict, directory: Path, *, extra: Sequence[Path] = ()
) -> dict[str, Path]:
    """All witnesses of each anomaly that has any, as `directory`/ANOMALY.parquet; the files, by anomaly.

    HistoryError when they cannot be written there.
    """
    found = {finding.anomaly for finding in verdict.findings if finding.witnesses}
    files = {}
    if found:
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HistoryError(
                f"{directory}: witnesses cannot be written there ({error.strerror}); clear the way, or judge a copy"
            ) from error
        with open_queries(history, verdict.group) as queries:
            for check in load_checks(extra):
                if check.name in found:
                    files[check.name] = directory / f"{check.name}.parquet"
                    queries.save(check.sql, f"{check.name}.sql", files[check.name])
    return files


def _find(queries: Queries, check: Check, actors: Actors, without: Collection[str]) -> Finding:
    """Ask one check for its witnesses, and for its evidence."""
    promised = queries.promise, queries.history.record.protocol
    reason = _absent(queries, check, check.sql)
    count, sample = (0, []) if reason else queries.witnesses(check.sql, f"{check.name}.sql", SAMPLE)
    reason = reason or _absent(queries, check, check.evidence)
    evidence = () if reason else evidence_of(queries, check)
    unseen = not count and (reason is not None or any(row.unseen for row in evidence))
    if nothing := [row.evidence for row in evidence if row.enough is None]:
        why = "not all could be seen" if unseen else "nothing to judge it by in this run"
        reason = f"{why}: no {' and no '.join(nothing)}"
    meaning = check.meaning(*promised)
    return Finding(
        anomaly=check.name,
        definition=check.definition,
        meaning=meaning,
        core=check.core,
        excluded_by=check.excluded_by(*promised),
        witnesses=count,
        sample=tuple(sample),
        told=tuple(sentence(row, check.witness, f"{check.name}.sql") for row in sample),
        story=tell(queries, check, sample[0], actors) if sample else None,
        evidence=evidence,
        reason=None if count else reason,  # what was found stands, whatever else was to be shown
        idle=bool(nothing) and not unseen and not count,
        excused=unseen and meaning is not Status.COUNTED and check.name in without,
    )


def _absent(queries: Queries, check: Check, sql: str) -> str | None:
    """Which tables a query of the check needs, and this history lacks, in words."""
    absent = sorted(queries.needs(sql) - check.uses - queries.history.tables.keys())
    return f"no {' and no '.join(absent)} table in this history" if absent else None


def evidence_of(queries: Queries, check: Check) -> tuple[ShownEvidence, ...]:
    """What a history has shown for one check; UsageError where its query gives no evidence."""
    what = f"{check.name}{EVIDENCE}"
    rows = queries.rows(check.evidence, what)
    again = queries.history.record.again
    try:
        shown = (ShownEvidence.model_validate(row) for row in rows)
        return tuple(row.model_copy(update={"advice": in_words(row.advice, again=again)}) for row in shown)
    except ValidationError as error:
        raise no_evidence(what) from error


def no_evidence(what: str) -> UsageError:
    """That an evidence query, named `what`, lacks columns."""
    return UsageError(f"{what} must give the columns evidence (text), seen (number) and enough (boolean)")


def _decide(record: RunRecord, promise: Promise, findings: tuple[Finding, ...], seen: Mapping[str, int]) -> Verdict:
    untrusted = _untrusted(record, promise)
    missing = [*untrusted]
    # a broker that failed its probe may itself have caused what was found
    accused = not (untrusted and record.probe)
    for finding in findings:
        missing += finding.lacking
    if accused and any(finding.witnesses and finding.meaning is Status.FORBIDDEN for finding in findings):
        outcome = Outcome.VIOLATED
    else:
        outcome = Outcome.UNPROVEN if missing else Outcome.UPHELD
    return Verdict(
        outcome=outcome,
        group=promise.grp,
        delivery=promise.delivery,
        ordered=promise.ordered,
        findings=findings,
        missing=tuple(dict.fromkeys(missing)),
        seen=seen,
        not_judged=tuple(
            f"{finding.anomaly} ({finding.reason})"
            for finding in findings
            # where it would be allowed and nothing was there that it could be about, nobody misses it
            if finding.reason is not None and not (finding.idle and finding.meaning is Status.COUNTED)
        ),
        untrusted=tuple(untrusted),
        without=tuple(finding.anomaly for finding in findings if finding.excused),
    )


def _untrusted(record: RunRecord, promise: Promise) -> list[str]:
    """Why the broker itself leaves an exactly-once verdict open."""
    if promise.delivery is not Delivery.EXACTLY_ONCE:
        return []
    if not record.probe:
        return ["the broker was not probed: whether it isolates transactions is not known"]
    failed = [name for name, held in record.probe.items() if not held]
    return [f"the broker failed its probe ({', '.join(failed)}): exactly-once cannot be shown on it"] if failed else []


def _short(row: ShownEvidence, anomaly: str) -> str:
    seen = f"{row.seen:,} of {row.needed:,} seen" if row.needed > 1 else f"{row.seen:,} seen"
    return f"{row.evidence}: {seen}, which is not enough to judge {anomaly}" + (f"; {row.advice}" if row.advice else "")
