"""Actions on a real cluster: evidence is what the brokers say, and none is made up."""

from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Message, Producer

from streamproof.clock import now_us
from streamproof.cluster import Cluster, EmbeddedCluster
from streamproof.cluster.broker import STOP_TIMEOUT_S
from streamproof.errors import ClusterError
from streamproof.faults import BrokerRole, Fault, Instance, Kill, Progress, System
from streamproof.faults.actions import KillBrokerAhead, PauseBroker, RestartBroker
from streamproof.faults.roles import find_target
from streamproof.faults.targets import Broker
from streamproof.guardian import Guardian
from streamproof.kafka.groups import Group
from streamproof.kafka.leaders import find_leader
from streamproof.kafka.topics import list_offsets
from tests.faults.conftest import TOPIC, Deeds, act, system_of, with_progress

UNSEEN = "begun, but nothing could be seen of it: no broker answers"


def in_flight_of(*places: tuple[int, int]) -> dict[str, object]:
    return {"in_flight": lambda: frozenset(places)}


def test_a_broker_is_called_by_what_it_is(
    embedded_cluster: Cluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """Where there are no transactions, nobody coordinates any: the group's coordinator is taken, and named so."""
    # the cluster may have others' transactions, from before
    system = replace(system_of(embedded_cluster, session_guardian, tmp_path), since_ms=now_us() // 1000)
    found = find_target(system, BrokerRole.TRANSACTION_COORDINATOR)
    assert isinstance(found, Broker)
    assert found.role == "group coordinator"
    assert find_target(system, Broker(7)) == Broker(7)


@pytest.mark.parametrize(
    ("kind", "looks_with", "done", "told"),
    [
        ("kill-in-flight", "in_flight.list_transactions", ["pause 1", "resume 1"], "not done: no broker answers"),
        ("pause-beyond-session", "actions.processes.describe_group", ["pause 1", "pause 1", "resume 1"], UNSEEN),
        ("kill", "actions.processes.describe_group", ["kill 1", "start 1"], UNSEEN),
    ],
)
def test_what_was_broken_is_mended_though_nobody_answers(
    noted: System,
    deeds: Deeds,
    monkeypatch: pytest.MonkeyPatch,
    *,
    kind: str,
    looks_with: str,
    done: list[str],
    told: str,
) -> None:
    """An instance that stayed away to the end of the run would be blamed for it."""

    def silent(*_: object) -> Group:
        if deeds.done:
            raise ClusterError("no broker answers")
        return Group("Stable", frozenset({"member"}))

    monkeypatch.setattr(
        "streamproof.faults.actions.processes.describe_group", lambda *_: Group("Stable", frozenset({"member"}))
    )
    monkeypatch.setattr(f"streamproof.faults.{looks_with}", silent)
    evidence = act(with_progress(noted, **in_flight_of((0, 7))), Fault.of(kind, "instance:1", lasts_ms=0))
    assert not evidence.effective
    assert evidence.sentence.startswith(told)
    assert deeds.done == done


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
    noted: System,
    deeds: Deeds,
    monkeypatch: pytest.MonkeyPatch,
    *,
    kind: str,
    then: set[str],
    state: str,
    effective: bool,
) -> None:
    """Another member may come in its place, so that there are no fewer; a member that comes beside it makes none go.

    A member that goes while the silent member is still waited for is another: the group has not settled.
    """
    monkeypatch.setattr("streamproof.faults.actions.processes.GIVEN_UP_WITHIN_S", 0.1)
    monkeypatch.setattr(
        "streamproof.faults.actions.processes.describe_group",
        lambda *_: Group(state if deeds.done else "Stable", frozenset(then if deeds.done else {"a", "b"})),
    )
    evidence = act(with_progress(noted, **in_flight_of((0, 7))), Fault.of(kind, "instance:1", lasts_ms=0))
    assert evidence.effective is effective, evidence.sentence
    assert bool(evidence.given_up) is effective


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (Group("Stable", frozenset({"a"})), Group("Stable", frozenset({"a"})), "but its group kept it: its session"),
        (Group("Stable", frozenset()), Group("Stable", frozenset({"a"})), "but whether it was a member is not known"),
        (
            Group("CompletingRebalance", frozenset("ab")),
            Group("Stable", frozenset("ab")),
            "but whether it was a member",
        ),
        (Group("Stable", frozenset("ab")), Group("PreparingRebalance", frozenset("b")), "but its group, which gave up"),
    ],
)
def test_why_no_member_was_missed_is_not_guessed(
    noted: System, deeds: Deeds, monkeypatch: pytest.MonkeyPatch, *, before: Group, after: Group, why: str
) -> None:
    """A session time-out is to blame only where the instance was a member when it was killed, and is one still."""
    monkeypatch.setattr("streamproof.faults.actions.processes.GIVEN_UP_WITHIN_S", 0.1)
    monkeypatch.setattr(
        "streamproof.faults.actions.processes.describe_group", lambda *_: after if deeds.done else before
    )
    evidence = act(noted, Fault(Kill(lasts_ms=0), Instance(1), Progress(0.5)))
    assert (evidence.effective, evidence.given_up) == (False, ())
    assert evidence.sentence.startswith(f"instance 1 killed, {why}")


