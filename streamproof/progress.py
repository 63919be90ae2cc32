"""How long work tells what it is at. Stages speak to a `Progress`; who listens (a terminal, a test) is not theirs."""

from collections.abc import Iterator
from contextlib import contextmanager


class Step:
    """One step under way: `now` says what it is at, `done` what came of it (shown when the step ends)."""

    def __init__(self) -> None:
        self.result = ""

    def now(self, text: str) -> None:
        """Say what the step is doing; replaced by what follows."""

    def done(self, text: str) -> None:
        self.result = text


class Progress:
    """Listens to nothing; listeners override."""

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:  # noqa: ARG002 - for those who listen
        """A step from its beginning to its end; an exception passes through."""
        yield Step()

    def mark(self, text: str, *, ok: bool, under: str) -> None:
        """Something that happened while a step was under way, such as a fault."""
