"""How long work tells what it is at. Stages speak to a `Progress`; who listens (a terminal, a test) is not theirs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Step:
    """One step under way: `now` says what it is at, `done` what came of it (shown when the step ends).

    `took`: the seconds that its work took, where that went on in the background, and the step only waited for it.
    """

    def __init__(self) -> None:
        self.result = ""
        self.took: float | None = None

    def now(self, text: str) -> None:
        """Say what the step is doing; replaced by what follows."""

    def done(self, text: str, took: float | None = None) -> None:
        self.result, self.took = text, took


class Progress:
    """Listens to nothing; listeners override."""

    def title(self, text: str) -> None:
        """What all of it is about, before the first step."""

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:  # noqa: ARG002 - for those who listen
        """A step from its beginning to its end; an exception passes through."""
        yield Step()

    def mark(self, text: str, *, ok: bool, under: str) -> None:
        """Something that happened while a step was under way, such as a fault."""


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What `work` returns, and the seconds that it took."""
    began = time.monotonic()
    return work(), time.monotonic() - began
