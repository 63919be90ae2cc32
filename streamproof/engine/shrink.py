"""Shrinking: a violated run is run again, smaller and smaller, as long as it is violated in the same way.

All runs share a warm cluster where the subject takes fresh names by `{run}`; else each has a cluster of its own.
"""

import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from streamproof.checks import Finding, Outcome, Status, Verdict, judge
from streamproof.engine.events import Listener, SessionEvent
from streamproof.engine.request import Prepared, Request, prepare, spec_of, with_fresh_names
from streamproof.engine.session import Session
from streamproof.engine.smaller import Candidate, smallest
from streamproof.engine.spec import TEST_FEED_S, RunSpec
from streamproof.errors import ClusterError, RegistryError, SubjectError, UsageError
from streamproof.faults import Plan
from streamproof.history.store import History


@dataclass(frozen=True)
class ViolatedRun:
    """What is to be made smaller: who asked for it, its size, and the anomaly that must be seen again.

    `lacking`: the evidence that the run itself did not show, by its names.
    """

    request: Request
    prepared: Prepared
    size: Candidate
    finding: Finding
    lacking: frozenset[str]

    @classmethod
    def read(cls, history: History, request: Request, anomaly: str | None) -> "ViolatedRun":
        """The run that `request` asked for. UsageError for a run that is not violated, or not by `anomaly`."""
        run = history.directory.parent
        plan = Plan.read(run / "plan.json")
        prepared = prepare(replace(request, seed=history.record.seed, faults=str(run / "plan.json")))
        spec = prepared.spec
        verdict = judge(history, extra=spec.checks, without=spec.without)
        size = Candidate(plan, len(spec.events), spec.subject.instances)
        finding = _violated_by(verdict, anomaly, run)
        return cls(replace(request, seed=history.record.seed), prepared, size, finding, _lacking(finding))

    def is_seen_in(self, verdict: Verdict) -> bool:
        """Whether the same anomaly has a witness, with what else its absence would have to rest on.

        Without that, a test of it could not pass once the subject is mended.
        """
        finding = verdict.finding(self.finding.anomaly)
        return verdict.outcome is Outcome.VIOLATED and finding.witnesses > 0 and _lacking(finding) <= self.lacking

    @property
    def shares_a_cluster(self) -> bool:
        return self.prepared.spec.subject.renames


def _violated_by(verdict: Verdict, anomaly: str | None, run: Path) -> Finding:
    found = {
        finding.anomaly: finding
        for finding in verdict.findings
        if finding.witnesses and finding.meaning is Status.FORBIDDEN
    }
    if verdict.outcome is not Outcome.VIOLATED:
        raise UsageError(f"{run}: its verdict is {verdict.outcome}; only a violated run can be made smaller")
    if anomaly is None:
        return next(iter(found.values()))
    if anomaly not in found:
        raise UsageError(f'{run} is not violated by "{anomaly}"; name one of {", ".join(found)}')
    return found[anomaly]


def _lacking(finding: Finding) -> frozenset[str]:
    return frozenset(row.evidence for row in finding.evidence if row.enough is False and not row.of_faults)


@dataclass(frozen=True)
class TriedCandidate:
    """A candidate that was run `runs` times, and `failed` so often. `error`: why its last run came to no verdict."""

    candidate: Candidate
    failed: int = 0
    runs: int = 0
    error: str | None = None

    @property
    def rate(self) -> str:
        return f"{self.failed} of {self.runs}"


@dataclass(frozen=True)
class CandidateBegan(SessionEvent):
    """A candidate is about to be run, again and again. `first`: it is the run as it was."""

    candidate: Candidate
    first: bool


@dataclass(frozen=True)
class CandidateEnded(SessionEvent):
    trial: TriedCandidate
    seconds: float


class TimeUpError(Exception):
    """No further run may begin."""


