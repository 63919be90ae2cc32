"""A run that is started and fed by a session, and broken by hand."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.cluster import EmbeddedCluster
from streamproof.config.file import ClusterConfig, read_config
from streamproof.engine.events import Ending, RunEnded, SessionEvent
from streamproof.engine.request import declared_spec, spec_of
from streamproof.engine.session import Session
from streamproof.engine.spec import RunSpec
from streamproof.faults import Fault, Nemesis, Plan, read_plan
from streamproof.history.terms import Fate
from streamproof.subject import Instance
from tests.engine.test_stdin_runs import RIGHT, request_for

ROOT = Path(__file__).parent.parent.parent
WaitUntil = Callable[[Callable[[], bool]], None]


@pytest.fixture
def spec(tmp_path: Path, embedded_cluster: EmbeddedCluster) -> RunSpec:
    request = replace(request_for(tmp_path, embedded_cluster, RIGHT), events=200)
    return spec_of(request, read_config(request.config), 1)


@pytest.fixture
def config(embedded_cluster: EmbeddedCluster) -> ClusterConfig:
    return ClusterConfig(where=embedded_cluster.bootstrap_servers)


def test_a_run_keeps_the_faults_that_were_injected(spec: RunSpec, config: ClusterConfig, tmp_path: Path) -> None:
    """As the plan by which it is run again; and it ends as judged, once."""
    events: list[SessionEvent] = []
    dies = Fault.of("kill", "instance:1", at=0.3)
    with Session(config, logs=tmp_path / "logs", listeners=[events.append]) as session, session.run(spec) as run:
        run.inject(dies)
        judged = run.finish()
    saved = read_plan(spec.directory / "plan.json")
    assert (saved.faults, saved.seed) == ((dies,), spec.seed)
    assert run.judged is judged
    assert events[-1] == RunEnded(Ending.JUDGED)
    assert events.count(judged) == 1


def test_a_run_has_what_went_over_the_wire(spec: RunSpec, config: ClusterConfig, tmp_path: Path) -> None:
    """Each Produce request, and its answer, is of an instance whose process is in the record."""
    with Session(config, logs=tmp_path / "logs") as session:
        history = session.verify(spec, Plan()).history
    processes = {(process["instance"], process["incarnation"]) for process in history.rows("process")}
    produced = [row for row in history.rows("wire") if row["api"] == "Produce"]
    assert {(row["instance"], row["incarnation"]) for row in produced} == processes
    assert {row["side"] for row in produced} == {"request", "response"}


def test_a_run_without_the_proxy_has_no_such_table(spec: RunSpec, config: ClusterConfig, tmp_path: Path) -> None:
    """Its subject goes to the brokers itself."""
    with Session(config.overridden(proxy=False), logs=tmp_path / "logs") as session:
        history = session.verify(spec, Plan()).history
    assert "wire" not in history.tables


@pytest.mark.parametrize("backlog", [0.2, 0.0])
def test_a_subject_first_starts_upon_a_backlog(config: ClusterConfig, tmp_path: Path, backlog: float) -> None:
    """So much of its input is in the topic before there is any process of it, and no more."""
    spec = declared_spec(
        read_config(ROOT / "streamproof.toml"),
        "consumer",
        records=100,
        seed=1,
        directory=tmp_path / "run",
        suffix=f"-{backlog}",
    )
    spec = replace(spec, subject=spec.subject.changed(backlog=backlog))
    with Session(config, logs=tmp_path / "logs") as session, session.run(spec) as run:
        history = run.finish().history
    started = min(row["t_start"] for row in history.rows("process"))
    waiting = {row["id"] for row in history.rows("sent") if row["t_complete"] < started}
    aborted = {event.id for event in spec.events if event.fate is Fate.ABORT}
    assert waiting - aborted == {event.id for event in spec.events[: round(backlog * 100)]} - aborted


def test_a_run_is_cleared_away_whatever_fails_meanwhile(
    spec: RunSpec, config: ClusterConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: WaitUntil
) -> None:
    """The first error does not keep the rest from being ended: processes, and the threads of all that observes."""

    def fail(_nemesis: Nemesis) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Nemesis, "close", fail)
    running: list[Instance] = []
    observing: list[threading.Thread] = []
    before = set(threading.enumerate())

    def leave_early() -> None:
        with Session(config, logs=tmp_path / "logs") as session, session.run(spec) as run:
            running.extend(run.supervisor.current_all())
            observing.extend(set(threading.enumerate()) - before)
            raise KeyError

    with pytest.raises(ZeroDivisionError):
        leave_early()
    assert running
    assert not any(instance.running for instance in running)
    assert {thread.name for thread in observing} >= {"progress", "what observers read"}
    wait_until(lambda: set(threading.enumerate()) <= before)
