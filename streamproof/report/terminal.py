"""What a person sees while a session goes on: a line for each result, with its time, and a spinner on a terminal."""

from functools import singledispatchmethod
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.text import Text

from streamproof import __version__
from streamproof.engine import events
from streamproof.engine.events import Phase, SessionEvent
from streamproof.history.promise import promise_in_words
from streamproof.report.fitted import fitted, print_fitted, width_of

if TYPE_CHECKING:  # slow to import
    from streamproof.faults import Fault

NAME_WIDTH = 10
TEXT_COLUMN = 2 + NAME_WIDTH
TIME_COLUMN, TIME_WIDTH = 96, 10


class Terminal:
    """A listener that shows events on `console`. Colours and motion only on a terminal, never with NO_COLOR."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._title: str | None = None
        self._seed: int | None = None  # that is tried again: told under the title
        self._status: Status | None = None
        self._phase: Phase | None = None
        self._doing = ""
        self._faults: dict[Fault, bool] = {}  # those that are not over; whether they have begun
        self._after_fault = False

    @classmethod
    def on(cls, file: TextIO) -> "Terminal":
        return cls(Console(file=file, highlight=False, soft_wrap=True))

    def __call__(self, event: SessionEvent) -> None:
        self._show(event)

    @singledispatchmethod
    def _show(self, event: SessionEvent) -> None:
        """Of other events nothing is shown."""

    @_show.register
    def _(self, event: events.SeedTriedAgain) -> None:
        self._seed = event.seed

    @_show.register
    def _(self, event: events.RunStarted) -> None:
        contract = event.spec.contract
        source = f" ({contract.source}, {contract.name})" if contract.source else ""
        # printed with the first line: a run that cannot begin has its error's sentence, and no title
        self._title = (
            f"streamproof {__version__} · subject {event.spec.subject.name}{source} · "
            f"promise: {promise_in_words(contract.delivery, ordered=contract.ordered)}"
        )

    @_show.register
    def _(self, event: events.PhaseBegan) -> None:
        self._phase, self._doing = event.phase, ""
        if self.console.is_interactive and not self.console.no_color:
            self._stop_spinner()
            self._status = self.console.status("", spinner="dots")
            self._update_spinner()
            self._status.start()

    @_show.register
    def _(self, event: events.Working) -> None:
        if event.phase is self._phase:  # of the others, what goes on beside is not shown
            self._doing = event.doing
            self._update_spinner()

    @_show.register
    def _(self, _event: events.PhaseEnded) -> None:
        self._stop_spinner()

    @_show.register
    def _(self, event: events.ClusterReady) -> None:
        cluster = event.cluster
        count = len(cluster.brokers)
        text = f"{count} broker{'s' * (count != 1)}, Apache Kafka {cluster.version}, {cluster.backend}"
        self._line(Phase.CLUSTER, text, event.seconds)

    @_show.register
    def _(self, event: events.RegistryReady) -> None:
        self._line(Phase.REGISTRY, event.name, event.seconds)

    @_show.register
    def _(self, event: events.SubjectReady) -> None:
        self._line(Phase.SUBJECT, f"{event.instances} × {event.command}", event.seconds)

    @_show.register
    def _(self, event: events.Probed) -> None:
        properties = " · ".join(name if kept else f"NOT {name}" for name, kept in event.kept.items())
        self._line(Phase.PROBE, properties, event.seconds)

    @_show.register
    def _(self, event: events.FaultAwaited) -> None:
        self._faults[event.fault] = False
        self._update_spinner()

    @_show.register
    def _(self, event: events.FaultBegan) -> None:
        self._faults[event.fault] = True
        self._update_spinner()

    @_show.register
    def _(self, event: events.FaultEnded) -> None:
        self._faults.pop(event.fault, None)
        self._update_spinner()
        self._fault_line(event.evidence.sentence, effective=event.evidence.effective)

    @_show.register
    def _(self, event: events.InputFed) -> None:
        outcomes = " · ".join(f"{count:,} {outcome}" for outcome, count in event.outcomes.items())
        self._line(Phase.WORKLOAD, f"{event.sent:,} events of {event.keys:,} keys sent · {outcomes}", event.seconds)

    @_show.register
    def _(self, event: events.QuietReached) -> None:
        text = str(event.quiet)
        self._line(
            Phase.QUIET, text if event.quiet.quiet else f"not quiet after {event.seconds:.0f} s: {text}", event.seconds
        )

    @_show.register
    def _(self, event: events.SubjectStopped) -> None:
        if event.killed:
            self._line(Phase.STOP, "killed: it did not end in time", event.seconds)

    @_show.register
    def _(self, event: events.Recorded) -> None:
        self._line(Phase.HISTORY, f"{event.rows:,} rows in {event.tables} tables", event.seconds)

    @_show.register
    def _(self, event: events.SweepForetold) -> None:
        moments = " · ".join(f"{how} {count}" for how, count in event.moments.items())
        text = (
            f"{event.steps} steps · moments to try: {moments} · about {event.minutes} min, at {event.each_s:.0f} s each"
        )
        self._print(Text(f"  {'sweep':<{NAME_WIDTH}}{text}"))

    @_show.register
    def _(self, _event: events.RunEnded) -> None:
        self._faults.clear()

    @_show.register
    def _(self, event: events.Judged) -> None:
        self._line(Phase.CHECKS, f"{len(event.verdict.findings)} anomalies over {event.rows:,} rows", event.seconds)
        for evidence in event.verdict.contradicted:
            self._fault_line(f"taken back: {evidence}", effective=False)

    def _update_spinner(self) -> None:
        if self._status:
            faults = self._faults_now() if self._phase is Phase.FAULTS else ""
            self._status.update(f"{self._phase:<{NAME_WIDTH}}{escape(self._doing + faults)}")

    def _faults_now(self) -> str:
        """The faults in effect; without any, the first that is awaited."""
        begun = [str(fault) for fault, has_begun in self._faults.items() if has_begun]
        if begun:
            return f" · now {', '.join(begun)}"
        return next((f" · next {fault}" for fault in self._faults), "")

    def _stop_spinner(self) -> None:
        if self._status:
            self._status.stop()
            self._status = None

    def _fault_line(self, text: str, *, effective: bool) -> None:
        sign = ("✔", "green") if effective else ("✘", "yellow")
        name = "" if self._after_fault else Phase.FAULTS
        self._print(Text.assemble(f"  {name:<{NAME_WIDTH}}", sign, f" {text}"))
        self._after_fault = True

    def _line(self, name: str, text: str, seconds: float) -> None:
        self._after_fault = False
        room = max(NAME_WIDTH * 2, min(TIME_COLUMN, width_of(self.console)) - TIME_WIDTH)
        whole = Text(f"  {name:<{NAME_WIDTH}}{text}")
        first, *rest = fitted(whole, room, TEXT_COLUMN) if self.console.is_terminal else [whole]
        first.pad_right(max(0, room - len(first)))
        first.append(f"{seconds:>{TIME_WIDTH - 2}.1f} s", style="dim")
        self._print(first, *rest)

    def _print(self, *lines: Text) -> None:
        if self._title:
            print_fitted(Text(self._title), self.console, under=2)
            self._title = None
            if self._seed is not None:
                told = f"{self._seed}, with which it was violated last, until it is upheld; --seed N takes another"
                print_fitted(Text(f"  {'seed':<{NAME_WIDTH}}{told}"), self.console, under=TEXT_COLUMN)
                self._seed = None
        for line in lines:
            print_fitted(line, self.console, under=TEXT_COLUMN + 2)
