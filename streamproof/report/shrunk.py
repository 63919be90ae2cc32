"""What is left of a run that was made smaller: its plan, a test that shows the same, its report, and a document."""

import shlex
from pathlib import Path

from pydantic import BaseModel

from streamproof.checks import judge, write_witnesses
from streamproof.engine.shrink import TriedCandidate, ViolatedRun
from streamproof.engine.smaller import Candidate
from streamproof.history.store import History
from streamproof.report.page import write_page
from streamproof.starter.shrunk import Form, ShrunkTest


class Size(BaseModel):
    """How large a run is. `faults`: in words, with their moments."""

    faults: tuple[str, ...]
    events: int
    instances: int

    @classmethod
    def of(cls, candidate: Candidate) -> "Size":
        faults = tuple(f"{fault}: {fault.when}" for fault in candidate.plan.faults)
        return cls(faults=faults, events=candidate.events, instances=candidate.instances)


class ShrunkRun(BaseModel):
    """What `shrink` has found: the smallest run, which was violated in `failed` of `runs`.

    `in_time`: nothing smaller fails; false where the time was up before that was known. `test`: the file of the test;
    null where there can be none, and `untestable` says why. `again`: the command that runs it again.
    """

    subject: str
    anomaly: str
    seed: int
    before: Size
    after: Size
    failed: int
    runs: int
    in_time: bool
    plan: str
    test: str | None
    untestable: str | None
    report: str
    again: str


class ShrunkFiles:
    """The files of the smallest run so far, in `directory`: plan.json, a test in `form`, and the run with its report.

    Where a test could not run the subject, or could not feed it, there is none, and events.jsonl has the input that
    came from a file.
    """

    def __init__(self, run: ViolatedRun, directory: Path, form: Form) -> None:
        self._run, self._form, self.directory = run, form, directory
        self.plan = directory / "plan.json"
        self.untestable = _untestable(run)
        self._subject, self._seed = run.prepared.spec.subject.name, run.prepared.spec.seed
        self._events = directory / "events.jsonl"

    def again(self, candidate: Candidate) -> str:
        """The command that runs it again."""
        request = self._run.request
        if self.untestable is None:
            options = {
                "streamproof-config": request.config if request.config != Path("streamproof.toml") else None,
                "cluster": request.cluster,
                "registry": request.registry,
                "kafka-brokers": request.brokers,
                "kafka-version": request.kafka_version,
                "security": request.security,
            }
            given = [f"--{name}={value}" for name, value in options.items() if value is not None]
            return shlex.join(["pytest", str(self._test(candidate)), *given])
        fed = ["--input", str(self._events)] if request.input_file else ["--events", str(candidate.events)]
        sized = [*fed, "--instances", str(candidate.instances), "--seed", str(self._seed), "--faults", str(self.plan)]
        return shlex.join(["streamproof", *request.arguments, *sized])

    def keep(self, trial: TriedCandidate) -> None:
        """Write the files, in place of those of a larger run."""
        trial.candidate.plan.save(self.plan)
        if (source := self._run.request.input_file) is not None:
            lines = [line for line in source.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
            self._events.write_text("\n".join(lines[: trial.candidate.events]) + "\n", encoding="utf-8")
        if self.untestable is None:
            test = self._written(trial.candidate, trial.rate)
            (self.directory / test.name(self._form)).write_text(test.text(self._form), encoding="utf-8")
        spec, kept = self._run.prepared.spec, self.directory / "run"
        history = History.find(kept)
        verdict = judge(history, extra=spec.checks, without=spec.without)
        write_witnesses(history, verdict, kept / "witnesses", extra=spec.checks)
        write_page(verdict, history, kept)

    def document(self, trial: TriedCandidate, *, in_time: bool) -> ShrunkRun:
        """What was found."""
        return ShrunkRun(
            subject=self._subject,
            anomaly=self._run.finding.anomaly,
            seed=self._seed,
            before=Size.of(self._run.size),
            after=Size.of(trial.candidate),
            failed=trial.failed,
            runs=trial.runs,
            in_time=in_time,
            plan=str(self.plan),
            test=None if self.untestable else str(self._test(trial.candidate)),
            untestable=self.untestable,
            report=str(self.directory / "run" / "report.html"),
            again=self.again(trial.candidate),
        )

    def _test(self, candidate: Candidate) -> Path:
        return self.directory / self._written(candidate, "").name(self._form)

    def _written(self, candidate: Candidate, rate: str) -> ShrunkTest:
        finding = self._run.finding
        return ShrunkTest(
            subject=self._subject,
            anomaly=finding.anomaly,
            definition=finding.gist,
            plan=candidate.plan,
            events=candidate.events,
            instances=candidate.instances,
            seed=self._seed,
            before=str(self._run.size),
            after=str(candidate),
            rate=rate,
        )


def _untestable(run: ViolatedRun) -> str | None:
    """Why no test can be written that does the same; else None."""
    request, subject = run.request, run.prepared.spec.subject
    if request.command is not None:
        return "a test runs a subject of streamproof.toml, and not a command that --run gives"
    if request.input_file is not None:
        return "a test makes its events, and does not read them from a file"
    if not run.shares_a_cluster:
        return f"subject {subject.name} has no {{run}} in its command or environment, so a test cannot run it"
    return None
