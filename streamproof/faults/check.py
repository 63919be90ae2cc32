"""Whether a plan can be carried out at all: said before anything runs, as far as it is known by then."""

from collections.abc import Collection, Sequence

from streamproof.cluster.base import Cluster
from streamproof.errors import UnsupportedByCluster, UsageError, did_you_mean
from streamproof.faults.kinds import KINDS
from streamproof.faults.plan import Fault, Plan
from streamproof.faults.target import BROKER, DATABASE, GROUP_COORDINATOR, INSTANCE, NEW_INSTANCE, ROLES
from streamproof.subject import SubjectSpec


def check_plan(
    plan: Plan, subject: SubjectSpec | None = None, cluster: Cluster | None = None, *, backend: str | None = None
) -> None:
    """UsageError for the first fault that there is not, or whose target is written as none.

    With the `subject` and the `cluster`, once they are known, also for a target that this run does not have, and
    UnsupportedByCluster for a fault that cannot be done to such a cluster; of one that is still to be, `backend` says
    what it will be.
    """
    instances = [f"instance:{number}" for number in range(1, subject.instances + 1)] if subject else None
    for number, one in sorted(enumerate(plan.faults, 1), key=lambda pair: pair[1].at):
        check_fault(one, instances, subject, cluster, which=f", {number} of the plan", backend=backend)
        if instances and KINDS[one.kind].target is NEW_INSTANCE:
            instances.append(one.target)


def check_fault(
    one: Fault,
    instances: Collection[str] | None,
    subject: SubjectSpec | None,
    cluster: Cluster | None,
    *,
    which: str = "",
    backend: str | None = None,
) -> None:
    """As `check_plan`, of one fault, while these `instances` are there; `which` tells it from others of its kind."""
    where = f"fault {one.kind}{which}"
    if one.kind not in KINDS:
        raise UsageError(
            f"{where}: there is none of that name{did_you_mean(one.kind, KINDS)}; there are {', '.join(sorted(KINDS))}"
        )
    kind = KINDS[one.kind]
    if not kind.target.takes(one.target):
        raise UsageError(f'{where}: its target cannot be "{one.target}"; write {either(kind.target.forms)}')
    backend = cluster.backend if cluster else backend
    if backend and kind.on and backend not in kind.on:
        raise UnsupportedByCluster(
            f"{where}: this cannot be done to a cluster that is {backend}; leave it out, or use --cluster "
            f"{either(kind.on)}"
        )
    if instances is not None and kind.target is NEW_INSTANCE and one.target in instances:
        raise UsageError(f"{where}: {one.target} is there from the start; write instance:{len(instances) + 1}")
    if subject and subject.input == "stdin" and (kind.of_group or one.target == GROUP_COORDINATOR):
        raise UsageError(f"{where}: a subject that is told what to send is in no group; leave it out")
    there = {
        INSTANCE: instances,
        BROKER: [*(f"broker:{node}" for node in cluster.brokers), *ROLES] if cluster else None,
        DATABASE: [f"database:{name}" for name in subject.lockable] if subject else None,
    }.get(kind.target)
    if there is not None and one.target not in there:
        raise UsageError(
            f'{where}: there is no {kind.target.name} "{one.target}"; '
            + (f"write {either(list(there))}" if there else "leave the fault out: there is none at all")
        )


def either(words: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return " or ".join([*([", ".join(words[:-1])] if words[:-1] else []), words[-1]])
