"""The proxy between a subject and its brokers: an address for each process and broker, in a thread of its own.

A client learns where brokers are from brokers. So the proxy puts its own addresses into their answers, those of the
client's own process: a process's connections are told by the address that they come to. A process is an incarnation of
an instance; of some instances, two run at once.
"""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

from streamproof.cluster.ports import HOST
from streamproof.cluster.security import BothEnds
from streamproof.history.terms import Side
from streamproof.wire.journal import Journal
from streamproof.wire.link import End, Link, Process
from streamproof.wire.rules import Deed, Rule
from streamproof.wire.sightings import Sighting

BACKLOG = 1024
STOP_S = 10.0


class Proxy:
    """Between the instances of a subject and the brokers at `servers`. `ends`: where what they say is encrypted.

    `nodes`: the brokers that were told of, by address.
    `connections`: how many came from each instance. `undecoded`: frames that were passed on without being understood,
    by API, version and side; `raw`: the connections that did not speak Kafka's protocol. `failure`: the first error of
    a rule.
    """

    def __init__(self, servers: str, ends: BothEnds | None = None) -> None:
        self.ends = ends
        self.journal = Journal()
        self.nodes: dict[str, int] = {}
        self.hosts: set[bytes] = set()
        self.connections: Counter[int] = Counter()
        self.undecoded: Counter[tuple[str, int, Side]] = Counter()
        self.raw: set[int] = set()
        self.failure: Exception | None = None
        self._servers = servers
        self._topics: dict[Any, str] = {}
        self._rules: tuple[Rule, ...] = ()
        self._born: dict[int, float] = {}
        self._seen: dict[tuple[int, str], float] = {}
        self._ports: dict[tuple[Process, str], int] = {}
        self._newest: dict[int, int] = {}
        self._listeners: list[asyncio.Server] = []
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._number = 0
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen, for whoever is given an address."""
        self._loop = loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="proxy", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End every connection, and listen no more. Again it does nothing.

        Where a rule does not come back, its thread is left behind, and `failure` says so.
        """
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        try:
            asyncio.run_coroutine_threadsafe(self._end(), loop).result(STOP_S)
        except TimeoutError:
            self.fail(TimeoutError(f"it has not come back for {STOP_S:.0f} s"))
            return
        self._thread = None
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    async def _end(self) -> None:
        for listener in self._listeners:
            listener.close()
        for link in list(self._links):
            link.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _ in range(2):  # an aborted transport tells its end, and closes its socket, in the next round
            await asyncio.sleep(0)

    def servers(self, instance: int, incarnation: int = 1) -> str:
        """Where a process of an instance finds the brokers, through the proxy."""
        self._newest[instance] = max(incarnation, self.incarnation(instance))
        self._born.setdefault(instance, time.monotonic())
        addresses = [address.strip() for address in self._servers.split(",")]
        return ",".join(f"{HOST}:{self._listen((instance, incarnation), address)}" for address in addresses)

    def incarnation(self, instance: int) -> int:
        """Of the newest process of an instance."""
        return self._newest.get(instance, 1)

    def has_seen(self, instance: int, apis: Iterable[str]) -> bool:
        """Whether an instance has ever asked for one of these."""
        return any((instance, api) in self._seen for api in apis)

    def took(self, instance: int, apis: Iterable[str]) -> float | None:
        """Seconds from when an instance was first given an address until it first asked for one of these."""
        first = [self._seen[instance, api] for api in apis if (instance, api) in self._seen]
        return min(first) - self._born[instance] if first else None

    def add(self, rule: Rule) -> None:
        """Ask a rule of all that is seen from now on. The first rule that has something to say decides."""
        with self._lock:
            self._rules += (rule,)

    def remove(self, rule: Rule) -> None:
        """Ask a rule no more."""
        with self._lock:
            self._rules = tuple(other for other in self._rules if other is not rule)

    # for links, in the proxy's own thread

    def judge(self, sighting: Sighting) -> Deed | None:
        """What the first rule that has something to say wants done."""
        self._seen.setdefault((sighting.instance, sighting.api), time.monotonic())
        for rule in self._rules:
            try:
                deed = rule(sighting)
            except Exception as error:  # noqa: BLE001 - a mistake of a rule's author
                self.fail(error)
                self.remove(rule)
                continue
            if deed is not None:
                return deed
        return None

    def fail(self, error: Exception) -> None:
        """A rule, or what it wants done, has raised: the run fails by it, later."""
        self.failure = self.failure or error

    def learn(self, answer: Any) -> None:
        """Who is where, and the names of topics, as brokers tell them."""
        for broker in getattr(answer, "brokers", ()):
            node = broker.node_id if hasattr(broker, "node_id") else broker.broker_id
            self.nodes[f"{broker.host}:{broker.port}"] = node
            self.hosts.add(broker.host.encode())
        for topic in getattr(answer, "topics", ()):
            if getattr(topic, "topic_id", None) is not None and topic.name is not None:
                self._topics[topic.topic_id] = topic.name

    def topic_name(self, topic_id: Any) -> str:
        """The name of a topic that a request gives by its id; the id where no broker has told the name."""
        return self._topics.get(topic_id, str(topic_id))

    def local(self, process: Process, host: str, port: int) -> tuple[str, int]:
        """Where a process finds, through the proxy, what a broker says is at `host` and `port`."""
        return HOST, self._listen(process, f"{host}:{port}")

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Let work be done beside."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def call(self, deed: Callable[..., None], *arguments: Any) -> None:
        """Let the loop do something soon, from whatever thread. Nothing where it has ended."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(deed, *arguments)

    def forget(self, link: Link) -> None:
        """A link that is closed at both ends."""
        self._links.discard(link)

    def _listen(self, process: Process, address: str) -> int:
        """The port at which a process finds this broker; it is opened when it is first asked for."""
        with self._lock:
            if (port := self._ports.get((process, address))) is None:
                listening = socket.create_server((HOST, 0), backlog=BACKLOG)
                port = self._ports[process, address] = listening.getsockname()[1]
                self.call(lambda: self.begin(self._accept(listening, process, address)))
            return port

    async def _accept(self, listening: socket.socket, process: Process, address: str) -> None:
        loop = asyncio.get_running_loop()
        self._listeners.append(
            await loop.create_server(
                lambda: self._link(process, address),
                sock=listening,
                backlog=BACKLOG,
                ssl=self.ends.broker if self.ends else None,
            )
        )

    def _link(self, process: Process, address: str) -> End:
        self._number += 1
        self.connections[process[0]] += 1
        link = Link(self, self._number, process, address)
        self._links.add(link)
        return End(link, Side.REQUEST)
