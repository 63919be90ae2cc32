"""Runs mutants through the verifier: a few clusters for all, fresh names and a seeded plan of faults for each.

Most of a run is waiting: for sessions to run out, for groups to meet. So mutants run side by side, each on the cluster
of its thread: what is done to one of them disturbs no other.
"""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pyarrow.parquet as pq

from mutants.journal import Journal
from mutants.judge import Judgement, RunResult, judge_mutant
from mutants.lies import LIES, Lie
from mutants.mutant import Mutant
from mutants.plans import FAULTS
from streamproof.checks import Status
from streamproof.checks.stories import Story
from streamproof.config.file import ClusterConfig, read_config
from streamproof.engine.request import declared_spec
from streamproof.engine.run import Run
from streamproof.engine.session import Session
from streamproof.engine.spec import RunSpec
from streamproof.faults import Plan
from streamproof.wire import Proxy

EVENTS = 2_000
FEED_S = 2.0  # at least: the faults' marks hold it back in any case
CLUSTERS = 2
READER = 1  # of the instances that the proxy before the readers knows, the only one
CONFIG = Path(__file__).parent.parent / "streamproof.toml"


def verify_mutants(
    mutants: Iterable[Mutant], seed: int, directory: Path, at_once: int = CLUSTERS
) -> Iterator[Judgement]:
    """What the verifier makes of each mutant, as soon as it is known; the runs are kept in `directory`."""
    with ExitStack() as stack:
        idle: SimpleQueue[Session] = SimpleQueue()
        for number in range(at_once):
            logs = directory / f"kafka-{number + 1}"
            idle.put(stack.enter_context(Session(ClusterConfig(brokers=1), logs=logs)))
        pool = stack.enter_context(ThreadPoolExecutor(at_once, thread_name_prefix="mutant"))
        stack.callback(pool.shutdown, cancel_futures=True)

        def judged(mutant: Mutant) -> Judgement:
            with _taken(idle) as session:
                return judge_mutant(lambda mutant, journal: _run(session, mutant, journal, seed, directory), mutant)

        for done in as_completed([pool.submit(judged, mutant) for mutant in mutants]):
            yield done.result()


@contextmanager
def _taken(idle: "SimpleQueue[Session]") -> Iterator[Session]:
    session = idle.get()
    try:
        yield session
    finally:
        idle.put(session)


def _run(session: Session, mutant: Mutant, journal: Path, seed: int, directory: Path) -> RunResult:
    plan = Plan(seed=seed, faults=FAULTS[mutant.faults or mutant.subject])
    spec, lie = _spec(mutant, journal, seed, directory), LIES.get(mutant.lie)
    lies = Journal(Path(str(journal).format(instance="broker")), "broker")
    with (
        _lying_to_readers(session, lie, lies) as address,
        session.run(spec, feed_s=FEED_S, observed_at=address) as run,
    ):
        if lie and not lie.to_readers and run.proxy:
            run.proxy.add(lie.rule(run.proxy, lies))
        run.carry_out(plan)
    return _outcome(run)


@contextmanager
def _lying_to_readers(session: Session, lie: Lie | None, journal: Journal) -> Iterator[str | None]:
    """Where a broker lies to who reads, if there is one that does."""
    if lie is None or not lie.to_readers:
        yield None
        return
    proxy = Proxy(session.cluster.bootstrap_servers)
    proxy.add(lie.rule(proxy, journal))
    proxy.start()
    try:
        yield proxy.servers(READER)
    finally:
        proxy.stop()
    if proxy.failure:
        raise proxy.failure


def _spec(mutant: Mutant, journal: Path, seed: int, directory: Path) -> RunSpec:
    """The reference's own subject, with the mutant in its place."""
    suffix = f"-{secrets.token_hex(3)}"
    spec = declared_spec(
        read_config(CONFIG), mutant.subject, records=EVENTS, seed=seed, directory=directory / mutant.name, suffix=suffix
    )
    environment = {**spec.subject.env, **mutant.env, "JOURNAL": str(journal)}
    changed = {"name": mutant.name, "command": mutant.command, "env": environment}
    return replace(
        spec,
        subject=spec.subject.model_copy(update=changed),
        contract=replace(spec.contract, **mutant.promises),
        quiet_s=mutant.quiet_s or spec.quiet_s,
    )


def _outcome(run: Run) -> RunResult:
    findings = run.verdict.findings
    raised = [found.anomaly for found in findings if found.witnesses and found.status is not Status.COUNTED]
    witnesses = {name: _ids(run.spec.directory / "witnesses" / f"{name}.parquet") for name in raised}
    stories = {found.anomaly: found.story for found in findings if found.story is not None}
    return RunResult(run.verdict.outcome, witnesses, run.history, {name: _between(s) for name, s in stories.items()})


def _between(story: Story) -> tuple[str, ...]:
    """The kinds of the faults that the story names."""
    told = "\n".join(moment.text for moment in story.moments)
    return tuple(dict.fromkeys(re.findall(r"\(fault: ([\w-]+)@", told)))


def _ids(witnesses: Path) -> frozenset[str]:
    """The ids of inputs; where the anomaly is not about inputs, places in the log with their offsets, or processes."""
    return frozenset(map(_name, pq.read_table(witnesses).to_pylist()))


def _name(row: Mapping[str, Any]) -> str:
    if row.get("id") is not None:
        return str(row["id"])
    if "topic" not in row:
        return f"process {row['pid']}"
    place = f"{row['topic']}[{row['part']}]"
    return f"{place}@{row['off']}" if "off" in row else place
