"""A client's connection and the broker's behind it: requests one way, answers the other, each in its order."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from streamproof.history.terms import Handling, Side
from streamproof.kafka.protocol import API_VERSIONS, parse_address
from streamproof.wire import codec
from streamproof.wire.addresses import lowered, may_tell, readdressed
from streamproof.wire.codec import Header, NotDecodedError
from streamproof.wire.frames import Splitter
from streamproof.wire.journal import Entry
from streamproof.wire.refusals import refusal
from streamproof.wire.rules import Change, Cut, Hold
from streamproof.wire.sightings import NOTHING, TOLD, Content, Sighting, content_of, error_of

if TYPE_CHECKING:
    from streamproof.wire.proxy import Proxy

CONNECT_S = 10.0
WRITE_BUFFER = 1 << 20
Process = tuple[int, int]  # an instance's number, and its incarnation
WAITING = 1 << 24  # bytes behind a held frame; then its sender has to wait


@dataclass
class _Lane:
    """One direction. `hold`: what keeps its first frame back, of which `entry` tells; `waiting`: what is behind it."""

    splitter: Splitter = field(default_factory=Splitter)
    hold: Hold | None = None
    entry: Entry | None = None
    waiting: deque[bytes] = field(default_factory=deque)
    size: int = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that will be answered. `made`: the answer that it gets from us, and what is seen of that."""

    header: Header
    content: Content
    made: tuple[bytes, Sighting] | None = None


