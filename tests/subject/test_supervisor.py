"""The supervisor of the subject's processes: whole groups, each incarnation recorded, restarts as a supervisor's."""

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from streamproof.errors import SubjectError
from streamproof.guardian import Guardian
from streamproof.history.terms import Cause
from streamproof.subject import ProcessSupervisor, SubjectSpec

WaitUntil = Callable[[Callable[[], bool]], None]
Make = Callable[..., ProcessSupervisor]
SLEEPS = "sh -c 'sleep 300 & wait'"
ORDERLY = "sh -c 'trap \"echo in good order; exit 0\" TERM; echo up; while :; do sleep 0.05; done'"
DEAF = "sh -c 'trap \"\" TERM; echo deaf; while :; do sleep 0.05; done'"


@pytest.fixture
def make(session_guardian: Guardian, tmp_path: Path) -> Iterator[Make]:
    """A supervisor of a command; its processes are ended after the test."""
    made: list[ProcessSupervisor] = []

    def supervisor(command: str, **spec: object) -> ProcessSupervisor:
        wanted = SubjectSpec(name="s", command=command, **spec)  # type: ignore[arg-type]
        made.append(ProcessSupervisor(session_guardian, wanted, {"run": "-r"}, tmp_path))
        made[-1].start_all()
        return made[-1]

    yield supervisor
    for started in made:
        started.stop_all()


def test_a_kill_reaches_the_children_too(make: Make, wait_until: WaitUntil) -> None:
    """A subject may be a shell: what it started dies with it."""
    supervisor = make(SLEEPS)
    parent = psutil.Process(supervisor.current(1).process.pid)
    wait_until(lambda: bool(parent.children()))
    (child,) = parent.children()
    supervisor.kill(1)
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    assert supervisor.rows()[0]["cause"] == Cause.KILLED
    assert supervisor.rows()[0]["exit"] == -9


def test_a_paused_instance_can_be_killed_and_started_again(make: Make, wait_until: WaitUntil) -> None:
    """Each start is an incarnation of its own, with a record of its own."""
    supervisor = make(SLEEPS)
    supervisor.pause(1)
    wait_until(lambda: psutil.Process(supervisor.current(1).process.pid).status() == psutil.STATUS_STOPPED)
    supervisor.kill(1)
    supervisor.start(1)
    assert [(row["instance"], row["incarnation"]) for row in supervisor.rows()] == [(1, 1), (1, 2)]
    assert supervisor.current(1).running


def test_an_instance_that_runs_is_not_started_beside_itself(make: Make) -> None:
    """Two processes of one number: nobody would know the first any more, nor end it."""
    supervisor = make(SLEEPS)
    with pytest.raises(SubjectError, match="instance 1 runs already; stop it first"):
        supervisor.start(1)
    assert len(supervisor.rows()) == 1


def test_a_process_beside_another_is_a_process_of_its_own(make: Make) -> None:
    """Asked for, two run with one number: what is done by that number reaches the newest; the first is ended alone."""
    supervisor = make(SLEEPS)
    first = supervisor.current(1)
    second = supervisor.start(1, beside=True)
    assert first.running
    assert supervisor.current(1) is second
    assert supervisor.end(first)
    assert second.running
    assert [(row["incarnation"], row["exit"]) for row in supervisor.rows()] == [(1, -9), (2, None)]


def test_an_instance_that_ends_on_its_own_is_started_again_a_few_times(make: Make, wait_until: WaitUntil) -> None:
    """As a supervisor would; then it stays down."""
    supervisor = make("sh -c 'exit 3'")
    supervisor.supervise()
    wait_until(lambda: len(supervisor.rows()) == 6 and supervisor.current(1).cause is Cause.EXITED)
    rows = supervisor.rows()
    assert {row["exit"] for row in rows} == {3}
    down = r"s, instance 1 ended on its own 6 times, the last time with status 3 after \d\.\d s, and is not started"
    with pytest.raises(SubjectError, match=down):
        supervisor.process(1)
    with pytest.raises(SubjectError, match=down):
        supervisor.check_restarted(since=rows[0]["t_end"])
    supervisor.check_restarted(since=rows[0]["t_end"] + 1)  # what went before may explain the first


def test_an_incarnation_that_wrote_nothing_has_those_before_it_speak(
    make: Make, wait_until: WaitUntil, tmp_path: Path
) -> None:
    """A second start often dies in silence, of what the first has left."""
    supervisor = make("sh -c 'test -e told || echo no such topic; touch told; exit 1'", cwd=tmp_path)
    wait_until(lambda: not supervisor.current(1).running)
    supervisor.kill(1)
    silent = supervisor.start(1)
    wait_until(lambda: not silent.running)
    assert "no such topic" in supervisor.last_lines(silent)


