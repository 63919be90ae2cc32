"""Systems for faults to act on: without a subject on a real cluster, or made of fakes that only note what is done."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from streamproof.cluster import Cluster, EmbeddedCluster, start_embedded
from streamproof.errors import ClusterError
from streamproof.faults import ACTIONS, Action, Evidence, Fault, Nemesis, Scene, System
from streamproof.faults.targets import INSTANCES, TargetKind
from streamproof.guardian import Guardian
from streamproof.kafka.groups import find_group_coordinator
from streamproof.kafka.leaders import list_leaders
from streamproof.kafka.topics import create_topics
from streamproof.subject import ProcessSupervisor, Ready, SubjectSpec

TOPIC = "faults-input"
WaitUntil = Callable[[Callable[[], bool]], None]
Running = Callable[..., System]


@dataclass(frozen=True)
class FakeProgress:
    """How far a subject has come that is not there: each answer is a function that a test may replace."""

    committed: Callable[[], int] = lambda: 0
    fed_for: Callable[[], float | None] = lambda: 0.0
    in_flight: Callable[[], frozenset[tuple[int, int]]] = frozenset
    done: Callable[[], bool] = lambda: False
    waiting: Callable[[], int] = lambda: 0
    unanswered: Callable[[int], int] = lambda _: 0
    is_whole: Callable[[int], bool] = lambda _: True


def system_of(cluster: Cluster, guardian: Guardian, logs: Path, **progress: object) -> System:
    """A system without a subject: what brokers do needs none."""
    return System(
        cluster=cluster,
        supervisor=ProcessSupervisor(guardian, SubjectSpec(name="none", command="true"), {}, logs),
        progress=FakeProgress(**progress),  # type: ignore[arg-type]
        group="faults",
        topic=TOPIC,
        effects=(TOPIC,),
        since_ms=0,
    )


def with_progress(system: System, **progress: object) -> System:
    return replace(system, progress=replace(cast("FakeProgress", system.progress), **progress))  # type: ignore[arg-type]


@dataclass
class Deeds:
    """A supervisor that only notes what is done to its instances. `dies`: by a kill, and had not ended before."""

    done: list[str] = field(default_factory=list)
    dies: bool = True
    spec: SubjectSpec = SubjectSpec(name="none", command="true")  # noqa: RUF009 - it is frozen

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
def noted(embedded_cluster: Cluster, session_guardian: Guardian, tmp_path: Path, deeds: Deeds) -> System:
    """A system whose instances are names, and whose brokers know of no transaction of theirs."""
    system = system_of(embedded_cluster, session_guardian, tmp_path)
    return replace(system, supervisor=cast("ProcessSupervisor", deeds), since_ms=2**60)


@pytest.fixture
def unmade(tmp_path: Path, deeds: Deeds) -> System:
    """A system of fakes alone, without any broker."""
    cluster = cast(
        "Cluster",
        SimpleNamespace(brokers=(1, 2, 3), backend="embedded", capabilities=frozenset(), bootstrap_servers="nobody:1"),
    )
    supervisor = cast("ProcessSupervisor", deeds)
    return System(cluster, supervisor, FakeProgress(), None, TOPIC, (TOPIC,), since_ms=0)


@pytest.fixture
def running(unmade: System, session_guardian: Guardian, tmp_path: Path, wait_until: WaitUntil) -> Iterator[Running]:
    """A system whose instances are real processes, without any broker."""
    made: list[ProcessSupervisor] = []

    def run(command: str, instances: int = 1, stop_timeout_s: float = 15.0) -> System:
        spec = SubjectSpec(
            name="none", command=command, instances=instances, stop_timeout_s=stop_timeout_s, ready=Ready("log", "up")
        )
        supervisor = ProcessSupervisor(session_guardian, spec, {}, tmp_path)
        made.append(supervisor)
        supervisor.start_all()
        wait_until(lambda: all(supervisor.ready(instance) for instance in supervisor.current_all()))
        return replace(unmade, supervisor=supervisor)

    yield run
    for supervisor in made:
        supervisor.stop_all()
        supervisor.close()


@dataclass
class Heard:
    """A listener that notes what it is told, and then does what a test wants."""

    then: Callable[[str, Fault], None] = lambda *_: None
    all: list[tuple[str, str]] = field(default_factory=list)

    def awaited(self, fault: Fault) -> None:
        self._note("awaited", fault)

    def began(self, fault: Fault) -> None:
        self._note("began", fault)

    def ended(self, fault: Fault, evidence: Evidence) -> None:
        self._note("effective" if evidence.effective else evidence.sentence, fault)

    def _note(self, word: str, fault: Fault) -> None:
        self.all.append((word, str(fault)))
        self.then(word, fault)


def nemesis_of(system: System, total: int = 0, heard: Heard | None = None) -> Nemesis:
    """A nemesis that tells nobody else; given up, the test fails."""
    return Nemesis(system, total, heard or Heard(), lambda: pytest.fail("given up"))


def act(system: System, fault: Fault, feed: Callable[[float], None] = lambda _: None) -> Evidence:
    """One fault from beginning to end, now, whatever its trigger waits for."""
    return nemesis_of(system)._act(fault, feed).evidence


@pytest.fixture(scope="session")
def cluster(session_guardian: Guardian, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    """Three brokers to break, whose coordinators' logs have several partitions, as in production."""
    several = {"offsets.topic.num.partitions": "7", "transaction.state.log.num.partitions": "7"}
    logs = tmp_path_factory.mktemp("logs")
    with start_embedded(session_guardian, brokers=3, settings=several, logs=logs) as cluster:
        create_topics(cluster.bootstrap_servers, {TOPIC: 1}, replication=3)
        find_group_coordinator(cluster.bootstrap_servers, "faults")
        yield cluster


@pytest.fixture
def agreeing(cluster: EmbeddedCluster, wait_until: Callable[[Callable[[], bool]], None]) -> EmbeddedCluster:
    """The same, once a broker that was away has heard who leads now."""

    def agreed() -> bool:
        with contextlib.suppress(ClusterError):  # from a broker that is just back, and has heard of no topic yet
            return len({list_leaders(cluster.address(node), TOPIC) for node in cluster.brokers}) == 1
        return False

    wait_until(agreed)
    return cluster


@pytest.fixture
def tick() -> Iterator[type[Action]]:
    """An action that breaks nothing, and notes when it begins and ends; `release` says until when it lasts."""

    class Tick(Action):
        kind: ClassVar[str] = "tick"
        target: ClassVar[TargetKind] = INSTANCES
        log: ClassVar[list[str]] = []
        release: ClassVar[dict[int, threading.Event]] = {}
        fails: bool = False

        def begin(self, scene: Scene) -> int:
            number = scene.instance or 0
            self.log.append(f"begin {number}")
            return number

        def evidence(self, scene: Scene, state: int) -> Evidence:
            if state in self.release:
                scene.system.wait_until(self.release[state].is_set, 10.0, 0.001)
            if self.fails:
                raise RuntimeError("no evidence")
            return Evidence(f"ticked {state}", effective=True)

        def end(self, scene: Scene, state: int) -> None:  # noqa: ARG002
            self.log.append(f"end {state}")

    yield Tick
    del ACTIONS["tick"]


def log_of(tick: Any) -> list[str]:
    log: list[str] = tick.log
    return log


def busy(system: System) -> System:
    """A subject that has done everything there is, and is whole."""
    return with_progress(system, committed=lambda: 100)
