"""Feeding a subject over HTTP."""

import http.server
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streamproof.contract.flags import contract_from_flags
from streamproof.history.terms import SendOutcome
from streamproof.workload import make_events
from streamproof.workload.answered import HTTP
from streamproof.workload.http import HttpWorkload, outcome_of

CONTRACT = contract_from_flags(input_topic="a", output_topics=[], group="g", identity="json:/id")
EVENTS = tuple(make_events(CONTRACT, count=100, seed=1, aborted=0))
WAIT_S = 20.0


class Service:
    """Answers posts as `answers` says: with a status and a body; None: it hangs up without an answer."""

    def __init__(self, port: int = 0) -> None:
        self.posted: list[dict[str, Any]] = []
        self.answers: Callable[[int], tuple[int, bytes] | None] = lambda n: (201, b'{"partition": 2, "offset": %d}' % n)
        self._lock = threading.Lock()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with service._lock:
                    service.posted.append(json.loads(body))
                    answer = service.answers(len(service.posted) - 1)
                if answer is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, told = answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/events"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    started = Service()
    yield started
    started.close()


def fed(workload: HttpWorkload) -> list[Any]:
    """The rows of what was sent."""
    rows: list[Any] = []
    workload.run(EVENTS, rows.extend)
    return rows


def test_each_response_is_an_outcome(service: Service) -> None:
    """A row for each event, with the place that the response tells."""
    workload = HttpWorkload(CONTRACT, lambda _: service.url, lambda _: None)
    rows = fed(workload)
    assert sorted(row["id"] for row in rows) == sorted(event.id for event in EVENTS)
    assert {(row["outcome"], row["part"], row["producer"]) for row in rows} == {("ok", 2, "http-1")}
    assert sorted(row["off"] for row in rows) == list(range(100))
    assert workload.accounted() == {(HTTP, 1): 100}


def test_the_events_of_a_key_are_posted_one_after_the_other(service: Service) -> None:
    """In their order, whatever is posted beside them."""
    fed(HttpWorkload(CONTRACT, lambda _: service.url, lambda _: None))
    order = {event.id: (event.key, event.seq) for event in EVENTS}
    posted = [order[each["id"]] for each in service.posted]
    for key in {key for key, _ in posted}:
        assert [seq for other, seq in posted if other == key] == [event.seq for event in EVENTS if event.key == key]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, SendOutcome.OK), (201, SendOutcome.OK), (204, SendOutcome.OK), (302, SendOutcome.UNKNOWN),
        (400, SendOutcome.FAIL), (429, SendOutcome.FAIL), (500, SendOutcome.UNKNOWN), (503, SendOutcome.UNKNOWN),
    ],
)  # fmt: skip
def test_a_status_is_an_outcome_by_its_class(status: int, outcome: SendOutcome) -> None:
    """What is not done by the request, for certain, is fail; all but success and that is unknown."""
    assert outcome_of(status) is outcome


def test_a_request_without_a_response_is_unknown(service: Service) -> None:
    """It is not made again: that would be another attempt."""
    service.answers = lambda n: (201, b"not JSON") if n % 2 else None
    rows = fed(HttpWorkload(CONTRACT, lambda _: service.url, lambda _: None))
    assert Counter(row["outcome"] for row in rows) == {"ok": 50, "unknown": 50}
    assert len(service.posted) == 100
    assert {row["off"] for row in rows} == {None}


def test_who_cannot_be_reached_is_asked_again(service: Service) -> None:
    """A request that could not connect was not made; each event is posted once all the same."""
    port = int(service.server.server_address[1])
    service.close()
    looked = threading.Event()
    started: list[Service] = []

    def start_later() -> None:
        assert looked.wait(WAIT_S)
        started.append(Service(port))

    later = threading.Thread(target=start_later)
    later.start()
    try:
        rows = fed(HttpWorkload(CONTRACT, lambda _: service.url, lambda _: looked.set()))
    finally:
        later.join(WAIT_S)
        started[0].close()
    assert Counter(row["outcome"] for row in rows) == {"ok": 100}
    assert sorted(each["id"] for each in started[0].posted) == sorted(event.id for event in EVENTS)


def test_each_key_has_one_instance(service: Service) -> None:
    """So that the order of its events is for that instance to keep."""
    workload = HttpWorkload(CONTRACT, lambda _: service.url, lambda _: None, instances=2)
    rows = fed(workload)
    assert {row["producer"] for row in rows} == {"http-1", "http-2"}
    assert len({(row["key"], row["producer"]) for row in rows}) == len({event.key for event in EVENTS})
    assert set(workload.places) == {event.id for event in EVENTS}


def test_an_instance_that_stays_down_ends_it(service: Service) -> None:
    """With the error of whoever knows."""

    def check(_: int) -> None:
        raise ValueError("it is down")

    with pytest.raises(ValueError, match="it is down"):
        fed(HttpWorkload(CONTRACT, lambda _: service.url, check, answer_s=0.1))
