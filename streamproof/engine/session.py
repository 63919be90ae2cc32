"""A session: one warm cluster, and as many runs on it as are wanted, each told to the same listeners.

The cluster starts when a run first needs it, the schema registry likewise; both end with the session.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from streamproof.cluster import STARTED, Cluster, kafka_jars, open_cluster
from streamproof.config.file import ClusterConfig
from streamproof.engine.events import (
    ClusterReady,
    Ending,
    Judged,
    Listener,
    Phase,
    PhaseEnded,
    RegistryReady,
    RunEnded,
    RunStarted,
    SessionEvent,
    phase,
)
from streamproof.engine.registered import registered
from streamproof.engine.spec import FEED_S, RunSpec
from streamproof.errors import ClusterError
from streamproof.faults import Plan, Planner, Surroundings, planned
from streamproof.guardian import Guardian
from streamproof.kafka.requests import metadata

if TYPE_CHECKING:
    from streamproof.cluster.registry import Registry
    from streamproof.engine.run import Run

ANSWER_S = 2.0  # a broker that is well needs milliseconds


class Session:
    """Runs subjects on one cluster, again and again. A context manager: leaving it ends all that it started.

    A cluster that a run has failed by (ClusterError) is kept if each broker still answers and knows all others. If not,
    it is ended, and the next run has a fresh cluster.

        with Session(ClusterConfig(brokers=1), logs=Path("logs")) as session:
            judged = session.verify(spec, plan)

    `cluster_config`: where Kafka runs, and which registry, as `[cluster]` of streamproof.toml says. `logs` gets what
    brokers and registry write. `guardian`: who owns the processes; the session has its own where none is given. `port`:
    broker n listens at `port + n - 1`; else where it is free.
    """

    def __init__(
        self,
        cluster_config: ClusterConfig | None = None,
        *,
        logs: Path,
        listeners: Sequence[Listener] = (),
        guardian: Guardian | None = None,
        port: int | None = None,
    ) -> None:
        self.cluster_config = cluster_config or ClusterConfig()
        self.listeners = list(listeners)
        self._logs, self._port = logs, port
        self._given_guardian = guardian
        self._stack = ExitStack()
        self._telling = threading.RLock()
        self._listener_error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def tell(self, event: SessionEvent) -> None:
        """Let every listener know, event after event, whatever thread it comes from.

        The first error of a listener is kept, and raised when the phase has ended, unless the phase has failed itself.
        """
        with self._telling:
            for listen in self.listeners:
                try:
                    listen(event)
                except Exception as error:  # noqa: BLE001 - the thread that tells goes on, and so does the run
                    self._listener_error = self._listener_error or error
            if isinstance(event, PhaseEnded | RunEnded):
                kept, self._listener_error = self._listener_error, None
                if kept and not event.failed:
                    raise kept

    @cached_property
    def guardian(self) -> Guardian:
        return self._given_guardian or self._stack.enter_context(Guardian())

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster, up. Errors are those of `open_cluster`."""
        config = self.cluster_config
        started = config.where in STARTED  # an existing cluster has its own size and version
        threading.Thread(target=_import_run, daemon=True).start()  # takes half a second, while brokers start
        with phase(Phase.CLUSTER, self.tell) as starting:
            opened = open_cluster(
                config.where,
                self.guardian,
                brokers=config.brokers if started else None,
                version=config.version if started else None,
                logs=self._logs,
                port=self._port,
                security=config.security if started else None,
                say=starting.doing,
            )
            self._cluster_stack = self._stack.enter_context(ExitStack())
            cluster = self._cluster_stack.enter_context(opened)
            self.tell(ClusterReady(starting.seconds, cluster))
        return cluster

    @property
    def brokers(self) -> int:
        """How many brokers the cluster has. A cluster that is started need not be up yet."""
        config = self.cluster_config
        return config.brokers if config.where in STARTED else len(self.cluster.brokers)

    @cached_property
    def registry(self) -> "Registry":
        """The schema registry, up: the configuration names it, or it is started here."""
        from streamproof.cluster.registry import open_registry  # noqa: PLC0415 - slow to import

        with phase(Phase.REGISTRY, self.tell) as starting:
            opened = open_registry(self.cluster_config.registry, self.guardian, logs=self._logs, say=starting.doing)
            registry = self._stack.enter_context(opened)
            self.tell(RegistryReady(starting.seconds, registry.name))
        return registry

    @cached_property
    def _jars(self) -> tuple[Path, ...]:
        """Kafka's, whose schemas decode the coordinators' logs of any older version too."""
        with phase(Phase.JARS, self.tell) as fetching:
            return kafka_jars(say=fetching.doing)

    def surroundings(self, spec: RunSpec) -> Surroundings:
        """What a plan may name in a run of `spec` here. A cluster that is started need not be up yet."""
        config = self.cluster_config
        if config.where in STARTED:
            return Surroundings.foreseen(spec.subject, config.where, config.brokers, proxied=config.proxy)
        return Surroundings.of(spec.subject, self.cluster, proxied=config.proxy)

    def verify(self, spec: RunSpec, plan: Plan | Planner = Plan.default) -> Judged:
        """A whole run: start the subject, feed it, carry out `plan`, judge.

        A plan may be made for the seed and for what there is, as the default plan and `random_plan` are.

        UsageError, before anything starts, for a plan that cannot be carried out here.
        """
        with self._told(spec) as tell:
            made = planned(plan, spec.seed, self.surroundings(spec), transactional=spec.transactional)
            with self._made(spec, tell) as run:
                run.carry_out_checked(made)
                return run.finish()

    @contextmanager
    def run(self, spec: RunSpec, *, feed_s: float = FEED_S, observed_at: str | None = None) -> "Iterator[Run]":
        """A run that is started and fed; the caller injects faults. When the block is left, the run is judged.

        `observed_at`: where the verifier reads while the run goes on, if not at the cluster itself.
        """
        with self._told(spec) as tell, self._made(spec, tell, feed_s, observed_at) as run:
            yield run
            run.finish()

    @contextmanager
    def _told(self, spec: RunSpec) -> Iterator[Listener]:
        """Tell of a run's beginning and, come what may, of its end. What listens to the run itself is yielded."""

        def tell(event: SessionEvent) -> None:
            self.tell(replace(event, run=spec.directory))

        try:
            tell(RunStarted(spec))
            yield tell
        except Exception as error:
            tell(RunEnded(Ending.FAILED, str(error)))
            if isinstance(error, ClusterError) and "cluster" in vars(self) and not _is_whole(self.cluster):
                del self.cluster
                self._cluster_stack.close()
            raise
        except BaseException:
            tell(RunEnded(Ending.INTERRUPTED))
            raise
        tell(RunEnded(Ending.JUDGED))

    def _made(self, spec: RunSpec, tell: Listener, feed_s: float = FEED_S, observed_at: str | None = None) -> "Run":
        registry = self.registry if spec.needs_registry else None
        if registry is not None:
            spec = registered(spec, registry.client)
        return _import_run()(
            spec, self.cluster, self.guardian, tell,
            jars=self._jars, registry_url=registry.url if registry else None, proxied=self.cluster_config.proxy,
            feed_s=feed_s, observed_at=observed_at,
        )  # fmt: skip


def _is_whole(cluster: Cluster) -> bool:
    """Whether each broker answers, and knows all others."""
    try:
        known = [metadata(cluster.address(node), timeout_s=ANSWER_S).brokers for node in cluster.brokers]
    except (OSError, ClusterError):
        return False
    return all(set(cluster.brokers) <= {broker.node_id for broker in brokers} for brokers in known)


def _import_run() -> "type[Run]":
    from streamproof.engine.run import Run  # noqa: PLC0415 - slow to import, so while brokers start

    return Run
