"""A producer's own thread: no other may use the producer, and an event loop never waits for it."""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from pipeline.errors import RetriableError, TooMany
from pipeline.events import Header
from pipeline.process import Stop
from pipeline.producer import Answer

IDLE_S = 0.002  # between two looks at the client when there is nothing to send
TOGETHER = 1000  # events that are taken from the queue between two looks at the client
Item_contra = TypeVar("Item_contra", contravariant=True)
Given = TypeVar("Given")
Tell = Callable[[Answer | Exception], None]  # an error: the event is not in the log


class Sender(Protocol[Item_contra]):
    """A producer that a courier drives: `reply` is told the only answer, from `send`, or a later `poll` or `flush`.

    `trace`: headers for the record, which say what it belongs to.
    """

    @property
    def failed(self) -> str | None: ...

    def send(self, item: Item_contra, reply: Tell, trace: Sequence[Header], /) -> None: ...

    def poll(self) -> None: ...

    def flush(self) -> int: ...


Taken = tuple[Given, Tell, Sequence[Header]]


class Courier(Generic[Given]):
    """Takes events from an event loop to a producer, and their answers back. `limit`: events without an answer.

    It ends when it is closed, when the stop's grace is over, or when the producer has failed.
    """

    def __init__(self, producer: Sender[Given], stop: Stop, limit: int) -> None:
        self._producer = producer
        self._stop = stop
        self._limit = limit
        self._waiting = 0
        self._queue: queue.SimpleQueue[Taken[Given] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="courier")
        self._over = False
        self.failure: str | None = None  # why no event can be sent any more

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Take nothing more, and answer what was taken; returns when all is, or when the stop's grace is over."""
        self._stop.request()
        self._queue.put(None)
        self._thread.join()

    @property
    def is_full(self) -> bool:
        return self._waiting >= self._limit

    async def send(self, event: Given, trace: Sequence[Header] = ()) -> Answer:
        """Wait for the event's answer. RetriableError: the event is not in the log, and may be sent again later."""
        if self.is_full:
            raise TooMany("too many events wait for the brokers")
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()

        def resolve(answer: Answer | Exception) -> None:
            if answered.done():  # the caller may be gone
                return
            if isinstance(answer, Exception):
                answered.set_exception(answer)
            else:
                answered.set_result(answer)

        def tell(answer: Answer | Exception) -> None:
            loop.call_soon_threadsafe(resolve, answer)

        self._queue.put((event, tell, trace))
        if self._over:  # the thread may have looked for the last time before
            self._refuse_the_rest()
        self._waiting += 1
        try:
            return await answered
        finally:
            self._waiting -= 1

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as error:
            self.failure = self.failure or repr(error)  # or the service would call itself healthy
            raise
        finally:
            self._over = True
            self._refuse_the_rest()

    def _serve(self) -> None:
        closing = False
        while not closing and self._producer.failed is None and self._stop.seconds_left(float("inf")):
            for item in self._take():
                if item is None:
                    closing = True
                    continue
                event, tell, trace = item
                try:
                    self._producer.send(event, tell, trace)
                except Exception as error:
                    self.failure = str(error)
                    tell(self._not_sent())  # or who asked would wait for ever
                    raise
            self._producer.poll()
        self._producer.flush()
        self.failure = self._producer.failed

    def _take(self) -> Iterator[Taken[Given] | None]:
        """What waits: all that is there together is sent together."""
        try:
            yield self._queue.get(timeout=IDLE_S)
            for _ in range(TOGETHER):
                yield self._queue.get_nowait()
        except queue.Empty:
            return

    def _refuse_the_rest(self) -> None:
        """Answer the events that came after the end: they were never sent."""
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                item[1](self._not_sent())

    def _not_sent(self) -> RetriableError:
        return RetriableError(self.failure or "the service is stopping")