class Shrinking:
    """The search for the smallest run that fails as `run` did. `best` is there from its first failure on.

    A candidate is run up to `runs` times, until it fails: it counts as failing if it failed once. `within_s`: no run
    begins later, but for the first. Each time that `best` changes, `keep` is called; its run lies in
    `directory`/run then, and `again` repeats it.
    """

    def __init__(
        self,
        run: ViolatedRun,
        directory: Path,
        *,
        runs: int,
        within_s: float,
        again: Callable[[Candidate], str],
        keep: Callable[[TriedCandidate], None],
        listeners: Sequence[Listener] = (),
    ) -> None:
        self.run, self.directory = run, directory
        self.best: TriedCandidate | None = None
        self.in_time = True
        self._runs, self._again, self._keep, self._listeners = runs, again, keep, listeners
        self._deadline = time.monotonic() + within_s
        self._shared: Session | None = None

    def search(self) -> TriedCandidate | None:
        """The smallest run that was found, run as often as `runs` says; None if even the run as it was does not fail.

        Errors of the first run are those of `Session.run`; a smaller run that ends in an error has not failed.
        """
        with self._new_session() if self.run.shares_a_cluster else nullcontext() as self._shared:
            try:
                if self._fails(self.run.size):
                    smallest(self.run.size, self._fails)
                    self._repeat_best()
            except TimeUpError:
                self.in_time = False
        return self.best

    def _fails(self, candidate: Candidate) -> bool:
        trial, began = TriedCandidate(candidate), time.monotonic()
        self._tell(CandidateBegan(candidate, first=self.best is None))
        while trial.runs < self._runs and not trial.failed:
            trial = self._repeat(trial)
        self._tell(CandidateEnded(trial, time.monotonic() - began))
        return bool(trial.failed)

    def _repeat_best(self) -> None:
        """How often it fails is not known before: it was taken when it had failed once."""
        began = time.monotonic()
        while self.best and self.best.runs < self._runs:
            self._repeat(self.best)
        if self.best:
            self._tell(CandidateEnded(self.best, time.monotonic() - began))

    def _repeat(self, trial: TriedCandidate) -> TriedCandidate:
        """The trial with a run more. What fails is the best: only what is smaller is tried."""
        if self.best is not None and time.monotonic() > self._deadline:
            raise TimeUpError
        failed, error = False, None
        try:
            failed = self._run(trial.candidate)
        except (ClusterError, RegistryError, SubjectError, UsageError) as wrong:
            if self.best is None:
                raise
            error = str(wrong)
        trial = replace(trial, failed=trial.failed + failed, runs=trial.runs + 1, error=error)
        if trial.failed:
            self.best = trial
            self._keep(trial)
        return trial

    def _run(self, candidate: Candidate) -> bool:
        """Run it; whether it fails. If it does, it is the run that is kept."""
        trying, kept = self.directory / "trying", self.directory / "run"
        spec = self._spec(candidate, trying)
        try:
            on = nullcontext(self._shared) if self._shared else self._new_session()
            with on as session, session.run(spec, feed_s=TEST_FEED_S) as run:
                run.carry_out(candidate.plan)
            failed = self.run.is_seen_in(run.verdict)
            if failed:
                shutil.rmtree(kept, ignore_errors=True)
                trying.rename(kept)
            return failed
        finally:
            shutil.rmtree(trying, ignore_errors=True)

    def _spec(self, candidate: Candidate, directory: Path) -> RunSpec:
        request = replace(self.run.request, events=candidate.events, instances=candidate.instances, directory=directory)
        spec = spec_of(request, self.run.prepared.config, self.run.prepared.spec.seed)
        spec = replace(
            spec, events=spec.events[: candidate.events], again=self._again(candidate)
        )  # a file may hold more
        if not self.run.shares_a_cluster:
            return spec
        suffix = f"-{secrets.token_hex(4)}"
        return replace(spec, contract=with_fresh_names(spec.contract, suffix), suffix=suffix)

    def _new_session(self) -> Session:
        return Session(self.run.prepared.cluster, logs=self.directory / "logs", listeners=self._listeners)

    def _tell(self, event: SessionEvent) -> None:
        for listen in self._listeners:
            listen(event)
