"""One run: a subject on a cluster, fed, broken, recorded, judged.

    start ──▶ feed ──▶ (faults) ──▶ finish: quiet, stop, read back, judge

Everything that is started belongs to the guardian; everything that is seen ends in the history's tables.
"""

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import NoReturn, Self

from streamproof.checks import Verdict, judge, write_witnesses
from streamproof.clock import now_us
from streamproof.cluster import has_one_clock, kafka_jars
from streamproof.cluster.base import Cluster
from streamproof.cluster.probe import probed
from streamproof.cluster.registry import Registry
from streamproof.contract.registration import register, through
from streamproof.engine.effects import effect_queries, effect_topics
from streamproof.engine.input import input_port_of
from streamproof.engine.progress import Progress, Step, timed
from streamproof.engine.spec import RunSpec
from streamproof.errors import ClusterError, SubjectError, UsageError
from streamproof.faults import Evidence, Fault, Nemesis, Plan, World
from streamproof.guardian import Guardian
from streamproof.history.promise import Promise, RunRecord
from streamproof.history.store import History, HistoryWriter, row_count
from streamproof.history.terms import Outcome
from streamproof.kafka import admin
from streamproof.recording.databases import DatabaseObserver, effect_databases
from streamproof.recording.logs import OFFSETS, TRANSACTIONS, Recording, record_logs
from streamproof.recording.observers import Observer
from streamproof.recording.quiet import wait_until_quiet
from streamproof.subject import ProcessSupervisor
from streamproof.subject.supervisor import Instance
from streamproof.workload import in_avro

FIRST_COMMIT_S = 30.0
FEED_S = 5.0  # how long the whole input takes at least, so that there is time to break things
POLL_S = 0.1
NO_GROUP = frozenset({OFFSETS})  # what others have committed is not this run's
TIMES, BY_BROKER = "message.timestamp.type", "LogAppendTime"
CLEANUP_MS = 10_000  # at most, from a transaction's time-out until the broker ends it
CLOCK_ERROR_US = 1_000_000  # between machines whose clocks are not ours to compare


