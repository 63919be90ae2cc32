"""A sweep: a fault at each step of a subject's own cycle, each step learnt from the wire, in as few runs as it takes.

a short run ─▶ the steps of its cycle ─▶ for each kind of fault a run with a fault at every step ─▶ a map of the cycle
"""

import secrets
import shlex
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

from streamproof.checks import Outcome, judge, missing_from
from streamproof.checks.blame import blame
from streamproof.checks.queries import open_queries
from streamproof.engine.directories import kept
from streamproof.engine.events import Judged, Listener, SweepForetold
from streamproof.engine.request import Prepared, Request, prepare, spec_of, with_fresh_names
from streamproof.engine.session import Session
from streamproof.engine.spec import RunSpec
from streamproof.errors import UsageError
from streamproof.faults import Fault, Instance, Kill, Plan, Progress, Surroundings
from streamproof.faults.cycle import Step, learnt
from streamproof.faults.sweep import How, Trial, check_possible, check_tried, plan_of, trials
from streamproof.history.store import RUN_FILE, History, row_count

LEARNT_FROM = 1_000  # events
FAULTS = "SELECT name, evidence, effective FROM weighed_fault ORDER BY t_from"  # what the record contradicts is none
OTHER = 2  # the instance that is killed to make a rebalance


@dataclass(frozen=True)
class Tried:
    """What became of a trial: whether its step came up, what was seen, and how many witnesses lay at it, by anomaly."""

    trial: Trial
    came_up: bool
    seen: str
    witnesses: Mapping[str, int]


