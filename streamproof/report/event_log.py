"""Every event of a session as a line: for who wants to see what `verify` does, and when."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from rich.console import Console

from streamproof.clock import time_of_day
from streamproof.engine.events import SessionEvent
from streamproof.faults import Evidence, Fault

SHOWN = (str, int, float, bool, tuple, Evidence, Fault)  # others are shown by what comes of them


class EventLog:
    """A listener that writes a line for each event: its time, what it is, and what it says."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, event: SessionEvent) -> None:
        said = " ".join(_said(event))
        line = f"{time_of_day(event.t)}  {type(event).__name__:<13} {said}".rstrip()
        self._console.print(line, style="dim", markup=False, soft_wrap=True)


def _said(event: SessionEvent) -> Iterator[str]:
    for each in fields(event):
        value = getattr(event, each.name)
        if each.name not in {"t", "run"} and (text := _in_words(value)) is not None:
            yield f"{each.name}={text}"


def _in_words(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{kept}" for key, kept in value.items())
    if isinstance(value, Evidence):
        return value.sentence
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value) if isinstance(value, SHOWN) else None
