"""From a request (flags or streamproof.toml) to a verdict: a cluster, a run on it, a plan of faults."""

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from streamproof.complaints import complaint
from streamproof.config.file import ClusterConfig, Config, read_config
from streamproof.contract.asyncapi import read_contract
from streamproof.contract.flags import contract_from_flags
from streamproof.contract.model import Channel, Contract
from streamproof.engine.directories import kept
from streamproof.engine.events import Listener, SeedTriedAgain
from streamproof.engine.spec import RunSpec
from streamproof.errors import UsageError, did_you_mean
from streamproof.faults import Plan, Planner, is_in_words, plan_in_words, random_plan, read_plan
from streamproof.faults.written import kinds
from streamproof.history.promise import Delivery, Isolation
from streamproof.subject import SubjectSpec, require_program
from streamproof.workload import events_from_file, make_events

if TYPE_CHECKING:
    from streamproof.engine.events import Judged


NAMED: Mapping[str, Plan | Planner] = {"default": Plan.default, "random": random_plan, "none": Plan()}


@dataclass(frozen=True)
class Request:
    """What is to be verified: a subject of `config`, or `command` and what follows it, to `isolation`.

    `arguments`: the words of the command that asks for it again. `seeds`: with how many, from the first, it is run.
    `failing`: by a subject's name, or by its command, the seed whose default plan is tried before others.
    """

    directory: Path
    seed: int | None = None
    subject: str | None = None
    config: Path = Path("streamproof.toml")
    command: str | None = None
    input_topic: str | None = None
    output_topics: tuple[str, ...] = ()
    group: str | None = None
    identity: str | None = None
    promise: Delivery | None = None
    ordered: bool | None = None
    isolation: Isolation | None = None
    through: tuple[str, ...] = ()
    instances: int | None = None
    events: int = 20_000
    input_file: Path | None = None
    faults: str = "default"
    cluster: str | None = None
    brokers: int | None = None
    kafka_version: str | None = None
    registry: str | None = None
    security: str | None = None
    proxy: bool | None = None
    without: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    seeds: int = 1
    failing: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """What a request comes to before anything is started.

    `tried_again`: its seed is that of the subject's last violated run.
    """

    cluster: ClusterConfig
    spec: RunSpec
    plan: Plan | Planner
    config: Config | None
    tried_again: bool = False


def verify(request: Request, *listeners: Listener) -> "Judged":
    """Run the subject under faults, on its own cluster or on an existing cluster, and judge what happened."""
    (judged,) = verify_each(replace(request, seeds=1), *listeners)
    return judged


def verify_each(request: Request, *listeners: Listener) -> "Iterator[Judged]":
    """The same with each seed in turn, on one cluster, where no two runs meet: their names end in `-SEED`."""
    prepared = prepare(request)
    from streamproof.engine.session import Session  # noqa: PLC0415 - slow to import: mistakes come before

    with kept(request.directory) as logs, Session(prepared.cluster, logs=logs, listeners=listeners) as session:
        if prepared.tried_again:
            session.tell(SeedTriedAgain(prepared.spec.seed))
        for spec in _specs(request, prepared):
            yield session.verify(spec, prepared.plan)


def _specs(request: Request, prepared: Prepared) -> Iterator[RunSpec]:
    """Of each run. Several are kept in directories of their own, `seed-SEED`."""
    if request.seeds == 1:
        yield prepared.spec
        return
    first = prepared.spec.seed
    for seed in range(first, first + request.seeds):
        spec = spec_of(replace(request, seed=None), prepared.config, seed)
        yield replace(
            spec,
            contract=with_fresh_names(spec.contract, f"-{seed}"),
            suffix=f"-{seed}",
            directory=request.directory / f"seed-{seed}",
        )


def prepare(request: Request) -> Prepared:
    """Read all that the request names; UsageError or ContractError for the first thing that is wrong in it.

    SubjectError for a command whose program is not there.
    """
    if request.command is not None and request.subject:
        raise UsageError(f"give the subject by its name ({request.subject}) or by --run, not by both")
    alone = [flag for flag, value in _with_run(request).items() if value is not None]
    if request.command is None and alone:
        raise UsageError(
            f"{' and '.join(alone)} {'goes' if len(alone) == 1 else 'go'} with --run, which stands for a subject of "
            f"{request.config}; its contract says such things itself"
        )
    config = None if request.command is not None else read_config(request.config)
    plan = plan_of(request)
    again = _failing_seed(request, config)
    spec = spec_of(request, config, seed_of(request, plan) if again is None else again)
    if request.registry is not None and not spec.needs_registry:
        raise UsageError(
            f"--registry: subject {spec.subject.name} uses none: its contract has no schema for a registry, and "
            "nothing of it names {registry_url}; leave it out"
        )
    if request.seeds > 1 and not spec.subject.renames:
        raise UsageError(
            f"--seeds: subject {spec.subject.name} has no {{run}} in its command or environment, so all runs "
            "would meet in the same topics; end the names of topics and group in {run}, such as orders{run}"
        )
    require_program(spec.subject)
    cluster = (config.cluster if config else ClusterConfig()).overridden(
        where=request.cluster,
        brokers=request.brokers,
        version=request.kafka_version,
        registry=request.registry,
        security=request.security,
        proxy=request.proxy,
    )
    return Prepared(cluster, spec, plan, config, tried_again=again is not None)


def _with_run(request: Request) -> dict[str, object]:
    """The flags that describe a command; None for those that are not given."""
    return {
        "--input-topic": request.input_topic,
        "--output-topic": request.output_topics or None,
        "--group": request.group,
        "--identity": request.identity,
        "--promise": request.promise,
        "--ordered": request.ordered,
        "--isolation": request.isolation,
        "--through": request.through or None,
    }


