"""What a session tells its listeners of its runs, and when."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streamproof.clock import now_us
from streamproof.cluster import Cluster, EmbeddedCluster
from streamproof.cluster.existing import ExistingCluster
from streamproof.config.file import read_config
from streamproof.engine.events import (
    ClusterReady,
    Ending,
    Phase,
    PhaseBegan,
    PhaseEnded,
    RunEnded,
    RunStarted,
    SessionEvent,
    phase,
)
from streamproof.engine.request import declared_spec
from streamproof.engine.session import Session
from streamproof.engine.spec import RunSpec
from streamproof.errors import ClusterError, UsageError
from streamproof.faults import Fault, Plan

ROOT = Path(__file__).parents[2]
IMPOSSIBLE = Plan((Fault.of("kill", "instance:9"),))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Nothing of it has been started."""
    with Session(logs=tmp_path / "logs") as session:
        yield session


@pytest.fixture
def spec(tmp_path: Path) -> RunSpec:
    return declared_spec(
        read_config(ROOT / "streamproof.toml"), "orders", records=1, seed=1, directory=tmp_path / "run", suffix="-a"
    )


@pytest.fixture
def told(session: Session) -> list[SessionEvent]:
    events: list[SessionEvent] = []
    session.listeners.append(events.append)
    return events


def test_an_event_has_its_time_and_its_run(session: Session, spec: RunSpec, told: list[SessionEvent]) -> None:
    """Runs of a session may overlap, and what a listener keeps is read later."""
    before = now_us()
    with pytest.raises(UsageError):
        session.verify(spec, IMPOSSIBLE)
    assert {event.run for event in told} == {spec.directory}
    times = [before, *(event.t for event in told), now_us()]
    assert times == sorted(times)


def test_a_run_that_fails_ends_with_the_text_of_its_error(
    session: Session, spec: RunSpec, told: list[SessionEvent]
) -> None:
    """The last event says why there is no verdict."""
    with pytest.raises(UsageError) as caught:
        session.verify(spec, IMPOSSIBLE)
    assert told == [RunStarted(spec), RunEnded(Ending.FAILED, str(caught.value))]


def test_a_run_that_is_interrupted_says_so(session: Session, spec: RunSpec, told: list[SessionEvent]) -> None:
    """Ctrl-C is no failure of the run."""

    def interrupt(event: SessionEvent) -> None:
        if isinstance(event, RunStarted):
            raise KeyboardInterrupt

    session.listeners.append(interrupt)
    with pytest.raises(KeyboardInterrupt), session.run(spec):
        pytest.fail("the run went on")
    assert told[-1] == RunEnded(Ending.INTERRUPTED)


def test_a_phase_says_whether_it_failed(session: Session, told: list[SessionEvent]) -> None:
    """Its end comes in either case."""

    def fail() -> None:
        with phase(Phase.PROBE, session.tell):
            raise UsageError("no")

    with pytest.raises(UsageError):
        fail()
    with phase(Phase.PROBE, session.tell):
        pass
    assert [event.failed for event in told if isinstance(event, PhaseEnded)] == [True, False]


def test_an_error_of_a_listener_is_raised_when_the_phase_has_ended(session: Session, told: list[SessionEvent]) -> None:
    """The thread that told of progress lives on, and the other listeners are told."""
    heard = list[SessionEvent]()

    def listen(event: SessionEvent) -> None:
        heard.append(event)
        raise ValueError(len(heard))

    session.listeners.insert(0, listen)
    survived = threading.Event()

    def work() -> None:
        session.tell(SessionEvent())
        survived.set()

    def run_a_phase() -> None:
        with phase(Phase.FAULTS, session.tell):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

    with pytest.raises(ValueError, match=r"^1$"):
        run_a_phase()
    assert survived.is_set()
    assert told == heard == [PhaseBegan(Phase.FAULTS), SessionEvent(), PhaseEnded(Phase.FAULTS)]


def test_the_error_of_a_phase_comes_before_that_of_a_listener(session: Session) -> None:
    """Why the run ended is what a user must read."""

    def listen(_event: SessionEvent) -> None:
        raise ValueError

    session.listeners.append(listen)

    def fail() -> None:
        with phase(Phase.CLUSTER, session.tell):
            raise UsageError("no such cluster")

    with pytest.raises(UsageError, match="no such cluster"):
        fail()
    told: list[SessionEvent] = []
    session.listeners[:] = [told.append]
    with phase(Phase.CLUSTER, session.tell):
        assert told == [PhaseBegan(Phase.CLUSTER)]
    assert told[1:] == [PhaseEnded(Phase.CLUSTER)]  # and the listener's error is not raised later


class UnreachableRun:
    """A run that meets a cluster which does not answer."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> None:
        raise ClusterError("no broker answers")

    def __exit__(self, *_: object) -> None:
        """Nothing is there to be cleared away."""


@pytest.mark.parametrize("is_broken", [True, False])
def test_a_cluster_that_a_run_broke_is_not_used_again(
    session: Session,
    spec: RunSpec,
    told: list[SessionEvent],
    embedded_cluster: EmbeddedCluster,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_broken: bool,
) -> None:
    """It is ended, and the next run has a fresh cluster; a cluster that is whole stays."""
    lost = ExistingCluster("4.3.1", {1: "127.0.0.1:1"}, "127.0.0.1:1", "127.0.0.1:1")
    ended: list[Cluster] = []

    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Cluster]:
        cluster = lost if is_broken else embedded_cluster
        yield cluster
        ended.append(cluster)

    monkeypatch.setattr("streamproof.engine.session.open_cluster", opened)
    monkeypatch.setattr("streamproof.engine.session.kafka_jars", lambda **_: ())
    monkeypatch.setattr("streamproof.engine.session._import_run", lambda: UnreachableRun)
    for _ in range(2):
        with pytest.raises(ClusterError, match="no broker answers"):
            session.verify(spec)
    assert ended == ([lost, lost] if is_broken else [])
    assert sum(isinstance(event, ClusterReady) for event in told) == (2 if is_broken else 1)