@dataclass(frozen=True)
class Sweep:
    """`steps`: of the subject's cycle. `runs`: each judged, the first being that from which the cycle was learnt."""

    steps: tuple[Step, ...]
    tried: tuple[Tried, ...]
    runs: tuple[Judged, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Why it is unproven: what no run has shown, and each step that never came up."""
        never = [f"{tried.trial.name}: {tried.seen}" for tried in self.tried if not tried.came_up]
        return (*missing_from([judged.verdict for judged in self.runs]), *never)

    @property
    def outcome(self) -> Outcome:
        """Violated where any run was; upheld where nothing is missing: what one run has shown, another need not."""
        if any(judged.verdict.outcome is Outcome.VIOLATED for judged in self.runs):
            return Outcome.VIOLATED
        return Outcome.UNPROVEN if self.missing else Outcome.UPHELD


def sweep(
    request: Request,
    *listeners: Listener,
    hows: Sequence[How] = (),
    only: Sequence[str] = (),
    resumed: bool = False,
) -> Iterator[Judged | Sweep]:
    """Each run as it is judged, and last what all of them came to. Without `hows`, all that are possible here.

    The runs share a cluster where the subject takes fresh names through `{run}`; else each starts its own. `resumed`:
    the directory is that of a sweep that was interrupted; a run that is whole there is judged again, and not repeated.
    """
    prepared = prepare(request)
    with _Runs(request, prepared, listeners, resumed=resumed) as runs:
        asked = tuple(dict.fromkeys(hows))
        check_possible(asked, runs.surroundings)
        first, steps = runs.learn()
        yield first
        judged, tried = [first], list[Tried]()
        hows = asked or runs.possible()
        chosen = trials(steps, hows, only)
        check_tried(asked, chosen)
        foretold = _foretold(steps, chosen, first.history)
        for listener in listeners:
            listener(foretold)
        for how in hows:
            if mine := [trial for trial in chosen if trial.how is how]:
                run = runs.judged(how.value, *plan_of(mine, prepared.spec.seed, LEARNT_FROM))
                judged.append(run)
                yield run
                tried += _became(mine, run)
        yield Sweep(steps, tuple(tried), tuple(judged))


def _foretold(steps: Sequence[Step], chosen: Sequence[Trial], history: History) -> SweepForetold:
    """How long the sweep takes, by the kill in the run that showed the cycle: its session ran out, and it came back."""
    moments = Counter(trial.how.value for trial in chosen)
    killed = history.rows("fault")[-1]
    went_on = killed["t_recovered"] or killed["t_to"]
    return SweepForetold(len(steps), moments, (went_on - killed["t_from"]) / 1e6)


class _Runs(ExitStack):
    """The runs of a sweep, each in a directory of its own, and its names ending in `-NAME`."""

    def __init__(self, request: Request, prepared: Prepared, listeners: Sequence[Listener], *, resumed: bool) -> None:
        super().__init__()
        self._request, self._prepared, self._listeners, self._resumed = request, prepared, listeners, resumed
        self._session: Session | None = None

    def __enter__(self) -> Self:
        super().__enter__()
        self._logs = self.enter_context(kept(self._request.directory, again=self._resumed))
        return self

    @cached_property
    def surroundings(self) -> Surroundings:
        """What a plan may name here; nothing of a run has to be there."""
        with self._new_session(self._logs) as session:
            return session.surroundings(self._prepared.spec)

    def possible(self) -> tuple[How, ...]:
        """The kinds of faults that the cluster and the subject let be done."""
        return tuple(how for how in How if how.is_possible(self.surroundings.capabilities))

    def learn(self) -> tuple[Judged, tuple[Step, ...]]:
        """A short run in which an instance is killed, and the steps of the cycle that its wire shows."""
        instances = self._prepared.spec.subject.instances
        kill = Fault(Kill(lasts_ms=200), Instance(min(OTHER, instances)), Progress(0.3))
        judged = self.judged("cycle", Plan((kill,), self._prepared.spec.seed), LEARNT_FROM)
        if "wire" not in judged.history.tables:
            raise UsageError(
                f"subject {judged.spec.subject.name}: nothing of it came through the proxy, so its cycle is not known; "
                "give it the brokers' address by {bootstrap_servers}, and leave the proxy on"
            )
        history = judged.history
        stopping_us = min(row["t_stop"] for row in history.rows("process") if row["t_stop"] is not None)
        return judged, learnt(history.rows("wire"), stopping_us)

    def judged(self, name: str, plan: Plan, events: int) -> Judged:
        spec = self._spec(name, events)
        if self._resumed and (before := _judged_before(spec, plan)):
            return before
        if self._prepared.spec.subject.renames:
            if self._session is None:
                self._session = self.enter_context(self._new_session(self._logs))
            return self._session.verify(spec, plan)
        with self._new_session(self._logs / name) as session:
            return session.verify(spec, plan)

    def _spec(self, name: str, events: int) -> RunSpec:
        seed = self._prepared.spec.seed
        suffix = f"-{name}-{secrets.token_hex(2)}"  # an existing cluster may know another sweep
        asked = replace(self._request, events=events, seed=seed, directory=self._request.directory / name)
        spec = spec_of(asked, self._prepared.config, seed)
        plan = str(asked.directory / "plan.json")
        again = ["verify", *self._request.arguments, "--faults", plan, "--events", str(events), "--seed", str(seed)]
        spec = replace(spec, again=shlex.join(["streamproof", *again]))
        if not spec.subject.renames:
            return spec
        return replace(spec, contract=with_fresh_names(spec.contract, suffix), suffix=suffix)

    def _new_session(self, logs: Path) -> Session:
        logs.mkdir(parents=True, exist_ok=True)
        return Session(self._prepared.cluster, logs=logs, listeners=self._listeners)


def _judged_before(spec: RunSpec, plan: Plan) -> Judged | None:
    """The same run, where its directory holds it whole; else what is there of it makes room."""
    directory = spec.directory
    if not (directory / "history" / RUN_FILE).is_file() or Plan.read(directory / "plan.json") != plan:
        shutil.rmtree(directory, ignore_errors=True)
        return None
    began, history = time.monotonic(), History.find(directory)
    verdict = judge(history, extra=spec.checks, without=spec.without)
    rows = sum(row_count(path) for path in history.tables.values())
    return Judged(time.monotonic() - began, spec, verdict, history, rows)


def _became(chosen: Sequence[Trial], judged: Judged) -> Iterator[Tried]:
    """Of each trial, by the rows of its fault: two, where it was tried again."""
    history, verdict = judged.history, judged.verdict
    at = blame(history, verdict, extra=judged.spec.checks) if verdict.outcome is Outcome.VIOLATED else {}
    with open_queries(history, verdict.group) as queries:
        rows = queries.rows(FAULTS, "the faults of a sweep")
    for trial in chosen:
        mine = [row for row in rows if row["name"] == trial.name]
        seen = mine[-1]["evidence"] if mine else "not tried"
        yield Tried(trial, any(row["effective"] for row in mine), seen, at.get(trial.name, {}))
