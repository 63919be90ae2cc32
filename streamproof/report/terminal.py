"""What a person sees while a run goes on: one line a step, with its time, and a spinner on a real terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from streamproof.engine.progress import Progress, Step

NAME_WIDTH = 10
TIME_COLUMN = 96


class _ShownStep(Step):
    def __init__(self, name: str, status: Status | None) -> None:
        super().__init__()
        self._name = name
        self._status = status

    def now(self, text: str) -> None:
        if self._status:
            self._status.update(f"{self._name:<{NAME_WIDTH}}{escape(text)}")


class Terminal(Progress):
    """Shows progress on `console`. Colours and motion only on a terminal, and never with NO_COLOR or TERM=dumb."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._title: str | None = None
        self._under = ""

    @classmethod
    def on(cls, file: TextIO) -> "Terminal":
        return cls(Console(file=file, highlight=False, soft_wrap=True))

    def title(self, text: str) -> None:
        self._title = text  # with the first line: what cannot begin at all has one sentence, and no title

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        started = time.monotonic()
        if self.console.is_interactive and not self.console.no_color:
            with self.console.status(f"{name:<{NAME_WIDTH}}", spinner="dots") as status:
                step = _ShownStep(name, status)
                yield step
        else:
            step = _ShownStep(name, None)
            yield step
        if step.result:
            self._line(name, step.result, time.monotonic() - started if step.took is None else step.took)

    def mark(self, text: str, *, ok: bool, under: str) -> None:
        sign = "[green]✔[/]" if ok else "[yellow]✘[/]"
        name = "" if under == self._under else under
        self._under = under
        self._print(f"  {name:<{NAME_WIDTH}}{sign} {escape(text)}")

    def _line(self, name: str, text: str, seconds: float) -> None:
        self._under = ""
        head = f"  {name:<{NAME_WIDTH}}{text}"
        self._print(f"{escape(head):<{TIME_COLUMN - 10}}[dim]{seconds:>7.1f} s[/]")

    def _print(self, line: str) -> None:
        if self._title:
            self.console.print(escape(self._title))
            self._title = None
        self.console.print(line)
