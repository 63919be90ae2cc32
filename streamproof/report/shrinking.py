"""What a person sees while a run is made smaller: a line for each candidate, and a spinner on a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.text import Text

from streamproof.engine import events
from streamproof.engine.events import SessionEvent
from streamproof.engine.shrink import CandidateBegan, CandidateEnded
from streamproof.report.fitted import print_fitted

SIZE_WIDTH = 44


class ShrinkTerminal:
    """A listener that shows trials on `console`. Motion only on a terminal, never with NO_COLOR."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._status: Status | None = None
        self._candidate, self._phase = "", ""

    def __call__(self, event: SessionEvent) -> None:
        match event:
            case CandidateBegan(candidate=candidate):
                self._candidate = str(candidate)
                if self.console.is_interactive and not self.console.no_color:
                    self._status = self.console.status("", spinner="dots")
                    self._status.start()
            case events.PhaseBegan(phase=phase):
                self._phase = phase
            case CandidateEnded():
                self._end(event)
        if self._status:
            self._status.update(escape(f"{self._candidate} · {self._phase}"))

    def close(self) -> None:
        """Stop what moves."""
        if self._status:
            self._status.stop()
            self._status = None

    def _end(self, event: CandidateEnded) -> None:
        self.close()
        trial = event.trial
        sign = ("✔", "green") if trial.failed else ("·", "dim")
        seconds = (f"{event.seconds:>8.1f} s", "dim")
        why = f"  {trial.error.splitlines()[0]}" if trial.error and not trial.failed else ""
        size = f" {trial.candidate!s:<{SIZE_WIDTH}} violated in {trial.rate}"
        print_fitted(Text.assemble("  ", sign, size, seconds, why), self.console, under=4)
