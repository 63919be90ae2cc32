"""Standard output and standard error: a write that fails is an OutputError, wherever it happens."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from rich.console import Console

from streamproof.errors import OutputError

WIDE = 10_000  # letters


class _Stream:
    """A stream whose first failed write is an OutputError. After that it discards everything."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._told():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._told():
            self._stream.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())  # for what is still in the buffer
            raise OutputError(
                f"{self._name} cannot be written ({error.strerror}); let it go where there is room",
                unread=isinstance(error, BrokenPipeError),
            ) from error


@contextmanager
def told_streams() -> Iterator[None]:
    """Within the block, a write that fails is an OutputError; at its end, both streams are flushed.

    A stream that was closed from the start discards everything; characters that an encoding lacks are escaped.
    """
    streams = sys.stdout, sys.stderr
    with Path(os.devnull).open("w") as nowhere:
        told = [
            _Stream(stream or nowhere, name)
            for stream, name in zip(streams, ("standard output", "standard error"), strict=True)
        ]
        sys.stdout, sys.stderr = (cast("TextIO", stream) for stream in told)
        try:
            yield
        finally:
            try:
                for stream in told:
                    stream.flush()
            finally:
                sys.stdout, sys.stderr = streams


def table_console() -> Console:
    """Standard output for tables: where it is no terminal, each line is whole."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)
