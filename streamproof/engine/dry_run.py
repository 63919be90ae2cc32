"""A run that is made ready and not started: all that can be checked without a broker, and what would be done."""

from itertools import islice

from pydantic import BaseModel, ConfigDict

from streamproof.checks import ForeseenFinding, foresee
from streamproof.cluster import DEFAULT_VERSION, EXISTING, STARTED, check_cluster
from streamproof.config.file import ClusterConfig
from streamproof.engine.directories import kept
from streamproof.engine.record import promise_of
from streamproof.engine.request import Request, prepare
from streamproof.engine.spec import RunSpec
from streamproof.faults import Surroundings, planned
from streamproof.faults.written import WrittenPlan, json_of
from streamproof.history.promise import Promise
from streamproof.history.terms import Fate

SAMPLE = 3
UNTOLD = (
    "nothing in the command or its environment names {bootstrap_servers}, and the brokers' ports are new in each run; "
    "give the subject their address by it"
)


class SampleEvent(BaseModel):
    """An event as it would be sent; `value` is JSON also where a registry's schema would encode it."""

    id: str
    fate: Fate
    key: str | None
    headers: dict[str, str]
    value: str


class DryRun(BaseModel):
    """What a run would do. `sample`: its first events; `faults`: its plan in words; `unjudged`: what no check judges.

    `anomalies`: those that the checks look for, the project's own too. `hints`: what looks like a mistake, and may be
    none, each a sentence. `again`: the command that starts the run.
    """

    model_config = ConfigDict(frozen=True)

    subject: str
    command: str
    instances: int
    cluster: str
    seed: int
    promise: Promise
    events: int
    sample: tuple[SampleEvent, ...]
    plan: WrittenPlan
    faults: tuple[str, ...]
    anomalies: tuple[ForeseenFinding, ...]
    unjudged: tuple[str, ...]
    hints: tuple[str, ...]
    again: str | None


def dry_run(request: Request) -> DryRun:
    """What `verify` would do. Errors are those that it would end in before a broker is asked or a process started."""
    prepared = prepare(request)
    spec, cluster = prepared.spec, prepared.cluster
    started = cluster.where in STARTED
    check_cluster(cluster.where, cluster.brokers if started else None, cluster.version if started else None)
    backend, brokers = (cluster.where, cluster.brokers) if started else (EXISTING, 0)
    surroundings = Surroundings.foreseen(spec.subject, backend, brokers, proxied=cluster.proxy)
    plan = planned(prepared.plan, spec.seed, surroundings, transactional=spec.transactional)
    promise = promise_of(spec)
    with kept(request.directory):  # it can be made, and holds no run
        return DryRun(
            subject=spec.subject.name,
            command=spec.subject.command,
            instances=spec.subject.instances,
            cluster=_in_words(cluster) if started else f"the cluster at {cluster.where}, which is not asked",
            seed=spec.seed,
            promise=promise,
            events=len(spec.events),
            sample=tuple(_sample(spec)),
            plan=WrittenPlan.model_validate_json(json_of(plan)),
            faults=tuple(f"{fault}: {fault.when}" for fault in plan.faults),
            anomalies=foresee(promise, extra=spec.checks),
            unjudged=spec.contract.unjudged,
            hints=(UNTOLD,) if started and not spec.subject.knows_brokers else (),
            again=spec.again,
        )


def _in_words(cluster: ClusterConfig) -> str:
    count = f"{cluster.brokers} broker{'s' * (cluster.brokers != 1)}"
    return f"{count}, Apache Kafka {cluster.version or DEFAULT_VERSION}, {cluster.where}"


def _sample(spec: RunSpec) -> "list[SampleEvent]":
    by_line = spec.contract.sends  # a line of standard input is a value alone
    return [
        SampleEvent(
            id=event.id,
            fate=event.fate,
            key=None if by_line else event.key,
            headers={} if by_line else {name: value.decode(errors="replace") for name, value in event.headers},
            value=event.value.decode(errors="backslashreplace"),
        )
        for event in islice(spec.events, SAMPLE)
    ]