@pytest.mark.parametrize(
    ("in_flight", "held", "done"),
    [
        ([(0, 7)], "1 input in flight, whose effects it had written and not committed", ["pause 1"] * 2),
        ([], "nothing in its hands", ["pause 1", "resume 1"] * 2 + ["pause 1"]),  # two looks, and then for good
    ],
)
def test_a_zombie_sleeps_with_work_in_its_hands_if_it_has_any(
    noted: System,
    deeds: Deeds,
    monkeypatch: pytest.MonkeyPatch,
    *,
    in_flight: list[tuple[int, int]],
    held: str,
    done: list[str],
) -> None:
    """What it held is said; the others get all the input that is meant for this fault, and it is woken."""
    monkeypatch.setattr("streamproof.faults.actions.PauseBeyondSession.looks", 2)
    monkeypatch.setattr(
        "streamproof.faults.actions.processes.describe_group",
        lambda *_: Group("Stable", frozenset({"a"} if deeds.done[-1:] == ["pause 1"] else {"a", "b"})),
    )
    fed: list[float] = []
    fault = Fault.of("pause-beyond-session", "instance:1", lasts_ms=0)
    evidence = act(with_progress(noted, **in_flight_of(*in_flight)), fault, fed.append)
    assert evidence.effective
    assert f"instance 1 paused with {held}, given up by its group, woken after " in evidence.sentence
    assert deeds.done == [*done, "resume 1"]
    assert fed[-1] == 1.0


