"""Faults on a real cluster: evidence is what the brokers say, and none is made up."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from streamproof.clock import now_us
from streamproof.cluster import Cluster, EmbeddedCluster, start_embedded
from streamproof.cluster.broker import STOP_TIMEOUT_S
from streamproof.errors import ClusterError, UsageError
from streamproof.faults import Evidence, Fault, Nemesis
from streamproof.faults.in_flight import LOOK_S, open_now, stopped_inside
from streamproof.faults.kinds import ATTEMPTS, KINDS, broker_of
from streamproof.faults.leadership import GROUPS, TRANSACTIONS, led_by, logs_of
from streamproof.faults.nemesis import AHEAD
from streamproof.faults.world import World
from streamproof.guardian import Guardian
from streamproof.kafka import admin
from streamproof.subject import ProcessSupervisor, SubjectSpec

TOPIC = "faults-input"
WaitUntil = Callable[[Callable[[], bool]], None]


def world_of(cluster: Cluster, guardian: Guardian, logs: Path) -> World:
    """A world without a subject: what brokers do needs none."""
    return World(
        cluster=cluster,
        supervisor=ProcessSupervisor(guardian, SubjectSpec("none", "true"), {}, logs),
        group="faults",
        topic=TOPIC,
        effects=(TOPIC,),
        is_whole=lambda _: True,
        in_flight=frozenset,
        committed=lambda: 0,
        done=lambda: False,
        waiting=lambda: 0,
        unanswered=lambda _: 0,
        stopping=threading.Event(),
        since_ms=0,
    )


def nemesis_of(world: World, total: int) -> Nemesis:
    return Nemesis(world, total, lambda *_: None, lambda: pytest.fail("given up"))


def test_a_target_that_is_none_is_told_and_not_recorded_as_not_done(
    embedded_cluster: Cluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """A test that breaks something by itself reads the sentence where it does so."""
    nemesis = nemesis_of(world_of(embedded_cluster, session_guardian, tmp_path), 0)
    with pytest.raises(UsageError, match='fault pause-broker: its target cannot be "leader"'):
        nemesis.inject(Fault(kind="pause-broker", target="leader", at=0.0))
    assert not nemesis.rows


def test_a_broker_is_called_by_what_it_is(
    embedded_cluster: Cluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """Where there are no transactions, nobody coordinates any: the group's coordinator is taken, and named so."""
    # the cluster may have others' transactions, from before
    world = replace(world_of(embedded_cluster, session_guardian, tmp_path), since_ms=now_us() // 1000)
    node, name = broker_of(world, Fault(kind="pause-broker", target="broker:transaction-coordinator", at=0.0))
    assert name == f"broker {node} (group coordinator)"
    assert broker_of(world, Fault(kind="pause-broker", target="broker:7", at=0.0)) == (7, "broker 7")


class Deeds:
    """A supervisor that only notes what is done to its instances."""

    spec = SubjectSpec("none", "true")

    def __init__(self) -> None:
        self.done: list[str] = []
        self.dies = True  # by a kill, and had not ended by itself before

    def current_all(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(number=1, running=True)]

    def pause(self, number: int) -> None:
        self.done.append(f"pause {number}")

    def resume(self, number: int) -> None:
        self.done.append(f"resume {number}")

    def kill(self, number: int) -> bool:
        self.done.append(f"kill {number}")
        return self.dies

    def start(self, number: int) -> None:
        self.done.append(f"start {number}")


@pytest.fixture
def deeds() -> Deeds:
    return Deeds()


@pytest.fixture
def noted(embedded_cluster: Cluster, session_guardian: Guardian, tmp_path: Path, deeds: Deeds) -> World:
    """A world whose instances are names, and whose brokers know of no transaction of theirs."""
    world = world_of(embedded_cluster, session_guardian, tmp_path)
    return replace(world, supervisor=cast("ProcessSupervisor", deeds), since_ms=2**60)


@pytest.mark.parametrize(
    ("kind", "looks_with", "done"),
    [
        ("kill-in-flight", "list_transactions", ["pause 1", "resume 1"]),
        ("pause-beyond-session", "group", ["pause 1", "resume 1"]),
        ("kill", "group", ["kill 1", "start 1"]),
    ],
)
def test_what_was_broken_is_mended_though_nobody_answers(
    noted: World, deeds: Deeds, monkeypatch: pytest.MonkeyPatch, *, kind: str, looks_with: str, done: list[str]
) -> None:
    """An instance that stayed away to the end of the run would be blamed for it."""

    def silent(*_: object) -> admin.Group:
        if deeds.done:
            raise ClusterError("no broker answers")
        return admin.Group("Stable", frozenset({"member"}))

    monkeypatch.setattr(f"streamproof.faults.kinds.admin.{looks_with}", silent)
    world = replace(noted, in_flight=lambda: frozenset({(0, 7)}))
    with pytest.raises(ClusterError):
        KINDS[kind].inject(world, Fault(kind=kind, target="instance:1", at=0.5, lasts_ms=0))
    assert deeds.done == done


def test_a_subject_whose_producers_are_new_is_transactional_still(
    noted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have just taken their ids again: nothing is open, and what observers are behind with is not in flight."""
    told = [admin.Transaction("id-1", "Ongoing", 7, 0, 5, 0), admin.Transaction("id-1", "Empty", -1, -1, None, 0)]
    monkeypatch.setattr("streamproof.faults.in_flight.admin.list_transactions", lambda _: [told.pop(0)])
    monkeypatch.setattr("streamproof.faults.in_flight.admin.writing", lambda *_: frozenset({7}))
    world = replace(noted, since_ms=0, in_flight=lambda: frozenset({(0, 7)}))
    assert [type(one) for one in open_now(world, 1)] == [str]
    assert open_now(world, 1) == frozenset()


def test_an_instance_runs_on_when_nobody_says_whether_it_has_done_all(noted: World, deeds: Deeds) -> None:
    """A look that ends by an error leaves nothing stopped."""

    def silent() -> bool:
        if "resume 1" in deeds.done:
            raise ClusterError("no broker answers")
        return True

    with pytest.raises(ClusterError):
        stopped_inside(replace(noted, done=silent), 1, ATTEMPTS)
    assert deeds.done == ["pause 1", "resume 1"] * 2


@pytest.mark.parametrize("kind", ["kill", "pause-beyond-session"])
@pytest.mark.parametrize(
    ("then", "state", "effective"),
    [
        ({"b", "c"}, "Stable", True),
        ({"b"}, "Stable", True),
        (set(), "Empty", True),
        ({"a", "b", "c"}, "Stable", False),
        ({"a"}, "PreparingRebalance", False),
        ({"a", "c"}, "Reconciling", False),
    ],
)
def test_a_member_is_missed_by_its_name(
    noted: World,
    deeds: Deeds,
    monkeypatch: pytest.MonkeyPatch,
    *,
    kind: str,
    then: set[str],
    state: str,
    effective: bool,
) -> None:
    """Another may come in its place, so that there are no fewer; and one that comes beside it makes none go.

    One that goes while a silent one is still waited for is not the silent one: the group has not settled.
    """
    monkeypatch.setattr("streamproof.faults.kinds.GIVEN_UP_WITHIN_S", 0.1)
    monkeypatch.setattr(
        "streamproof.faults.kinds.admin.group",
        lambda *_: admin.Group(state if deeds.done else "Stable", frozenset(then if deeds.done else {"a", "b"})),
    )
    world = replace(noted, in_flight=lambda: frozenset({(0, 7)}))
    evidence = KINDS[kind].inject(world, Fault(kind=kind, target="instance:1", at=0.5, lasts_ms=0))
    assert evidence.effective is effective, evidence.sentence


@pytest.mark.parametrize(
    ("in_flight", "held", "done"),
    [
        ({(0, 7)}, "1 input in flight, whose effects it had written and not committed", ["pause 1"]),
        (set(), "nothing in its hands", ["pause 1", "resume 1"] * 2 + ["pause 1"]),  # two looks, and then for good
    ],
)
def test_a_zombie_sleeps_with_work_in_its_hands_if_it_has_any(
    noted: World,
    deeds: Deeds,
    monkeypatch: pytest.MonkeyPatch,
    *,
    in_flight: set[tuple[int, int]],
    held: str,
    done: list[str],
) -> None:
    """What it held is said; the others get all the input that is meant for this fault, and it is woken."""
    monkeypatch.setattr("streamproof.faults.kinds.ATTEMPTS_TO_PAUSE", 2)
    monkeypatch.setattr(
        "streamproof.faults.kinds.admin.group",
        lambda *_: admin.Group("Stable", frozenset({"a"} if deeds.done[-1:] == ["pause 1"] else {"a", "b"})),
    )
    fed: list[float] = []
    world = replace(noted, in_flight=lambda: frozenset(in_flight), feed=fed.append)
    fault = Fault(kind="pause-beyond-session", target="instance:1", at=0.5, lasts_ms=0)
    evidence = KINDS[fault.kind].inject(world, fault)
    assert evidence.effective
    assert evidence.sentence.endswith(f" s with {held}, given up by its group, woken")
    assert deeds.done == [*done, "resume 1"]
    assert fed[-1] == 1.0


@pytest.mark.parametrize(("holder", "effective"), [(1, True), (2, False)])
def test_lines_of_another_instance_are_not_those_of_the_victim(
    noted: World, deeds: Deeds, monkeypatch: pytest.MonkeyPatch, holder: int, effective: bool
) -> None:
    """Told what to send, each instance has lines of its own: only with some of those in flight is its death one."""
    monkeypatch.setattr("streamproof.faults.kinds.ATTEMPTS", 3)
    world = replace(noted, group=None, in_flight=lambda: frozenset({(holder, 7)}))
    evidence = KINDS["kill-in-flight"].inject(world, Fault(kind="kill-in-flight", target="instance:1", at=0.5))
    assert evidence.effective is effective, evidence.sentence
    assert ("kill 1" in deeds.done) is effective


@pytest.mark.parametrize(("holder", "effective"), [(1, True), (2, False)])
def test_a_killed_instance_answers_for_its_own_lines(noted: World, holder: int, effective: bool) -> None:
    """That another has lines to answer for shows nothing of this one's death."""
    world = replace(noted, group=None, waiting=lambda: 7, unanswered=lambda number: 7 if number == holder else 0)
    evidence = KINDS["kill"].inject(world, Fault(kind="kill", target="instance:1", at=0.5, lasts_ms=0))
    assert evidence.effective is effective, evidence.sentence


@pytest.mark.parametrize("group", [None, "faults"])
def test_an_instance_that_had_ended_by_itself_was_not_killed(
    noted: World, deeds: Deeds, monkeypatch: pytest.MonkeyPatch, group: str | None
) -> None:
    """Whatever it had left unanswered, and whoever misses it: that was not the fault's doing."""
    deeds.dies = False
    members = lambda *_: admin.Group("Stable", frozenset(() if deeds.done else {"a"}))  # noqa: E731
    monkeypatch.setattr("streamproof.faults.kinds.admin.group", members)
    world = replace(noted, group=group, unanswered=lambda _: 7)
    evidence = KINDS["kill"].inject(world, Fault(kind="kill", target="instance:1", at=0.5, lasts_ms=0))
    assert evidence == Evidence("instance 1 had ended by itself, and was started again", effective=False)
    assert deeds.done == ["kill 1", "start 1"]


def test_each_look_at_an_instance_has_a_little_more_input(noted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once, it would have been worked off after some looks, and the rest would see a subject at rest."""
    monkeypatch.setattr(World, "wait", lambda *_: None)
    gates: set[float] = set()

    def looked() -> frozenset[tuple[int, int]]:
        gates.add(nemesis.gate)
        return frozenset()

    nemesis = nemesis_of(replace(noted, in_flight=looked, committed=lambda: 100), 100)
    evidence = nemesis.inject(Fault(kind="kill-in-flight", target="instance:1", at=0.2), following=0.4)
    assert not evidence.effective
    steps = [after - before for before, after in pairwise(sorted(gates))]
    assert len(gates) == ATTEMPTS
    assert steps == pytest.approx([0.2 / (ATTEMPTS - 1)] * len(steps))
    assert max(gates) == nemesis.gate == pytest.approx(0.4 + AHEAD)


@pytest.mark.parametrize("begins", [0.004, 0.03, 0.07, 0.15, 0.35])
def test_an_instance_is_stopped_when_its_cycle_is_found_to_be(
    noted: World, monkeypatch: pytest.MonkeyPatch, begins: float
) -> None:
    """Its cycle is 4 ms long: what was seen at one look says whether the next comes sooner or later."""
    monkeypatch.setattr("streamproof.faults.in_flight.ARRIVES_S", 0.0)
    monkeypatch.setattr("streamproof.faults.in_flight.OBSERVED_AFTER_S", 0.0)
    ran = [0.0]
    monkeypatch.setattr(World, "wait", lambda _, seconds: ran.append(seconds) if seconds else None)

    def in_flight() -> frozenset[tuple[int, int]]:
        return frozenset({(0, 7)} if begins <= ran[-1] < begins + 0.004 or ran[-1] == LOOK_S else ())

    world = replace(noted, in_flight=in_flight, done=lambda: ran[-1] >= begins + 0.004)
    seen, _ = stopped_inside(world, 1, ATTEMPTS)
    assert seen
    assert len(ran) < ATTEMPTS / 2


def test_a_mark_that_is_not_reached_leaves_nothing_to_recover_from(
    noted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The subject that stands still is not broken, nor waited for once more; one that has done nothing is given up."""
    monkeypatch.setattr("streamproof.faults.nemesis.RECOVERY_S", 0.1)
    standing = replace(noted, committed=lambda: 5, is_whole=lambda _: pytest.fail("waited for"))
    fault = Fault(kind="kill", target="instance:1", at=0.2)
    evidence = nemesis_of(standing, 100).inject(fault)
    assert (evidence.sentence, evidence.effective) == ("not done: the group did not reach 20% of the workload", False)
    with pytest.raises(pytest.fail.Exception, match="given up"):
        nemesis_of(replace(standing, committed=lambda: 0), 100).inject(fault)


def test_a_fault_is_told_of_before_it_is_waited_for_and_when_it_is_over(noted: World) -> None:
    """Its mark may be a while off."""
    told: list[tuple[str, bool | None]] = []
    fault = Fault(kind="kill", target="instance:1", at=0.0, lasts_ms=0)
    nemesis = Nemesis(
        replace(noted, group=None, unanswered=lambda _: 7, committed=lambda: 1),
        0,
        lambda one, evidence: told.append((str(one), evidence.effective if evidence else None)),
        lambda: pytest.fail("given up"),
    )
    nemesis.inject(fault)
    assert told == [("kill instance:1", None), ("kill instance:1", True)]


@pytest.fixture(scope="module")
def cluster(session_guardian: Guardian, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    """Three brokers to break, whose coordinators' logs have several partitions, as in production."""
    several = {"offsets.topic.num.partitions": "7", "transaction.state.log.num.partitions": "7"}
    logs = tmp_path_factory.mktemp("logs")
    with start_embedded(session_guardian, brokers=3, settings=several, logs=logs) as cluster:
        admin.create_topics(cluster.bootstrap_servers, {TOPIC: 1}, replication=3)
        admin.group_coordinator(cluster.bootstrap_servers, "faults")
        yield cluster


@pytest.fixture
def agreeing(cluster: EmbeddedCluster, wait_until: WaitUntil) -> EmbeddedCluster:
    """The same, once one that was away has heard who leads now."""
    wait_until(lambda: len({admin.leaders(cluster.address(node), TOPIC) for node in cluster.brokers}) == 1)
    return cluster


def test_a_groups_log_is_its_coordinators(cluster: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path) -> None:
    """Of the coordinators' log one partition holds a group, whatever its name: other leaders of it are not missed."""
    servers = cluster.bootstrap_servers
    for group in ("faults", "a", "polygenelubricants", "grüße 🚀", *(f"group-{n}" for n in range(12))):
        world = replace(world_of(cluster, session_guardian, tmp_path), group=group, effects=())
        coordinator = admin.group_coordinator(servers, group)
        own = {GROUPS: logs_of(world, [])[GROUPS]}
        assert [led_by(node, own, servers) for node in (coordinator, coordinator % 3 + 1)] == [1, 0], group


def test_what_is_not_the_subjects_is_not_missed(
    cluster: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """One that is told what to send is in no group, and one without transactions has no coordinator of any."""
    world = world_of(cluster, session_guardian, tmp_path)
    assert logs_of(replace(world, group=None), []).keys() == {TOPIC}
    assert logs_of(world, []).keys() == {TOPIC, GROUPS}
    assert logs_of(replace(world, effects=("out",)), ["id-1"]).keys() == {TOPIC, "out", GROUPS, TRANSACTIONS}


def test_a_broker_that_led_nothing_is_not_missed(
    cluster: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """Paused, the leader is missed; paused again, when others lead, it is not: that shows nothing, and says so."""
    world = world_of(cluster, session_guardian, tmp_path)
    leader = admin.leader(cluster.bootstrap_servers, TOPIC, 0)
    fault = Fault(kind="pause-broker", target=f"broker:{leader}", at=0.5, lasts_ms=0)

    def paused() -> Evidence:
        return KINDS["pause-broker"].inject(world, fault)

    first, second = paused(), paused()
    assert first.effective, first.sentence
    assert not second.effective, second.sentence
    assert second.sentence.endswith("but it led nothing that the subject uses")


@pytest.mark.parametrize(
    ("timeout_s", "said"), [(STOP_TIMEOUT_S, "(leader) stopped, the"), (0, "did not stop in time, was killed, the")]
)
def test_a_broker_that_had_to_be_killed_was_not_stopped(
    agreeing: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path, timeout_s: float, said: str
) -> None:
    """The evidence of a restart says how the broker went."""
    cluster = agreeing
    fault = Fault(kind="restart-broker", target="broker:leader", at=0.5, lasts_ms=0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cluster, "stop", lambda node: cluster._broker(node).stop(timeout_s))
        evidence = KINDS["restart-broker"].inject(world_of(cluster, session_guardian, tmp_path), fault)
    assert evidence.effective, evidence.sentence
    assert said in evidence.sentence
