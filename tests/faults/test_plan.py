"""Plans of faults: the same from the same seed, and honest about what a cluster cannot be made to do."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from streamproof.capabilities import OF_BACKEND, Capability
from streamproof.errors import UnsupportedByCluster, UsageError
from streamproof.faults import (
    ACTIONS,
    Action,
    After,
    During,
    Elapsed,
    Fault,
    InFlight,
    Instance,
    Kill,
    Plan,
    Progress,
    Surroundings,
    check_plan,
    plan_in_words,
    read_plan,
)
from streamproof.faults.actions import Join, PauseBeyondSession
from streamproof.faults.moments import AtMoment
from streamproof.faults.triggers import SoFar, Trigger
from streamproof.faults.written import fault_of, json_of, keys_of
from streamproof.subject import SubjectSpec
from streamproof.subject.spec import Input
from streamproof.wire import Moment

SUBJECT = SubjectSpec(
    name="orders",
    command="true",
    instances=2,
    databases={"orderHistory": "sqlite+pysqlite:///{directory}/a.db", "audit": "postgresql://db/audit"},
)


def around(subject: SubjectSpec = SUBJECT, backend: str = "embedded") -> Surroundings:
    """Three brokers of some kind of cluster, and a subject."""
    return replace(Surroundings.foreseen(subject, backend, 3))


PLAIN = around(SubjectSpec(name="plain", command="true", instances=2))
NOT_OURS = around(SubjectSpec(name="plain", command="true", instances=2), "existing")


def test_a_seed_makes_the_same_plan_again() -> None:
    """What a run did can be done again; another seed does something else."""
    first = Plan.default(7, PLAIN)
    assert first == Plan.default(7, PLAIN)
    assert first != Plan.default(8, PLAIN)


def test_a_plan_is_read_as_it_was_saved(tmp_path: Path) -> None:
    """plan.json is a plan."""
    plan = Plan.default(7, around())
    plan.save(tmp_path / "plan.json")
    assert Plan.read(tmp_path / "plan.json") == plan


@pytest.mark.parametrize(
    "when",
    [
        Progress(0.2),
        Elapsed(1.5),
        During("x", 3),
        After("x"),
        InFlight(Progress(0.2)),
        InFlight(During("x")),
        InFlight(Progress(0.2), required=False),
        InFlight(Progress(0.2), looks=3),
    ],
)
@pytest.mark.parametrize("action", [Kill(lasts_ms=7), PauseBeyondSession(lasts_ms=7)])
def test_every_trigger_is_read_as_it_is_written(when: Trigger, action: Action) -> None:
    """With the action's parameters and the fault's name."""
    fault = Fault(action, Instance(3), when, "mine")
    assert fault_of(keys_of(fault)) == fault


def test_a_saved_plan_has_no_empty_keys() -> None:
    """What says nothing is left out: the file is read by people too."""
    plan = Plan((Fault(Kill(), Instance(1), After("x")),))
    assert json.loads(json_of(plan)).keys() == {"faults"}
    assert "after_ms" not in json_of(plan)
    assert json.loads(json_of(replace(plan, seed=3, dropped=("a",)))).keys() == {"seed", "faults", "dropped"}


def test_a_trigger_of_the_users_own_is_written_for_people_alone() -> None:
    """A run saves its plan, and a plan that is read again must not leave a trigger out."""

    @dataclass(frozen=True)
    class Sunset(Trigger):
        def met(self, so_far: SoFar) -> bool:  # noqa: ARG002
            return True

        def __str__(self) -> str:
            return "at sunset"

    keys = keys_of(Fault(Kill(), Instance(1), Sunset()))
    assert keys["when"] == "at sunset"
    with pytest.raises(UsageError, match="when"):
        fault_of(keys)


def test_a_plan_can_be_made_smaller() -> None:
    """By one fault, while all others stay."""
    plan = Plan.default(7, PLAIN)
    smaller = plan.without(plan.faults[1])
    assert smaller.faults == (plan.faults[0], *plan.faults[2:])
    assert smaller.seed == plan.seed


def test_what_depends_on_a_fault_goes_with_it() -> None:
    """By way of others too: what is left can be carried out."""
    first, second = Fault(Kill(), Instance(1), Progress(0.2), "a"), Fault(Kill(), Instance(2), During("a"), "b")
    third, other = Fault(Kill(), Instance(1), After("b")), Fault(Kill(), Instance(2), Progress(0.9))
    smaller = Plan((first, second, third, other)).without(first)
    assert smaller == Plan((other,))
    check_plan(smaller, PLAIN)
    assert Plan((first, second)) + Plan((other,)) == Plan((first, second, other))


NO_ACTION: Any = Kill
NO_TRIGGER: Any = 0.3
A_TEXT: Any = "instance:1"
A_HALF: Any = 2.5
NO_TUPLE: Any = [Fault.of("kill", "instance:1")]
UNKNOWN: Any = {"lasts": 3}
GOOD = '{"kind": "kill", "target": "instance:1", "at": 0.5}'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "expected a plan, found a list"),
        ('{"seed": "x"}', 'seed: expected a whole number, found "x"'),
        ('{"fault": []}', 'fault is not known (did you mean "faults"?)'),
        ('{"faults": {}}', "faults: expected a list of faults, found a table"),
        ('{"dropped": [1]}', "dropped: expected a list of sentences, found 1"),
        (f'{{"faults": [{GOOD}, 3]}}', "fault 2: expected a fault, found 3"),
        (GOOD.replace("0.5", "7"), "fault 1: at: expected a share of the workload, from 0 to 1, found 7"),
        (GOOD.replace("0.5", '"soon"'), 'fault 1: at: expected a share of the workload, from 0 to 1, found "soon"'),
        ('{"kind": "kill", "at": 0}', 'fault 1: target is missing: expected what it is done to, such as "instance:1"'),
        (GOOD.replace('"kill"', "null"), 'fault 1: kind: expected the name of a fault, such as "kill", found nothing'),
        (GOOD.replace("0.5", '0, "lasts_ms": -1'), "fault 1: lasts_ms: expected whole milliseconds, of at least 0"),
        (GOOD.replace("0.5", '0, "last_ms": 1'), 'fault 1: last_ms is not known (did you mean "lasts_ms"?)'),
    ],
)
def test_a_mistake_in_a_file_is_told_with_the_number_of_the_fault(tmp_path: Path, text: str, sentence: str) -> None:
    """From 1; with the field, what is expected there, and what was found."""
    file = tmp_path / "plan.json"
    file.write_text(f'{{"faults": [{text}]}}' if text.startswith('{"kind') else text)
    with pytest.raises(UsageError) as caught:
        read_plan(file)
    assert str(caught.value).startswith(f"{file}: {sentence}")
    assert str(caught.value).endswith("; a plan is what a run saves as plan.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(20))
def test_the_default_plan_names_faults_that_there_are_in_the_order_of_their_marks(seed: int) -> None:
    """For every seed; two instances are each broken, and one of them stopped in good order."""
    plan = Plan.default(seed, PLAIN)
    check_plan(plan, PLAIN)
    marks = [fault.when.mark or 0 for fault in plan.faults]
    assert marks == sorted(marks)
    assert {fault.on for fault in plan.faults if isinstance(fault.on, Instance)} == {Instance(1), Instance(2)}
    assert [fault.action.kind for fault in plan.faults].count("stop") == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_promise_that_takes_transactions_has_one_aborted_that_keeps_its_partitions(seed: int) -> None:
    """Where the proxy sees requests; what such a promise does not need, is not waited for."""
    proxied = Surroundings.foreseen(SUBJECT, "embedded", 3, proxied=True)
    plan = Plan.default(seed, proxied, transactional=True)
    check_plan(plan, proxied)
    (refused,) = (fault for fault in plan.faults if fault.action.kind == "error-answer")
    assert isinstance(refused.when, AtMoment)
    assert refused.when.moment == Moment("TxnOffsetCommit")
    (asleep,) = (fault for fault in plan.faults if fault.action.kind == "pause-beyond-session")
    assert isinstance(asleep.when, AtMoment)
    assert (asleep.when.moment, asleep.when.required) == (Moment("TxnOffsetCommit"), False)
    others = [fault for fault in Plan.default(seed, proxied).faults if fault.action.kind != "pause-beyond-session"]
    assert list(plan.without(refused).without(asleep).faults) == others
    assert Plan.default(seed, PLAIN, transactional=True) == Plan.default(seed, PLAIN)


def test_brokers_that_are_not_ours_are_left_alone_and_that_is_said() -> None:
    """On an existing cluster the loss of a broker is not shown."""
    plan = Plan.default(7, NOT_OURS)
    assert not [fault for fault in plan.faults if Capability.BREAK_BROKERS in fault.action.requires]
    assert any("broker" in sentence for sentence in plan.dropped)


def plan_of(*faults: tuple[str, str]) -> Plan:
    """Kinds and targets, in the order of their marks."""
    words = [f"{kind}@{target}" for kind, target in faults]
    return plan_in_words(",".join(words))


def test_a_fault_that_there_is_not_is_told_with_those_that_there_are() -> None:
    """Before anything runs."""
    with pytest.raises(UsageError, match="fault melt, 1 of the plan: there is none of that name; there are") as caught:
        plan_of(("melt", "instance:1"))
    assert all(kind in str(caught.value) for kind in ACTIONS)


@pytest.mark.parametrize(
    ("kind", "target", "write"),
    [
        ("kill", "1", "instance:N"),
        ("kill", "instance:0", "instance:N"),
        ("kill", "instance:one", "instance:N"),
        ("kill", "broker:1", "instance:N"),
        ("join", "database:orders", "instance:N"),
        (
            "pause-broker",
            "leader",
            "broker:N, broker:leader, broker:group-coordinator, broker:transaction-coordinator, ",
        ),
        ("kill-broker", "broker:coordinator", "broker:N, broker:leader"),
        ("kill-broker", "instance:1", "broker:N, broker:leader"),
        ("lock-database", "orders", "database:CHANNEL"),
        ("lock-database", "database:", "database:CHANNEL"),
    ],
)
def test_a_target_that_is_written_as_none_is_told_with_how_to_write_it(kind: str, target: str, write: str) -> None:
    """As soon as the plan is read: which fault of it, what is wrong, what to write."""
    with pytest.raises(UsageError) as caught:
        plan_of(("kill", "instance:1"), (kind, target))
    sentence = str(caught.value)
    assert sentence.startswith(f'fault {kind}, 2 of the plan: its target cannot be "{target}"; write {write}')


@pytest.mark.parametrize(
    ("kind", "target", "sentence"),
    [
        ("kill", "instance:7", "there is no instance:7; write instance:1 or instance:2"),
        ("join", "instance:2", "instance:2 is there from the start; write instance:3"),
        ("lock-database", "database:audit", "there is no database:audit; write database:orderHistory"),
        ("pause-broker", "broker:9", "there is no broker:9; write broker:1, broker:2, broker:3, broker:leader, "),
    ],
)
def test_a_target_that_this_run_does_not_have_is_told_with_those_that_it_has(
    kind: str, target: str, sentence: str
) -> None:
    """Once the subject and the cluster are known, and not before."""
    plan = plan_of((kind, target))
    with pytest.raises(UsageError) as caught:
        check_plan(plan, around())
    assert f"fault {kind}, 1 of the plan: " in str(caught.value)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "target"),
    [("join", "instance:3"), ("pause-beyond-session", "instance:1"), ("kill-broker", "broker:group-coordinator")],
)
def test_what_needs_a_group_is_refused_to_a_subject_that_is_in_none(kind: str, target: str) -> None:
    """It is told what to send, and reads no topic."""
    check_plan(plan_of((kind, target)), around())
    with pytest.raises(UsageError, match="is in no group; leave it out"):
        check_plan(plan_of((kind, target)), around(SUBJECT.model_copy(update={"input": Input("stdin")})))


def test_the_default_plan_of_a_subject_that_is_in_no_group_can_be_carried_out() -> None:
    """For every seed, it asks for nothing that needs a group."""
    for seed in range(20):
        surroundings = around(SUBJECT.model_copy(update={"input": Input("stdin")}))
        check_plan(Plan.default(seed, surroundings), surroundings)


def test_where_there_is_no_database_the_fault_is_to_be_left_out() -> None:
    """There is none to write instead."""
    with pytest.raises(UsageError, match="there is no SQLite database of the subject at all; leave the fault out"):
        check_plan(plan_of(("lock-database", "database:orderHistory")), PLAIN)


def test_what_joins_can_be_broken_after_and_not_before() -> None:
    """A plan is read in the order of its marks."""
    joins, dies = ("join", "instance:3"), ("kill", "instance:3")
    check_plan(plan_of(joins, dies), around())
    with pytest.raises(UsageError, match="fault kill, 1 of the plan: there is no"):
        check_plan(plan_of(dies, joins), around())


@pytest.mark.parametrize(
    ("kind", "backend", "clusters"),
    [
        ("kill-broker", "existing", "embedded or testcontainers"),
        ("disconnect-broker", "existing", "testcontainers"),
        ("disconnect-broker", "embedded", "testcontainers"),
    ],
)
def test_a_fault_that_a_cluster_cannot_do_is_told_with_those_that_can(kind: str, backend: str, clusters: str) -> None:
    """Nobody else's brokers are broken."""
    plan = plan_of((kind, "broker:1"))
    check_plan(plan, around(backend="testcontainers"))
    with pytest.raises(UnsupportedByCluster) as caught:
        check_plan(plan, around(backend=backend))
    assert str(caught.value).endswith(f"to a cluster that is {backend}; leave it out, or use --cluster {clusters}")


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({}, "it does not say when; write one of at, elapsed_s, during or after"),
        ({"at": 0.1, "elapsed_s": 3}, "it has at and elapsed_s; write one of at, elapsed_s, during or after"),
        ({"at": 0.1, "after_ms": 3}, "after_ms counts from another fault; write it beside during or after, not at"),
    ],
)
def test_a_fault_says_once_when_it_begins(keys: dict[str, float], sentence: str) -> None:
    """Neither never nor twice."""
    with pytest.raises(UsageError, match=f"^fault kill, 1 of the plan: {sentence}"):
        fault_of({"kind": "kill", "target": "instance:1", **keys}, ", 1 of the plan")