class Run:
    """One run of a subject on a cluster that is up. A context manager: leaving it ends the subject.

    `start`, then `feed` lets input flow in the background, `inject` or `carry_out` break things, `finish` waits for
    quiet, stops the subject, reads everything back and judges. `verdict` and `history` are there after `finish`.
    UsageError without a `registry` where the spec needs one.
    """

    def __init__(
        self,
        spec: RunSpec,
        cluster: Cluster,
        guardian: Guardian,
        progress: Progress | None = None,
        *,
        registry: Registry | None = None,
    ) -> None:
        if spec.needs_registry and registry is None:
            raise UsageError(f"subject {spec.subject.name} needs a schema registry; give the run one")
        self.spec = replace(spec, contract=through(spec.contract, registry.client)) if registry else spec
        self.cluster = cluster
        self.progress = progress or Progress()
        self.registry = registry
        logs = spec.directory / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        values = {
            "bootstrap_servers": cluster.subject_bootstrap_servers,
            "run": spec.suffix,
            "directory": str(spec.directory.resolve()),
        }
        if registry is not None:
            values["registry_url"] = registry.url
        self.supervisor = ProcessSupervisor(guardian, spec.subject, values, logs)
        self.verdict: Verdict | None = None
        self.history: History | None = None
        self._writer = HistoryWriter(spec.directory / "history")
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="run")
        self._input = input_port_of(self.spec, cluster.bootstrap_servers, self.supervisor)
        self._workload = self._input.workload
        self._events = spec.events
        self._probe: Future[tuple[dict[str, bool], float]] | None = None
        self._feed: Future[tuple[None, float]] | None = None
        self._started_at = now_us()
        self._dropped: list[str] = []
        self._faults, self._next_fault = Step(), ""
        self._offsets: Mapping[tuple[str, int], int] = {}
        self._databases = effect_databases(effect_queries(spec.subject, spec.contract, values))
        self._nemesis = Nemesis(self._world(), len(spec.events), self._tell, self._give_up)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._workload.stop()
        self._nemesis.open()
        self.supervisor.stop_all()
        self._pool.shutdown(cancel_futures=True)
        self.supervisor.close()
        for database in self._databases.values():
            database.close()

    def start(self) -> None:
        """Make the topics, start the subject beside the broker probe, and return when both are done."""
        for database in self._databases.values():
            database.check_empty()
        with self.progress.step("jars") as step:  # whose schemas decode the coordinators' logs: a lack is told before
            self._jars = kafka_jars(progress=step.now)
        self._make_topics()
        self._register_schemas()
        self._observer = self._observe()
        self._database_observer = DatabaseObserver(list(self._databases.values()), self._observer.saw)
        self._database_observer.start()
        replication = min(3, len(self.cluster.brokers))
        self._probe = self._pool.submit(timed, lambda: probed(self.cluster, replication=replication))
        with self.progress.step("subject") as step:
            self.supervisor.start_all()
            self._wait_ready()
            self.supervisor.supervise()
            step.done(f"{self.spec.subject.instances} × {self.spec.subject.command}")
        with self.progress.step("probe") as step:
            held, took = self._probe.result()
            step.done(" · ".join(name if kept else f"NOT {name}" for name, kept in held.items()), took)

    def _make_topics(self) -> None:
        contract, servers = self.spec.contract, self.cluster.bootstrap_servers
        admin.create_topics(
            servers,
            {one.topic: one.partitions for one in contract.topics()},
            replication=min(3, len(self.cluster.brokers)),
            # the broker's time, whatever the contract would have: a producer may set its own as it likes
            config={one.topic: {**one.config, TIMES: BY_BROKER} for one in contract.topics()},
        )
        for topic, times in admin.topic_setting(servers, [one.topic for one in contract.topics()], TIMES).items():
            if times != BY_BROKER:  # it was there before
                raise ClusterError(
                    f'topic "{topic}" has the times of its producers, {TIMES}={times}: when a record came could not be '
                    f"told; set {TIMES}={BY_BROKER} on it, or use {{run}} in the subject's settings for fresh names"
                )
        used = {topic: ends for (topic, _), ends in self._ends().items() if ends.high_watermark > 0}
        for topic in used:
            raise ClusterError(
                f'topic "{topic}" holds records already; a run judges every record of its topics: '
                "name empty ones, or use {run} in the subject's settings for fresh names"
            )

    def _register_schemas(self) -> None:
        """Those of the contract; the input is then written in its own, unless the subject is who writes it."""
        if self.registry is None:
            return
        numbers = register(self.spec.contract, self.registry.client)
        source = self.spec.contract.input.channel
        if source.avro is not None and not self.spec.contract.sends:
            self._events = tuple(in_avro(self.spec.events, source.avro, numbers[source.topic]))

    def _ends(self) -> "dict[tuple[str, int], admin.Ends]":
        return admin.log_ends(self.cluster.bootstrap_servers, [one.topic for one in self.spec.contract.topics()])

    def _wait_ready(self) -> None:
        spec = self.spec.subject
        deadline = time.monotonic() + spec.ready.timeout_s
        while True:
            self.supervisor.check_started()
            waiting = [one for one in self.supervisor.current_all() if not self.supervisor.ready(one)]
            if not waiting and self._input.is_whole(spec.instances):
                for one in self.supervisor.current_all():
                    one.t_ready = now_us()
                return
            if time.monotonic() > deadline:
                slow = waiting[0] if waiting else None
                missing = (
                    f"instance {slow.number} {spec.ready.missing}" if slow else self._input.missing(spec.instances)
                )
                raise SubjectError(self._told(f"was not ready within {spec.ready.timeout_s:.0f} s: {missing}", slow))
            time.sleep(0.05)

    def _told(self, what: str, one: Instance | None = None) -> str:
        """A sentence about the subject, with what an instance (the first, if none is meant) said last."""
        one = one or self.supervisor.current_all()[0]
        return (
            f"subject {self.spec.subject.name} {what}; the last lines of instance {one.number}:\n"
            f"{self.supervisor.last_lines(one)}\nwhole log: {one.log}"
        )

    def _give_up(self) -> NoReturn:
        raise SubjectError(self._told(self._input.idle()))

    def _observe(self) -> Observer:
        contract = self.spec.contract
        identities = {one.topic: one.identity for one in effect_topics(contract)}
        if not contract.sends:
            identities[self._input.topic] = contract.input.identity
        partitions = {one.topic: one.partitions for one in contract.topics()}
        observer = Observer(
            self._writer,
            self.cluster.bootstrap_servers,
            self._input.topic,
            identities,
            partitions,
            told=self._input.places,
        )
        observer.start()
        return observer

    def feed(self, seconds: float = FEED_S) -> None:
        """Let the workload flow in the background, over `seconds` at least, as far as the nemesis lets it."""
        self._writer.open("sent")
        rate = max(len(self.spec.events) / seconds, 200.0)
        self._feed = self._pool.submit(
            timed,
            lambda: self._workload.run(
                self._events,
                lambda rows: self._writer.append("sent", rows),
                rate=rate,
                gate=lambda: self._nemesis.gate,
            ),
        )
        self._pool.submit(self._watch_commits)

    def inject(self, fault: Fault, following: float = 1.0) -> Evidence:
        """Break something when its mark is reached; returns when the group has recovered."""
        return self._nemesis.inject(fault, following)

    def carry_out(self, plan: Plan) -> None:
        """Feed, and break all that the plan says."""
        self._dropped += plan.dropped
        self.feed()
        with self.progress.step("faults") as self._faults:
            self._nemesis.carry_out(plan)

    def _tell(self, fault: Fault, evidence: Evidence | None) -> None:
        self._next_fault = f" · {fault}" if evidence is None else ""
        if evidence:
            self.progress.mark(evidence.sentence, ok=evidence.effective, under="faults")

    def _world(self) -> World:
        return World(
            cluster=self.cluster,
            supervisor=self.supervisor,
            group=None if self.spec.contract.sends else self.spec.contract.group,
            topic=self.spec.contract.topics()[0].topic,
            effects=tuple(one.topic for one in effect_topics(self.spec.contract)),
            is_whole=self._input.is_whole,
            databases=self._databases,
            in_flight=self._in_flight,
            committed=self._committed,
            done=lambda: self._observer.done(self._input.committed()),
            waiting=lambda: self._workload.sent - self._committed(),
            unanswered=self._input.unanswered,
            stopping=self._stopping,
            since_ms=self._started_at // 1000,
        )

    def _watch_commits(self) -> None:
        """Keeps up with what the group has committed; a broker that is away is asked again."""
        while not self._stopping.wait(POLL_S):
            with contextlib.suppress(ClusterError, OSError):
                self._offsets = self._input.committed()
                self._faults.now(f"{self._committed():,} of {len(self._events):,} events done{self._next_fault}")

    def _committed(self) -> int:
        return sum(self._offsets.values())

    def _in_flight(self) -> frozenset[tuple[int, int]]:
        return self._observer.in_flight(self._input.committed())

    def finish(self) -> Verdict:
        """Wait for quiet, stop the subject, read everything back, judge. SubjectError for one that never commits."""
        self._nemesis.open()
        self._wait_fed()
        quiet = self._wait_quiet()
        with self.progress.step("stop") as step:
            late = self.supervisor.stop_all()
            step.done("killed: it did not end in time" if late else "")
        self._observer.stop()
        self._database_observer.stop()
        with self.progress.step("history") as step:
            history = self._record(step, quiet)
            rows = sum(row_count(path) for path in history.tables.values())
            step.done(f"{rows:,} rows in {len(history.tables)} tables")
        with self.progress.step("checks") as step:
            own = self.spec.checks
            verdict = judge(history, extra=own)
            write_witnesses(history, verdict, self.spec.directory / "witnesses", extra=own)
            step.done(f"{len(verdict.findings)} anomalies over {rows:,} rows")
        self.verdict, self.history = verdict, history
        return verdict

    def _wait_fed(self) -> None:
        assert self._feed is not None, "feed() comes before finish()"  # noqa: S101
        with self.progress.step("workload") as step:
            began = time.monotonic()
            while not self._feed.done():
                step.now(f"{self._workload.sent:,} of {len(self.spec.events):,} events sent")
                if time.monotonic() - began > FIRST_COMMIT_S and not self._committed():
                    self._give_up()
                time.sleep(POLL_S)
            _, took = self._feed.result()
            counts = self._workload.counts
            keys = len({one.key for one in self.spec.events})
            step.done(
                f"{self._workload.sent:,} events of {keys:,} keys sent · "
                + " · ".join(f"{counts[outcome]:,} {outcome}" for outcome in Outcome),
                took,
            )

    def _wait_quiet(self) -> str | None:
        """Wait until all input is committed past and no transaction is open; at the bound, what is still missing."""
        with self.progress.step("quiet") as step:
            began = time.monotonic()
            found = wait_until_quiet(
                [one.topic for one in self.spec.contract.topics()],
                last=self._input.last,
                stops=self._log_ends,
                committed=self._input.committed,
                timeout_s=self.spec.quiet_s,
                open_timeout_s=(self._transaction_timeout_ms() + CLEANUP_MS) / 1000,
                say=step.now,
            )
            if found.behind and not sum(self._input.committed().values()):
                self._give_up()
            missing = None if found.quiet else f"not quiet after {time.monotonic() - began:.0f} s: {found}"
            step.done(missing or str(found))
            return missing

    def _record(self, step: Step, quiet: str | None) -> History:
        contract = self.spec.contract
        for table, rows in (("process", self.supervisor.rows()), ("fault", self._nemesis.rows)):
            self._writer.open(table)
            self._writer.append(table, rows)
        promise = Promise(
            grp=contract.group,
            delivery=contract.delivery,
            ordered=contract.ordered,
            isolation=contract.isolation,
            joined=tuple(one.channel.name for one in contract.produces),
            dead_letters=contract.dead_letters.channel.name if contract.dead_letters else None,
            transaction_timeout_ms=self._transaction_timeout_ms(),
            cleanup_ms=CLEANUP_MS,
        )
        servers = self.cluster.bootstrap_servers
        recording = Recording(
            bootstrap=servers,
            promise=promise,
            input_topic=None if contract.sends else self._input.topic,
            input_identity=contract.input.identity,
            effects=effect_topics(contract),
            queries=tuple(one.effect for one in self._databases.values()),
            fates=self._workload.fates,
            told=self._input.told(),
            unused=admin.absent(servers, (OFFSETS, TRANSACTIONS)) | (NO_GROUP if contract.sends else frozenset()),
            jars=self._jars,
            topic_ids=admin.topic_ids(servers, [one.topic for one in contract.topics()]),
        )
        clock_error_us = 0 if has_one_clock(self.cluster) else CLOCK_ERROR_US
        recorded = record_logs(self._writer, recording, self._log_ends, step.now)
        self._database_observer.write(self._writer)
        return self._writer.close(
            RunRecord(
                subject=self.spec.subject.name,
                promise=promise,
                seed=self.spec.seed,
                kafka_version=self.cluster.version,
                backend=self.cluster.backend,
                protocol=recorded.protocol,
                started_at=self._started_at,
                ended_at=now_us(),
                clock_error_us=clock_error_us,
                probe=self._probe.result()[0] if self._probe else {},
                not_shown=(
                    *self._dropped,
                    *contract.unjudged,
                    *recorded.lacking,
                    *([quiet] if quiet else []),
                    *(["what came before what within a second: several machines' clocks"] if clock_error_us else []),
                ),
            )
        )

    def _log_ends(self, topics: Sequence[str]) -> Mapping[tuple[str, int], tuple[int, int, int]]:
        return admin.log_ends(self.cluster.bootstrap_servers, topics)

    def _transaction_timeout_ms(self) -> int:
        own = self._nemesis.world.own_prefix
        transactions = admin.list_transactions(self.cluster.bootstrap_servers)
        known = [
            one.timeout_ms
            for one in transactions
            if not one.transactional_id.startswith(own) and (one.start_ms or 0) >= self._started_at // 1000
        ]
        return max(known, default=60_000)
