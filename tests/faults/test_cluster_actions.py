"""Faults of more than a broker's process: its disk, the quorum, all brokers, and who leads what."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.cluster import EmbeddedCluster
from streamproof.errors import ClusterError, UnsupportedByCluster, UsageError
from streamproof.faults import (
    AllBrokers,
    AtMoment,
    BrokerRole,
    Evidence,
    Fault,
    FillDisk,
    KillAllBrokers,
    KillBroker,
    Moment,
    MoveLeaders,
    Progress,
    Surroundings,
    check_plan,
    plan_in_words,
)
from streamproof.faults.actions import Action
from streamproof.faults.targets import Broker, Target, overlap
from streamproof.guardian import Guardian
from streamproof.kafka.quorum import find_controller
from streamproof.kafka.replicas import let_lead, list_replicas, reorder
from streamproof.kafka.requests import metadata
from streamproof.subject import SubjectSpec
from streamproof.wire import Proxy
from tests.faults.conftest import TOPIC, act, system_of

Done = Callable[[Action, Target], Evidence]
WaitUntil = Callable[[Callable[[], bool]], None]
PLAIN = SubjectSpec(name="plain", command="true")


@pytest.fixture
def done(agreeing: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path) -> Done:
    """What is seen of a fault on three brokers that know of each other."""
    system = system_of(agreeing, session_guardian, tmp_path)
    return lambda action, on: act(system, Fault(action, on, Progress(0.5)))


def placed(cluster: EmbeddedCluster) -> tuple[int, tuple[int, ...]]:
    """Who leads the topic's partition, and the order of those that have it."""
    return list_replicas(cluster.bootstrap_servers, [TOPIC])[TOPIC, 0]


def test_the_loss_of_the_controller_is_told_by_the_quorum(agreeing: EmbeddedCluster, done: Done) -> None:
    """Whether or not it led anything of the subject's; any broker that is asked who the controller is names itself."""
    before = find_controller(agreeing.bootstrap_servers)
    evidence = done(KillBroker(lasts_ms=0), BrokerRole.CONTROLLER)
    assert evidence.effective, evidence.sentence
    assert evidence.sentence.startswith(f"broker {before} (controller) killed, the quorum led by another, back after ")
    assert find_controller(agreeing.bootstrap_servers) != before


def test_the_broker_that_an_instance_asks_is_lost(
    agreeing: EmbeddedCluster, session_guardian: Guardian, tmp_path: Path
) -> None:
    """And not the leader of the first partition of its input, which it has nothing to ask for."""
    leader = placed(agreeing)[0]
    other = next(node for node in agreeing.brokers if node != leader)
    proxy = Proxy(agreeing.address(other))
    proxy.start()
    try:
        address = proxy.servers(1)
        metadata(address)  # by which the proxy knows who is where

        def asks() -> None:
            with suppress(OSError, ClusterError):  # of a broker that is gone
                metadata(address)

        asking = threading.Thread(target=asks)
        fault = Fault(KillBroker(lasts_ms=0), BrokerRole.ASKED, AtMoment(Progress(0), Moment("Metadata"), instance=1))

        def ask(_: float) -> None:
            if asking.ident is None:
                asking.start()

        evidence = act(replace(system_of(agreeing, session_guardian, tmp_path), wire=proxy), fault, ask)
        asking.join()
    finally:
        proxy.stop()
    assert f": broker {other} (asked) killed" in evidence.sentence


def test_all_brokers_are_gone_and_come_back(agreeing: EmbeddedCluster, done: Done) -> None:
    """None could start without another; what answers in between would be no power cut."""
    evidence = done(KillAllBrokers(lasts_ms=0), AllBrokers())
    assert evidence.effective, evidence.sentence
    assert evidence.sentence.startswith("all 3 brokers killed, and none answers, back after ")
    assert all(agreeing.broker(node).running for node in agreeing.brokers)


