"""A run: a subject on a cluster, fed, broken, recorded, judged.

    enter: start, feed ──▶ (faults) ──▶ finish: quiet, stop, record, judge ──▶ leave

Everything that is started belongs to the guardian; everything that is seen ends in the history's tables. A session
makes runs; a run is made of parts that each have a module of their own: the input port, the processes, the nemesis, the
sources of the history.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NoReturn, Self

from streamproof.checks import Verdict, judge, write_witnesses
from streamproof.clock import now_us
from streamproof.cluster import Cluster
from streamproof.cluster.probe import probed
from streamproof.engine.assembly import assemble
from streamproof.engine.events import (
    FaultTeller,
    InputFed,
    Judged,
    Listener,
    Phase,
    PhaseTeller,
    Probed,
    QuietReached,
    Recorded,
    SubjectReady,
    SubjectStopped,
    Working,
    phase,
    timed,
)
from streamproof.engine.progress import RunProgress
from streamproof.engine.readiness import wait_until_ready
from streamproof.engine.record import CLEANUP_MS, TRANSACTION_TIMEOUT_MS, run_record
from streamproof.engine.rights import grant_rights
from streamproof.engine.share_group import set_up_share_group
from streamproof.engine.spec import FEED_S, RunSpec
from streamproof.engine.topics import make_topics
from streamproof.errors import StreamproofError, SubjectError, UsageError
from streamproof.faults import Evidence, Fault, Nemesis, Plan, Surroundings, System, check_plan, json_of
from streamproof.faults.in_flight import list_incomplete, transactions_of
from streamproof.guardian import Guardian
from streamproof.history.store import History, HistoryWriter, row_count
from streamproof.history.terms import Fate, SendOutcome
from streamproof.kafka.topics import list_offsets
from streamproof.recording.origins import ENOUGH
from streamproof.recording.quiet import wait_until_quiet
from streamproof.recording.source import Rows, Source, record

FIRST_COMMIT_S = 30.0
POLL_S = 0.1
LOOK_S = 0.01


class Run:
    """A run of a subject on a cluster that is up. A context manager: leaving it ends the subject.

    Once it is entered, the subject is ready and its input flows in the background, over `feed_s` seconds at least.
    `inject` and `carry_out` break things. `finish` waits for quiet, stops the subject, records everything and judges;
    `judged` is there from then on. `jars` are Kafka's: their schemas decode the coordinators' logs. `proxied`: the
    subject's connections go through a proxy. `observed_at`: the address at which observers read, if not the cluster's.
    """

    def __init__(
        self,
        spec: RunSpec,
        cluster: Cluster,
        guardian: Guardian,
        listen: Listener,
        *,
        jars: tuple[Path, ...],
        registry_url: str | None = None,
        proxied: bool = False,
        feed_s: float = FEED_S,
        observed_at: str | None = None,
    ) -> None:
        self.spec, self.cluster, self._listen, self._feed_s = spec, cluster, listen, feed_s
        self.judged: Judged | None = None
        self._started_at = now_us()
        self._servers, self._replication = cluster.bootstrap_servers, min(3, len(cluster.brokers))
        self._topics = [channel.topic for channel in spec.contract.topics()]
        self._parts = parts = assemble(
            spec, cluster, guardian, jars=jars, registry_url=registry_url, proxied=proxied, observed_at=observed_at
        )
        self.supervisor, self.input, self.proxy = parts.supervisor, parts.input, parts.proxy
        self.progress = RunProgress(parts.input, parts.observers, self._saw_progress)
        self.nemesis = Nemesis(
            System(
                cluster=cluster,
                supervisor=parts.supervisor,
                group=parts.input.group.name if parts.input.group else None,
                topic=self._topics[0],
                effects=tuple(topic.topic for topic in parts.effects.topics),
                hops=lambda: parts.hops.hops.topics,
                databases=parts.databases,
                progress=self.progress,
                since_ms=self._started_at // 1000,
                wire=self.proxy,
            ),
            len(spec.events),
            FaultTeller(listen),
            self._give_up,
        )
        self._writer = HistoryWriter(spec.directory / "history")
        self._sources = (*parts.sources, Rows("fault", lambda: self.nemesis.rows))
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="run")
        self._probe: Future[tuple[dict[str, bool], float]]
        self._fed: Future[tuple[None, float]]
        self._plan = Plan(seed=spec.seed)
        self._not_shown: list[str] = []
        self._leaving = ExitStack()

    @property
    def verdict(self) -> Verdict:
        """What the run came to; UsageError before `finish`."""
        return self._finished().verdict

    @property
    def history(self) -> History:
        """What was recorded; UsageError before `finish`."""
        return self._finished().history

    def _finished(self) -> Judged:
        if self.judged is None:
            raise UsageError("the run is not judged yet: its verdict and history are there when its block is left")
        return self.judged

    def __enter__(self) -> Self:
        with self._leaving as leaving:  # in the reverse order, each whatever became of the others
            for database in self._parts.databases.values():
                leaving.callback(database.close)
            leaving.callback(self.supervisor.close)
            for source in self._sources:
                leaving.callback(_stop, source)
            leaving.callback(self._pool.shutdown, cancel_futures=True)
            leaving.callback(self.supervisor.stop_all)
            leaving.callback(self.progress.stop)
            leaving.callback(self.input.workload.stop)
            leaving.callback(self.nemesis.close)
            self._start()
            self._leaving = leaving.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.close()

    def _start(self) -> None:
        """Make the topics, start the subject beside the broker probe, and return when both are done.

        A topic holds some of the input before the subject first starts; whoever begins at its end has lost it.
        """
        for database in self._parts.databases.values():
            database.check_empty()
        make_topics(self._servers, self.spec.contract, replication=self._replication)
        set_up_share_group(self._servers, self.spec.contract)
        grant_rights(self.cluster, self.spec.contract)
        for source in self._sources:
            source.start(self._writer)
        self._probe = self._pool.submit(timed, lambda: probed(self.cluster, replication=self._replication))
        with phase(Phase.SUBJECT, self._listen) as subject:
            self.input.workload.prepare(self.spec.events)
            if self.input.group:
                self.input.group.look_round()
                self._feed()
                self._wait_backlog()
            self.supervisor.start_all()
            wait_until_ready(self.supervisor, self.input.group)
            self.supervisor.supervise()
            spec = self.spec.subject
            self._listen(SubjectReady(subject.seconds, spec.instances, spec.command))
        with phase(Phase.PROBE, self._listen):
            kept, seconds = self._probe.result()
            self._listen(Probed(seconds, kept))
        if self.input.group is None:  # before, there was nobody to feed
            self._feed()
        self.progress.start()

    def _feed(self) -> None:
        """Let the input flow in the background, as far as the nemesis lets it, and the backlog in any case."""
        self._writer.open("sent")
        self._keep(Plan())
        backlog = self.spec.subject.backlog if self.input.group else 0.0
        self._fed = self._pool.submit(
            timed,
            lambda: self.input.workload.run(
                self.spec.events,
                lambda rows: self._writer.append("sent", rows),
                rate=max(len(self.spec.events) / self._feed_s, 200.0),
                gate=lambda: max(backlog, self.nemesis.gate),
            ),
        )

    def _wait_backlog(self) -> None:
        """Until each event of the backlog is answered; those that upstream aborts come when they come."""
        events = self.spec.events
        backlog = events[: int(self.spec.subject.backlog * len(events))]
        wanted = sum(event.fate is not Fate.ABORT for event in backlog)
        while sum(self.input.workload.counts.values()) < wanted and not self._fed.done():
            time.sleep(LOOK_S)

    def inject(self, fault: Fault, following: float = 1.0) -> Evidence:
        """Break something when its trigger says so; returns when the group has recovered."""
        self._keep(Plan((fault,)))
        return self.nemesis.inject(fault, following)

    def carry_out(self, plan: Plan) -> tuple[Evidence, ...]:
        """Break all that a plan says, while the input flows; what was seen of each of its faults, in its order.

        Errors are those of `check_plan`, at once.
        """
        proxied = self.proxy is not None
        check_plan(plan, Surroundings.of(self.spec.subject, self.cluster, proxied=proxied))
        return self.carry_out_checked(plan)

    def carry_out_checked(self, plan: Plan) -> tuple[Evidence, ...]:
        """The same, for who has checked the plan before anything was started."""
        self._keep(plan)
        with phase(Phase.FAULTS, self._listen):
            became = self.nemesis.carry_out(plan)
            self._check_sense()
        return became

    def _keep(self, plan: Plan) -> None:
        """Add to plan.json, which is there also when the run fails: to be run again, and made smaller."""
        self._plan += plan
        (self.spec.directory / "plan.json").write_text(json_of(self._plan))

    def finish(self) -> Judged:
        """Wait for quiet, stop the subject, record everything, judge. SubjectError for a subject that did nothing.

        Leaving the block of `Session.run` finishes the run, if need be.
        """
        if self.judged is not None:
            return self.judged
        self.nemesis.open()
        self._wait_fed()
        self._wait_quiet()
        self._check_sense(max(1, self.input.workload.sent // 2))
        self._check_effects()
        with phase(Phase.STOP, self._listen) as stop:
            late = self.supervisor.stop_all()
            self._listen(SubjectStopped(stop.seconds, tuple(instance.number for instance in late)))
        self.progress.stop()
        for source in self._sources:
            source.stop()
        with phase(Phase.HISTORY, self._listen) as recording:
            history = self._record(recording)
            rows = sum(row_count(path) for path in history.tables.values())
            self._listen(Recorded(recording.seconds, rows, len(history.tables)))
        with phase(Phase.CHECKS, self._listen) as checks:
            verdict = judge(history, extra=self.spec.checks, without=self.spec.without)
            write_witnesses(history, verdict, self.spec.directory / "witnesses", extra=self.spec.checks)
            self.judged = Judged(checks.seconds, self.spec, verdict, history, rows)
            self._listen(self.judged)
        return self.judged

    def _wait_fed(self) -> None:
        workload = self.input.workload
        with phase(Phase.WORKLOAD, self._listen) as feeding:
            while not self._fed.done():
                self._check_sense()
                feeding.doing(f"{workload.sent:,} of {len(self.spec.events):,} events sent")
                if feeding.seconds > FIRST_COMMIT_S and not self.progress.committed():
                    self._give_up()
                time.sleep(POLL_S)
            _, seconds = self._fed.result()
            keys = len({event.key for event in self.spec.events})
            self._listen(
                InputFed(seconds, workload.sent, keys, {outcome: workload.counts[outcome] for outcome in SendOutcome})
            )

    def _wait_quiet(self) -> None:
        """Wait until all input is done with and no transaction is open; the bound is a finding."""
        hops = self._parts.hops
        with phase(Phase.QUIET, self._listen) as waiting:

            def say(text: str) -> None:
                self._check_sense()
                waiting.doing(text)

            found = wait_until_quiet(
                lambda: [*self.input.behind(), *hops.behind()],
                lambda: list_offsets(self._servers, {*self._topics, *hops.hops.topics}),
                lambda: list_incomplete(self.nemesis.system),
                timeout_s=self.spec.quiet_s,
                open_timeout_s=(self._transaction_timeout_ms() + CLEANUP_MS) / 1000,
                done=self.progress.committed,
                say=say,
            )
            if found.behind and not sum(self.input.accounted().values()):
                self._give_up()
            if not found.quiet:
                self._not_shown.append(f"not quiet after {waiting.seconds:.0f} s: {found}")
            self._listen(QuietReached(waiting.seconds, found))

    def _record(self, recording: PhaseTeller) -> History:
        lacking = record(self._sources, self._writer, recording.doing)
        return self._writer.close(
            run_record(
                self.spec,
                self.cluster,
                transaction_timeout_ms=self._transaction_timeout_ms(),
                protocol=self._parts.protocol,
                started_at=self._started_at,
                hops=self._parts.hops.hops,
                probe=self._probe.result()[0],
                not_shown=(*self._plan.dropped, *self._not_shown, *lacking),
            )
        )

    def _transaction_timeout_ms(self) -> int:
        """The longest that a transaction of the subject may stay open; Kafka's default where none is known."""
        found = transactions_of(self.nemesis.system)
        return max((transaction.timeout_ms for transaction in found), default=TRANSACTION_TIMEOUT_MS)

    def _check_sense(self, effects: int = ENOUGH) -> None:
        """UsageError where not one of so many `effects` is an input's: all would be called lost, and phantoms.

        SubjectError for an instance that does not stay up, though no fault keeps it from that.
        """
        if mistake := self._parts.observers.mistaken_identity(effects):
            raise UsageError(mistake)
        self.supervisor.check_restarted(since=self.nemesis.last_effect_us)

    def _check_effects(self) -> None:
        """SubjectError where a topic of effects is empty, though the group is done with inputs: all would be lost."""
        if self.input.group is None or Fate.PROCESS not in {event.fate for event in self.spec.events}:
            return
        done = self.progress.committed()
        due = [effect.topic for effect in self._parts.effects.topics if effect.per_input and not effect.dead_letters]
        filled = {topic for (topic, _), (_, _, high) in list_offsets(self._servers, due).items() if high}
        if done and (silent := [topic for topic in due if topic not in filled]):
            raise SubjectError(
                self.supervisor.told(
                    f"has committed past {done:,} inputs, and nothing has come on {' and '.join(silent)}; check that "
                    "it writes there, and looks at what its producer says of each record"
                )
            )

    def _saw_progress(self, committed: int) -> None:
        try:
            self._check_sense()
        except (UsageError, SubjectError):  # it is raised where the run waits: until then no fault is worth waiting for
            self.nemesis.close()
        self._listen(Working(Phase.FAULTS, f"{committed:,} of {len(self.spec.events):,} events done"))

    def _give_up(self) -> NoReturn:
        raise SubjectError(self.supervisor.told(self.input.idle()))


def _stop(source: Source) -> None:
    with suppress(StreamproofError):  # `finish` has told it; else, why the run is left early is told
        source.stop()
