"""The documents that `verify --json`, `check --json` and `demo --json` print."""

from pydantic import BaseModel

from streamproof import __version__
from streamproof.checks import Verdict
from streamproof.faults.written import WrittenPlan, read_written
from streamproof.history.store import History


class JudgedRun(Verdict):
    """A verdict, and the run that it is about.

    `version`: of the Streamproof that judged. `plan`: the faults that were carried out, null for a history that lies
    without its run. `again`: the command that runs it again, null for a run of a script. `directory`: of the
    history; `report`: of its page, if it was written.
    """

    subject: str
    version: str
    kafka_version: str
    seed: int
    plan: WrittenPlan | None
    again: str | None
    directory: str
    report: str | None


class Demonstrated(BaseModel):
    """What `demo` has seen: a pipeline with its error, the same pipeline mended, and the `mend` as lines of a diff."""

    before: JudgedRun
    after: JudgedRun
    mend: tuple[str, ...]


def judged_run(verdict: Verdict, history: History) -> JudgedRun:
    """The document of a verdict on `history`, whose plan and report lie beside it."""
    run, record = history.directory.parent, history.record
    plan, report = run / "plan.json", run / "report.html"
    return JudgedRun(
        **dict(verdict),
        subject=record.subject,
        version=__version__,
        kafka_version=record.kafka_version,
        seed=record.seed,
        plan=read_written(plan) if plan.is_file() else None,
        again=record.again,
        directory=str(history.directory),
        report=str(report) if report.is_file() else None,
    )
