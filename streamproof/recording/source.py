"""Where a history's tables come from: a source is a class, and a run is recorded by a list of sources.

A source declares the tables that it writes. `start` is called before the subject starts, `stop` when the subject has
ended, `write` after that. Most sources only write; those that observe while the run goes on start and stop a thread.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from streamproof.errors import HistoryError, StreamproofError, UsageError
from streamproof.history.store import HistoryWriter


class NotRecorded(StreamproofError):  # noqa: N818 - reads as a sentence where it is raised
    """A source could not have its tables; the sentence says why, and stands under *Not shown* in the report.

    Checks that need the tables are not judged. Where they are forbidden, no run is upheld, unless it is asked to do
    without them.
    """


class Source(ABC):
    """An origin of recorded rows. `name` is what a person reads while the source writes."""

    name: str
    tables: tuple[str, ...]

    def start(self, writer: HistoryWriter) -> None:  # noqa: B027 - most sources observe nothing
        """Begin to observe. Rows may go to `writer` from now on, from a thread of the source's own."""

    def stop(self) -> None:  # noqa: B027 - most sources observe nothing
        """Observe no more. HistoryError when observing had ended early."""

    @abstractmethod
    def write(self, writer: HistoryWriter) -> Iterable[str]:
        """Write what there is to write at the end; return what could not be seen, each as a sentence.

        NotRecorded when none of the tables can be had, before anything is written.
        """


class Observer(Source):
    """A source that observes in a thread of its own, from `start` until `stop`."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._thread: threading.Thread | None = None

    def start(self, writer: HistoryWriter) -> None:
        self._thread = threading.Thread(target=self._run, args=(writer,), name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if isinstance(self._failure, UsageError):
            raise self._failure
        if self._failure is not None:
            raise HistoryError(f"{self.name}: observing ended early: {self._failure}") from self._failure

    @abstractmethod
    def observe(self, writer: HistoryWriter) -> None:
        """Observe until `wait` is true."""

    def wait(self, seconds: float) -> bool:
        """Let time pass; whether observing should end, which is at once when it should."""
        return self._stopping.wait(seconds)

    def _run(self, writer: HistoryWriter) -> None:
        try:
            self.observe(writer)
        except Exception as error:  # noqa: BLE001 - told by stop(): a thread that dies in silence would look like quiet
            self._failure = error


class Rows(Source):
    """Rows that another part of the run keeps, such as those of processes or of faults."""

    def __init__(self, table: str, rows: Callable[[], Sequence[Mapping[str, Any]]]) -> None:
        self.name, self.tables, self._rows = table, (table,), rows

    def write(self, writer: HistoryWriter) -> Iterable[str]:
        writer.append(self.tables[0], self._rows())
        return ()


def record(sources: Iterable[Source], writer: HistoryWriter, say: Callable[[str], None]) -> tuple[str, ...]:
    """Let each source write its tables; return what could not be had or seen, each as a sentence.

    A table that its source wrote has a file, even if it holds no row. A table that could not be had has none.
    """
    lacking: list[str] = []
    for source in sources:
        say(source.name)
        try:
            lacking += source.write(writer)
        except NotRecorded as reason:
            lacking.append(str(reason))
        else:
            for table in source.tables:
                writer.open(table)
    return tuple(lacking)
