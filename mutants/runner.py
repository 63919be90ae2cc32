"""Runs mutants through the verifier: the same cluster for all, fresh names and a seeded plan of kills for each."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from mutants.judge import Judgement, RunResult, judge_mutants
from mutants.registry import Mutant
from streamproof.checks import Status
from streamproof.config.file import read_config
from streamproof.engine.events import Judged
from streamproof.engine.request import declared_spec
from streamproof.engine.session import Session
from streamproof.engine.spec import RunSpec
from streamproof.faults import (
    AllInstances,
    DatabaseOf,
    Deploy,
    Fault,
    InFlight,
    Instance,
    Join,
    Kill,
    LockDatabase,
    PauseBeyondSession,
    PauseBeyondTransaction,
    Plan,
    Progress,
    Replace,
    Stop,
)

EVENTS = 4_000
CONFIG = Path(__file__).parent.parent / "streamproof.toml"


# Each of two instances is killed once inside its cycle: a bug between two steps shows only to who dies there. That a
# consumer holds records of which nothing is written yet cannot be seen from outside: there, a kill is left to luck.
FAULTS = {
    "orders": (
        Fault(Kill(lasts_ms=300), Instance(1), InFlight(Progress(0.3))),
        Fault(Kill(lasts_ms=300), Instance(2), InFlight(Progress(0.6))),
    ),
    "projector": (
        Fault(Kill(lasts_ms=300), Instance(1), Progress(0.2)),
        Fault(LockDatabase(lasts_ms=1500), DatabaseOf("orderHistory"), Progress(0.4)),
        Fault(Kill(lasts_ms=300), Instance(2), Progress(0.6)),
    ),
    # what follows has a kill each, so that something was interrupted
    # zombies that wake with offsets to send
    "zombies": (
        Fault(PauseBeyondSession(lasts_ms=1000), Instance(1), InFlight(Progress(0.2))),
        Fault(Kill(lasts_ms=300), Instance(1), InFlight(Progress(0.5))),
        Fault(PauseBeyondSession(lasts_ms=1000), Instance(2), InFlight(Progress(0.7))),
    ),
    "replacements": (
        Fault(Replace(lasts_ms=500), Instance(1), InFlight(Progress(0.2))),
        Fault(Kill(lasts_ms=300), Instance(1), InFlight(Progress(0.5))),
        Fault(Replace(lasts_ms=500), Instance(2), InFlight(Progress(0.7))),
    ),
    "timeouts": (
        Fault(PauseBeyondTransaction(lasts_ms=200), Instance(1), InFlight(Progress(0.2))),
        Fault(PauseBeyondTransaction(lasts_ms=200), Instance(2), InFlight(Progress(0.5))),
        Fault(Kill(lasts_ms=300), Instance(1), InFlight(Progress(0.75))),
    ),
    "joins": (
        Fault(Join(), Instance(3), Progress(0.2)),
        Fault(Kill(lasts_ms=300), Instance(1), Progress(0.45)),
        Fault(Join(), Instance(4), Progress(0.7)),
    ),
    "stops": (
        Fault(Stop(lasts_ms=300), Instance(1), Progress(0.15)),
        Fault(Kill(lasts_ms=300), Instance(2), Progress(0.35)),
        Fault(Stop(lasts_ms=300), AllInstances(), Progress(0.55)),
        Fault(Deploy(), AllInstances(), Progress(0.75)),
    ),
}


def verify_mutants(mutants: Iterable[Mutant], seed: int, directory: Path) -> list[Judgement]:
    """What the verifier makes of each mutant; the runs are kept in `directory`."""
    with Session(logs=directory / "kafka") as session:

        def run(mutant: Mutant, journal: Path) -> RunResult:
            plan = Plan(seed=seed, faults=FAULTS[mutant.faults or mutant.subject])
            return _outcome(session.verify(_spec(mutant, journal, seed, directory), plan))

        return judge_mutants(run, mutants)


def _spec(mutant: Mutant, journal: Path, seed: int, directory: Path) -> RunSpec:
    """The reference's own subject, with the mutant in its place."""
    suffix = f"-{secrets.token_hex(3)}"
    spec = declared_spec(
        read_config(CONFIG), mutant.subject, records=EVENTS, seed=seed, directory=directory / mutant.name, suffix=suffix
    )
    environment = {**spec.subject.env, **mutant.env, "JOURNAL": str(journal)}
    changed = {"name": mutant.name, "command": mutant.command, "env": environment}
    return replace(spec, subject=spec.subject.model_copy(update=changed))


def _outcome(judged: Judged) -> RunResult:
    findings = judged.verdict.findings
    raised = [found.anomaly for found in findings if found.witnesses and found.status is not Status.COUNTED]
    witnesses = {name: _ids(judged.spec.directory / "witnesses" / f"{name}.parquet") for name in raised}
    return RunResult(judged.verdict.outcome, witnesses, judged.history)


def _ids(witnesses: Path) -> frozenset[str]:
    """The ids of inputs; where the anomaly is not about inputs, the places in the log, with their offsets."""
    rows = pq.read_table(witnesses).to_pylist()
    return frozenset(row["id"] if "id" in row else f"{row['topic']}[{row['part']}]@{row['off']}" for row in rows)