def test_brokers_that_could_not_all_be_killed_are_started_again(
    agreeing: EmbeddedCluster, done: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is broken by what could not begin."""
    kill = agreeing.kill

    def killed_or_not(node: int) -> None:
        if node == agreeing.brokers[-1]:
            raise ClusterError("it will not go")
        kill(node)

    monkeypatch.setattr(agreeing, "kill", killed_or_not)
    assert done(KillAllBrokers(lasts_ms=0), AllBrokers()).sentence == "not done: it will not go"
    assert all(agreeing.broker(node).running for node in agreeing.brokers)


def test_a_broker_without_room_on_its_disk_gives_up(
    agreeing: EmbeddedCluster, done: Done, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    """By itself; it has room again when it is back."""
    leader = placed(agreeing)[0]
    process = agreeing.broker(leader)._process
    evidence = done(FillDisk(lasts_ms=0), BrokerRole.LEADER)
    assert evidence.effective, evidence.sentence
    assert evidence.sentence.startswith(f"broker {leader} (leader) left without room to write, the ")
    assert process is not None
    assert process.returncode == 1
    wait_until(lambda: len(list_replicas(agreeing.address(leader), [TOPIC])) == 1)


def test_leaders_move_while_nobody_is_away_and_come_back(
    agreeing: EmbeddedCluster, done: Done, monkeypatch: pytest.MonkeyPatch, wait_until: WaitUntil
) -> None:
    """The order of the replicas is as it was, too; also where the leader is not the first of it."""
    let_lead(agreeing.bootstrap_servers, {(TOPIC, 0): (3, 1, 2)})
    reorder(agreeing.bootstrap_servers, {(TOPIC, 0): (1, 2, 3)})
    wait_until(lambda: placed(agreeing) == (3, (1, 2, 3)))
    before, seen = placed(agreeing), []
    wait = MoveLeaders.evidence

    def looked_at(*arguments: object) -> Evidence:
        evidence = wait(*arguments)  # type: ignore[arg-type]
        seen.append(placed(agreeing))
        return evidence

    monkeypatch.setattr(MoveLeaders, "evidence", looked_at)
    evidence = done(MoveLeaders(lasts_ms=0), BrokerRole.LEADER)
    assert evidence.effective, evidence.sentence
    assert evidence.sentence.startswith(
        f"what broker {before[0]} (leader) led in 1 partition, others lead, back after "
    )
    assert seen[0][0] != before[0]
    assert set(seen[0][1]) == set(before[1])
    wait_until(lambda: placed(agreeing) == before)  # a broker may hear of it later


def test_a_broker_that_leads_nothing_has_nothing_to_move(agreeing: EmbeddedCluster, done: Done) -> None:
    """Then clients would notice nothing, and that is told."""
    other = next(node for node in agreeing.brokers if node != placed(agreeing)[0])
    evidence = done(MoveLeaders(lasts_ms=0), Broker(other))
    assert not evidence.effective
    assert evidence.sentence.startswith(f"broker {other} led nothing of the subject's topics that others have too")


def test_leaders_that_could_not_be_elected_are_put_back(
    agreeing: EmbeddedCluster, done: Done, monkeypatch: pytest.MonkeyPatch, wait_until: WaitUntil
) -> None:
    """The new order alone would move them later, by itself."""
    before, failed = placed(agreeing), list[bool]()

    def at_the_second_try(*arguments: object) -> None:
        let_lead(*arguments)  # type: ignore[arg-type]
        if not failed:
            failed.append(True)
            raise ClusterError("no leader")

    monkeypatch.setattr("streamproof.faults.actions.brokers.let_lead", at_the_second_try)
    assert done(MoveLeaders(lasts_ms=0), BrokerRole.LEADER).sentence == "not done: no leader"
    wait_until(lambda: placed(agreeing) == before)  # a broker may hear of it later


@pytest.mark.parametrize(
    ("words", "backend"),
    [("fill-disk@broker:leader", "testcontainers"), ("kill-all-brokers@broker:all", "existing"),
     ("move-leaders@broker:1", "existing"), ("kill-broker@broker:controller", "existing")],
)  # fmt: skip
def test_what_a_cluster_cannot_suffer_is_refused(words: str, backend: str) -> None:
    """Before anything runs."""
    check_plan(plan_in_words(words), Surroundings.foreseen(PLAIN, "embedded", 3))
    with pytest.raises(UnsupportedByCluster, match=f"cannot be done to a cluster that is {backend}"):
        check_plan(plan_in_words(words), Surroundings.foreseen(PLAIN, backend, 3))


def test_all_brokers_are_a_target_of_their_own() -> None:
    """Which no other fault may have in its hands meanwhile."""
    assert plan_in_words("kill-all-brokers@broker:all").faults[0].on == AllBrokers()
    with pytest.raises(UsageError, match='its target cannot be "broker:all"; write broker:N'):
        plan_in_words("kill-broker@broker:all")
    assert overlap(AllBrokers(), Broker(2))
    assert not overlap(Broker(1), Broker(2))