def test_an_instance_that_has_just_ended_and_is_killed_has_one_successor(make: Make, wait_until: WaitUntil) -> None:
    """The caller that killed it starts it again; the supervisor restarts only the other instance."""
    supervisor = make("sh -c 'exit 3'", instances=2)
    wait_until(lambda: not any(instance.running for instance in supervisor.current_all()))
    assert not supervisor.kill(1)
    assert supervisor.current(1).cause is Cause.EXITED
    supervisor.supervise()
    wait_until(lambda: supervisor.current(2).incarnation > 1)
    assert supervisor.current(1).incarnation == 1


def test_what_an_instance_that_ends_on_its_own_leaves_behind_is_ended(make: Make, wait_until: WaitUntil) -> None:
    """A child would hold its pipes, and its id."""
    supervisor = make("sh -c 'sleep 300 & echo $!; exit 3'")
    wait_until(lambda: not supervisor.current(1).running)
    child = psutil.Process(int(supervisor.current(1).log.read_text().split()[0]))
    supervisor.supervise()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_an_instance_that_ends_before_it_is_ready_is_told_with_its_last_lines(
    make: Make, wait_until: WaitUntil
) -> None:
    """How it ended, what it said, and where the rest is."""
    supervisor = make("sh -c 'echo no such topic; exit 7'")
    wait_until(lambda: not supervisor.current(1).running)
    with pytest.raises(
        SubjectError, match=r"instance 1 exited with status 7 before it was ready; its last lines:\n.*topic"
    ):
        supervisor.check_started()


def test_an_instance_that_does_not_end_on_sigterm_is_killed_and_told(make: Make, wait_until: WaitUntil) -> None:
    """After its time; the rest end by themselves."""
    supervisor = make(DEAF, stop_timeout_s=0.5)
    wait_until(lambda: "deaf" in supervisor.current(1).log.read_text())
    assert [instance.number for instance in supervisor.stop_all()] == [1]
    assert not supervisor.current(1).running


@pytest.mark.parametrize("paused", [False, True])
def test_an_instance_is_stopped_in_good_order_and_started_again(
    make: Make, wait_until: WaitUntil, paused: bool
) -> None:
    """The caller that stopped it starts it again; the supervisor restarts only the other instance."""
    supervisor = make(ORDERLY, instances=2)
    wait_until(lambda: all("up" in instance.log.read_text() for instance in supervisor.current_all()))
    first = supervisor.current(1)
    if paused:
        supervisor.pause(1)
        # a shell whose child was stopped between its fork and its program waits without an end, and is not "stopped"
        at_rest = {psutil.STATUS_STOPPED, psutil.STATUS_DISK_SLEEP}
        wait_until(lambda: psutil.Process(first.process.pid).status() in at_rest)
    supervisor.supervise()
    assert supervisor.wait_stopped([supervisor.stop(1)]) == []
    assert "in good order" in first.log.read_text()
    assert (first.cause, first.process.poll(), first.t_end is None) == (Cause.STOPPED, 0, False)
    supervisor.current(2).process.kill()
    wait_until(lambda: supervisor.current(2).incarnation == 2)
    assert supervisor.current(1) is first
    assert supervisor.start(1).incarnation == 2


def test_the_end_of_whoever_was_asked_to_stop_is_noted_as_it_comes(make: Make, wait_until: WaitUntil) -> None:
    """Whoever asked it may wait for it much later, and it would seem to have taken all that time."""
    supervisor = make(ORDERLY)
    wait_until(lambda: "up" in supervisor.current(1).log.read_text())
    supervisor.supervise()
    stopping = supervisor.stop(1)
    wait_until(lambda: stopping.t_end is not None)
    assert stopping.cause is Cause.STOPPED


def test_an_instance_that_cannot_be_stopped_in_time_is_killed(make: Make, wait_until: WaitUntil) -> None:
    """What is recorded is that it was killed."""
    supervisor = make(DEAF, stop_timeout_s=0.5)
    wait_until(lambda: "deaf" in supervisor.current(1).log.read_text())
    stopping = supervisor.stop(1)
    assert supervisor.wait_stopped([stopping]) == [stopping]
    assert (supervisor.current(1).cause, supervisor.current(1).running) == (Cause.KILLED, False)


def test_an_instance_that_has_ended_cannot_be_stopped(make: Make, wait_until: WaitUntil) -> None:
    """What is recorded is that it ended on its own."""
    supervisor = make("sh -c 'exit 3'")
    wait_until(lambda: not supervisor.current(1).running)
    assert supervisor.stop(1).cause is Cause.EXITED
    assert supervisor.rows()[0]["cause"] == Cause.EXITED


