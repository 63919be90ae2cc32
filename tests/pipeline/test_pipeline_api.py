"""POST /orders: each answer is what is known of the event, also when brokers are away, and at a stop."""

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.api import serve
from pipeline.database import ORDERS, Database
from pipeline.events import OrderState
from pipeline.process import Stop
from pipeline.settings import ApiSettings
from streamproof.cluster import EmbeddedCluster
from streamproof.cluster.ports import PortLease
from streamproof.cluster.registry import Registry

WaitUntil = Callable[[Callable[[], bool]], None]
NOWHERE = "127.0.0.1:1"  # nothing listens there
ANSWER_S = 30


def valid(number: int) -> dict[str, Any]:
    return {
        "event_id": f"event-{number}",
        "order_id": f"order-{number % 20}",
        "sequence": number // 20,
        "type": "placed",
        "amount": 1,
        "currency": "EUR",
        "occurred_at": "2026-03-01T09:16:12Z",
    }


@dataclass
class Api:
    """An API that listens."""

    process: "subprocess.Popen[bytes]"
    client: httpx.Client
    pool: ThreadPoolExecutor

    def post(self, number: int, key: str | None = None) -> httpx.Response:
        return self.client.post("/orders", json=valid(number), headers={"Idempotency-Key": key} if key else {})

    def post_unanswered(self, number: int, key: str | None = None) -> "Future[httpx.Response]":
        """Post an event that cannot be delivered yet; returns when the API has it, and has not answered.

        It is posted twice: under one key, the other request is told of; without a key, MAX_WAITING=1 leaves it no room.
        """
        posts = {self.pool.submit(self.post, number, key) for _ in range(2)}
        done, rest = wait(posts, ANSWER_S, FIRST_COMPLETED)
        refused = [post.result().status_code for post in done]
        assert refused == [409 if key else 429], "answered before it was delivered"
        return rest.pop()


StartApi = Callable[..., Api]


@pytest.fixture
def start_api(stage: Any, wait_until: WaitUntil) -> Iterator[StartApi]:
    """Starts the API; keywords are its settings."""
    ports = PortLease()
    clients: list[httpx.Client] = []
    with ThreadPoolExecutor(8) as pool:

        def start(**settings: str) -> Api:
            (port,) = ports.take(1)
            process = stage.start("api", "pipeline", "api", PORT=str(port), **settings)
            client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=ANSWER_S)
            clients.append(client)

            def listens() -> bool:
                assert process.poll() is None, stage.log("api")
                try:
                    return client.get("/openapi.json").status_code == 200
                except httpx.TransportError:
                    return False

            wait_until(listens)
            return Api(process, client, pool)

        yield start
        for process in stage.processes:
            process.kill()
    for client in clients:
        client.close()
    ports.close()


@pytest.fixture
def silence(stage: Any, kafka_cluster: EmbeddedCluster) -> Iterator[Callable[[], None]]:
    """Pauses every broker of the cluster; when the test is over they go on."""
    paused: list[int] = []

    def pause() -> None:
        for node in kafka_cluster.brokers:
            kafka_cluster.pause(node)
            paused.append(node)

    yield pause
    for node in paused:
        kafka_cluster.resume(node)


def is_problem(answer: httpx.Response, status: int) -> bool:
    body = answer.json()
    return (
        answer.status_code == body["status"] == status
        and answer.headers["content-type"] == "application/problem+json"
        and bool(body["title"] and body["detail"])
    )


def test_an_event_is_where_its_answer_says(stage: Any, start_api: StartApi) -> None:
    """201 with the place; there lie the posted bytes, under the order's id."""
    api = start_api()
    answers = [api.post(number) for number in range(30)]
    assert {answer.status_code for answer in answers} == {201}
    told = {(a.json()["partition"], a.json()["offset"]): a.request.content for a in answers}
    found = {(m.partition(), m.offset()): m for m in stage.read("INPUT_TOPIC")}
    assert told == {place: message.value() for place, message in found.items()}
    assert all(json.loads(m.value())["order_id"].encode() == m.key() for m in found.values())
    assert {a.json()["topic"] for a in answers} == {stage.topics["INPUT_TOPIC"]}


def test_a_key_that_comes_again_gets_the_same_answer_and_sends_nothing(stage: Any, start_api: StartApi) -> None:
    """The same body: the first answer; another body: refused. The log holds the first alone."""
    api = start_api()
    first, again, other = api.post(1, "key"), api.post(1, "key"), api.post(2, "key")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert is_problem(other, 422)
    assert [message.value() for message in stage.read("INPUT_TOPIC")] == [first.request.content]


