"""The producer's own thread: no other may use the producer, and an event loop never waits for it."""

import asyncio
import queue
import threading
from collections.abc import Callable

from pipeline.errors import RetriableError
from pipeline.process import Stop
from pipeline.producer import Answer, OrderProducer

IDLE_S = 0.002  # between two looks at the client when there is nothing to send
Tell = Callable[[Answer | None], None]  # nothing: it was not given to the client


class Courier:
    """Takes events from an event loop to the producer, and their answers back. `limit`: events without an answer.

    It ends when it is closed, when the stop's grace is over, or when the producer has failed.
    """

    def __init__(self, producer: OrderProducer, stop: Stop, limit: int) -> None:
        self._producer = producer
        self._stop = stop
        self._limit = limit
        self._waiting = 0
        self._queue: queue.SimpleQueue[tuple[bytes, Tell] | None] = queue.SimpleQueue()
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

    async def send(self, event: bytes) -> Answer:
        """Wait for the event's answer. RetriableError: the event is not in the log, and may be sent again later."""
        if self._waiting >= self._limit:
            raise RetriableError("too many events wait for the brokers")
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer | None] = loop.create_future()

        def resolve(answer: Answer | None) -> None:
            if not answered.done():  # the caller may be gone
                answered.set_result(answer)

        def tell(answer: Answer | None) -> None:
            loop.call_soon_threadsafe(resolve, answer)

        self._queue.put((event, tell))
        if self._over:  # the thread may have looked for the last time before
            self._refuse_the_rest()
        self._waiting += 1
        try:
            answer = await answered
        finally:
            self._waiting -= 1
        if answer is None:
            raise RetriableError(self.failure or "the service is stopping")
        return answer

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            self._over = True
            self._refuse_the_rest()

    def _serve(self) -> None:
        while self._producer.failed is None and self._stop.seconds_left(float("inf")):
            try:
                item = self._queue.get(timeout=IDLE_S)
            except queue.Empty:
                self._producer.poll()
                continue
            if item is None:
                break
            event, tell = item
            try:
                self._producer.send(event, tell)
            except Exception as error:
                self.failure = str(error)
                tell(None)  # or who asked would wait for ever
                raise
        self._producer.flush()
        if self._producer.failed is not None:
            self.failure = self._producer.failed.str()

    def _refuse_the_rest(self) -> None:
        """Answer the events that came after the end: they were never sent."""
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                item[1](None)