def test_the_end_waits_for_what_a_shell_has_started(make: Make, wait_until: WaitUntil, tmp_path: Path) -> None:
    """A shell ends at once; what it has started may still be writing."""
    done = tmp_path / "done"
    worker = f"trap 'sleep 0.5; echo written > {done}; exit' TERM; echo up; while :; do sleep 0.05; done"
    supervisor = make(f"sh -c {shlex.quote(f'sh -c {shlex.quote(worker)} & wait')}")
    wait_until(lambda: "up" in supervisor.current(1).log.read_text())
    assert not supervisor.stop_all()
    assert done.exists()


def test_what_a_shell_has_started_and_does_not_end_is_killed_and_told(make: Make, wait_until: WaitUntil) -> None:
    """As the shell itself would be."""
    deaf = "trap '' TERM; echo $$; while :; do sleep 0.05; done"
    supervisor = make(f"sh -c {shlex.quote(f'sh -c {shlex.quote(deaf)} & wait')}", stop_timeout_s=0.5)
    wait_until(lambda: supervisor.current(1).log.read_text().endswith("\n"))
    child = psutil.Process(int(supervisor.current(1).log.read_text()))
    assert [instance.number for instance in supervisor.stop_all()] == [1]
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_placeholders_are_filled_in_command_and_environment(make: Make, wait_until: WaitUntil) -> None:
    """The instance's number and the run's suffix; other braces stay as they are."""
    supervisor = make("sh -c 'echo {instance}{run} $NAME {1}; sleep 300'", instances=2, env={"NAME": "n-{instance}"})
    wait_until(lambda: supervisor.current(2).log.read_text() == "2-r n-2 {1}\n")


OTHER = "#!/bin/sh\necho another python\n"
SHOW = "import os, sys; print(sys.prefix, os.environ['PATH'])"


def test_python_is_that_of_the_virtual_environment_that_is_not_activated(
    make: Make, wait_until: WaitUntil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose command was run by its path; the rest of PATH follows."""
    assert sys.prefix != sys.base_prefix, "run in a virtual environment"
    other = tmp_path / "other"
    other.mkdir()
    (other / "python").write_text(OTHER)
    (other / "python").chmod(0o755)
    monkeypatch.setenv("PATH", f"{other}:/usr/bin:/bin")
    supervisor = make(shlex.join(["python", "-c", SHOW]))
    wait_until(lambda: not supervisor.current(1).running)
    assert (
        supervisor.current(1).log.read_text() == f"{sys.prefix} {Path(sys.executable).parent}:{other}:/usr/bin:/bin\n"
    )


def test_python_is_the_users_where_the_command_is_a_link_into_an_environment_of_its_own(
    make: Make, wait_until: WaitUntil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pipx installs it: that environment has none of the subject's packages."""
    (tmp_path / "python").write_text(OTHER)
    (tmp_path / "python").chmod(0o755)
    link = tmp_path / "streamproof"
    link.symlink_to(Path(sys.executable).with_name("streamproof"))
    monkeypatch.setattr(sys, "argv", [str(link)])
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    supervisor = make("python")
    wait_until(lambda: not supervisor.current(1).running)
    assert supervisor.current(1).log.read_text() == "another python\n"


def test_an_environment_of_the_subjects_own_has_the_last_word(make: Make, wait_until: WaitUntil) -> None:
    """A PATH that is declared is taken as it is."""
    supervisor = make("/bin/sh -c 'echo $PATH'", env={"PATH": "/elsewhere"})
    wait_until(lambda: not supervisor.current(1).running)
    assert supervisor.current(1).log.read_text() == "/elsewhere\n"


def test_an_instance_that_there_is_not_is_told_with_those_that_there_are(make: Make) -> None:
    """A plan may name any."""
    supervisor = make(SLEEPS, instances=2)
    for act in (supervisor.kill, supervisor.stop, supervisor.pause, supervisor.resume):
        with pytest.raises(SubjectError, match="there is no instance 9 of s; there is 1, 2"):
            act(9)


def test_a_directory_to_run_in_that_is_not_there_is_told(make: Make, tmp_path: Path) -> None:
    """It is not the command that is missing."""
    with pytest.raises(
        SubjectError, match=r"cannot run in \S*/gone \(No such file or directory\); make that directory"
    ):
        make(SLEEPS, cwd=tmp_path / "gone")
    with pytest.raises(SubjectError, match="cannot run 'no-such-program' \\(No such file or directory\\)"):
        make("no-such-program", cwd=tmp_path)