def test_input_flows_from_when_an_instance_has_joined(
    noted: System, deeds: Deeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it starts, the others would do it all, and have nothing in hand when they give up partitions."""
    fed: list[float] = []
    looks: list[list[float]] = []

    def members(*_: object) -> Group:
        looks.append([*fed])
        return Group("Stable", frozenset("abc" if len(looks) > 4 else "ab"))

    monkeypatch.setattr("streamproof.faults.actions.processes.describe_group", members)
    evidence = act(noted, Fault.of("join", "instance:2"), fed.append)
    assert evidence.effective
    assert deeds.done == ["start 2"]
    assert (looks, fed) == ([[]] * 5, [1.0])


@pytest.mark.parametrize(("holder", "effective"), [(1, True), (2, False)])
def test_lines_of_another_instance_are_not_those_of_the_victim(
    noted: System, deeds: Deeds, monkeypatch: pytest.MonkeyPatch, holder: int, effective: bool
) -> None:
    """Each instance has lines of its own: only with some of those in flight does its death count as in flight."""
    for pause in ("ARRIVES_S", "LATE_S", "LATEST_S", "LOOK_S", "OBSERVED_AFTER_S"):
        monkeypatch.setattr(f"streamproof.faults.in_flight.{pause}", 0.0)
    system = with_progress(replace(noted, group=None), **in_flight_of((holder, 7)))
    evidence = act(system, Fault.of("kill-in-flight", "instance:1"))
    assert evidence.effective is effective, evidence.sentence
    assert ("kill 1" in deeds.done) is effective


@pytest.mark.parametrize(("holder", "effective"), [(1, True), (2, False)])
def test_a_killed_instance_answers_for_its_own_lines(noted: System, holder: int, effective: bool) -> None:
    """Another instance's lines show nothing of this instance's death."""
    system = with_progress(
        replace(noted, group=None), waiting=lambda: 7, unanswered=lambda number: 7 if number == holder else 0
    )
    evidence = act(system, Fault(Kill(lasts_ms=0), Instance(1), Progress(0.5)))
    assert evidence.effective is effective, evidence.sentence


@pytest.mark.parametrize("group", [None, "faults"])
def test_an_instance_that_had_ended_by_itself_was_not_killed(
    noted: System, deeds: Deeds, monkeypatch: pytest.MonkeyPatch, group: str | None
) -> None:
    """Whatever it had left unanswered, and whoever misses it: that was not the fault's doing."""
    deeds.dies = False
    members = lambda *_: Group("Stable", frozenset(() if deeds.done else {"a"}))  # noqa: E731
    monkeypatch.setattr("streamproof.faults.actions.processes.describe_group", members)
    system = with_progress(replace(noted, group=group), unanswered=lambda _: 7)
    evidence = act(system, Fault(Kill(lasts_ms=0), Instance(1), Progress(0.5)))
    assert not evidence.effective
    assert evidence.sentence.startswith("instance 1 had ended by itself, and was started again")
    assert deeds.done == ["kill 1", "start 1"]


def test_a_broker_that_led_nothing_is_not_missed(
    agreeing: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """Paused, the leader is missed; paused again, when others lead, it is not: that shows nothing, and says so."""
    system = system_of(agreeing, session_guardian, tmp_path)
    leader = Broker(find_leader(agreeing.bootstrap_servers, TOPIC, 0))
    fault = Fault(PauseBroker(lasts_ms=0), leader, Progress(0.5))
    first, second = act(system, fault), act(system, fault)
    assert first.effective, first.sentence
    assert not second.effective, second.sentence
    assert "but it led nothing that the subject uses, back after " in second.sentence


@pytest.mark.parametrize(
    ("timeout_s", "sentence"), [(STOP_TIMEOUT_S, "(leader) stopped, the"), (0, "did not stop in time, was killed, the")]
)
def test_a_broker_that_had_to_be_killed_was_not_stopped(
    agreeing: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path, timeout_s: float, sentence: str
) -> None:
    """The evidence of a restart says how the broker went."""
    cluster = agreeing
    fault = Fault(RestartBroker(lasts_ms=0), BrokerRole.LEADER, Progress(0.5))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cluster, "stop", lambda node: cluster.broker(node).stop(timeout_s))
        evidence = act(system_of(cluster, session_guardian, tmp_path), fault)
    assert evidence.effective, evidence.sentence
    assert sentence in evidence.sentence


def test_what_a_broker_has_ahead_of_all_others_dies_with_it(
    agreeing: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """What the leader acknowledged while the others slept is gone when it is back; all brokers are there again."""
    producer = Producer({"bootstrap.servers": agreeing.bootstrap_servers, "acks": 1, "linger.ms": 0})
    producer.produce(TOPIC, b"before", partition=0)
    assert producer.flush(30) == 0
    acknowledged: list[int] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        assert error is None
        acknowledged.append(message.offset() or 0)

    def send(_share: float) -> None:
        for _ in range(10):  # a fetch that was under way still carries what came first
            producer.produce(TOPIC, b"ahead", partition=0, on_delivery=delivered)
            producer.flush(10)

    fault = Fault(KillBrokerAhead(lasts_ms=0, asleep_ms=0), BrokerRole.LEADER, Progress(0.5))
    evidence = act(system_of(agreeing, session_guardian, tmp_path), fault, send)
    assert evidence.effective, evidence.sentence
    assert len(acknowledged) == 10
    assert list_offsets(agreeing.bootstrap_servers, [TOPIC])[TOPIC, 0].high_watermark < acknowledged[-1]
