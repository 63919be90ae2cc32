"""The producer's own thread: the one that may use it, and that waits for it, so that an event loop never does."""

import asyncio
import queue
import threading
from collections.abc import Callable

from pipeline.process import Stop
from pipeline.producer import Answer, OrderProducer

IDLE_S = 0.002  # between two looks at the client when there is nothing to send


class Courier:
    """Takes events from an event loop to the producer, and their answers back. `limit`: events without an answer."""

    def __init__(self, make_producer: Callable[[], OrderProducer], stop: Stop, limit: int) -> None:
        self._make_producer = make_producer
        self._stop = stop
        self._limit = limit
        self._waiting = 0
        self._queue: queue.SimpleQueue[tuple[bytes, Callable[[Answer], None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="courier")
        self.failure: str | None = None  # why no event can be sent any more

    def start(self) -> None:
        """Make the producer, in its thread: after any fork."""
        self._thread.start()

    def close(self) -> None:
        """Take nothing more, and answer what was taken; returns when all is, or when the stop's grace is over."""
        self._stop.request()
        self._queue.put(None)
        self._thread.join()

    @property
    def is_full(self) -> bool:
        return self._waiting >= self._limit

    async def send(self, event: bytes) -> Answer:
        """The event's answer, when it has one."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()

        def resolve(answer: Answer) -> None:
            if not answered.done():  # whoever asked may be gone
                answered.set_result(answer)

        def reply(answer: Answer) -> None:
            loop.call_soon_threadsafe(resolve, answer)

        self._waiting += 1
        try:
            self._queue.put((event, reply))
            return await answered
        finally:
            self._waiting -= 1

    def _run(self) -> None:
        producer = self._make_producer()
        while producer.failed is None:
            try:
                item = self._queue.get(timeout=IDLE_S)
            except queue.Empty:
                producer.poll()
                continue
            if item is None:
                break
            producer.send(*item)
        producer.flush(self._stop)
        if producer.failed is not None:
            self.failure = producer.failed.str()
        self._refuse_the_rest()

    def _refuse_the_rest(self) -> None:
        """What came after the end was never sent."""
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                item[1](Answer("fail", None, error=self.failure or "the service is stopping"))