def _failing_seed(request: Request, config: Config | None) -> int | None:
    """The seed that is tried before others, of a request that leaves the choice."""
    if request.seed is not None or request.faults != "default" or not request.failing:
        return None
    return request.failing.get(config.subject(request.subject).name if config else request.command or "")


def seed_of(request: Request, plan: Plan | Planner) -> int:
    """The seed of the workload, and of a plan made from it: what is asked for, else the saved plan's, else any."""
    saved = plan.seed if isinstance(plan, Plan) else None
    asked = (request.seed, saved, int.from_bytes(os.urandom(2)))
    return next(seed for seed in asked if seed is not None)


def spec_of(request: Request, config: Config | None, seed: int) -> RunSpec:
    """The subject, its contract and its events, from streamproof.toml or from flags."""
    subject, contract = _declared(config, request.subject) if config else _from_flags(request)
    if request.instances:
        subject = subject.changed(instances=request.instances)
    file, (checks, without) = request.input_file, _judged_by(config, request.without)
    events = events_from_file(file, contract) if file else make_events(contract, count=request.events, seed=seed)
    return RunSpec(
        subject=subject,
        contract=contract,
        events=tuple(events),
        seed=seed,
        directory=request.directory,
        checks=checks,
        without=without,
        again=shlex.join(["streamproof", *request.arguments, *(["--seed", str(seed)] if request.seed is None else [])]),
    )


def declared_spec(
    config: Config, name: str | None, *, records: int, seed: int, directory: Path, suffix: str
) -> RunSpec:
    """A subject of streamproof.toml on a cluster that it shares: all its names end in `suffix`.

    UsageError for a subject that does not take fresh names through `{run}`.
    """
    subject, contract = _declared(config, name)
    if not subject.renames:
        raise UsageError(
            f"{config.path}: subject {subject.name} has no {{run}} in its command or environment, so its topics and "
            'group have the same names in every test; end them in {run}, such as INPUT_TOPIC = "orders{run}"'
        )
    contract = with_fresh_names(contract, suffix)
    checks, without = _judged_by(config)
    return RunSpec(
        subject=subject,
        contract=contract,
        events=tuple(make_events(contract, count=records, seed=seed)),
        seed=seed,
        directory=directory,
        suffix=suffix,
        checks=checks,
        without=without,
    )


def _declared(config: Config, name: str | None) -> tuple[SubjectSpec, Contract]:
    declared = config.subject(name)
    if not declared.contract.is_file():
        wrong = (
            f"{declared.contract} is a directory"
            if declared.contract.is_dir()
            else f"there is no file {declared.contract}"
        )
        raise UsageError(f"{config.path}: subject.{declared.name}.contract: {wrong}; name an AsyncAPI 3 document")
    return declared, read_contract(declared.contract, declared.operation)


def _judged_by(config: Config | None, without: tuple[str, ...] = ()) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The directories of checks that the file names, and what the verdict does without: by flags, or by the file.

    UsageError when they are not right, before anything runs.
    """
    checks = (config.checks,) if config and config.checks else ()
    without = without or (config.without if config else ())
    if checks or without:
        from streamproof.checks import try_checks  # noqa: PLC0415 - slow to import, for few projects

        try_checks(checks, without)
    return checks, without


def _from_flags(request: Request) -> tuple[SubjectSpec, Contract]:
    given = _with_run(request)
    missing = [flag for flag in ("--input-topic", "--output-topic", "--group") if given[flag] is None]
    if missing or request.command is None or request.input_topic is None or request.group is None:
        raise UsageError(f"--run needs {' and '.join(missing)} too: what the command consumes and produces")
    try:
        subject = SubjectSpec(name="command", command=request.command)
    except ValidationError as error:
        raise UsageError(f"--run{complaint(error.errors()[0], SubjectSpec, 'command')}") from error
    contract = contract_from_flags(
        input_topic=request.input_topic,
        output_topics=request.output_topics,
        group=request.group,
        identity=request.identity or "header:event-id",
        promise=request.promise or Delivery.EXACTLY_ONCE,
        ordered=request.identity != "key" if request.ordered is None else request.ordered,
        isolation=request.isolation or Isolation.READ_COMMITTED,
        through=request.through,
    )
    return subject, contract


def plan_of(request: Request) -> Plan | Planner:
    """The plan that `--faults` gives: by its name, in words, or what was saved."""
    if request.faults in NAMED:
        return NAMED[request.faults]
    path = Path(request.faults)
    if path.exists():
        return read_plan(path)
    if is_in_words(request.faults):
        return plan_in_words(request.faults)
    hint = did_you_mean(request.faults, (*NAMED, *kinds()))
    raise UsageError(
        f"--faults {path}: there is no such file{hint}; give default, random, none, a fault and its target, such as "
        "kill@instance:1, or the path of a plan.json"
    )


def with_fresh_names(contract: Contract, suffix: str) -> Contract:
    """The same contract with `suffix` after each topic and the group, for a subject that takes `{run}`."""

    def renamed(channel: Channel) -> Channel:
        return replace(channel, topic=channel.topic + suffix)

    dead = contract.dead_letters
    return replace(
        contract,
        group=contract.group + suffix,
        input=replace(contract.input, channel=renamed(contract.input.channel)),
        produces=tuple(replace(produced, channel=renamed(produced.channel)) for produced in contract.produces),
        dead_letters=replace(dead, channel=renamed(dead.channel)) if dead else None,
        through=tuple(renamed(channel) for channel in contract.through),
    )
