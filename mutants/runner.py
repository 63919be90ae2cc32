"""Runs mutants through the verifier: the same cluster for all, fresh names and a seeded plan of kills for each."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from mutants.judge import Judgement, Outcome, judge_mutants
from mutants.registry import Mutant
from streamproof.checks import Status
from streamproof.cluster import start_embedded
from streamproof.config.file import read_config
from streamproof.engine.request import declared_spec
from streamproof.engine.run import Run
from streamproof.engine.spec import RunSpec
from streamproof.faults import Fault, Plan
from streamproof.guardian import Guardian

EVENTS = 4_000
CONFIG = Path(__file__).parent.parent / "streamproof.toml"


# Each of two instances is killed once inside its cycle: a bug between two steps shows only to who dies there. That a
# consumer holds records of which nothing is written yet cannot be seen from outside: there, a kill is left to luck.
FAULTS = {
    "orders": (
        Fault(kind="kill-in-flight", target="instance:1", at=0.3, lasts_ms=300),
        Fault(kind="kill-in-flight", target="instance:2", at=0.6, lasts_ms=300),
    ),
    "projector": (
        Fault(kind="kill", target="instance:1", at=0.2, lasts_ms=300),
        Fault(kind="lock-database", target="database:orderHistory", at=0.4, lasts_ms=1500),
        Fault(kind="kill", target="instance:2", at=0.6, lasts_ms=300),
    ),
}


def verify_mutants(mutants: Iterable[Mutant], seed: int, directory: Path) -> list[Judgement]:
    """What the verifier makes of each mutant; the runs are kept in `directory`."""
    with Guardian() as guardian, start_embedded(guardian, brokers=3, logs=directory / "kafka") as cluster:

        def run(mutant: Mutant, journal: Path) -> Outcome:
            with Run(_spec(mutant, journal, seed, directory), cluster, guardian) as one:
                return _outcome(one, Plan(seed=seed, faults=FAULTS[mutant.subject]))

        return judge_mutants(run, mutants)


def _spec(mutant: Mutant, journal: Path, seed: int, directory: Path) -> RunSpec:
    """The reference's own subject, with the mutant in its place."""
    suffix = f"-{secrets.token_hex(3)}"
    spec = declared_spec(
        read_config(CONFIG), mutant.subject, records=EVENTS, seed=seed, directory=directory / mutant.name, suffix=suffix
    )
    environment = {**spec.subject.env, "JOURNAL": str(journal)}
    return replace(spec, subject=replace(spec.subject, name=mutant.name, command=mutant.command, env=environment))


def _outcome(run: Run, plan: Plan) -> Outcome:
    run.start()
    run.carry_out(plan)
    verdict = run.finish()
    assert run.history is not None  # noqa: S101 - finish() made it
    raised = [one.anomaly for one in verdict.findings if one.witnesses and one.status is not Status.COUNTED]
    witnesses = {name: _ids(run.spec.directory / "witnesses" / f"{name}.parquet") for name in raised}
    return Outcome(verdict.outcome, witnesses, run.history)


def _ids(witnesses: Path) -> frozenset[str]:
    """The ids of inputs; of an anomaly that is not one of inputs, the places in the log, with their offsets."""
    rows = pq.read_table(witnesses).to_pylist()
    return frozenset(row["id"] if "id" in row else f"{row['topic']}[{row['part']}]@{row['off']}" for row in rows)