@pytest.mark.parametrize("key", [None, "key"])
def test_nothing_is_acknowledged_before_it_is_delivered(
    stage: Any, start_api: StartApi, kafka_cluster: EmbeddedCluster, silence: Callable[[], None], key: str | None
) -> None:
    """While brokers are silent there is no answer; when they are back, 201, and it is there once."""
    api = start_api(MAX_WAITING="1")
    assert api.post(1, key and "another").status_code == 201
    silence()
    unanswered = api.post_unanswered(2, key)
    for node in kafka_cluster.brokers:
        kafka_cluster.resume(node)
    assert unanswered.result(ANSWER_S).status_code == 201
    assert stage.ids("INPUT_TOPIC") == {"event-1": 1, "event-2": 1}


@pytest.mark.parametrize(("key", "status", "said"), [(None, 504, "may be in the log"), ("key", 503, "not sent")])
def test_a_stop_tells_what_is_known_of_what_is_on_its_way(
    start_api: StartApi, silence: Callable[[], None], key: str | None, status: int, said: str
) -> None:
    """With silent brokers, what was sent may be in the log; under a key it is in a transaction that nobody commits."""
    api = start_api(STOP_MS="500", MAX_WAITING="1")
    assert api.post(1, key and "another").status_code == 201
    silence()
    unanswered = api.post_unanswered(1, key)
    api.process.send_signal(signal.SIGTERM)
    answer = unanswered.result(ANSWER_S)
    assert is_problem(answer, status)
    assert said in answer.json()["detail"]
    assert api.process.wait(ANSWER_S) == 0


@pytest.mark.parametrize(("key", "status", "said"), [(None, 504, "may be in the log"), ("key", 503, "not sent")])
def test_brokers_that_cannot_be_reached(start_api: StartApi, key: str | None, status: int, said: str) -> None:
    """Nobody can say where the event is; under a key it is not there, for no transaction was begun."""
    api = start_api(KAFKA_BOOTSTRAP_SERVERS=NOWHERE, DELIVERY_TIMEOUT_MS="500", TRANSACTION_TIMEOUT_MS="1000")
    answer = api.post(1, key)
    assert is_problem(answer, status)
    assert said in answer.json()["detail"]


def test_too_many_that_wait_are_refused_and_may_come_again(start_api: StartApi) -> None:
    """Back-pressure: beyond the limit 429 with Retry-After, and the event was not sent."""
    api = start_api(KAFKA_BOOTSTRAP_SERVERS=NOWHERE, MAX_WAITING="1", STOP_MS="300")
    waiting = api.post_unanswered(1, "key")
    refused = api.post(2, "key-of-refused")
    assert is_problem(refused, 429)
    assert refused.headers["retry-after"] == "1"
    assert not waiting.done()


def test_a_stop_tells_of_what_waits_in_the_client_that_it_is_unknown(start_api: StartApi) -> None:
    """A batch that was sent, and whose connection broke, waits there again: nobody can say that it was not sent."""
    api = start_api(KAFKA_BOOTSTRAP_SERVERS=NOWHERE, MAX_WAITING="1", STOP_MS="300")
    waiting = api.post_unanswered(1)
    api.process.send_signal(signal.SIGTERM)
    answer = waiting.result(ANSWER_S)
    assert is_problem(answer, 504)
    assert "may be in the log" in answer.json()["detail"]
    assert api.process.wait(ANSWER_S) == 0


def test_sigterm_drains(stage: Any, start_api: StartApi, wait_until: WaitUntil) -> None:
    """Stopped amid requests: what was taken is answered, what was not is not in the log, and the status is 0."""
    api = start_api()
    acknowledged: list[str] = []

    def post_until_it_is_gone(first: int) -> None:
        for number in range(first, 1_000_000, 8):
            try:
                answer = api.post(number)
            except httpx.TransportError:
                return
            if answer.status_code == 201:
                acknowledged.append(answer.json()["event_id"])

    posts = [api.pool.submit(post_until_it_is_gone, first) for first in range(8)]
    wait_until(lambda: len(acknowledged) > 100)
    api.process.send_signal(signal.SIGTERM)
    assert api.process.wait(ANSWER_S) == 0
    for post in posts:
        post.result(ANSWER_S)
    assert stage.ids("INPUT_TOPIC") == dict.fromkeys(acknowledged, 1)


def test_a_stop_before_it_listens_is_heard() -> None:
    """As SIGTERM is between the process's own first look at signals and the server's."""
    stop = Stop(0)
    stop.request()
    with closing(PortLease()) as ports:
        settings = ApiSettings(kafka_bootstrap_servers=NOWHERE, port=ports.take(1)[0])
        serving = threading.Thread(target=serve, args=(settings, stop), daemon=True)
        serving.start()
        serving.join(ANSWER_S)
        assert not serving.is_alive()