@pytest.mark.parametrize(
    ("names", "sentence"), [((), "there is no fault named"), (("x", "x"), "there are several faults")]
)
def test_a_fault_that_depends_on_another_names_a_fault_of_the_plan(names: tuple[str, ...], sentence: str) -> None:
    """A single fault, so that it is clear which is meant."""
    others = [Fault(Kill(), Instance(1), Progress(0.1), name) for name in names]
    with pytest.raises(UsageError, match=sentence):
        check_plan(Plan((*others, Fault(Kill(), Instance(2), During("x")))), PLAIN)


def test_faults_that_wait_for_each_other_would_wait_for_ever() -> None:
    """Also a fault that waits for itself."""
    own = Fault(Kill(), Instance(1), After("a"), "a")
    first, second = Fault(Kill(), Instance(1), After("b"), "a"), Fault(Kill(), Instance(2), During("a"), "b")
    for plan, ring in ((Plan((own,)), "a → a"), (Plan((first, second)), "a → b → a")):
        with pytest.raises(UsageError, match=rf"fault kill, 1 of the plan: it waits for itself \({ring}\); give it"):
            check_plan(plan, PLAIN)
    waits = Fault(Kill(), Instance(2), After("a"))
    check_plan(Plan((waits, Fault(Kill(), Instance(1), Progress(0.2), "a"))), PLAIN)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Progress(30), r"Progress\(30\): give a share of the workload, from 0 to 1"),
        (lambda: Progress(A_TEXT), r"Progress\('instance:1'\): give a share of the workload"),
        (lambda: Elapsed(-1), r"Elapsed\(-1\): give seconds, of at least 0"),
        (lambda: Kill(lasts_ms=A_HALF), "fault kill: lasts_ms: expected whole milliseconds, of at least 0, found 2.5"),
        (lambda: Kill(**UNKNOWN), r'fault kill: lasts is not known \(did you mean "lasts_ms"\?\)'),
        (lambda: Plan(NO_TUPLE), r"is no tuple of faults; write Plan"),
        (lambda: During("a", after_ms=-3), "During: after_ms is -3; give milliseconds, of at least 0"),
        (lambda: Fault(NO_ACTION, Instance(1), Progress(0.3)), "is no action; write one such as Kill"),
        (lambda: Fault(Kill(), Instance(1), NO_TRIGGER), "fault kill: 0.3 is no trigger; write one such as Progress"),
        (lambda: Fault(Kill(), A_TEXT, Progress(0.3)), r"a text is for Fault.of\('kill', 'instance:1'\)"),
    ],
)
def test_a_mistake_in_python_is_told_as_one_in_a_file_is(make: Callable[[], object], sentence: str) -> None:
    """What a plan.json may not say, a plan in Python may not say either."""
    with pytest.raises(UsageError, match=sentence):
        make()


def test_only_an_instance_that_runs_can_be_in_flight() -> None:
    """There is nothing to stop and to look at before an instance is there."""
    with pytest.raises(UsageError, match="fault join: instance:3 has no cycle"):
        Fault(Join(), Instance(3), InFlight(Progress(0.2)))


def test_two_actions_of_one_kind_are_refused() -> None:
    """A plan would mean the first and get the second."""
    with pytest.raises(TypeError, match='Kill has the kind "kill" already'):

        class Other(Kill):
            kind: ClassVar[str] = "kill"


def test_each_kind_of_cluster_says_what_can_be_done_to_it() -> None:
    """In a single table, by which plans drop and refuse faults."""
    assert Capability.CUT_BROKERS in OF_BACKEND["testcontainers"] - OF_BACKEND["embedded"]
    assert not OF_BACKEND["existing"]
