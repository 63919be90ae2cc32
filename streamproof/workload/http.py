"""Feeds a subject over HTTP: each event is posted to an instance, and the status of the response is the answer.

2xx is ok, and a JSON document in it may tell the record's place (`partition`, `offset`); 4xx is fail: this request put
nothing there. Any other status, and a request without a response, is unknown. A request that could not connect was not
made, and is made again.
"""

import contextlib
import queue
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from streamproof.contract.model import Contract
from streamproof.history.terms import SendOutcome
from streamproof.workload.answered import ANSWER_S, HTTP, AnsweredWorkload, Lane
from streamproof.workload.events import Event
from streamproof.workload.send_log import SendLog
from streamproof.workload.workload import POLL_S

WORKERS = 8  # requests at a time to each instance; those of a key one after the other
WINDOW = 100  # events at most that wait for a worker
TYPE = {"Content-Type": "application/json"}


class HttpWorkload(AnsweredWorkload):
    """Posts to the instances of a subject. Each key has one instance of 1 to `instances`; `url(n)` is instance n's.

    `check(n)` raises what ends the run, when instance n stays down.
    """

    place = HTTP
    silent = "has answered no request with a status below 500; look at its log, and at the address in input"

    def __init__(
        self,
        contract: Contract,
        url: Callable[[int], str],
        check: Callable[[int], object],
        instances: int = 1,
        *,
        answer_s: float = ANSWER_S,
    ) -> None:
        super().__init__(contract, answer_s=answer_s)
        self._check = check
        self._posts = [_Posts(n, url(n), self._log, self._stopping, answer_s) for n in range(1, instances + 1)]

    @property
    def lanes(self) -> Sequence[Lane]:
        return self._posts

    def _give(self, event: Event) -> None:
        chosen = zlib.crc32((event.key or event.id).encode())
        posts = self._posts[chosen % len(self._posts)]
        self._check(posts.instance)
        posts.give(event, chosen // len(self._posts))


class _Posts(Lane):
    """The requests to one instance, across its incarnations."""

    def __init__(self, instance: int, url: str, log: SendLog, stopping: threading.Event, answer_s: float) -> None:
        super().__init__(instance, "http", log, stopping)
        self._url, self._answer_s = url, answer_s
        self._queues: list[queue.Queue[Event | None]] = [queue.Queue(WINDOW) for _ in range(WORKERS)]
        self._workers = [
            threading.Thread(target=self._work, args=(waiting,), name=f"http-{instance}", daemon=True)
            for waiting in self._queues
        ]
        self._begun = False

    def give(self, event: Event, chosen: int) -> None:
        if not self._begun:
            self._begun = True
            for worker in self._workers:
                worker.start()
        self._put(self._queues[chosen % WORKERS], event)

    def close(self, answer_s: float) -> None:
        """Post what waits, and wait for its answers until `answer_s` have passed."""
        until = time.monotonic() + answer_s
        for waiting in self._queues if self._begun else ():
            self._put(waiting, None)
        for worker in self._workers if self._begun else ():
            while worker.is_alive() and not self.stopping.is_set() and time.monotonic() < until:
                worker.join(POLL_S)
        super().close(max(0.0, until - time.monotonic()))

    def _put(self, waiting: "queue.Queue[Event | None]", event: Event | None) -> None:
        while not self.stopping.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(event, timeout=POLL_S)
                return

    def _work(self, waiting: "queue.Queue[Event | None]") -> None:
        with httpx.Client(timeout=self._answer_s, headers=TYPE, trust_env=False) as client:
            while not self.stopping.is_set():
                with contextlib.suppress(queue.Empty):
                    event = waiting.get(timeout=POLL_S)
                    if event is None:
                        return
                    self.take(event)
                    self._post(client, event)

    def _post(self, client: httpx.Client, event: Event) -> None:
        while not self.stopping.is_set():
            try:
                response = client.post(self._url, content=event.value)
            except httpx.ConnectError:
                self.stopping.wait(POLL_S)
            except httpx.HTTPError:
                self.answer(event.id, SendOutcome.UNKNOWN)
                return
            else:
                self.answer(event.id, outcome_of(response.status_code), **_place(response))
                return


def outcome_of(status: int) -> SendOutcome:
    """Of a request that was answered with this status, by its class."""
    return {2: SendOutcome.OK, 4: SendOutcome.FAIL}.get(status // 100, SendOutcome.UNKNOWN)


def _place(response: httpx.Response) -> dict[str, int]:
    """Where the response says that the record lies, if it does."""
    try:
        told: Any = response.json()
        return {"part": int(told["partition"]), "place": int(told["offset"])}
    except (ValueError, KeyError, TypeError):
        return {}