def test_an_api_that_can_send_nothing_more_ends(start_api: StartApi, schema_registry: Registry) -> None:
    """With status 1, so that a supervisor starts another; here what should be a registry is none."""
    api = start_api(VALUE_FORMAT="avro", SCHEMA_REGISTRY_URL=f"{schema_registry.url}/nowhere")
    assert is_problem(api.post(1), 503)
    assert api.process.wait(ANSWER_S) == 1


def test_ready_means_that_an_order_can_be_sent(
    start_api: StartApi, kafka_cluster: EmbeddedCluster, silence: Callable[[], None]
) -> None:
    """503 says what is missing: a topic, brokers that answer, room for an event. The process is healthy still."""
    api = start_api(MAX_WAITING="1")
    assert api.client.get("/readyz").status_code == 200
    without = start_api(KEYS_TOPIC="not-there").client.get("/readyz")
    assert is_problem(without, 503)
    assert "topic not-there is not there" in without.json()["detail"]
    silence()
    silent = api.client.get("/readyz")
    assert is_problem(silent, 503)
    assert silent.json()["detail"] == "the brokers do not answer"
    api.post_unanswered(1)
    assert api.client.get("/readyz").json()["detail"] == "too many events wait for the brokers"
    assert api.client.get("/healthz").status_code == 200


def test_an_order_is_as_the_projector_keeps_it(start_api: StartApi, tmp_path: Path) -> None:
    """Its last state; 404 says whether it is the order that is not there, or the database."""
    state = OrderState(
        event_id="event-1", order_id="order-1", sequence=0, status="in-progress", amount=1, currency="EUR",
        occurred_at="2026-03-01T09:16:12Z",
    )  # fmt: skip
    database = Database(str(tmp_path / "orders.db"), ORDERS)
    database.write([state])
    database.close()
    client = start_api(DATABASE=str(tmp_path / "orders.db")).client
    assert client.get("/orders/order-1").json() == state.model_dump()
    unknown, too_long = client.get("/orders/order-2"), client.get(f"/orders/{'o' * 65}")
    assert is_problem(unknown, 404)
    assert unknown.json()["detail"] == "nothing is kept of order order-2"
    assert is_problem(too_long, 400)
    without = start_api().client.get("/orders/order-1")
    assert is_problem(without, 404)
    assert "DATABASE is not set" in without.json()["detail"]


def test_what_is_no_order_event_is_refused_as_a_problem(stage: Any, start_api: StartApi) -> None:
    """Each with a status of its own, as problem details; none of it reaches the log."""
    api = start_api(MAX_BODY_BYTES="300")
    good, as_json = json.dumps(valid(1)).encode(), {"Content-Type": "application/json"}
    key = "Idempotency-Key"
    asked = [
        ("POST", "/orders", as_json, b"{not json", 400),
        ("POST", "/orders", as_json, b"", 400),
        ("POST", "/orders", as_json, b"[]", 422),
        ("POST", "/orders", as_json, json.dumps({**valid(1), "amount": -1}).encode(), 422),
        ("POST", "/orders", {"Content-Type": "text/plain"}, good, 415),
        ("POST", "/orders", {}, good, 415),
        ("POST", "/orders", as_json, good + b" " * 300, 413),
        ("POST", "/orders", {**as_json, key: "with space"}, good, 400),
        ("POST", "/orders", {**as_json, key: "k" * 256}, good, 400),
        ("POST", "/orders", [*as_json.items(), (key, "1"), (key, "2")], good, 400),
        ("GET", "/orders", {}, b"", 405),
        ("POST", "/healthz", as_json, good, 405),
        ("GET", "/nothing", {}, b"", 404),
    ]
    for method, path, headers, body, status in asked:
        answer = api.client.request(method, path, headers=headers, content=body)  # type: ignore[arg-type]
        assert is_problem(answer, status), (method, path, headers, body, answer.text)
    assert stage.read("INPUT_TOPIC") == []
    assert api.post(1).status_code == 201


def test_a_port_in_use_is_named(stage: Any, start_api: StartApi) -> None:
    """A sentence and status 2, before any client is made."""
    api = start_api()
    port = str(api.client.base_url.port)
    second = stage.start("second", "pipeline", "api", PORT=port)
    assert second.wait(ANSWER_S) == 2
    (line,) = stage.log("second").splitlines()
    assert f"cannot listen on 127.0.0.1:{port}" in line