class End(asyncio.Protocol):
    """One end of a link; what it sends is `side`."""

    def __init__(self, link: "Link", side: Side) -> None:
        self._link, self._side = link, side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast("asyncio.Transport", transport)
        made.set_write_buffer_limits(high=WRITE_BUFFER)
        self._link.opened(self._side, made)

    def data_received(self, data: bytes) -> None:
        self._link.received(self._side, data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._link.closed(self._side)

    def pause_writing(self) -> None:
        self._link.fill(_other(self._side), full=True)

    def resume_writing(self) -> None:
        self._link.fill(_other(self._side), full=False)


def _other(side: Side) -> Side:
    return Side.RESPONSE if side is Side.REQUEST else Side.REQUEST


class Link:
    """All of it runs in the proxy's loop. `address`: the broker's."""

    def __init__(self, proxy: "Proxy", number: int, process: Process, address: str) -> None:
        self._proxy, self._process, self._address = proxy, process, address
        self._number = number
        self._ends: dict[Side, asyncio.Transport] = {}
        self._lanes = {side: _Lane() for side in Side}
        self._asked: deque[_Asked] = deque()
        self._full: set[Side] = set()  # who has to wait until what it sent has gone on
        self._reached = self._cut = self._forgotten = False
        self._late = False  # a request was let go after its client had gone

    # what happens to its ends

    def opened(self, side: Side, transport: asyncio.Transport) -> None:
        self._ends[side] = transport
        if side is Side.REQUEST:
            transport.pause_reading()  # until there is a broker
            self._proxy.begin(self._reach_broker())
        elif client := self._ends.get(Side.REQUEST):
            self._reached = True
            client.resume_reading()
        else:
            transport.abort()

    async def _reach_broker(self) -> None:
        try:
            host, port = parse_address(self._address)
            loop = asyncio.get_running_loop()
            tls = self._proxy.ends.subject if self._proxy.ends else None
            async with asyncio.timeout(CONNECT_S):
                await loop.create_connection(lambda: End(self, Side.RESPONSE), host, port, ssl=tls)
        except (OSError, TimeoutError):
            self.abort()

    def received(self, side: Side, data: bytes) -> None:
        lane = self._lanes[side]
        frames = lane.splitter.feed(data)
        raw = frames.pop() if lane.splitter.raw else None
        for frame in frames:
            if lane.hold is None:
                self._deal(side, frame)
            else:
                lane.waiting.append(frame)
                lane.size += len(frame)
        if raw is not None:
            self._proxy.raw.add(self._number)
            self._send(side, raw)
        if lane.size > WAITING:
            self._flow(side)

    def fill(self, side: Side, *, full: bool) -> None:
        """What an end sends waits to go on, or has gone."""
        (self._full.add if full else self._full.discard)(side)
        self._flow(side)

    def _flow(self, side: Side) -> None:
        """Let an end send, or make it wait."""
        if (end := self._ends.get(side)) and not end.is_closing():
            if side in self._full or self._lanes[side].size > WAITING:
                end.pause_reading()
            else:
                end.resume_reading()

    def closed(self, side: Side) -> None:
        """An end has gone. What it had sent is passed on; what was on its way to it is lost.

        What is held of a client's goes with it, unless it outlives it: it had not been sent yet.
        """
        self._ends.pop(side, None)
        self._lose(self._lanes[_other(side)])
        own = self._lanes[side]
        if side is Side.REQUEST and own.hold and not own.hold.outlives:
            self._lose(own)
        self._close_if_done()

    def _close_if_done(self) -> None:
        """Close what is left where an end has gone, once nothing has still to be passed on or answered."""
        if any(lane.hold for lane in self._lanes.values()):
            return
        if Side.REQUEST not in self._ends and not (self._late and self._asked):
            self._close(Side.RESPONSE)
        if Side.RESPONSE not in self._ends and self._reached:
            self._close(Side.REQUEST)
        if not self._ends and not self._forgotten:
            self._forgotten = True
            self._proxy.forget(self)

    def _close(self, side: Side) -> None:
        if end := self._ends.get(side):
            end.close()

    def abort(self) -> None:
        """End both at once."""
        self._cut = True
        for lane in self._lanes.values():
            self._lose(lane)
        for end in list(self._ends.values()):
            end.abort()

    @staticmethod
    def _lose(lane: _Lane) -> None:
        hold, lane.hold = lane.hold, None
        lane.waiting.clear()
        lane.size = 0
        if hold:
            if lane.entry:
                lane.entry.rule = Handling.DROPPED
            hold.end(Handling.DROPPED)

    # frames

    def _deal(self, side: Side, frame: bytes) -> None:
        if self._cut:
            return
        if side is Side.REQUEST:
            self._request(frame)
        else:
            self._answer(frame)

    def _request(self, frame: bytes) -> None:
        try:
            header = codec.request_header(frame)
        except NotDecodedError:
            self._send(Side.REQUEST, frame)
            return
        content = NOTHING
        if header.api in TOLD:
            try:
                content = content_of(codec.read_request(frame, header), self._proxy.topic_name)
            except Exception:  # noqa: BLE001 - bytes may hold anything; what cannot be understood is passed on
                self._proxy.undecoded[header.api, header.version, Side.REQUEST] += 1

        def pass_on(frame: bytes) -> None:
            if not content.silent:
                self._asked.append(_Asked(header, content))
            self._send(Side.REQUEST, frame)

        self._weigh(self._sighting(frame, header, content, Side.REQUEST), frame, header, pass_on)

    def _answer(self, frame: bytes) -> None:
        asked = self._asked_by(codec.correlation_of(frame))
        if asked is None:
            self._send(Side.RESPONSE, frame)
            return
        header, error = asked.header, None
        tells = header.key == API_VERSIONS or may_tell(header.api, frame, self._proxy.hosts)
        if tells or header.api in TOLD:
            try:
                head, body = codec.read_answer(frame, header)
                error = error_of(body) if header.api in TOLD else None
                if tells and (changed := self._changed(header, body)) is not None:
                    frame = codec.write_frame(head, changed)
            except Exception:  # noqa: BLE001 - as above
                if header.key != API_VERSIONS:  # which is answered in version 0 where the broker does not know it
                    self._proxy.undecoded[header.api, header.version, Side.RESPONSE] += 1

        def pass_on(frame: bytes) -> None:
            self._send(Side.RESPONSE, frame)
            self._send_made()
            self._close_if_done()

        self._weigh(self._sighting(frame, header, asked.content, Side.RESPONSE, error), frame, header, pass_on)

    def _changed(self, header: Header, body: Any) -> Any | None:
        if header.key == API_VERSIONS:
            return lowered(body)
        self._proxy.learn(body)
        return readdressed(body, partial(self._proxy.local, self._process))

    def _asked_by(self, correlation: int | None) -> _Asked | None:
        """The request that an answer is for; those before it were not answered, and never will be."""
        if all(asked.header.correlation != correlation for asked in self._asked):
            return None
        while (asked := self._asked.popleft()).header.correlation != correlation:
            pass
        return asked

    def _send(self, side: Side, data: bytes) -> None:
        """On to the other end, if it is still there."""
        if (end := self._ends.get(_other(side))) and not end.is_closing():
            end.write(data)

    # rules

    def _sighting(
        self, frame: bytes, header: Header, content: Content, side: Side, error: str | None = None
    ) -> Sighting:
        api, version, client = header.api, header.version, header.client
        return Sighting(
            self._number, *self._process, self._address, api, version, client, side, content, error, len(frame)
        )

    def _weigh(self, sighting: Sighting, frame: bytes, header: Header, pass_on: Callable[[bytes], None]) -> None:
        note = self._proxy.journal.note
        match self._proxy.judge(sighting):
            case Hold() as hold:
                lane = self._lanes[sighting.side]
                lane.hold, lane.entry = hold, note(sighting, Handling.HELD)
                hold.take(sighting, _Kept(self, hold, sighting, frame, header, partial(pass_on, frame)))
            case Cut():
                note(sighting, Handling.CUT)
                self.abort()
            case Change(by):
                other = self._other_frame(sighting, frame, header, by)
                note(sighting, None if other is frame else Handling.CHANGED)
                pass_on(other)
            case None:
                note(sighting)
                pass_on(frame)

    def _other_frame(self, sighting: Sighting, frame: bytes, header: Header, by: Callable[[Any], Any]) -> bytes:
        try:
            return codec.changed(frame, header, sighting.side, by)
        except NotDecodedError:
            self._proxy.undecoded[header.api, header.version, sighting.side] += 1
        except Exception as error:  # noqa: BLE001 - a mistake of the rule's author
            self._proxy.fail(error)
        return frame

    def soon(self, deed: Callable[..., None], *arguments: Any) -> None:
        """Do something in the proxy's own thread."""
        self._proxy.call(deed, *arguments)

    def resume(self, hold: Hold, side: Side, pass_on: Callable[[], None], rule: Handling = Handling.HELD) -> None:
        """Let go what is held, if it is still there, and what has waited behind it. `rule`: what became of it."""
        lane = self._lanes[side]
        if lane.hold is not hold:
            return
        lane.hold = None
        if lane.entry:
            lane.entry.rule = rule
        self._late = Side.REQUEST not in self._ends
        pass_on()
        hold.end(rule)
        while lane.waiting and lane.hold is None:
            frame = lane.waiting.popleft()
            lane.size -= len(frame)
            self._deal(side, frame)
        self._flow(side)
        self._close_if_done()

    def lose(self, hold: Hold, side: Side) -> None:
        """End the connection that something is held on, if it is still there."""
        if self._lanes[side].hold is hold:
            self.abort()

    def part(self, hold: Hold) -> None:
        """End the client's side alone, if its request is still held; what the client sent after that is forgotten."""
        lane = self._lanes[Side.REQUEST]
        if lane.hold is hold and (client := self._ends.get(Side.REQUEST)):
            hold.outlives = True
            lane.waiting.clear()
            lane.size = 0
            client.abort()

    def refuse(self, sighting: Sighting, header: Header, answer: bytes, error: str) -> None:
        """Answer in the broker's place, once all that was asked before is answered."""
        refused = replace(sighting, side=Side.RESPONSE, error=error)
        self._asked.append(_Asked(header, sighting.content, (answer, refused)))
        self._send_made()

    def _send_made(self) -> None:
        while self._asked and (made := self._asked[0].made):
            self._asked.popleft()
            answer, sighting = made
            self._proxy.journal.note(sighting, Handling.REFUSED)
            self._send(Side.RESPONSE, answer)


@dataclass(frozen=True)
class _Kept:
    """What is held on a link: a `Keeper`."""

    link: Link
    hold: Hold
    sighting: Sighting
    frame: bytes
    header: Header
    then: Callable[[], None]

    def pass_on(self) -> None:
        self.link.soon(self.link.resume, self.hold, self.sighting.side, self.then)

    def lose(self) -> None:
        self.link.soon(self.link.lose, self.hold, self.sighting.side)

    def part(self) -> None:
        self.link.soon(self.link.part, self.hold)

    def refuse(self, error: str) -> None:
        try:
            answer = refusal(self.frame, self.header, error) if self.sighting.side is Side.REQUEST else None
        except NotDecodedError:
            answer = None
        if answer is None:
            self.pass_on()
            return
        made = partial(self.link.refuse, self.sighting, self.header, answer, error)
        self.link.soon(self.link.resume, self.hold, Side.REQUEST, made, Handling.REFUSED)
