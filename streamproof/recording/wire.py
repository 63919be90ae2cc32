"""What went between the subject and its brokers: the `wire` table, from the proxy's journal."""

from collections.abc import Iterable, Iterator

from streamproof.errors import UsageError
from streamproof.history.store import HistoryWriter
from streamproof.recording.source import NotRecorded, Observer
from streamproof.subject import ProcessSupervisor
from streamproof.wire import Proxy

EVERY_S = 0.5
SHOWN = 3


class Wire(Observer):
    """The proxy, from before the subject starts until it has ended; its journal is written down while it grows.

    UsageError from `stop` for a rule that failed.
    """

    name = "the wire"
    tables = ("wire",)

    def __init__(self, proxy: Proxy, supervisor: ProcessSupervisor) -> None:
        super().__init__()
        self._proxy, self._instances = proxy, supervisor.spec.instances

    def start(self, writer: HistoryWriter) -> None:
        self._proxy.start()
        super().start(writer)

    def observe(self, writer: HistoryWriter) -> None:
        while not self.wait(EVERY_S):
            writer.append("wire", [entry.row(self._proxy.nodes) for entry in self._proxy.journal.take()])

    def stop(self) -> None:
        try:
            super().stop()
        finally:
            self._proxy.stop()
        if error := self._proxy.failure:
            raise UsageError(f"a rule of the proxy failed: {type(error).__name__}: {error}") from error

    def write(self, writer: HistoryWriter) -> Iterable[str]:
        if not self._proxy.connections:
            raise NotRecorded(
                "what went between the subject and its brokers: no connection of it came through the proxy; give it "
                "their address by {bootstrap_servers}"
            )
        writer.append("wire", [entry.row(self._proxy.nodes) for entry in self._proxy.journal.take_all()])
        return list(self._lacking())

    def _lacking(self) -> Iterator[str]:
        connections = self._proxy.connections
        for number in range(1, self._instances + 1):
            if not connections[number]:
                yield f"what instance {number} and its brokers said: no connection of it came through the proxy"
        if self._proxy.raw:
            yield f"what {len(self._proxy.raw)} connections carried: it was not Kafka's protocol in plain text"
        unread = [f"{api} version {version}" for api, version, _ in self._proxy.undecoded]
        if unread:
            yield f"what was in {' and '.join(sorted(set(unread))[:SHOWN])}: passed on without being understood"
